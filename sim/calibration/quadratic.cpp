// SPDX-License-Identifier: Apache-2.0
#include "sim/calibration/quadratic.h"

#include "engine/types/check.h"

#include <algorithm>
#include <memory>
#include <nlopt.h>

namespace penstock::sim {

namespace {
using Vector = Eigen::Map<const Eigen::VectorXd>;

std::vector<double> plain(const Eigen::VectorXd& v) {
    return {v.data(), v.data() + v.size()};
}
} // namespace

double Quadratic::value(const std::vector<double>& s) const {
    const Vector x(s.data(), g_.size());
    return x.dot(a_ * x + 2.0 * g_);
}

double Quadratic::objective(unsigned n, const double* s, double* gradient, void* self) {
    const auto* q = static_cast<const Quadratic*>(self);
    const Vector x(s, static_cast<Eigen::Index>(n));
    const Eigen::VectorXd ax = q->a_ * x;
    if (gradient != nullptr) {
        Eigen::Map<Eigen::VectorXd>(gradient, x.size()) = 2.0 * (ax + q->g_);
    }
    return x.dot(ax + 2.0 * q->g_);
}

std::vector<double> Quadratic::minimum(const std::vector<double>& low,
                                       const std::vector<double>& high) const {
    std::vector<double> s(size(), 0.0);
    const std::unique_ptr<nlopt_opt_s, decltype(&nlopt_destroy)> opt(
        nlopt_create(NLOPT_LD_SLSQP, static_cast<unsigned>(size())), nlopt_destroy);
    PENSTOCK_CHECK(opt != nullptr);
    nlopt_set_min_objective(opt.get(), objective, const_cast<Quadratic*>(this));
    nlopt_set_lower_bounds(opt.get(), low.data());
    nlopt_set_upper_bounds(opt.get(), high.data());
    nlopt_set_ftol_rel(opt.get(), 1e-10);
    nlopt_set_maxeval(opt.get(), 500);
    double least = 0.0;
    // Rounding may end the search early; the best point so far is what is wanted then.
    nlopt_optimize(opt.get(), s.data(), &least);
    if (value(s) > 0.0) s.assign(size(), 0.0);
    return s;
}

std::vector<double> Quadratic::inverseDiagonal(double ridge) const {
    const auto n = g_.size();
    const Eigen::MatrixXd unit = Eigen::MatrixXd::Identity(n, n);
    const Eigen::LDLT<Eigen::MatrixXd> factored(a_ + ridge * unit);
    return plain(factored.solve(unit).diagonal());
}

Quadratic::Directions Quadratic::directions(double ridge) const {
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solved(a_); // curvatures from the least on
    PENSTOCK_CHECK(solved.info() == Eigen::Success);
    const Eigen::VectorXd& curvatures = solved.eigenvalues();
    return {.best = curvatures(curvatures.size() - 1),
            .worst = std::max(curvatures(0) + ridge, ridge),
            .weakest = plain(solved.eigenvectors().col(0))};
}

} // namespace penstock::sim

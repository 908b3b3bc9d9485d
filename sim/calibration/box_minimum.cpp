// SPDX-License-Identifier: Apache-2.0
#include "sim/calibration/box_minimum.h"

#include "engine/types/check.h"

#include <memory>
#include <nlopt.h>

namespace penstock::sim {
namespace {

struct Form {
    const Eigen::MatrixXd& a;
    const Eigen::VectorXd& g;
};

double value(unsigned n, const double* at, double* gradient, void* data) {
    const auto& form = *static_cast<const Form*>(data);
    const auto s = Eigen::VectorXd::Map(at, n);
    const Eigen::VectorXd as = form.a * s;
    if (gradient != nullptr) Eigen::VectorXd::Map(gradient, n) = 2.0 * (as + form.g);
    return s.dot(as + 2.0 * form.g);
}

} // namespace

Eigen::VectorXd boxMinimum(const Eigen::MatrixXd& a, const Eigen::VectorXd& g,
                           const Eigen::VectorXd& low, const Eigen::VectorXd& high) {
    Form form{a, g};
    const auto n = static_cast<unsigned>(g.size());
    const std::unique_ptr<nlopt_opt_s, decltype(&nlopt_destroy)> opt(
        nlopt_create(NLOPT_LD_SLSQP, n), nlopt_destroy);
    PENSTOCK_CHECK(opt != nullptr);
    nlopt_set_min_objective(opt.get(), value, &form);
    nlopt_set_lower_bounds(opt.get(), low.data());
    nlopt_set_upper_bounds(opt.get(), high.data());
    nlopt_set_ftol_rel(opt.get(), 1e-10);
    nlopt_set_maxeval(opt.get(), 500);
    Eigen::VectorXd s = Eigen::VectorXd::Zero(g.size());
    double least = 0.0;
    // Rounding may end the search early; the best point so far is what is wanted then.
    nlopt_optimize(opt.get(), s.data(), &least);
    if (value(n, s.data(), nullptr, &form) > 0.0) s.setZero();
    return s;
}

} // namespace penstock::sim

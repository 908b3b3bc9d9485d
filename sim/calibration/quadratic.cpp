// SPDX-License-Identifier: Apache-2.0
#include "sim/calibration/quadratic.h"

#include "engine/types/check.h"

#include <cmath>
#include <memory>
#include <nlopt.h>

namespace penstock::sim {
namespace {

double objective(unsigned n, const double* s, double* gradient, void* data) {
    const auto* q = static_cast<const Quadratic*>(data);
    const std::vector<double> at(s, s + n);
    if (gradient != nullptr) {
        // The form is quadratic, so this difference is exact but for rounding.
        std::vector<double> moved = at;
        for (unsigned i = 0; i < n; ++i) {
            moved[i] = at[i] + 0.5;
            const double up = q->value(moved);
            moved[i] = at[i] - 0.5;
            gradient[i] = up - q->value(moved);
            moved[i] = at[i];
        }
    }
    return q->value(at);
}

double lengthOf(const std::vector<double>& v) {
    double sum = 0.0;
    for (const double x : v)
        sum += x * x;
    return std::sqrt(sum);
}

} // namespace

std::vector<double> Quadratic::times(const std::vector<double>& s) const {
    std::vector<double> out(n_);
    for (std::size_t i = 0; i < n_; ++i) {
        for (std::size_t j = 0; j < n_; ++j)
            out[i] += at(i, j) * s[j];
    }
    return out;
}

double Quadratic::value(const std::vector<double>& s) const {
    const std::vector<double> as = times(s);
    double sum = 0.0;
    for (std::size_t i = 0; i < n_; ++i)
        sum += s[i] * (as[i] + 2.0 * g_[i]);
    return sum;
}

std::vector<double> Quadratic::minimum(const std::vector<double>& low,
                                       const std::vector<double>& high) const {
    std::vector<double> s(n_, 0.0);
    const std::unique_ptr<nlopt_opt_s, decltype(&nlopt_destroy)> opt(
        nlopt_create(NLOPT_LD_SLSQP, static_cast<unsigned>(n_)), nlopt_destroy);
    PENSTOCK_CHECK(opt != nullptr);
    nlopt_set_min_objective(opt.get(), objective, const_cast<Quadratic*>(this));
    nlopt_set_lower_bounds(opt.get(), low.data());
    nlopt_set_upper_bounds(opt.get(), high.data());
    nlopt_set_ftol_rel(opt.get(), 1e-10);
    nlopt_set_maxeval(opt.get(), 500);
    double least = 0.0;
    // Rounding may end the search early; the best point so far is what is wanted then.
    nlopt_optimize(opt.get(), s.data(), &least);
    if (value(s) > 0.0) s.assign(n_, 0.0);
    return s;
}

std::vector<double> Quadratic::factor(double ridge) const {
    std::vector<double> l(n_ * n_);
    for (std::size_t i = 0; i < n_; ++i) {
        for (std::size_t j = 0; j <= i; ++j) {
            double sum = at(i, j) + (i == j ? ridge : 0.0);
            for (std::size_t k = 0; k < j; ++k)
                sum -= l[i * n_ + k] * l[j * n_ + k];
            l[i * n_ + j] = i == j ? std::sqrt(std::max(sum, ridge)) : sum / l[j * n_ + j];
        }
    }
    return l;
}

std::vector<double> Quadratic::solve(const std::vector<double>& l, std::vector<double> b) const {
    for (std::size_t i = 0; i < n_; ++i) {
        for (std::size_t k = 0; k < i; ++k)
            b[i] -= l[i * n_ + k] * b[k];
        b[i] /= l[i * n_ + i];
    }
    for (std::size_t i = n_; i-- > 0;) {
        for (std::size_t k = i + 1; k < n_; ++k)
            b[i] -= l[k * n_ + i] * b[k];
        b[i] /= l[i * n_ + i];
    }
    return b;
}

std::vector<double> Quadratic::inverseDiagonal(double ridge) const {
    const std::vector<double> l = factor(ridge);
    std::vector<double> out(n_);
    for (std::size_t i = 0; i < n_; ++i) {
        std::vector<double> unit(n_);
        unit[i] = 1.0;
        out[i] = solve(l, std::move(unit))[i];
    }
    return out;
}

Quadratic::Directions Quadratic::directions(double ridge) const {
    constexpr int kRounds = 200; // of power iteration; two digits of a condition number suffice
    Directions out;
    const std::vector<double> l = factor(ridge);
    std::vector<double> most(n_), least(n_);
    for (std::size_t i = 0; i < n_; ++i)
        most[i] = least[i] = 1.0 + 0.01 * static_cast<double>(i);
    for (int round = 0; round < kRounds; ++round) {
        most = times(most);
        out.best = lengthOf(most);
        least = solve(l, std::move(least));
        const double length = lengthOf(least);
        out.worst = 1.0 / length;
        for (std::size_t i = 0; i < n_; ++i) {
            most[i] /= out.best;
            least[i] /= length;
        }
    }
    out.weakest = std::move(least);
    return out;
}

} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
#pragma once

// The linearised problem of a fit: a small positive definite quadratic form, its bounded minimum,
// its inverse's diagonal and its extreme directions. Dense; a fit has at most a few dozen
// variables.
#include <cstddef>
#include <vector>

namespace penstock::sim {

class Quadratic {
  public:
    explicit Quadratic(std::size_t n) : n_(n), a_(n * n), g_(n) {}

    std::size_t size() const { return n_; }
    double& at(std::size_t i, std::size_t j) { return a_[i * n_ + j]; }
    double at(std::size_t i, std::size_t j) const { return a_[i * n_ + j]; }
    double& slope(std::size_t i) { return g_[i]; }

    // s'As + 2g's.
    double value(const std::vector<double>& s) const;
    // Its minimum for low <= s <= high, which must hold 0.
    std::vector<double> minimum(const std::vector<double>& low,
                                const std::vector<double>& high) const;

    // The diagonal of (A + ridge I)^-1.
    std::vector<double> inverseDiagonal(double ridge) const;

    struct Directions {
        double best = 0.0, worst = 0.0; // curvatures
        std::vector<double> weakest;    // unit vector of the worst
    };
    Directions directions(double ridge) const;

  private:
    std::vector<double> factor(double ridge) const; // Cholesky, lower
    std::vector<double> solve(const std::vector<double>& l, std::vector<double> b) const;
    std::vector<double> times(const std::vector<double>& s) const;

    std::size_t n_;
    std::vector<double> a_, g_;
};

} // namespace penstock::sim

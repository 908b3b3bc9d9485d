// SPDX-License-Identifier: Apache-2.0
#pragma once

// The linearised problem of a fit: a small positive semidefinite quadratic form, its bounded
// minimum (NLopt), its inverse's diagonal and its extreme directions (Eigen). Dense; a fit has at
// most a few dozen variables.
#include <Eigen/Dense>
#include <cstddef>
#include <vector>

namespace penstock::sim {

class Quadratic {
  public:
    explicit Quadratic(std::size_t n)
        : a_(Eigen::MatrixXd::Zero(index(n), index(n))), g_(Eigen::VectorXd::Zero(index(n))) {}

    std::size_t size() const { return static_cast<std::size_t>(g_.size()); }
    double& at(std::size_t i, std::size_t j) { return a_(index(i), index(j)); }
    double at(std::size_t i, std::size_t j) const { return a_(index(i), index(j)); }
    double& slope(std::size_t i) { return g_(index(i)); }

    // s'As + 2g's.
    double value(const std::vector<double>& s) const;
    // Its minimum for low <= s <= high, which must hold 0.
    std::vector<double> minimum(const std::vector<double>& low,
                                const std::vector<double>& high) const;

    // The diagonal of (A + ridge I)^-1.
    std::vector<double> inverseDiagonal(double ridge) const;

    struct Directions {
        double best = 0.0, worst = 0.0; // curvatures; the worst at least `ridge`
        std::vector<double> weakest;    // unit vector of the worst
    };
    Directions directions(double ridge) const;

  private:
    static Eigen::Index index(std::size_t i) { return static_cast<Eigen::Index>(i); }
    static double objective(unsigned n, const double* s, double* gradient, void* self);

    Eigen::MatrixXd a_; // symmetric
    Eigen::VectorXd g_;
};

} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
#pragma once

// The linearised problem of a fit: where a quadratic form is least within bounds. Dense; a fit has
// at most a few dozen variables.
#include <Eigen/Core>

namespace penstock::sim {

// The s with low <= s <= high, which hold 0 between them, where s'As + 2g's is least. A is
// symmetric and positive definite. NLopt, SLSQP.
Eigen::VectorXd boxMinimum(const Eigen::MatrixXd& a, const Eigen::VectorXd& g,
                           const Eigen::VectorXd& low, const Eigen::VectorXd& high);

} // namespace penstock::sim

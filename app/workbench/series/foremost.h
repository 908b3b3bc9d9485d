// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// The few of many that a chart has room for: a legend of three hundred names tells nothing.
#include <cstddef>
#include <span>
#include <vector>

namespace penstock::app {

// Indices of the `most` highest of `peaks`, of equals the first; all, in order, if they are no more
// than that. `before` is what was returned last: what stays among them keeps its place, and with it
// its colour.
std::vector<std::size_t> foremost(std::span<const double> peaks, std::size_t most,
                                  std::span<const std::size_t> before);

} // namespace penstock::app

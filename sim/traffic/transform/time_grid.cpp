// SPDX-License-Identifier: Apache-2.0
// Greatest common divisor for a clean grid, and a vote among usual steps for one with strays.
#include "sim/traffic/transform/time_grid.h"

#include <numeric>

namespace penstock::sim {

void TimeGrid::add(std::int64_t timeNs) {
    ++rows_;
    if (timeNs == 0) return;
    ++later_;
    if (divisor_ != 1) divisor_ = std::gcd(divisor_, timeNs);
    // Each candidate but 2, 3, 15 s is a multiple of one before it; a stray from 1 ms ends it
    // early.
    if (timeNs % kCandidates[0] != 0) return;
    for (std::size_t i = 0; i < kCandidates.size(); ++i) {
        if (timeNs % kCandidates[i] == 0) ++fits_[i];
    }
}

std::int64_t TimeGrid::gridNs() const {
    constexpr std::uint64_t kFewest = 20; // below that a grid is chance
    if (later_ < kFewest) return 0;
    std::int64_t grid = divisor_ >= kMillisecond ? divisor_ : 0;
    for (std::size_t i = 0; i < kCandidates.size(); ++i) {
        const bool fits = static_cast<double>(fits_[i]) >= 0.99 * static_cast<double>(later_);
        if (fits && kCandidates[i] > grid) grid = kCandidates[i];
    }
    return grid;
}

} // namespace penstock::sim

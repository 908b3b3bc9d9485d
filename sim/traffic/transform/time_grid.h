// SPDX-License-Identifier: Apache-2.0
#pragma once

// Finds the clock tick on which a trace's times sit. A trace rounded to whole seconds has bursts
// that no client sent, so a grid that is coarse beside the mean gap deserves a dither.
#include <array>
#include <cstdint>

namespace penstock::sim {

class TimeGrid {
  public:
    void add(std::int64_t timeNs); // since the first row; in any order

    // The largest step >= 1 ms of which 99 % of the times are multiples, or 0.
    std::int64_t gridNs() const;

  private:
    static constexpr std::int64_t kMillisecond = 1'000'000;
    static constexpr std::array<std::int64_t, 12> kCandidates = {
        1 * kMillisecond,     10 * kMillisecond,    100 * kMillisecond,   500 * kMillisecond,
        1000 * kMillisecond,  2000 * kMillisecond,  3000 * kMillisecond,  5000 * kMillisecond,
        10000 * kMillisecond, 15000 * kMillisecond, 30000 * kMillisecond, 60000 * kMillisecond};

    std::uint64_t rows_ = 0;
    std::uint64_t later_ = 0; // rows not at 0
    std::int64_t divisor_ = 0;
    std::array<std::uint64_t, kCandidates.size()> fits_{};
};

} // namespace penstock::sim

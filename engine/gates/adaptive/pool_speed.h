// SPDX-License-Identifier: Apache-2.0
#pragma once

// How fast the pool works right now, told by our own answers alone.
//
// Latency is a slow witness: an answer that took twenty seconds speaks of the mean of twenty
// seconds. But a continuous batch gives every sequence in it a token at every step, so that one
// speed v(t), in tokens a second for each sequence, holds for all in flight: an answer of w tokens
// sent at s and received at t says that v over [s, t] sums to w. Many answers whose lives overlap
// say together when a change came. Time is cut into bins, in each of which v is constant and from
// each to the next does a random walk; their joint distribution, given the answers, is a Kalman
// filter's (1960) whose state is the last kBins of them, and what is asked for is the newest, with
// its doubt. How answers scatter besides (prompts, turns in the batch) is learned from how far they
// come out from what was expected. A bin is a fraction of what an answer takes, so that answers of
// milliseconds and of minutes are read alike; without answers the estimate stands still and only
// doubt grows.
//
// Work is output tokens plus an offset that stands for everything before the first; where tokens
// are unknown every answer counts one. Fixed size: nothing is allocated; an answer costs about
// kBins^2 multiplications.
#include "engine/types/time.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace penstock {

class PoolSpeed {
  public:
    // An answer that was served. `work` > 0.
    void answered(Time now, Duration latency, double work);

    // Work a second for each sequence; 0 before the first answers.
    double speed() const { return known() ? speed_[0] : 0.0; }
    // Standard deviation of what the speed may be, for all that the answers have said.
    double doubt() const;
    bool known() const { return answers_ >= kFewAnswers; }

  private:
    static constexpr std::size_t kBins = 20;
    static constexpr std::uint32_t kFewAnswers = 8;
    // The share of an answer's work that is thought uncertain before its scatter is learned.
    static constexpr double kScatter = 0.1;
    using Row = std::array<double, kBins>;

    void begin(Time now, double life, double work);
    void advance(Time now);
    Row secondsInBins(Time now, double life) const;

    // Bin 0 is the newest, from binStart_ on; the last one stands for all time before it too.
    Row speed_{};
    std::array<Row, kBins> covariance_{};
    Time binStart_{};
    double binSeconds_ = 0.0;
    double life_ = 0.0;                    // seconds of an answer, smoothed
    double scatter_ = kScatter * kScatter; // (share of the work) squared
    std::uint32_t answers_ = 0;
};

} // namespace penstock

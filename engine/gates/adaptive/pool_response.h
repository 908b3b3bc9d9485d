// SPDX-License-Identifier: Apache-2.0
#pragma once

// How the pool's saturation answers to our own requests, learned from old samples: what we had in
// flight when a sample was taken, and how much saturation one request is worth.
//
// The model is S = others + k x own, others >= 0. So every sample bounds k from above by S / own,
// and the bound is tight whenever the others fall silent; k is a low quantile of the recent bounds.
// (A regression would do worse: a working gate makes `own` fall when `others` rise, which biases
// the slope towards zero or below.) A request's share of the KV cache builds up over its life, so
// `own` is the number in flight as seen through a lag of half a mean latency.
//
// Fixed size: nothing is allocated after construction.
#include "engine/gates/adaptive/smoothed_mean.h"
#include "engine/types/time.h"

#include <array>
#include <cstdint>
#include <vector>

namespace penstock {

class PoolResponse {
  public:
    PoolResponse();

    void sent(Time now);
    // `latency` is that of a request that was served; negative if it was not.
    void settled(Time now, Duration latency);

    std::int32_t flying() const { return state_.flying; }
    // In flight through the lag, as it stood just before `at` (at most some minutes ago). What was
    // sent within 50 ms of `at` counts as sent after it: a sample that opens the gate must not seem
    // to contain what the gate then let through.
    double matureAt(Time at) const;

    // A new sample. Samples with next to nothing of ours in flight teach nothing about k.
    void learn(double saturation, Time sampledAt);

    // Saturation per request of ours; `initial` until the first sample has taught one.
    double perRequest(double initial) const { return learned_ > 0.0 ? learned_ : initial; }

    // By how much the others' load in the last sample lies below its highest within `window`.
    double surge(double perRequest, Duration window) const;

  private:
    static constexpr std::size_t kHistory = 4096;
    static constexpr Duration kGrain = std::chrono::milliseconds{50};
    static constexpr std::size_t kSamples = 32;
    static constexpr double kQuantile = 0.2;
    static constexpr double kLeastOwn = 2.0;

    // Changes less than kGrain apart, as one: the state before the first and after the last.
    struct State {
        double mature = 0.0;
        std::int32_t flying = 0;
    };
    struct Moment {
        Time at{};
        State before;
        State after;
    };
    struct Sample {
        Time at{};
        double saturation = 0.0;
        double own = 0.0;
    };

    void move(Time now, std::int32_t by);
    double lagged(const State& state, Duration elapsed) const;
    const Sample& sample(std::size_t ago) const;

    std::vector<Moment> history_; // ring, at least kGrain apart
    std::size_t moments_ = 0;     // ever written
    std::array<Sample, kSamples> samples_{};
    std::size_t sampled_ = 0; // ever written
    State state_;
    Time stateAt_{};
    SmoothedMean lagSeconds_;
    double learned_ = 0.0;
};

} // namespace penstock

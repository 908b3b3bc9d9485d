// SPDX-License-Identifier: Apache-2.0
#pragma once

// How fast the pool works right now, told by our own answers alone.
//
// Latency is a slow witness: an answer that took twenty seconds speaks of the mean of twenty
// seconds. But a continuous batch gives every sequence in it a token at every step, so that all our
// requests share one odometer X(t) = tokens that a sequence in flight has been given by t. A
// request of w tokens sent at s and answered at t is an exact reading of it: X(t) = X(s) + w, X(s)
// being what we believed when we sent it. The readings and their slope, the speed v in tokens a
// second, are filtered by Kalman's filter (1960) of a point that moves with a speed that drifts.
// With six answers a second it follows a change of speed within about a second, whatever the ages
// and lengths of what is in flight; without answers it stands still.
//
// Work is output tokens plus an offset that stands for everything before the first; where tokens
// are unknown every answer counts one. Fixed size: nothing is allocated after construction.
#include "engine/types/time.h"

#include <cstdint>
#include <vector>

namespace penstock {

class PoolSpeed {
  public:
    PoolSpeed();

    // An answer that was served. `work` > 0.
    void answered(Time now, Duration latency, double work);

    // Work a second for each sequence; 0 before the first answers.
    double speed() const { return known() ? speed_ : 0.0; }
    bool known() const { return answers_ >= kFewAnswers; }

  private:
    static constexpr std::size_t kHistory = 4096;
    static constexpr Duration kGrain = std::chrono::milliseconds{50};
    static constexpr std::uint32_t kFewAnswers = 8;

    struct Moment {
        Time at{};
        double odometer = 0.0;
    };

    void begin(Time now, Duration latency, double work);
    void predict(Time now);
    double odometerAt(Time at) const;
    void remember();

    std::vector<Moment> history_; // ring, at least kGrain apart
    std::size_t moments_ = 0;     // ever written
    std::uint32_t answers_ = 0;
    Time at_{};
    double odometer_ = 0.0;
    double speed_ = 0.0;
    // Covariance of odometer and speed.
    double xx_ = 0.0;
    double xv_ = 0.0;
    double vv_ = 0.0;
};

} // namespace penstock

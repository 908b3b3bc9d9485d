// SPDX-License-Identifier: Apache-2.0
#pragma once

// The retry ladder of llm-d-async 0.9 (pkg/asyncworker/worker.go): exponential with a cap, equal
// jitter, and a server's Retry-After that may lengthen a wait but never decide a request's fate.
#include "engine/types/hd.h"

#include <cstdint>

namespace penstock {

struct BackoffLaw {
    double baseSeconds = 2.0;
    double maxSeconds = 60.0;
};

// Seconds to wait before the next attempt, given `retries` failed attempts before this failure
// (k >= 0), whole or fractional seconds left until the deadline (> 0), and u uniform in [0, 1):
// uniform in [t/2, t) with t = min(max, left, base * 2^(k+1)).
PENSTOCK_HD inline double backoffSeconds(const BackoffLaw& law, std::uint32_t retries,
                                         double secondsToDeadline, double u) {
    double t = law.baseSeconds;
    for (std::uint32_t i = 0; i <= retries && t < law.maxSeconds; ++i)
        t *= 2.0;
    if (t > law.maxSeconds) t = law.maxSeconds;
    if (t > secondsToDeadline) t = secondsToDeadline;
    if (t <= 0.0) return 0.0;
    return 0.5 * t + u * 0.5 * t;
}

// The same with the server's Retry-After (< 0: absent): one longer than the backoff wins, clamped
// to half of what is left and jittered up by less than a quarter.
PENSTOCK_HD inline double retryDelaySeconds(double backoff, double retryAfterSeconds,
                                            double secondsToDeadline, double u) {
    if (retryAfterSeconds <= backoff) return backoff;
    const double half = 0.5 * secondsToDeadline;
    const double clamped = retryAfterSeconds < half ? retryAfterSeconds : half;
    const double jittered = clamped * (1.0 + 0.25 * u);
    return jittered > backoff ? jittered : backoff;
}

} // namespace penstock

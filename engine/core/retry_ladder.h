// SPDX-License-Identifier: Apache-2.0
#pragma once

// When a request has expired, and when it may be tried again. llm-d-async keeps both in whole Unix
// seconds (deadlines and now are truncated), which is a second's worth of behaviour.
#include "engine/types/backoff.h"
#include "engine/types/result.h"
#include "engine/types/time.h"

namespace penstock {

inline Time wholeSecond(Time t) {
    constexpr std::int64_t kSecond = 1'000'000'000;
    const std::int64_t ns = t.time_since_epoch().count();
    return Time{Duration{ns - ns % kSecond}};
}

class DeadlineClock {
  public:
    explicit DeadlineClock(bool wholeSeconds) : whole_(wholeSeconds) {}

    // The instant at which an attempt is given up for the deadline's sake.
    Time effective(Time deadline) const { return whole_ ? wholeSecond(deadline) : deadline; }

    // A deadline that lies within the current second has not passed yet when seconds are whole.
    bool passed(Time deadline, Time now) const {
        return whole_ ? wholeSecond(deadline) < wholeSecond(now) : deadline <= now;
    }

    Duration left(Time deadline, Time now) const { return effective(deadline) - whole(now); }
    Time whole(Time now) const { return whole_ ? wholeSecond(now) : now; }

  private:
    bool whole_;
};

struct RetryPlan {
    bool again = false; // false: no time left
    Duration backoff{0};
    Time due{}; // at most the deadline
};

// `retries` failed attempts before this one; u and v uniform in [0, 1).
inline RetryPlan planRetry(const BackoffLaw& law, const DeadlineClock& clock, std::uint32_t retries,
                           Time deadline, Time now, Duration retryAfter, double u, double v) {
    const double left = toSeconds(clock.left(deadline, now));
    if (left <= 0.0) return {};
    const double backoff = backoffSeconds(law, retries, left, u);
    const double after = retryAfter < Duration{0} ? -1.0 : toSeconds(retryAfter);
    const double seconds = retryDelaySeconds(backoff, after, left, v);
    // The retry set's score counts from the truncated second, as what reads it does.
    return {true, fromSeconds(seconds), clock.whole(now) + fromSeconds(seconds)};
}

} // namespace penstock

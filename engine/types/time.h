// SPDX-License-Identifier: Apache-2.0
#pragma once

// Time is the engine's own type: int64 nanoseconds since the Unix epoch, in a clock class that
// cannot be read. Only a Loop knows what time it is, so wall time cannot leak into a decision, and
// simulated and live runs differ in nothing but who moves the clock.
#include <chrono>
#include <cstdint>

namespace penstock {

struct EngineClock {
    using rep = std::int64_t;
    using period = std::nano;
    using duration = std::chrono::duration<rep, period>;
    using time_point = std::chrono::time_point<EngineClock>;
    static constexpr bool is_steady = false;
};

using Time = EngineClock::time_point;
using Duration = EngineClock::duration;

// Later than every deadline; no sum of a time and a duration goes beyond it.
inline constexpr Time kNever{Duration{INT64_MAX / 2}};

// What a time and a duration make, however long that is: never, where it would be later. Found
// before std::chrono's, which wraps around; written once, so that no sum of a document's numbers
// can come out in the past.
constexpr Time operator+(Time t, Duration d) {
    return d > kNever - t ? kNever : Time{t.time_since_epoch() + d};
}
constexpr Time operator+(Duration d, Time t) {
    return t + d;
}

// The longest duration, either way, for what is longer; 0 for NaN.
constexpr Duration fromSeconds(double seconds) {
    constexpr double kMost = 9.2e9; // of 2^63 ns
    const double bounded = seconds > kMost      ? kMost
                           : seconds < -kMost   ? -kMost
                           : seconds == seconds ? seconds
                                                : 0.0;
    return Duration{static_cast<std::int64_t>(bounded * 1e9 + (bounded < 0 ? -0.5 : 0.5))};
}
constexpr double toSeconds(Duration d) {
    return static_cast<double>(d.count()) * 1e-9;
}
constexpr double toMillis(Duration d) {
    return static_cast<double>(d.count()) * 1e-6;
}

// Seconds since the Unix epoch, as deadlines travel on the wire.
constexpr double unixSeconds(Time t) {
    return toSeconds(t.time_since_epoch());
}
constexpr Time fromUnixSeconds(double seconds) {
    return Time{fromSeconds(seconds)};
}

} // namespace penstock

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

// Later than every deadline, and still far from overflow when a Duration is added.
inline constexpr Time kNever{Duration{INT64_MAX / 2}};

constexpr Duration fromSeconds(double seconds) {
    return Duration{static_cast<std::int64_t>(seconds * 1e9 + (seconds < 0 ? -0.5 : 0.5))};
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

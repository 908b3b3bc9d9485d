// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// A half-open stretch of engine time, [from, to), as every chart and table of the window sees it.
#include "engine/types/time.h"

#include <algorithm>

namespace penstock::app {

struct TimeRange {
    Time from{};
    Time to{};

    Duration span() const { return to - from; }
    bool contains(Time t) const { return t >= from && t < to; }
    bool operator==(const TimeRange&) const = default;
};

// The same range whichever end came first.
inline TimeRange orderedRange(Time a, Time b) {
    return {std::min(a, b), std::max(a, b)};
}

} // namespace penstock::app

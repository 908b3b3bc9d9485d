// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// Round places for grid lines, and the words for times and numbers beside them.
#include "app/workbench/series/time_range.h"

#include <string>
#include <vector>

namespace penstock::app {

// The smallest of 1, 2, 5 × 10^k seconds (below a second) or of the clock's own round steps (above)
// that puts at most `most` ticks in `span`. `most` ≥ 1.
Duration tickStep(Duration span, int most);

// Multiples of `step`, counted from `origin`, inside the range.
std::vector<Time> ticks(TimeRange range, Duration step, Time origin);

// "4:05", "1:02:03" or "12.350 s": time since `origin` to the precision of `step`; a negative one
// has a minus sign.
std::string timeLabel(Duration sinceOrigin, Duration step);

// "00:12:41.250": for the run bar and tables.
std::string clockLabel(Duration sinceOrigin);

// "350 µs", "41.2 ms", "12.4 s", "3 min 20 s", "2 h 05 min": three digits or so, for distances.
std::string durationLabel(Duration d);

// Three to four digits that a person can read: "0.0031", "12.4", "1,830", "3.2 M"; "–" for NaN.
std::string numberLabel(double value);

// Round limits around [low, high] with 2 to 5 steps, and the step.
struct ValueScale {
    double low = 0, high = 1, step = 0.5;
};
ValueScale niceScale(double low, double high, int most);

} // namespace penstock::app

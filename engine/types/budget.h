// SPDX-License-Identifier: Apache-2.0
#pragma once

// From a metric to a budget and from a budget to a number of messages: the pure laws of the gates,
// the same bits on host and device. Sources: llm-d-async 0.9, pkg/async/inference/flowcontrol.
#include "engine/types/hd.h"

#include <cstdint>

namespace penstock {

PENSTOCK_HD inline double clampUnit(double x) {
    return x < 0.0 ? 0.0 : (x > 1.0 ? 1.0 : x);
}

// A gate on the free share `value` of a pool: closed at or below `closingPoint`, else what lies
// above it, in [0, 1]. prometheus-saturation has value = 1 - saturation and closingPoint =
// 1 - threshold; prometheus-budget has value = 1 - fullness and closingPoint = baseline.
PENSTOCK_HD inline double budgetAbove(double value, double closingPoint) {
    if (value <= closingPoint) return 0.0;
    return clampUnit(value - closingPoint);
}

// The budget of a saturation gate without a reading: its fallback is a saturation, and is not
// compared with the threshold, so that every fallback below 1 opens the gate.
PENSTOCK_HD inline double budgetWithoutReading(double fallbackSaturation) {
    return clampUnit(1.0 - fallbackSaturation);
}

// Messages popped per poll under the rate meaning of a budget: floor(batch x budget). The floor is
// the quantisation that shuts a batch of 10 at every budget below 0.1.
PENSTOCK_HD inline std::int32_t batchOf(std::int32_t batchSize, double budget) {
    return static_cast<std::int32_t>(static_cast<double>(batchSize) * budget);
}

// Requests that may still be sent under the concurrency meaning: floor(capacity x budget), but one
// while the budget is open at all, less what is in flight, at least 0. Without that one a pool of
// fewer workers than 1 / budget would never send anything through an open gate.
PENSTOCK_HD inline std::int32_t roomOf(std::int32_t capacity, double budget,
                                       std::int32_t inFlight) {
    auto allowed = static_cast<std::int32_t>(static_cast<double>(capacity) * budget);
    if (allowed < 1 && budget > 0.0 && capacity > 0) allowed = 1;
    return allowed > inFlight ? allowed - inFlight : 0;
}

} // namespace penstock

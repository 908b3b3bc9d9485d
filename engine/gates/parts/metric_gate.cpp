// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/parts/metric_gate.h"

#include <algorithm>
#include <cmath>

namespace penstock {

double MetricGate::budget(Time now) {
    const Observation seen = observe(now);
    reason_.source = seen.source;
    reason_.threshold = closingPoint();
    reason_.available = seen.available && std::isfinite(seen.value);
    if (!reason_.available) {
        const double fallback = clampUnit(fallbackBudget());
        reason_.value = fallback;
        reason_.age = Duration::zero();
        reason_.code = fallback > 0.0 ? ReasonCode::openByFallback : ReasonCode::closedByFallback;
        return fallback;
    }
    const double budget = budgetAbove(seen.value, closingPoint());
    reason_.value = seen.value;
    reason_.age = std::max(Duration::zero(), now - seen.sampledAt);
    reason_.code = budget > 0.0 ? ReasonCode::open : ReasonCode::closedByThreshold;
    return budget;
}

MetricGate::Observation MetricGate::plain(CachedReading& reading, Time now) {
    Observation seen{.source = reading.text()};
    const Reading* latest = reading.read(now);
    if (latest == nullptr || latest->state != Reading::State::value) return seen;
    seen.available = true;
    seen.value = latest->value;
    seen.sampledAt = latest->sampledAt;
    return seen;
}

} // namespace penstock

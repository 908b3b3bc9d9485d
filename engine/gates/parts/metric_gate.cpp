// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/parts/metric_gate.h"

#include <algorithm>
#include <cmath>

namespace penstock {

Budget MetricGate::budget(Time now) {
    const Observation seen = observe(now);
    Reason reason;
    reason.source = seen.source;
    reason.threshold = closingPoint();
    reason.available = seen.available && std::isfinite(seen.value);
    if (!reason.available) {
        const double fallback = clampUnit(fallbackBudget());
        reason.value = fallback;
        reason.age = Duration::zero();
        reason.code = fallback > 0.0 ? ReasonCode::openByFallback : ReasonCode::closedByFallback;
        return {fallback, reason};
    }
    const double budget = budgetAbove(seen.value, closingPoint());
    reason.value = seen.value;
    reason.age = std::max(Duration::zero(), now - seen.sampledAt);
    reason.code = budget > 0.0 ? ReasonCode::open : ReasonCode::closedByThreshold;
    return {budget, reason};
}

MetricGate::Observation MetricGate::plain(CachedReading& reading, Time now,
                                          std::optional<double> absent) {
    Observation seen{.source = reading.text()};
    const Reading* latest = reading.read(now);
    if (latest == nullptr || latest->state == Reading::State::error) return seen;
    const bool sampled = latest->state == Reading::State::value;
    if (!sampled && !absent) return seen;
    seen.available = true;
    seen.value = sampled ? latest->value : *absent;
    seen.sampledAt = latest->sampledAt;
    return seen;
}

} // namespace penstock

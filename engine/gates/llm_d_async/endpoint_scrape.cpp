// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/llm_d_async/endpoint_scrape.h"

#include "engine/gates/parts/catalogue.h"

#include <algorithm>

namespace penstock {

EndpointScrapeGate::EndpointScrapeGate(Settings settings, MetricSource& source, CachePolicy cache)
    : maxCountPerPod_(settings.maxCountPerPod), baseline_(settings.baseline),
      fallback_(settings.fallback), valueIsBudget_(settings.valueIsBudget),
      absentValue_(settings.absentValue), value_(source, std::move(settings.value), cache, *this) {
    if (!settings.pods.url.empty() && !settings.pods.text.empty()) {
        pods_ = std::make_unique<CachedReading>(source, std::move(settings.pods), cache, *this);
    }
}

MetricGate::Observation EndpointScrapeGate::observe(Time now) {
    Observation seen = plain(value_, now, absentValue_);
    if (!seen.available) return seen;
    double most = maxCountPerPod_;
    if (pods_ != nullptr) {
        pods_->policy().ttl = value_.policy().ttl;
        const Observation pods = plain(*pods_, now);
        // A pool without ready pods has no capacity to speak of: that is no reading.
        seen.available = pods.available && pods.value > 0.0;
        if (!seen.available) return seen;
        seen.sampledAt = std::min(seen.sampledAt, pods.sampledAt);
        most *= pods.value;
    }
    const double share = clampUnit(most > 0.0 ? seen.value / most : seen.value);
    seen.value = valueIsBudget_ ? share : 1.0 - share;
    return seen;
}

Time EndpointScrapeGate::ownRecheckAt() const {
    return pods_ == nullptr ? value_.expiresAt() : std::min(value_.expiresAt(), pods_->expiresAt());
}

void EndpointScrapeGate::parameters(ParameterVisitor& visitor) {
    const GateKnobs show{type(), visitor};
    show("max_count_per_pod", maxCountPerPod_);
    show("baseline", baseline_);
    show("fallback", fallback_);
    show("cache_ttl", value_.policy().ttl);
}

} // namespace penstock

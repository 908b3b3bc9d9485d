// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/llm_d_async/prometheus_query.h"

#include "engine/gates/parts/catalogue.h"

namespace penstock {

PrometheusQueryGate::PrometheusQueryGate(Settings settings, MetricSource& source, CachePolicy cache)
    : fallback_(settings.fallback),
      reading_(source, MetricQuery{.text = std::move(settings.query)}, cache, *this) {}

void PrometheusQueryGate::parameters(ParameterVisitor& visitor) {
    const GateKnobs show{type(), visitor};
    show("fallback", fallback_);
    show("cache_ttl", reading_.policy().ttl);
}

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/llm_d_async/prometheus_saturation.h"

#include "engine/gates/parts/catalogue.h"
#include "engine/gates/parts/promql_text.h"

namespace penstock {

PrometheusSaturationGate::PrometheusSaturationGate(Settings settings, MetricSource& source,
                                                   CachePolicy cache)
    : settings_(std::move(settings)),
      reading_(source, MetricQuery{.text = query(settings_)}, cache, *this) {}

std::string PrometheusSaturationGate::query(const Settings& settings) {
    return "1 - " + poolSelector(settings.metric, "inference_pool", settings.pool,
                                 settings.nameSpace, settings.effectiveStage);
}

void PrometheusSaturationGate::parameters(ParameterVisitor& visitor) {
    const GateKnobs show{type(), visitor};
    show("threshold", settings_.threshold);
    show("fallback", settings_.fallback);
    show("cache_ttl", reading_.policy().ttl);
}

} // namespace penstock

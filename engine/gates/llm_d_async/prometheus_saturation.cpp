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
    Matchers matchers{{"inference_pool", settings.pool}};
    if (!settings.nameSpace.empty()) matchers.emplace_back("namespace", settings.nameSpace);
    return "1 - " + promqlSelector(settings.metric, matchers);
}

void PrometheusSaturationGate::parameters(ParameterVisitor& visitor) {
    visitor.number(gateParameter(type(), "threshold"), settings_.threshold);
    visitor.number(gateParameter(type(), "fallback"), settings_.fallback);
    visitor.duration(gateParameter(type(), "cache_ttl"), reading_.policy().ttl);
}

} // namespace penstock

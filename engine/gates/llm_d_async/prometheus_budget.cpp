// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/llm_d_async/prometheus_budget.h"

#include "engine/gates/parts/catalogue.h"
#include "engine/gates/parts/promql_text.h"

#include <algorithm>

namespace penstock {

PrometheusBudgetGate::PrometheusBudgetGate(Settings settings, MetricSource& source,
                                           CachePolicy cache)
    : settings_(std::move(settings)), source_(source), cache_(cache) {
    useCascade();
}

std::array<std::string, PrometheusBudgetGate::kQueries>
PrometheusBudgetGate::queries(const Settings& settings) {
    const auto selector = [&settings](std::string_view metric, std::string_view poolLabel) {
        return poolSelector(metric, poolLabel, settings.pool, settings.nameSpace);
    };
    const std::string most = goNumber(settings.maxConcurrency);
    const std::string ready = settings.readsEpp
                                  ? "max(" + selector("llm_d_epp_ready_endpoints", "name") + ")"
                                  : selector("inference_pool_ready_pods", "name");
    const std::string capacity = ready + " * " + most;
    const std::string_view flow = settings.readsEpp ? "llm_d_epp_flow_control_queue_size"
                                                    : "inference_extension_flow_control_queue_size";
    const std::string_view perPod = settings.readsEpp ? "llm_d_epp_per_endpoint_queue_size"
                                                      : "inference_pool_per_pod_queue_size";
    return {"1 - (sum by(inference_pool)(" + selector(flow, "inference_pool") + ") / on() (" +
                capacity + "))",
            "1 - (avg by(name)(" + selector(perPod, "name") + ") / " + most + ")",
            "1 - (sum(" + selector("vllm:num_requests_running", "inference_pool") + ") / on() (" +
                capacity + "))"};
}

void PrometheusBudgetGate::useCascade() {
    const auto found = std::find_if(cascades_.begin(), cascades_.end(), [this](const Cascade& c) {
        return c.maxConcurrency == settings_.maxConcurrency;
    });
    current_ = static_cast<std::size_t>(found - cascades_.begin());
    if (found != cascades_.end()) return;
    Cascade& made = cascades_.emplace_back();
    made.maxConcurrency = settings_.maxConcurrency;
    const auto texts = queries(settings_);
    for (std::size_t i = 0; i < kQueries; ++i) {
        made.readings[i] =
            std::make_unique<CachedReading>(source_, MetricQuery{.text = texts[i]}, cache_, *this);
    }
}

MetricGate::Observation PrometheusBudgetGate::observe(Time now) {
    if (cascades_[current_].maxConcurrency != settings_.maxConcurrency) useCascade();
    Observation last;
    for (const auto& reading : cascades_[current_].readings) {
        reading->policy().ttl = cache_.ttl;
        last = plain(*reading, now);
        // The first answer of an earlier query is worth waiting for before a later one is asked.
        if (last.available || reading->serial() == 0) return last;
    }
    return last;
}

void PrometheusBudgetGate::readingArrived(CachedReading& reading) {
    for (const auto& ours : cascades_[current_].readings) {
        if (ours.get() == &reading) changed();
    }
}

Time PrometheusBudgetGate::ownRecheckAt() const {
    Time earliest = kNever;
    for (const auto& reading : cascades_[current_].readings) {
        earliest = std::min(earliest, reading->expiresAt());
        if (const Reading* latest = reading->latest();
            latest == nullptr || latest->state == Reading::State::value) {
            break; // those after it are not asked
        }
    }
    return earliest;
}

void PrometheusBudgetGate::parameters(ParameterVisitor& visitor) {
    const GateKnobs show{type(), visitor};
    show("max_concurrency", settings_.maxConcurrency);
    show("baseline", settings_.baseline);
    show("fallback", settings_.fallback);
    show("cache_ttl", cache_.ttl);
}

} // namespace penstock

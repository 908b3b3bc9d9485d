// SPDX-License-Identifier: Apache-2.0
// The gates that llm-d-async has; engine/gates/factory_adaptive.cpp makes the others.
#include "engine/gates/factory/factory.h"

#include "engine/gates/factory/builder.h"
#include "engine/gates/llm_d_async/composite.h"
#include "engine/gates/llm_d_async/constant.h"
#include "engine/gates/llm_d_async/endpoint_count.h"
#include "engine/gates/llm_d_async/endpoint_scrape.h"
#include "engine/gates/llm_d_async/local_max_concurrency.h"
#include "engine/gates/llm_d_async/prometheus_budget.h"
#include "engine/gates/llm_d_async/prometheus_query.h"
#include "engine/gates/llm_d_async/prometheus_saturation.h"
#include "engine/gates/llm_d_async/redis_budget.h"
#include "engine/gates/llm_d_async/redis_leased_rate.h"
#include "engine/gates/llm_d_async/redis_quota.h"
#include "engine/gates/llm_d_async/tier_priority_admission.h"
#include "engine/gates/llm_d_async/wait_on_refuse.h"

#include <fmt/format.h>

#include <limits>

namespace penstock {
namespace {

using detail::GateBuilder;
using Made = std::unique_ptr<Gate>;

Made makeConstant(GateBuilder&) {
    return std::make_unique<ConstantGate>();
}

Made makeRedis(GateBuilder& b) {
    const std::string address = b.read.text("address");
    RedisBudgetGate::Settings settings{.key = b.read.text("budget_key"),
                                       .refresh = b.read.duration("refresh")};
    KeyValue* store = b.store(address);
    return b.failed() ? nullptr : std::make_unique<RedisBudgetGate>(std::move(settings), *store);
}

Made makeRedisQuota(GateBuilder& b) {
    const std::string address = b.read.text("address");
    RedisQuotaGate::Settings settings;
    settings.attribute = b.read.text("attribute");
    const std::string mode = b.read.choice("mode");
    settings.concurrency = mode == "concurrency";
    settings.limit = b.read.integer("limit");
    settings.window = b.read.duration("window");
    settings.prefix = b.read.text("prefix");
    const std::string gating = b.read.choice("gating_mode");
    settings.classifying = gating == "classifying";
    // Where a mode is not refused, an unknown one counts nothing, nor does a window of no length.
    const bool counts =
        settings.concurrency || (mode == "rate-limit" && settings.window > Duration{0});
    if (!counts || (!settings.classifying && gating != "blocking")) {
        settings.limit = std::numeric_limits<std::int32_t>::max();
    }
    KeyValue* store = b.store(address);
    return b.failed() ? nullptr : std::make_unique<RedisQuotaGate>(std::move(settings), *store);
}

Made makeLocalMaxConcurrency(GateBuilder& b) {
    LocalMaxConcurrencyGate::Settings settings;
    settings.limit = b.read.integer("limit");
    settings.blocking = b.read.choice("gating_mode") == "blocking";
    return std::make_unique<LocalMaxConcurrencyGate>(settings);
}

Made makePrometheusSaturation(GateBuilder& b) {
    PrometheusSaturationGate::Settings settings;
    settings.pool = b.read.text("pool");
    settings.nameSpace = b.read.text("namespace");
    settings.metric = b.saturationMetric();
    settings.effectiveStage = b.context.semantics.pinsStage;
    settings.threshold = b.read.number("threshold");
    settings.fallback = b.read.number("fallback");
    return b.onMetric<PrometheusSaturationGate>(b.prometheus(), std::move(settings));
}

Made makePrometheusBudget(GateBuilder& b) {
    PrometheusBudgetGate::Settings settings;
    settings.pool = b.read.text("pool");
    settings.nameSpace = b.read.text("namespace");
    settings.maxConcurrency = b.read.number("max_concurrency");
    settings.readsEpp = b.context.semantics.budgetReadsEpp;
    settings.baseline = b.read.number("baseline");
    settings.fallback = b.read.number("fallback");
    return b.onMetric<PrometheusBudgetGate>(b.prometheus(), std::move(settings));
}

Made makePrometheusQuery(GateBuilder& b) {
    PrometheusQueryGate::Settings settings{.query = b.read.text("query"),
                                           .fallback = b.read.number("fallback")};
    b.read.text("pool");
    b.checkQuery("query", settings.query);
    return b.onMetric<PrometheusQueryGate>(b.prometheus(), std::move(settings));
}

// What would stand in for a count that is not known has no place beside it.
Made makeCounted(GateBuilder& b, EndpointScrapeGate::Settings settings) {
    if (!(settings.maxCountPerPod > 0.0)) {
        b.read.refuse("max_count_per_pod", "admission counted needs max_count_per_pod above 0");
    }
    if (settings.valueIsBudget) {
        b.read.refuse("value_type", "admission counted needs value_type saturation");
    }
    for (const std::string_view without : {"baseline", "fallback"}) {
        if (!b.read.given(without)) continue;
        b.read.refuse(without, fmt::format("admission counted takes no {}", without));
    }
    return b.onMetric<EndpointCountGate>(b.metrics(), std::move(settings));
}

Made makeEndpointScrape(GateBuilder& b) {
    EndpointScrapeGate::Settings settings;
    settings.value = {.kind = MetricQuery::Kind::scrape,
                      .text = b.read.text("metric"),
                      .url = b.read.text("url"),
                      .labels = b.read.labels("labels")};
    settings.pods = {.kind = MetricQuery::Kind::scrape,
                     .text = b.read.text("pods_metric"),
                     .url = b.read.text("pods_url"),
                     .labels = b.read.labels("pods_labels")};
    settings.maxCountPerPod = b.read.number("max_count_per_pod");
    settings.baseline = b.read.number("baseline");
    settings.fallback = b.read.number("fallback");
    settings.valueIsBudget = b.read.choice("value_type") == "budget";
    if (b.read.given("absent_value")) settings.absentValue = b.read.number("absent_value");
    if (b.read.choice("admission") == "counted") return makeCounted(b, std::move(settings));
    return b.onMetric<EndpointScrapeGate>(b.metrics(), std::move(settings));
}

Made makeRedisLeasedRate(GateBuilder& b) {
    const std::string address = b.read.text("address");
    RedisLeasedRateGate::Settings settings;
    settings.controlKey = b.read.text("control_key");
    settings.poolId = b.read.given("pool_id") ? b.read.text("pool_id") : b.ownPool();
    settings.stateKey =
        b.read.given("state_key") ? b.read.text("state_key") : settings.controlKey + ":state";
    settings.burst = fromSeconds(b.read.number("burst_seconds"));
    KeyValue* store = b.store(address);
    return b.failed() ? nullptr
                      : std::make_unique<RedisLeasedRateGate>(std::move(settings), *store);
}

Made makeComposite(GateBuilder& b) {
    std::vector<Made> inner;
    for (const GateSpec& spec : b.read.gates("gates")) {
        if (Made gate = b.inner(spec); gate != nullptr) inner.push_back(std::move(gate));
    }
    return b.failed() ? nullptr : std::make_unique<CompositeGate>(std::move(inner));
}

Made makeWaitOnRefuse(GateBuilder& b) {
    const GateSpec spec = b.read.gate("gate");
    Made inner = b.inner(spec);
    return b.failed() ? nullptr : std::make_unique<WaitOnRefuseGate>(std::move(inner));
}

Made makeTierPriorityAdmission(GateBuilder& b) {
    GateSpec spec = b.innerSpec("saturation_gate_params");
    spec.type = b.read.text("saturation_gate");
    spec.params = b.read.params("saturation_gate_params");
    TierPriorityAdmissionGate::Settings settings{.tierLabel = b.read.text("tier_label"),
                                                 .heedsWait =
                                                     b.context.semantics.tierPriorityHeedsWait};
    Made inner = b.inner(spec);
    if (b.failed()) return nullptr;
    return std::make_unique<TierPriorityAdmissionGate>(std::move(settings), std::move(inner));
}

constexpr detail::Maker kOfLlmDAsync[] = {{"constant", makeConstant},
                                          {"redis", makeRedis},
                                          {"redis-quota", makeRedisQuota},
                                          {"local-max-concurrency", makeLocalMaxConcurrency},
                                          {"prometheus-saturation", makePrometheusSaturation},
                                          {"prometheus-budget", makePrometheusBudget},
                                          {"prometheus-query", makePrometheusQuery},
                                          {"endpoint-scrape", makeEndpointScrape},
                                          {"redis-leased-rate", makeRedisLeasedRate},
                                          {"composite", makeComposite},
                                          {"wait-on-refuse", makeWaitOnRefuse},
                                          {"tier-priority-admission", makeTierPriorityAdmission}};

} // namespace

std::span<const detail::Maker> detail::llmDAsyncMakers() {
    return kOfLlmDAsync;
}

} // namespace penstock

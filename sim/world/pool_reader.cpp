// SPDX-License-Identifier: Apache-2.0
#include "sim/world/pool_reader.h"

#include "sim/world/replica_reader.h"

#include <fmt/format.h>

namespace penstock::sim {

using namespace std::chrono_literals;

namespace {

void readRouter(Reader& pool, RouterSpec& s) {
    pool.object("router", [&](Reader& r) {
        s.detector = r.choice<RouterSpec::Detector>(
            "detector",
            {{"utilization", RouterSpec::Detector::utilization},
             {"concurrency", RouterSpec::Detector::concurrency}},
            s.detector);
        s.queueDepthThreshold =
            r.number("queue_depth_threshold", {.min = 0, .max = 1e6, .above = true}, s.queueDepthThreshold);
        s.kvThreshold = r.number("kv_threshold", {.min = 0, .max = 1, .above = true}, s.kvThreshold);
        s.staleAfter = r.duration("stale_after", {.above = true}, s.staleAfter);
        s.concurrencyMode = r.choice<RouterSpec::ConcurrencyMode>(
            "concurrency_mode",
            {{"requests", RouterSpec::ConcurrencyMode::requests},
             {"tokens", RouterSpec::ConcurrencyMode::tokens},
             {"hybrid", RouterSpec::ConcurrencyMode::hybrid}},
            s.concurrencyMode);
        s.maxConcurrency =
            r.number("max_concurrency", {.min = 1, .max = 1e7}, s.maxConcurrency);
        s.maxTokens = r.number("max_tokens", {.min = 1, .max = 1e12}, s.maxTokens);
        s.queueWeight = r.number("queue_weight", {.min = 0, .max = 1e6}, s.queueWeight);
        s.kvWeight = r.number("kv_weight", {.min = 0, .max = 1e6}, s.kvWeight);
        s.prefixWeight = r.number("prefix_weight", {.min = 0, .max = 1e6}, s.prefixWeight);
        s.prefixIndex = r.choice<RouterSpec::PrefixIndex>(
            "prefix_index",
            {{"approximate", RouterSpec::PrefixIndex::approximate},
             {"precise", RouterSpec::PrefixIndex::precise}},
            s.prefixIndex);
        s.inFlightWeight = r.number("in_flight_weight", {.min = 0, .max = 1e6}, s.inFlightWeight);
        s.inFlightIdleThreshold = r.integer<std::int64_t>("in_flight_idle_threshold",
                                                          {0, 1000000000}, s.inFlightIdleThreshold);
        s.inFlightMaxBusyScore =
            r.number("in_flight_max_busy_score", {.min = 0, .max = 1}, s.inFlightMaxBusyScore);
        s.metricsRefresh =
            r.duration("metrics_refresh", {.min = 1ms, .max = 1h}, s.metricsRefresh);
        s.flowControl = r.boolean("flow_control", s.flowControl);
        s.fairness = r.choice<RouterSpec::Fairness>(
            "fairness",
            {{"global-strict", RouterSpec::Fairness::globalStrict},
             {"round-robin", RouterSpec::Fairness::roundRobin}},
            s.fairness);
        s.order = r.choice<RouterSpec::Order>("order",
                                              {{"fcfs", RouterSpec::Order::fcfs},
                                               {"edf", RouterSpec::Order::edf},
                                               {"slo-deadline", RouterSpec::Order::sloDeadline}},
                                              s.order);
        s.ceiling = r.number("ceiling", {.min = 0, .max = 100, .above = true}, s.ceiling);
        r.list("ceilings", [&](Reader& c) {
            s.ceilings[c.integer<int>("priority", {-1000, 1000})] =
                c.number("ceiling", {.min = 0, .max = 100, .above = true});
        });
        s.bandCapacityRequests = r.integer<std::int64_t>("band_capacity_requests",
                                                         {1, 1000000000}, s.bandCapacityRequests);
        s.bandCapacityBytes = r.integer<std::int64_t>("band_capacity_bytes", {1, INT64_MAX / 2},
                                                      s.bandCapacityBytes);
        s.queueTtl = r.duration("queue_ttl", {.min = 1ms}, s.queueTtl);
        if (r.has("retry_after")) s.retryAfter = r.duration("retry_after");
        else r.known("retry_after");
        r.list("objectives", [&](Reader& o) {
            s.objectives[o.text("name")] = o.integer<int>("priority", {-1000, 1000});
        });
        s.exportInterval = r.duration("export_interval", {.min = 1ms, .max = 1h}, s.exportInterval);
        s.names = r.choice<RouterSpec::Names>(
            "metric_names",
            {{"both", RouterSpec::Names::both},
             {"inference-extension", RouterSpec::Names::inferenceExtension},
             {"llm-d-epp", RouterSpec::Names::llmDEpp}},
            s.names);
        s.saturationGauge = r.choice<RouterSpec::SaturationGauge>(
            "saturation_gauge",
            {{"always", RouterSpec::SaturationGauge::always},
             {"with-flow-control", RouterSpec::SaturationGauge::withFlowControl}},
            s.saturationGauge);
    });
}

// What a replica costs in memory and time is small but not nothing: the largest pool that a run of
// minutes can still have.
constexpr std::int32_t kMostReplicas = 10'000;

void readAutoscaler(Reader& pool, AutoscalerSpec& s) {
    using Metric = AutoscalerSpec::Metric;
    pool.object("autoscaler", [&](Reader& r) {
        s.enabled = r.boolean("enabled", true);
        s.min = r.integer<std::int32_t>("min", {0, kMostReplicas}, s.min);
        s.max = r.integer<std::int32_t>("max", {1, kMostReplicas}, s.max);
        if (s.min > s.max) r.fail("min", fmt::format("min {} is above max {}", s.min, s.max));
        s.metric = r.choice<Metric>("metric",
                                    {{"saturation", Metric::saturation},
                                     {"running", Metric::running},
                                     {"waiting", Metric::waiting},
                                     {"kv_used", Metric::kvUsed}},
                                    s.metric);
        // target_saturation is the target of the metric saturation, spelt out.
        r.atMostOne({"target", "target_saturation"});
        const bool spelt = r.has("target_saturation");
        if (spelt && s.metric != Metric::saturation) {
            r.fail("target_saturation",
                   fmt::format("the metric is {}: write `target`", r.raw("metric")->text));
        }
        const bool usual = spelt || s.metric == Metric::saturation; // it has a usual target
        const double most = s.metric == Metric::kvUsed       ? 1.0
                            : s.metric == Metric::saturation ? 10.0
                                                             : 1e6;
        s.target =
            r.number(spelt ? "target_saturation" : "target", {.min = 0, .max = most, .above = true},
                     usual ? std::optional(s.target) : std::nullopt);
        r.known("target");
        r.known("target_saturation");
        s.period = r.duration("period", {.min = 1ms}, s.period);
        s.upDelay = r.duration("up_delay", {}, s.upDelay);
        s.downDelay = r.duration("down_delay", {}, s.downDelay);
        s.coldStart = r.duration("cold_start", {}, s.coldStart);
    });
}

} // namespace

void readPool(Reader& top, Scenario& scenario, const std::string& resources) {
    top.requireObject("pool", [&](Reader& pool) {
        scenario.poolName = pool.text("name", "pool");
        scenario.costPerGpuHour =
            pool.number("cost_per_gpu_hour", {.min = 0, .max = 1e6}, scenario.costPerGpuHour);
        const auto hardware = Hardware::load(resources);
        if (!hardware) {
            pool.failHere(hardware.error().text());
            return;
        }
        std::int32_t replicas = 0;
        pool.list(
            "replicas",
            [&](Reader& r) {
                ReplicaGroup group;
                group.count = r.integer<std::int32_t>("count", {1, kMostReplicas}, 1);
                group.startUp = r.duration("start_up", {}, 2min);
                readReplica(r, *hardware, group, &scenario.remarks);
                replicas += group.count;
                if (replicas > kMostReplicas && replicas - group.count <= kMostReplicas) {
                    r.fail("count", fmt::format("with these there are {} replicas; at most {} can "
                                                "be simulated",
                                                replicas, kMostReplicas));
                }
                scenario.replicas.push_back(std::move(group));
            },
            {.min = 1, .max = 4096});
        readRouter(pool, scenario.router);
        readAutoscaler(pool, scenario.autoscaler);
    });
}

} // namespace penstock::sim

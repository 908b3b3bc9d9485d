// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario/router_reader.h"

#include "sim/scenario/remarks.h"

#include <fmt/format.h>

namespace penstock::sim {

using namespace std::chrono_literals;

namespace {

// What is written here of a part of the router that is off or that another takes the place of.
void remark(Reader& r, const RouterSpec& s, std::vector<Finding>& found) {
    Remarks remarks{r, found};
    if (!s.flowControl) {
        remarks.idle("flow control is off", "Set flow_control: true",
                     {"fairness", "order", "ceiling", "ceilings", "band_capacity_requests",
                      "band_capacity_bytes", "queue_ttl"});
    }
    if (s.inFlightWeight <= 0.0) {
        remarks.idle("in_flight_weight is 0", "Set in_flight_weight",
                     {"in_flight_idle_threshold", "in_flight_max_busy_score"});
    }
    if (s.prefixWeight <= 0.0) {
        remarks.idle("prefix_weight is 0", "Set prefix_weight", {"prefix_index"});
    }
    if (s.detector == RouterSpec::Detector::concurrency) {
        remarks.idle("the concurrency detector reads no metrics", "Set detector: utilization",
                     {"queue_depth_threshold", "kv_threshold", "stale_after"});
        if (s.concurrencyMode == RouterSpec::ConcurrencyMode::requests) {
            remarks.idle("concurrency_mode: requests counts no tokens",
                         "Set concurrency_mode: tokens or hybrid", {"max_tokens"});
        }
        if (s.concurrencyMode == RouterSpec::ConcurrencyMode::tokens) {
            remarks.idle("concurrency_mode: tokens counts no requests",
                         "Set concurrency_mode: requests or hybrid", {"max_concurrency"});
        }
        return;
    }
    remarks.idle("the utilization detector counts nothing in flight", "Set detector: concurrency",
                 {"concurrency_mode", "max_concurrency", "max_tokens"});
    if (s.metricsRefresh > s.staleAfter) {
        remarks.add(
            "stale-between-refreshes", r.has("stale_after") ? "stale_after" : "metrics_refresh",
            fmt::format("Metrics come every {:g} s and count as stale after {:g} s: for the "
                        "rest of each interval every endpoint counts as saturated.",
                        toSeconds(s.metricsRefresh), toSeconds(s.staleAfter)),
            "Set stale_after to several times metrics_refresh.");
    }
}

} // namespace

void readRouter(Reader& pool, Scenario& scenario) {
    RouterSpec& s = scenario.router;
    s.names = RouterSpec::namesBeside(scenario.engine.semantics.gatesOfRelease);
    pool.object("router", [&](Reader& r) {
        s.detector =
            r.choice<RouterSpec::Detector>("detector",
                                           {{"utilization", RouterSpec::Detector::utilization},
                                            {"concurrency", RouterSpec::Detector::concurrency}},
                                           s.detector);
        s.queueDepthThreshold = r.number(
            "queue_depth_threshold", {.min = 0, .max = 1e6, .above = true}, s.queueDepthThreshold);
        s.kvThreshold =
            r.number("kv_threshold", {.min = 0, .max = 1, .above = true}, s.kvThreshold);
        s.staleAfter = r.duration("stale_after", {.above = true}, s.staleAfter);
        s.concurrencyMode = r.choice<RouterSpec::ConcurrencyMode>(
            "concurrency_mode",
            {{"requests", RouterSpec::ConcurrencyMode::requests},
             {"tokens", RouterSpec::ConcurrencyMode::tokens},
             {"hybrid", RouterSpec::ConcurrencyMode::hybrid}},
            s.concurrencyMode);
        s.maxConcurrency = r.number("max_concurrency", {.min = 1, .max = 1e7}, s.maxConcurrency);
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
        s.metricsRefresh = r.duration("metrics_refresh", {.min = 1ms, .max = 1h}, s.metricsRefresh);
        s.flowControl = r.boolean("flow_control", s.flowControl);
        s.fairness =
            r.choice<RouterSpec::Fairness>("fairness",
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
            const int priority = c.integer<int>("priority", {-1000, 1000});
            const double ceiling = c.number("ceiling", {.min = 0, .max = 100, .above = true});
            if (!s.ceilings.emplace(priority, ceiling).second) {
                c.fail("priority", fmt::format("two ceilings for priority {}; give one", priority));
            }
        });
        s.bandCapacityRequests = r.integer<std::int64_t>("band_capacity_requests", {1, 1000000000},
                                                         s.bandCapacityRequests);
        s.bandCapacityBytes =
            r.integer<std::int64_t>("band_capacity_bytes", {1, INT64_MAX / 2}, s.bandCapacityBytes);
        s.queueTtl = r.duration("queue_ttl", {.min = 1ms}, s.queueTtl);
        if (r.has("retry_after"))
            s.retryAfter = r.duration("retry_after");
        else
            r.known("retry_after");
        s.dying =
            r.choice<RouterSpec::Dying>("dying_replica",
                                        {{"bad-gateway", RouterSpec::Dying::badGateway},
                                         {"unavailable", RouterSpec::Dying::unavailable},
                                         {"gateway-timeout", RouterSpec::Dying::gatewayTimeout},
                                         {"reset", RouterSpec::Dying::reset},
                                         {"reset-in-body", RouterSpec::Dying::resetInBody}},
                                        s.dying);
        r.list("objectives", [&](Reader& o) {
            const std::string name = o.text("name");
            if (!s.objectives.emplace(name, o.integer<int>("priority", {-1000, 1000})).second) {
                o.fail("name", fmt::format("two objectives have the name \"{}\"", name));
            }
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
        remark(r, s, scenario.remarks);
    });
}

} // namespace penstock::sim

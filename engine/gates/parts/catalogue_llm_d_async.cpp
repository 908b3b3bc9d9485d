// SPDX-License-Identifier: Apache-2.0
// The gates of llm-d-async up to 0.11: names, parameters and defaults of its gate_factory.go.
// Ranges are ours; where it refuses a value too, `refusedThere` says so.
#include "engine/gates/parts/catalogue.h"

#include <limits>

namespace penstock::detail {
namespace {

using Kind = GateParameter::Kind;

GateParameter text(std::string_view name, std::string_view help, std::string_view byDefault = "") {
    return {.spec = {.name = name, .help = help}, .kind = Kind::text, .defaultText = byDefault};
}

GateParameter required(GateParameter parameter) {
    parameter.required = true;
    return parameter;
}

GateParameter fallback(std::string_view help, double whenNaN = 0.0) {
    return {.spec = {.name = "fallback", .min = 0.0, .max = 1.0, .defaultValue = 0.0, .help = help},
            .live = true,
            .whenNaN = whenNaN};
}

GateParameter pool() {
    return required(text("pool", "Name of the InferencePool whose series are read."));
}

GateParameter nameSpace() {
    return text("namespace", "Adds a namespace matcher to every selector of the query.");
}

GateParameter gatingMode(std::string_view byDefault, std::string_view help, bool refusedThere) {
    return {.spec = {.name = "gating_mode", .help = help},
            .kind = Kind::choice,
            .defaultText = byDefault,
            .choices = {"blocking", "classifying"},
            .refusedThere = refusedThere};
}

GateParameter limit(std::string_view help) {
    return {.spec = {.name = "limit",
                     .unit = "requests",
                     .min = 1.0,
                     .max = 1e6,
                     .defaultValue = 1.0,
                     .help = help},
            .kind = Kind::integer,
            .required = true,
            .live = true,
            .refusedThere = true};
}

GateParameter address() {
    return required(text("address", "host:port of the Redis server."));
}

GateParameter baseline(double byDefault, bool refusedThere) {
    return {.spec = {.name = "baseline",
                     .min = 0.0,
                     .max = 1.0,
                     .defaultValue = byDefault,
                     .help = "Share of the capacity kept for others: the gate is closed when the "
                             "free share is at or below it.",
                     .belowMax = true},
            .live = true,
            .refusedThere = refusedThere,
            .whenNaN = 1.0};
}

} // namespace

GateParameter cacheTtl() {
    return {.spec = {.name = "cache_ttl",
                     .unit = "s",
                     .min = 0.0,
                     .max = 3600.0,
                     .defaultValue = 5.0,
                     .help = "For how long a reading is used before the source is asked again; the "
                             "default is that of --prometheus-cache-ttl."},
            .kind = Kind::duration,
            .live = true,
            .ours = true};
}

std::vector<GateDescription> llmDAsyncGates() {
    std::vector<GateDescription> gates;
    gates.push_back({"constant", "Always open: budget 1.", false, {}});
    gates.push_back(
        {"redis",
         "The budget is the number under a Redis key, clamped to [0, 1]; a missing or unreadable "
         "one is 1 (open), a Redis error is 0 (closed).",
         false,
         {address(),
          text("budget_key", "Key that holds the budget.", "dispatch-gate-budget"),
          {.spec = {.name = "refresh",
                    .unit = "s",
                    .min = 0.0,
                    .max = 3600.0,
                    .defaultValue = 0.1,
                    .help = "For how long the number is used before Redis is asked again; "
                            "llm-d-async asks at every poll."},
           .kind = Kind::duration,
           .live = true,
           .ours = true}}});
    gates.push_back(
        {"redis-quota",
         "Each value of a message attribute has a quota, counted in Redis: requests in flight, or "
         "requests in a sliding window. Over it, blocking mode refuses and classifying mode labels "
         "the request overflow instead of reserved and lets it through; messages without the "
         "attribute pass. Budget 1.",
         false,
         {address(),
          text("attribute", "Metadata attribute whose value names the tenant.", "userid"),
          {.spec = {.name = "mode", .help = "What the limit counts."},
           .kind = Kind::choice,
           .defaultText = "rate-limit",
           .choices = {"rate-limit", "concurrency"}},
          limit("Requests allowed per tenant: in flight, or within the window."),
          {.spec = {.name = "window",
                    .unit = "s",
                    .min = 0.0,
                    .max = 604800.0,
                    .defaultValue = 60.0,
                    .help = "Length of the sliding window; in concurrency mode the time after the "
                            "last acquire or release at which an orphaned counter expires (5m if "
                            "less than 1s)."},
           .kind = Kind::duration,
           .live = true},
          text("prefix", "The key is <prefix><attribute>:<value>.", "quota:"),
          gatingMode("blocking", "What happens over the quota.", false)},
         true});
    gates.push_back(
        {"local-max-concurrency",
         "At most `limit` requests at once in this process: budget (limit - in flight) / limit; at "
         "the limit classifying mode refuses and blocking mode waits.",
         false,
         {limit("Requests held at most."),
          gatingMode("classifying", "Refuse at the limit, or wait for a place.", true)},
         true});
    gates.push_back(
        {"prometheus-saturation",
         "Reads value = 1 - pool saturation: closed when value <= 1 - threshold, else budget = "
         "value - (1 - threshold). Without a reading the fallback stands in for the saturation, so "
         "its default fails open.",
         false,
         {pool(),
          nameSpace(),
          {.spec = {.name = "threshold",
                    .min = 0.0,
                    .max = 2.0,
                    .defaultValue = 0.8,
                    .help = "Saturation at and above which the gate is closed."},
           .live = true},
          fallback("Saturation assumed when there is no reading: 0 opens the gate, 1 closes it.",
                   1.0),
          {.spec = {.name = "metric",
                    .help = "Series to read; the default is the one that the router of the chosen "
                            "semantics exports."},
           .kind = Kind::text,
           .ours = true},
          cacheTtl()}});
    gates.push_back(
        {"prometheus-budget",
         "Reads the free share D of the pool from the first of three queries that answers (flow "
         "control queue, mean queue per pod, running requests): closed when D <= baseline, else "
         "budget = D - baseline. It closes at max_concurrency x (1 - baseline) per ready pod. "
         "Without a reading the fallback is the budget, so its default fails closed.",
         false,
         {pool(),
          nameSpace(),
          {.spec = {.name = "max_concurrency",
                    .unit = "requests",
                    .min = 0.0,
                    .max = 1e6,
                    .defaultValue = 100.0,
                    .help = "Requests that fill one ready pod (not the whole pool).",
                    .aboveMin = true},
           .live = true,
           .refusedThere = true,
           .whenNaN = std::numeric_limits<double>::quiet_NaN()},
          baseline(0.05, true),
          fallback("Budget when there is no reading: 0 closes the gate."),
          cacheTtl()}});
    gates.push_back(
        {"prometheus-query",
         "The first sample of a PromQL query is the budget, clamped to [0, 1]. Without a reading "
         "the fallback is the budget.",
         false,
         {required(text("query", "PromQL whose first sample is the budget.")),
          fallback("Budget when there is no reading: 0 closes the gate."),
          text("pool", "Labels the gate's own metrics; the query does not change."), cacheTtl()}});
    gates.push_back(
        {"endpoint-scrape",
         "Scrapes a metrics endpoint: saturation = value / (max_count_per_pod x pods), or the "
         "value "
         "itself if max_count_per_pod is 0, clamped to [0, 1]; closed when 1 - saturation <= "
         "baseline, else budget = 1 - saturation - baseline. With value_type budget the value is "
         "the free share itself.",
         false,
         {required(text("url", "Metrics endpoint in the Prometheus text format.")),
          required(text("metric", "Name of the series; its first sample counts.")),
          {.spec = {.name = "labels", .help = "Labels that the sample must have."},
           .kind = Kind::labels},
          {.spec = {.name = "max_count_per_pod",
                    .unit = "requests",
                    .min = 0.0,
                    .max = 1e9,
                    .defaultValue = 0.0,
                    .help = "Count that fills one pod; 0: the value is a share already."},
           .live = true},
          baseline(0.0, false),
          fallback("Budget when there is no reading: 0 closes the gate."),
          text("pods_url", "Endpoint that tells the number of ready pods."),
          text("pods_metric", "Series with the number of ready pods."),
          {.spec = {.name = "pods_labels", .help = "Labels that the pods sample must have."},
           .kind = Kind::labels},
          {.spec = {.name = "value_type", .help = "What the value means."},
           .kind = Kind::choice,
           .defaultText = "saturation",
           .choices = {"saturation", "budget"},
           .since = 11},
          {.spec = {.name = "admission",
                    .help = "budget: the free share is the budget. counted: one reading admits as "
                            "many requests as it has free places, and a reading that is not a "
                            "number from 0 up admits none; needs max_count_per_pod."},
           .kind = Kind::choice,
           .defaultText = "budget",
           .choices = {"budget", "counted"},
           .refusedThere = true,
           .since = 11},
          {.spec = {.name = "absent_value",
                    .min = 0.0,
                    .max = 1e9,
                    .defaultValue = 0.0,
                    .help = "Value that counts where the endpoint answers without the series; "
                            "without it such an answer is no reading."},
           .since = 11},
          cacheTtl()}});
    gates.push_back(
        {"redis-leased-rate",
         "A planner leases this pool a rate in a Redis hash (api_version, pool_id, "
         "max_admission_rps, valid_until_unix_ms, decision_id): requests pass by a token bucket "
         "that all engines share, of max(1, rps x burst_seconds) tokens. A rate of 0 pauses; a "
         "lease that is missing, malformed, expired or of another pool closes the gate, as does a "
         "Redis error.",
         false,
         {address(),
          required(text("control_key", "Key of the hash that holds the lease.")),
          text("pool_id", "Pool that the lease must name; the default is the owner's own."),
          text("state_key", "Key of the shared bucket; the default is <control_key>:state."),
          {.spec = {.name = "burst_seconds",
                    .unit = "s",
                    .min = 0.0,
                    .max = 3600.0,
                    .defaultValue = 1.0,
                    .help = "So many seconds' worth of requests may pass at once.",
                    .aboveMin = true},
           .refusedThere = true}},
         false,
         10});
    gates.push_back({"composite",
                     "Several gates as one: the least budget of all; a request needs all of them, "
                     "and what the first took is given back when a later one says no.",
                     false,
                     {{.spec = {.name = "gates", .help = "The inner gates, asked in this order."},
                       .kind = Kind::gates,
                       .required = true}}});
    gates.push_back({"wait-on-refuse",
                     "As its inner gate, but a refused request waits at hand instead of going "
                     "back to the queue.",
                     false,
                     {{.spec = {.name = "gate", .help = "The inner gate."},
                       .kind = Kind::gate,
                       .required = true}}});
    gates.push_back(
        {"tier-priority-admission",
         "When the inner gate refuses: a reserved request waits; an overflow request of tier "
         "interactive is dropped with 429; every other goes back to the queue.",
         false,
         {required(text("saturation_gate", "gate_type of the inner gate.")),
          {.spec = {.name = "saturation_gate_params", .help = "gate_params of the inner gate."},
           .kind = Kind::params},
          text("tier_label", "Label that holds the tier.", "tier")}});
    return gates;
}

} // namespace penstock::detail

// SPDX-License-Identifier: Apache-2.0
// Penstock's own gates, which find the operating point by themselves. The derivation of each law
// and its sources stand in the header of its gate.
#include "engine/gates/parts/catalogue.h"

namespace penstock::detail {
namespace {

using Kind = GateParameter::Kind;

GateParameter number(ParameterSpec spec) {
    return {.spec = spec, .live = true, .ours = true};
}

GateParameter duration(ParameterSpec spec) {
    spec.unit = "s";
    return {.spec = spec, .kind = Kind::duration, .live = true, .ours = true};
}

GateParameter ourText(std::string_view name, std::string_view help) {
    return {.spec = {.name = name, .help = help}, .kind = Kind::text, .ours = true};
}

GateParameter initialWindow() {
    GateParameter parameter = number({.name = "initial_window",
                                      .unit = "requests",
                                      .min = 1.0,
                                      .max = 1e4,
                                      .defaultValue = 8.0,
                                      .help = "Requests in flight allowed at the start."});
    parameter.live = false;
    return parameter;
}

GateParameter minWindow() {
    return number({.name = "min_window",
                   .unit = "requests",
                   .min = 1.0,
                   .max = 1e4,
                   .defaultValue = 1.0,
                   .help = "The window never falls below this: without requests nothing is "
                           "learned."});
}

GateParameter maxWindow() {
    return number({.name = "max_window",
                   .unit = "requests",
                   .min = 0.0,
                   .max = 1e5,
                   .defaultValue = 0.0,
                   .help = "The window never exceeds this; 0: the workers of the pool."});
}

GateParameter slowdown() {
    return number({.name = "slowdown",
                   .min = 1.0,
                   .max = 100.0,
                   .defaultValue = 1.5,
                   .help = "Nothing is sent while our own answers come this many times slower than "
                           "normal, which is known long before a metric tells; 1: never."});
}

GateParameter refill() {
    return duration({.name = "refill",
                     .min = 0.0,
                     .max = 600.0,
                     .defaultValue = 20.0,
                     .help = "What a slow spell has emptied is filled up again over this time."});
}

// What steering by saturation takes.
std::vector<GateParameter> steering(std::vector<GateParameter> own) {
    std::vector<GateParameter> all{
        ourText("pool", "Name of the InferencePool whose saturation is read; needed unless `query` "
                        "is given."),
        ourText("namespace", "Adds a namespace matcher to the selector."),
        ourText("metric", "Series to read; the default is the one that the router of the chosen "
                          "semantics exports."),
        ourText("query", "PromQL for the saturation, instead of pool, namespace and metric."),
        number({.name = "target",
                .min = 0.0,
                .max = 2.0,
                .defaultValue = 0.8,
                .help = "Saturation to stay at."}),
        number({.name = "fallback",
                .min = 0.0,
                .max = 1.0,
                .defaultValue = 1.0,
                .help = "Saturation assumed without a reading: below the target opens the gate, "
                        "else it is closed."}),
        duration({.name = "stale_after",
                  .min = 1.0,
                  .max = 3600.0,
                  .defaultValue = 60.0,
                  .help = "A sample older than this is no reading."}),
        number({.name = "per_request",
                .min = 0.0,
                .max = 1.0,
                .defaultValue = 0.0,
                .help = "Saturation that one request in flight causes; 0: learned from samples."}),
        slowdown(),
        refill(),
        cacheTtl()};
    for (GateParameter& parameter : own)
        all.push_back(parameter);
    return all;
}

GateParameter aliased(std::string_view alias, GateParameter parameter) {
    parameter.alias = alias;
    return parameter;
}

GateParameter notLive(GateParameter parameter) {
    parameter.live = false;
    return parameter;
}

GateParameter aimdMaxWindow() {
    GateParameter parameter = maxWindow();
    parameter.spec.defaultValue = 256.0;
    return parameter;
}

GateDescription aimd() {
    return {
        "aimd",
        "A window of requests in flight: +1 (and more the longer it is quiet) for each "
        "window's worth of answers, halved when the router sheds, at most once a flight; it "
        "doubles each flight until the first decrease.",
        true,
        {initialWindow(), minWindow(), aimdMaxWindow(),
         number({.name = "increase",
                 .unit = "requests",
                 .min = 0.0,
                 .max = 100.0,
                 .defaultValue = 1.0,
                 .help = "Growth for each window's worth of answers."}),
         number({.name = "acceleration",
                 .min = 0.0,
                 .max = 10.0,
                 .defaultValue = 1.0,
                 .help = "Growth is multiplied by 1 + acceleration x flights since the last "
                         "decrease; 0: plain additive increase."}),
         aliased(
             "decrease_factor",
             number({.name = "decrease",
                     .min = 0.1,
                     .max = 1.0,
                     .defaultValue = 0.5,
                     .help = "Factor when the pool sheds a request (429, 503, rejected-saturated, "
                             "rejected-no-endpoints, evicted, timeout)."})),
         number({.name = "ttl_decrease",
                 .min = 0.1,
                 .max = 1.0,
                 .defaultValue = 0.9,
                 .help = "Factor when a request waited too long in the router "
                         "(rejected-ttl-expired)."}),
         aliased("hold_duration", duration({.name = "hold",
                                            .min = 0.0,
                                            .max = 600.0,
                                            .defaultValue = 1.0,
                                            .help = "No growth for this long after a decrease."})),
         ourText("tier_label", "Taken and not used: upstream keeps a window for each value of "
                               "this label, and here there is one for all."),
         notLive(
             duration({.name = "queue_duration_target",
                       .min = 0.0,
                       .max = 600.0,
                       .defaultValue = 0.0,
                       .help = "Taken and not used: what the router says of a queue that is too "
                               "long (rejected-ttl-expired) counts instead."}))},
        true,
        10};
}

GateDescription gradient() {
    return {"gradient",
            "A window of requests in flight that grows by its square root while the delay per "
            "output token stays within `tolerance` of the least seen, and shrinks by the ratio "
            "beyond.",
            true,
            {initialWindow(), minWindow(), maxWindow(),
             number({.name = "tolerance",
                     .min = 1.0,
                     .max = 10.0,
                     .defaultValue = 1.1,
                     .help = "Slow-down against the unloaded pool at which the window stops "
                             "growing."}),
             number({.name = "smoothing",
                     .min = 0.01,
                     .max = 1.0,
                     .defaultValue = 0.3,
                     .help = "Share of the way to the computed window that one step takes."}),
             number({.name = "samples",
                     .unit = "requests",
                     .min = 1.0,
                     .max = 1000.0,
                     .defaultValue = 16.0,
                     .help = "Answers over which the present delay is averaged."}),
             number({.name = "drift",
                     .unit = "1/min",
                     .min = 0.0,
                     .max = 1.0,
                     .defaultValue = 0.01,
                     .help = "Rise of the unloaded delay when it is not seen again."}),
             number({.name = "token_offset",
                     .unit = "tokens",
                     .min = 0.0,
                     .max = 10000.0,
                     .defaultValue = 16.0,
                     .help = "Output tokens that take as long as everything before the first."}),
             number({.name = "decrease",
                     .min = 0.1,
                     .max = 1.0,
                     .defaultValue = 0.8,
                     .help = "Factor when the pool sheds a request, at most once a flight."}),
             slowdown(), refill()},
            true};
}

GateDescription pi() {
    return {"pi",
            "A PI controller of the saturation expected now (the sample, corrected by what was "
            "sent and answered since): window = gain x error / k + integral, k being the "
            "saturation of one request; the integral stands still at the ends and when unused.",
            true,
            steering({number({.name = "gain",
                              .min = 0.0,
                              .max = 5.0,
                              .defaultValue = 0.8,
                              .help = "Share of the error that is corrected at once."}),
                      duration({.name = "integral_time",
                                .min = 0.1,
                                .max = 600.0,
                                .defaultValue = 4.0,
                                .help = "Time in which the integral repeats the proportional "
                                        "correction."})}),
            true};
}

GateDescription headroom() {
    return {"headroom",
            "In flight at most what was in flight when the saturation was sampled plus (target - "
            "saturation - surge) / k, k being the saturation of one request: what the metric says "
            "minus what was sent since.",
            true,
            steering({number({.name = "surge",
                              .min = 0.0,
                              .max = 1.0,
                              .defaultValue = 0.0,
                              .help = "Share kept back of the load by which others recently "
                                      "exceeded the present sample."}),
                      duration({.name = "surge_window",
                                .min = 1.0,
                                .max = 3600.0,
                                .defaultValue = 120.0,
                                .help = "How far back that is looked for."})}),
            true};
}

GateDescription deadlineFloor() {
    return {"deadline-floor",
            "As its inner gate, but lets at least (backlog / slack of the earliest deadline) "
            "requests a second through.",
            true,
            {{.spec = {.name = "gate", .help = "The inner gate."},
              .kind = Kind::gate,
              .required = true,
              .ours = true},
             duration({.name = "horizon",
                       .min = 0.0,
                       .max = 604800.0,
                       .defaultValue = 600.0,
                       .help = "Acts only when the earliest deadline is nearer than this."}),
             duration({.name = "margin",
                       .min = 0.0,
                       .max = 86400.0,
                       .defaultValue = 15.0,
                       .help = "The backlog is to be sent this long before the deadline (but half "
                               "the time left is always used)."}),
             number({.name = "burst",
                     .unit = "requests",
                     .min = 1.0,
                     .max = 1000.0,
                     .defaultValue = 4.0,
                     .help = "Requests that may be let through at once."}),
             number({.name = "max_rate",
                     .unit = "requests/s",
                     .min = 0.0,
                     .max = 10000.0,
                     .defaultValue = 100.0,
                     .help = "The floor is never higher than this."})}};
}

} // namespace

std::vector<GateDescription> adaptiveGates() {
    return {aimd(), gradient(), pi(), headroom(), deadlineFloor()};
}

} // namespace penstock::detail

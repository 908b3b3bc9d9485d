// SPDX-License-Identifier: Apache-2.0
// Makes Penstock's own gates.
#include "engine/gates/adaptive/aimd.h"
#include "engine/gates/adaptive/deadline_floor.h"
#include "engine/gates/adaptive/gradient.h"
#include "engine/gates/adaptive/headroom.h"
#include "engine/gates/adaptive/pi.h"
#include "engine/gates/factory/builder.h"
#include "engine/gates/parts/promql_text.h"

namespace penstock {
namespace {

using detail::GateBuilder;
using Made = std::unique_ptr<Gate>;

SpeedBrake::Settings brake(GateBuilder& b) {
    return {.slowdown = b.read.number("slowdown"), .refill = b.read.duration("refill")};
}

Made makeAimd(GateBuilder& b) {
    AimdGate::Settings settings{.initialWindow = b.read.number("initial_window"),
                                .minWindow = b.read.number("min_window"),
                                .maxWindow = b.read.number("max_window"),
                                .increase = b.read.number("increase"),
                                .acceleration = b.read.number("acceleration"),
                                .decrease = b.read.number("decrease"),
                                .ttlDecrease = b.read.number("ttl_decrease"),
                                .hold = b.read.duration("hold")};
    b.read.text("tier_label");
    b.read.duration("queue_duration_target");
    return std::make_unique<AimdGate>(settings, b.windowOwner());
}

Made makeGradient(GateBuilder& b) {
    GradientGate::Settings settings{.initialWindow = b.read.number("initial_window"),
                                    .minWindow = b.read.number("min_window"),
                                    .maxWindow = b.read.number("max_window"),
                                    .tolerance = b.read.number("tolerance"),
                                    .smoothing = b.read.number("smoothing"),
                                    .samples = b.read.number("samples"),
                                    .driftPerMinute = b.read.number("drift"),
                                    .decrease = b.read.number("decrease"),
                                    .brake = brake(b)};
    settings.brake.tokenOffset = b.read.number("token_offset");
    return std::make_unique<GradientGate>(settings, b.windowOwner());
}

SaturationWindowGate::Steering steering(GateBuilder& b) {
    SaturationWindowGate::Steering settings{.query = b.read.text("query"),
                                            .target = b.read.number("target"),
                                            .fallback = b.read.number("fallback"),
                                            .staleAfter = b.read.duration("stale_after"),
                                            .perRequest = b.read.number("per_request"),
                                            .brake = brake(b)};
    const std::string pool = b.read.text("pool");
    const std::string nameSpace = b.read.text("namespace");
    const std::string metric = b.saturationMetric();
    if (!settings.query.empty()) {
        b.checkQuery("query", settings.query);
        return settings;
    }
    if (pool.empty()) {
        b.read.refuse("pool", "pool is required, or a query: it says whose saturation is read");
    }
    settings.query =
        poolSelector(metric, "inference_pool", pool, nameSpace, b.context.semantics.pinsStage);
    return settings;
}

Made makePi(GateBuilder& b) {
    PiGate::Settings settings{.steering = steering(b),
                              .gain = b.read.number("gain"),
                              .integralTime = b.read.duration("integral_time")};
    return b.onMetric<PiGate>(b.prometheus(), std::move(settings), b.windowOwner());
}

Made makeHeadroom(GateBuilder& b) {
    HeadroomGate::Settings settings{.steering = steering(b),
                                    .surge = b.read.number("surge"),
                                    .surgeWindow = b.read.duration("surge_window")};
    return b.onMetric<HeadroomGate>(b.prometheus(), std::move(settings), b.windowOwner());
}

Made makeDeadlineFloor(GateBuilder& b) {
    const GateSpec spec = b.read.gate("gate");
    DeadlineFloorGate::Settings settings{.horizon = b.read.duration("horizon"),
                                         .margin = b.read.duration("margin"),
                                         .burst = b.read.number("burst"),
                                         .maxRate = b.read.number("max_rate")};
    Made inner = b.inner(spec);
    return b.failed() ? nullptr : std::make_unique<DeadlineFloorGate>(settings, std::move(inner));
}

constexpr detail::Maker kAdaptive[] = {{"aimd", makeAimd},
                                       {"gradient", makeGradient},
                                       {"pi", makePi},
                                       {"headroom", makeHeadroom},
                                       {"deadline-floor", makeDeadlineFloor}};

} // namespace

std::span<const detail::Maker> detail::adaptiveMakers() {
    return kAdaptive;
}

} // namespace penstock

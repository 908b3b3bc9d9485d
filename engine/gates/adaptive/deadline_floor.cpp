// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/adaptive/deadline_floor.h"

#include "engine/gates/adaptive/window_gate.h"
#include "engine/gates/parts/catalogue.h"
#include "engine/types/check.h"

#include <algorithm>

namespace penstock {
namespace {

constexpr double kLeastSlackSeconds = 1e-3;

} // namespace

void DeadlineFloorGate::fill(Time now) {
    const double seconds = std::max(0.0, toSeconds(now - filledAt_));
    if (filledAt_ != Time{}) tokens_ = std::min(settings_.burst, tokens_ + rate_ * seconds);
    filledAt_ = now;
    PENSTOCK_CHECK(tokens_ >= 0.0 && tokens_ <= settings_.burst && rate_ >= 0.0);
}

void DeadlineFloorGate::onBacklog(Time now, std::int64_t pending, Time earliestDeadline) {
    fill(now);
    rate_ = 0.0;
    if (pending <= 0 || earliestDeadline <= now) return; // nothing, or past saving
    const Duration left = earliestDeadline - now;
    if (left > settings_.horizon) return;
    const Duration margin = std::min(settings_.margin, left / 2);
    const double slack = toSeconds(left - margin) - latencySeconds_.value();
    rate_ = std::min(settings_.maxRate,
                     static_cast<double>(pending) / std::max(kLeastSlackSeconds, slack));
}

void DeadlineFloorGate::onSettled(Time, const Request&, const AttemptOutcome& outcome) {
    if (loadSignOf(outcome) != LoadSign::served) return;
    latencySeconds_.add(toSeconds(outcome.latency));
}

Reason DeadlineFloorGate::floorReason() const {
    return Reason{.code = ReasonCode::open,
                  .value = rate_,
                  .threshold = 0.0,
                  .source = "rate that the earliest deadline needs"};
}

Budget DeadlineFloorGate::budget(Time now) {
    fill(now);
    const Budget inner = WrapperGate::budget(now);
    if (tokens_ < 1.0) return inner;
    const double floor = clampUnit(tokens_ / std::max(1.0, capacity_));
    return floor > inner.share ? Budget{floor, floorReason()} : inner;
}

Room DeadlineFloorGate::room(Time now, std::int32_t capacity, std::int32_t inFlight) {
    fill(now);
    capacity_ = capacity;
    const Room inner = WrapperGate::room(now, capacity, inFlight);
    const auto floor = static_cast<std::int32_t>(
        std::min(tokens_, static_cast<double>(std::max(0, capacity - inFlight))));
    return floor > inner.requests ? Room{floor, floorReason()} : inner;
}

Verdict DeadlineFloorGate::apply(Time now, Request& request, Reservations& reservations) {
    fill(now);
    Verdict verdict = inner_->apply(now, request, reservations);
    const bool closed = verdict.action == Action::refuse || verdict.action == Action::wait;
    // A tenant's quota is no matter of the pool's load.
    const bool aboutLoad = verdict.reason.code != ReasonCode::quotaExhausted && !undecided(verdict);
    if (closed && aboutLoad && tokens_ >= 1.0) {
        inner_->withdrawn(request);
        verdict = Verdict{.reason = floorReason()};
    }
    if (verdict.action == Action::proceed) tokens_ = std::max(0.0, tokens_ - 1.0);
    return verdict;
}

Time DeadlineFloorGate::ownRecheckAt() const {
    if (rate_ <= 0.0 || tokens_ >= 1.0) return kNever;
    return filledAt_ + fromSeconds((1.0 - tokens_) / rate_) + Duration{1};
}

void DeadlineFloorGate::parameters(ParameterVisitor& visitor) {
    const GateKnobs show{type(), visitor};
    show("horizon", settings_.horizon);
    show("margin", settings_.margin);
    show("burst", settings_.burst);
    show("max_rate", settings_.maxRate);
}

} // namespace penstock

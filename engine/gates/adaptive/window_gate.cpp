// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/adaptive/window_gate.h"

#include "engine/types/check.h"

#include <algorithm>

namespace penstock {
namespace {

constexpr double kMostRequests = 1e9;

std::int32_t whole(double limit) {
    return static_cast<std::int32_t>(std::clamp(limit, 0.0, kMostRequests));
}

} // namespace

// The limit now, which must be a number.
double WindowGate::open(Time now) {
    const double limit = this->limit(now);
    PENSTOCK_CHECK(limit >= 0.0 && held_ >= 0);
    return limit;
}

double WindowGate::between(double least, double most, double window) const {
    const double end = most > 0.0 ? most : places();
    return std::clamp(window, std::min(least, end), end);
}

Budget WindowGate::budget(Time now) {
    const double limit = open(now);
    return {clampUnit(limit / places()), explain(limit, held_ >= whole(limit))};
}

Reason WindowGate::explain(double limit, bool full) const {
    return {.code = full ? ReasonCode::atLimit : ReasonCode::open,
            .value = static_cast<double>(held_),
            .threshold = limit};
}

Verdict WindowGate::apply(Time now, Request&, Reservations& reservations) {
    const double limit = open(now);
    const bool full = held_ >= whole(limit);
    Verdict verdict;
    if (full) {
        verdict.action = Action::refuse;
    } else {
        ++held_;
        reservations.add(*this, 0);
    }
    verdict.reason = explain(limit, full);
    return verdict;
}

void WindowGate::release(std::uint64_t) {
    PENSTOCK_CHECK(held_ > 0);
    --held_;
    changed();
}

Room WindowGate::room(Time now, std::int32_t capacity, std::int32_t inFlight) {
    capacity_ = capacity;
    const double limit = open(now);
    const std::int32_t taken = ofPool_ ? std::max(held_, inFlight) : held_;
    const std::int32_t room = std::max(0, whole(limit) - taken);
    return {room, explain(limit, room == 0)};
}

LoadSign loadSignOf(const AttemptOutcome& outcome) {
    switch (outcome.transport) {
    case TransportError::none:
        break;
    case TransportError::timeout:
        return LoadSign::shed;
    default:
        return LoadSign::silent;
    }
    switch (outcome.dropped) {
    case DroppedReason::rejectedTtlExpired:
        return LoadSign::late;
    case DroppedReason::rejectedSaturated:
    case DroppedReason::rejectedNoEndpoints:
    case DroppedReason::evicted:
        return LoadSign::shed;
    case DroppedReason::rejectedContextCancelled:
    case DroppedReason::rejectedShuttingDown:
        return LoadSign::silent;
    case DroppedReason::none:
    case DroppedReason::other:
        break;
    }
    // A router without flow control gives no reason with its 429.
    if (outcome.status == 429 || outcome.status == 503) return LoadSign::shed;
    return outcome.status >= 200 && outcome.status < 400 ? LoadSign::served : LoadSign::silent;
}

} // namespace penstock

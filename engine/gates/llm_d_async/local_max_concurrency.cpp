// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/llm_d_async/local_max_concurrency.h"

#include "engine/gates/parts/catalogue.h"
#include "engine/types/check.h"

namespace penstock {

double LocalMaxConcurrencyGate::budget(Time) {
    const std::int32_t free = settings_.limit - inFlight_;
    reason_.code = free > 0 ? ReasonCode::open : ReasonCode::atLimit;
    reason_.value = inFlight_;
    reason_.threshold = settings_.limit;
    return free > 0 ? static_cast<double>(free) / static_cast<double>(settings_.limit) : 0.0;
}

Verdict LocalMaxConcurrencyGate::apply(Time now, Request&, Reservations& reservations) {
    Verdict verdict;
    if (budget(now) > 0.0) {
        PENSTOCK_CHECK(!reservations.full());
        ++inFlight_;
        reservations.add(*this, 0);
    } else {
        verdict.action = settings_.blocking ? Action::wait : Action::refuse;
    }
    verdict.reason = reason_;
    return verdict;
}

void LocalMaxConcurrencyGate::release(std::uint64_t) {
    PENSTOCK_CHECK(inFlight_ > 0);
    const bool wasFull = inFlight_ >= settings_.limit;
    --inFlight_;
    if (wasFull && inFlight_ < settings_.limit) changed();
}

std::int32_t LocalMaxConcurrencyGate::room(Time now, std::int32_t, std::int32_t) {
    budget(now);
    return settings_.limit > inFlight_ ? settings_.limit - inFlight_ : 0;
}

void LocalMaxConcurrencyGate::parameters(ParameterVisitor& visitor) {
    visitor.integer(gateParameter(type(), "limit"), settings_.limit);
}

} // namespace penstock

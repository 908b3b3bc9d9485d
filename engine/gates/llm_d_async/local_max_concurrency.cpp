// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/llm_d_async/local_max_concurrency.h"

#include "engine/gates/parts/catalogue.h"
#include "engine/types/check.h"

#include <algorithm>

namespace penstock {

Budget LocalMaxConcurrencyGate::budget(Time) {
    const std::int32_t free = std::max(0, settings_.limit - inFlight_);
    return {static_cast<double>(free) / static_cast<double>(settings_.limit),
            {.code = free > 0 ? ReasonCode::open : ReasonCode::atLimit,
             .value = static_cast<double>(inFlight_),
             .threshold = static_cast<double>(settings_.limit),
             .source = "requests in flight"}};
}

Verdict LocalMaxConcurrencyGate::apply(Time now, Request&, Reservations& reservations) {
    const Budget open = budget(now);
    Verdict verdict;
    verdict.reason = open.reason;
    if (open.share > 0.0) {
        ++inFlight_;
        reservations.add(*this, 0);
    } else {
        verdict.action = settings_.blocking ? Action::wait : Action::refuse;
        verdict.inside = settings_.blocking;
    }
    return verdict;
}

void LocalMaxConcurrencyGate::release(std::uint64_t) {
    PENSTOCK_CHECK(inFlight_ > 0);
    const bool wasFull = inFlight_ >= settings_.limit;
    --inFlight_;
    if (wasFull && inFlight_ < settings_.limit) changed();
}

Room LocalMaxConcurrencyGate::room(Time now, std::int32_t, std::int32_t) {
    return {std::max(0, settings_.limit - inFlight_), budget(now).reason};
}

void LocalMaxConcurrencyGate::parameters(ParameterVisitor& visitor) {
    const GateKnobs show{type(), visitor};
    show("limit", settings_.limit);
}

} // namespace penstock

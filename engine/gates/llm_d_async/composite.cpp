// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/llm_d_async/composite.h"

#include <algorithm>

namespace penstock {

CompositeGate::CompositeGate(std::vector<std::unique_ptr<Gate>> gates) : gates_(std::move(gates)) {
    for (const auto& gate : gates_)
        gate->listen(this);
}

Budget CompositeGate::budget(Time now) {
    Budget least;
    for (const auto& gate : gates_) {
        const Budget open = gate->budget(now);
        if (open.share < least.share || gate == gates_.front()) least.reason = open.reason;
        least.share = std::min(least.share, open.share);
    }
    return least;
}

Room CompositeGate::room(Time now, std::int32_t capacity, std::int32_t inFlight) {
    Room least{std::max(0, capacity - inFlight), {}};
    for (const auto& gate : gates_) {
        const Room room = gate->room(now, capacity, inFlight);
        if (room.requests < least.requests || gate == gates_.front()) least.reason = room.reason;
        least.requests = std::min(least.requests, room.requests);
    }
    return least;
}

Verdict CompositeGate::apply(Time now, Request& request, Reservations& reservations) {
    PENSTOCK_CHECK(!applying_);
    const std::size_t mark = reservations.size();
    applying_ = true;
    Verdict verdict;
    for (std::size_t i = 0; i < gates_.size(); ++i) {
        const std::size_t before = reservations.size();
        verdict = gates_[i]->apply(now, request, reservations);
        if (verdict.action == Action::proceed) continue;
        PENSTOCK_CHECK(reservations.size() == before);
        if (verdict.reason.code == ReasonCode::pendingReading) {
            // Those before it would otherwise ask again for what they have just been granted, and
            // two gates with a store behind them would send each other back for ever.
            for (std::size_t j = 0; j < i; ++j)
                gates_[j]->keep(request);
        } else {
            for (std::size_t j = i + 1; j < gates_.size(); ++j)
                gates_[j]->withdrawn(request);
        }
        reservations.releaseDownTo(mark);
        break;
    }
    applying_ = false;
    return verdict;
}

} // namespace penstock

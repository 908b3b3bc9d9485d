// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/llm_d_async/composite.h"

#include <algorithm>

namespace penstock {

CompositeGate::CompositeGate(std::vector<std::unique_ptr<Gate>> gates) : gates_(std::move(gates)) {
    for (const auto& gate : gates_)
        gate->listen(this);
}

double CompositeGate::budget(Time now) {
    double least = 1.0;
    reason_ = Reason{};
    for (const auto& gate : gates_) {
        const double budget = gate->budget(now);
        if (budget < least || gate == gates_.front()) reason_ = gate->reason();
        least = std::min(least, budget);
    }
    return least;
}

std::int32_t CompositeGate::room(Time now, std::int32_t capacity, std::int32_t inFlight) {
    std::int32_t least = std::max(0, capacity - inFlight);
    reason_ = Reason{};
    for (const auto& gate : gates_) {
        const std::int32_t room = gate->room(now, capacity, inFlight);
        if (room < least || gate == gates_.front()) reason_ = gate->reason();
        least = std::min(least, room);
    }
    return least;
}

Verdict CompositeGate::apply(Time now, Request& request, Reservations& reservations) {
    const std::size_t mark = reservations.size();
    applying_ = true;
    Verdict verdict;
    for (std::size_t i = 0; i < gates_.size(); ++i) {
        verdict = gates_[i]->apply(now, request, reservations);
        reason_ = verdict.reason;
        if (verdict.action == Action::proceed) continue;
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

Time CompositeGate::recheckAt() const {
    Time earliest = kNever;
    for (const auto& gate : gates_)
        earliest = std::min(earliest, gate->recheckAt());
    return earliest;
}

void CompositeGate::withdrawn(const Request& request) {
    for (const auto& gate : gates_)
        gate->withdrawn(request);
}

void CompositeGate::keep(const Request& request) {
    for (const auto& gate : gates_)
        gate->keep(request);
}

void CompositeGate::sent(Time now, const Request& request) {
    for (const auto& gate : gates_)
        gate->sent(now, request);
}

void CompositeGate::settled(Time now, const Request& request, const AttemptOutcome& outcome) {
    for (const auto& gate : gates_)
        gate->settled(now, request, outcome);
}

void CompositeGate::backlog(Time now, std::int64_t pending, Time earliestDeadline) {
    for (const auto& gate : gates_)
        gate->backlog(now, pending, earliestDeadline);
}

std::vector<Gate*> CompositeGate::inner() {
    std::vector<Gate*> gates;
    for (const auto& gate : gates_)
        gates.push_back(gate.get());
    return gates;
}

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
// What observers are told. Here alone: how a request ended is told by the engine and by nothing
// else, whichever way it did.
#include "engine/core/dispatcher_impl.h"

#include <cmath>

namespace penstock {

void Dispatcher::Impl::emitVerdict(EventKind kind, const Item& item, const Reason& reason,
                                   GateSide side) {
    if (observer_ == nullptr) return;
    Event event = about(kind, item.request);
    event.code = static_cast<std::uint8_t>(reason.code);
    event.detail = static_cast<std::uint8_t>(side);
    event.value = reason.value;
    event.threshold = reason.threshold;
    event.age = reason.age;
    event.available = reason.available;
    observer_->observe(event);
}

void Dispatcher::Impl::emitGate(EventKind kind, std::uint16_t queue, std::uint16_t pool,
                                const Reason& reason, double budget, GateSide side) {
    if (observer_ == nullptr) return;
    Event event;
    event.at = clockNow();
    event.kind = kind;
    event.queue = queue;
    event.pool = pool;
    event.code = static_cast<std::uint8_t>(reason.code);
    event.detail = static_cast<std::uint8_t>(side);
    event.value = reason.value;
    event.threshold = reason.threshold;
    event.budget = budget;
    event.age = reason.age;
    event.available = reason.available;
    observer_->observe(event);
}

void Dispatcher::Impl::gateClosed(Queue& queue, const GateMemory& gate, GateSide side) {
    emitGate(EventKind::gateClosed, queue.index, queue.pool, gate.reason, gate.budget, side);
}

void Dispatcher::Impl::engineEvent(std::uint8_t code) {
    if (observer_ == nullptr) return;
    Event event;
    event.at = loop_.now();
    event.kind = EventKind::engine;
    event.code = code;
    observer_->observe(event);
}

void Dispatcher::Impl::tellEnd(const Request& request, EventKind kind, std::uint8_t code,
                               std::int32_t status, const ServiceTiming& timing, GateSide side) {
    if (observer_ == nullptr) return;
    Event event = about(kind, request);
    event.code = code;
    event.detail = static_cast<std::uint8_t>(side);
    event.status = status;
    observer_->observe(event);
    observer_->ended({request, event, timing});
}

void Dispatcher::Impl::tellLeaseLost(Item& item) {
    if (item.leaseGone) return;
    item.leaseGone = true;
    emit(EventKind::leaseLost, item.request);
}

void Dispatcher::Impl::discovered(std::uint16_t queue, const Request& request, Discovery what,
                                  std::uint8_t owners) {
    PENSTOCK_CHECK(queue == request.queue && queue < queues_.size());
    constexpr auto kInvalid = static_cast<std::uint8_t>(ResultCode::invalidRequest);
    const auto unparsable = [&](bool idReadable) {
        if (observer_ == nullptr) return;
        Event event = about(EventKind::unparsable, request);
        event.code = idReadable ? 1 : 0;
        observer_->observe(event);
    };
    switch (what) {
    case Discovery::redelivered: {
        if (observer_ == nullptr) return;
        Event event = about(EventKind::redelivered, request);
        event.code = owners;
        observer_->observe(event);
        return;
    }
    case Discovery::poison:
        return tellEnd(request, EventKind::deadLetter, owners, 0, {});
    case Discovery::unreadable:
        unparsable(true);
        return tellEnd(request, EventKind::finished, kInvalid, 0, {});
    case Discovery::nameless:
        unparsable(false);
        return tellEnd(request, EventKind::deadLetter, 0, 0, {});
    case Discovery::removed:
    case Discovery::removedNameless:
        unparsable(what == Discovery::removed);
        return tellEnd(request, EventKind::lost, 0, 0, {});
    }
}

} // namespace penstock

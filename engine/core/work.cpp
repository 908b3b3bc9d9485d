// SPDX-License-Identifier: Apache-2.0
// What a worker does with a request until it is on its way: a last look at cancellation and
// deadline, the pool's gate, the send. Source: llm-d-async 0.9, pkg/asyncworker/worker.go.
#include "engine/core/dispatcher_impl.h"
#include "engine/core/stamp.h"

#include <algorithm>

namespace penstock {

void Dispatcher::Impl::begin(Pool& pool, Item& item) {
    const Time now = clockNow();
    ledger_.takeSlot(item);
    if (queueOf(item).port->cancelled(item.request)) {
        endCancelled(item);
        return;
    }
    if (clock().passed(item.request.deadline, now)) {
        emit(EventKind::expired, item.request);
        endLate(item);
        return;
    }
    item.workSince = now;
    item.waitUntil =
        std::min(clock().effective(item.request.deadline), now + settings_.requestTimeout);
    item.nextCancelCheck = now + kCancelCheck;
    item.pollDelay = semantics().parkedPollMin;
    askPoolGate(pool, item);
}

void Dispatcher::Impl::askPoolGate(Pool& pool, Item& item) {
    if (pool.gate != nullptr) {
        readGate(*pool.gate, pool.memory, kNoIndex, pool.index); // told when it has changed
        const Verdict verdict = pool.gate->apply(clockNow(), item.request, item.poolHeld);
        if (verdict.action != Action::proceed) {
            switch (verdict.action) {
            case Action::drop:
                drop(item, verdict, GateSide::poolGate);
                break;
            case Action::refuse:
                refused(item, verdict, GateSide::poolGate);
                break;
            default:
                parkWorker(pool, item, verdict);
                break;
            }
            return;
        }
    }
    send(pool, item);
}

void Dispatcher::Impl::parkWorker(Pool& pool, Item& item, const Verdict& verdict) {
    const Semantics& s = semantics();
    if (!s.parkedHoldsWorker) ledger_.freeSlot(item);
    if (s.parked == Semantics::Parked::wokenOnChange || verdict.inside) {
        waitAtHand(pool, item, verdict, false);
        return;
    }
    if (!item.waitReported) {
        emitVerdict(EventKind::waiting, item, verdict.reason, GateSide::poolGate);
    }
    item.waitReported = true;
    moveTo(item, Stage::parked);
    const Time now = clockNow();
    Duration delay = std::max(item.pollDelay, Duration{1});
    if (s.parked == Semantics::Parked::jitteredPoll) {
        const double u = loop_.random(RandomStream::gateProbe, books_.probes++);
        item.pollDelay = std::min(2 * item.pollDelay, s.parkedPollMax);
        delay = fromSeconds(toSeconds(delay) * (0.5 + 0.5 * u));
    }
    loop_.arm(item, std::min(item.waitUntil, now + delay));
}

void Dispatcher::Impl::parkedTimer(Pool& pool, Item& item) {
    const Time now = clockNow();
    const Duration limit = semantics().parkedTimeout;
    const bool tooLong = limit > Duration{0} && now - item.workSince >= limit;
    bool cancelled = false;
    if (now >= item.nextCancelCheck) {
        cancelled = queueOf(item).port->cancelled(item.request);
        item.nextCancelCheck = now + kCancelCheck;
    }
    touch(pool);
    if (now >= item.waitUntil || cancelled || tooLong) {
        pool.gate->withdrawn(item.request);
        if (cancelled) {
            endCancelled(item);
        } else if (now >= item.waitUntil) {
            endLate(item);
        } else {
            emit(EventKind::gaveBack, item.request);
            parkUntil(item, clock().whole(now));
        }
        return;
    }
    if (!item.holdsSlot && of(pool).busy() >= workers(pool)) {
        loop_.arm(item, std::min(item.waitUntil, now + std::max(item.pollDelay, Duration{1})));
        return;
    }
    ledger_.takeSlot(item);
    askPoolGate(pool, item);
}

void Dispatcher::Impl::itemTimer(std::uint32_t index) {
    Scope scope(*this);
    Item& item = ledger_[index];
    Pool& pool = poolOf(item);
    if (item.stage == Stage::parked) {
        parkedTimer(pool, item);
    } else if (item.stage == Stage::backingOff) {
        backedOff(item);
    } else if (item.stage == Stage::inFlight) {
        flightTimer(item);
    } else {
        waitingTimer(pool, item);
    }
}

void Dispatcher::Impl::flightTimer(Item& item) {
    if (!queueOf(item).port->cancelled(item.request)) {
        loop_.arm(item, clockNow() + kCancelCheck);
        return;
    }
    client_.abort(item.index);
    touch(poolOf(item));
    endCancelled(item);
}

void Dispatcher::Impl::send(Pool& pool, Item& item) {
    Queue& queue = queueOf(item);
    const Time now = clockNow();
    if (item.leaseGone) return abandon(item);
    const Time until =
        std::min(clock().effective(item.request.deadline), now + settings_.requestTimeout);
    if (until <= now) return endTooLate(item, {}); // its context has ended: nothing is sent
    moveTo(item, Stage::inFlight);
    PENSTOCK_CHECK(of(pool).inFlight() <= of(pool).busy());
    if (observer_ != nullptr) {
        Event event = about(EventKind::sent, item.request);
        event.code = item.lane;
        event.age = now - item.request.enqueued;
        observer_->observe(event);
    }
    if (queue.gate != nullptr) queue.gate->sent(now, item.request);
    if (pool.gate != nullptr) pool.gate->sent(now, item.request);
    Outbound outbound = stamp(item.request, settings_.merge, semantics(),
                              settings_.queues[queue.index].objective, item.lane);
    outbound.deadline = until;
    if (semantics().cancelsInFlight) loop_.arm(item, now + kCancelCheck);
    client_.send(item.index, item.request, outbound, face_);
}

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
// From the claim to the merge policy: expiry, cancellation and the queue's own gate.
#include "engine/core/budget_reader.h"

#include <algorithm>

namespace penstock {

bool Dispatcher::Impl::drainInbox(Queue& queue) {
    bool moved = false;
    while (!queue.inbox.empty() && queue.asking == kNoItem && !reader_->standing(queue)) {
        Item& item = queue.inbox.popFront(ledger_.slab());
        moved = true;
        if (state_ == State::running) {
            admit(queue, item);
        } else {
            letGo(item, false);
        }
    }
    return moved;
}

void Dispatcher::Impl::admit(Queue& queue, Item& item) {
    if (clock().passed(item.request.deadline, reader_->readAt(queue))) {
        expire(item);
    } else if (queue.port->cancelled(item.request)) {
        endCancelled(item);
    } else if (reader_->shrunkMeanwhile(queue)) {
        refused(item, {Action::refuse, queue.roomReason, 0, {}}, GateSide::queueGate);
    } else if (askQueueGate(queue, item)) {
        passedQueueGate(queue, item);
    }
}

void Dispatcher::Impl::expire(Item& item) {
    emit(EventKind::expired, item.request);
    reader_->foundExpired(queueOf(item));
    if (semantics().expiredGetsResult) {
        endLate(item);
    } else {
        forget(item);
    }
}

bool Dispatcher::Impl::askQueueGate(Queue& queue, Item& item) {
    if (queue.gate == nullptr) return true;
    const Verdict verdict = queue.gate->apply(clockNow(), item.request, item.queueHeld);
    switch (verdict.action) {
    case Action::proceed:
        return true;
    case Action::refuse:
        refused(item, verdict, GateSide::queueGate);
        return false;
    case Action::drop:
        drop(item, verdict, GateSide::queueGate);
        return false;
    case Action::wait:
        break;
    }
    return reader_->waitAtQueueGate(queue, item, verdict);
}

// The producer stands still until the gate has made up its mind.
void Dispatcher::Impl::standAsking(Queue& queue, Item& item, const Verdict& verdict) {
    queue.asking = item.index;
    moveTo(item, Stage::asking);
    if (!item.waitReported) {
        emitVerdict(EventKind::waiting, item, verdict.reason, GateSide::queueGate);
    }
    item.waitReported = true;
    item.atQueueGate = true;
    item.waitUntil = clock().effective(item.request.deadline);
    loop_.arm(item, std::min(item.waitUntil, clockNow() + kCancelCheck));
}

// What the queue's gate reserved for a request at hand is kept for it while it is asked once more.
// In the same moment, and with nothing reserved, only the room can have changed.
bool Dispatcher::Impl::askQueueGateAgain(Pool& pool, Queue& queue, Item& item) {
    moveTo(item, Stage::merged);
    const bool held = item.queueHeld.size() > 0;
    if (held) {
        queue.gate->keep(item.request);
        item.queueHeld.releaseAll();
    }
    if (queueRoom(pool, queue, Besides::flying) > 0) {
        if (!held && item.askedIn == trigger_) return true;
        return askQueueGate(queue, item);
    }
    queue.gateShut = true;
    waitAtHand(pool, item, {Action::wait, queue.roomReason, 0, {}}, true);
    return false;
}

void Dispatcher::Impl::passedQueueGate(Queue& queue, Item& item) {
    ++queue.passedNow;
    item.askedIn = trigger_;
    item.handSince = clockNow();
    if (tiers()) {
        item.lane =
            laneOf(item.request, settings_.queues[queue.index].labels, settings_.merge.tierLabel);
    }
    reader_->admitted(queue, item);
}

// The gate could not ask its store.
void Dispatcher::Impl::gateFailed(Item& item, const Verdict& verdict) {
    Queue& queue = queueOf(item);
    standAsking(queue, item, verdict);
    item.gateFailed = true;
    item.waitUntil = std::min(item.waitUntil, clockNow() + semantics().gateErrorStands);
    loop_.arm(item, std::min(item.waitUntil, clockNow() + kCancelCheck));
}

void Dispatcher::Impl::refused(Item& item, const Verdict& verdict, GateSide side) {
    Queue& queue = queueOf(item);
    const bool byPool = side == GateSide::poolGate;
    const bool failed = verdict.reason.code == ReasonCode::gateError;
    if (failed && semantics().gateErrorStands > Duration{0} && !item.gateFailed) {
        if (!byPool) return gateFailed(item, verdict);
        item.ending.side = side;
        end(item, {ResultCode::gateError, 0, "the gate could not ask its store", {}});
        return;
    }
    emitVerdict(EventKind::refused, item, verdict.reason, side);
    if (byPool && semantics().poolRefusalParks) {
        parkUntil(item, clock().whole(clockNow()));
        return;
    }
    const bool tenant = verdict.reason.code == ReasonCode::quotaExhausted;
    if (++queue.refusedNow >= batchSize() || !tenant || queue.tenantDelay <= Duration{0}) {
        queue.heldBack = true;
    }
    if (tenant && queue.tenantDelay > Duration{0} && reader_->delaysTenants()) {
        parkUntil(item, clockNow() + queue.tenantDelay);
    } else {
        handBack(item);
    }
}

// ---- waiting at hand, without a worker slot unless the parameters say so

void Dispatcher::Impl::setBlocking(Item& item, bool blocking) {
    if (item.atQueueGate && blocking != item.blocking) queueOf(item).blocked += blocking ? 1 : -1;
    item.blocking = blocking;
}

void Dispatcher::Impl::waitAtHand(Pool& pool, Item& item, const Verdict& verdict,
                                  bool atQueueGate) {
    Queue& queue = queueOf(item);
    const GateSide side = atQueueGate ? GateSide::queueGate : GateSide::poolGate;
    item.atQueueGate = atQueueGate;
    if (pool.waiting.size() >= workers(pool)) {
        (atQueueGate ? queue.gate : pool.gate)->withdrawn(item.request);
        refused(item, verdict, side);
        return;
    }
    if (!item.waitReported) {
        emitVerdict(EventKind::waiting, item, verdict.reason, side);
    }
    item.waitReported = true;
    moveTo(item, Stage::waiting);
    pool.waiting.pushBack(ledger_.slab(), item);
    setBlocking(item, concernsOthers(verdict));
    if (atQueueGate) item.poolHeld.releaseAll(); // it will meet the pool's gate again
    if (!atQueueGate && item.blocking) pool.waitingBlocks = true;
    if (atQueueGate) {
        ++queue.passedNow; // it is not sent back to wait for its turn again
        item.waitUntil = clock().effective(item.request.deadline);
    }
    loop_.arm(item, std::min(item.waitUntil, clockNow() + kCancelCheck));
}

void Dispatcher::Impl::leaveWaiting(Pool& pool, Item& item) {
    pool.waiting.remove(ledger_.slab(), item);
    setBlocking(item, false);
    loop_.disarm(item);
}

void Dispatcher::Impl::waitingTimer(Pool& pool, Item& item) {
    const Time now = clockNow();
    Queue& queue = queueOf(item);
    if (item.gateFailed && now >= item.waitUntil &&
        now < clock().effective(item.request.deadline)) {
        queue.asking = kNoItem;
        touch(pool);
        refused(item, {Action::refuse, {.code = ReasonCode::gateError, .available = false}, 0, {}},
                GateSide::queueGate);
        return;
    }
    const bool late = now >= item.waitUntil;
    if (!late && !queue.port->cancelled(item.request)) {
        loop_.arm(item, std::min(item.waitUntil, now + kCancelCheck));
        return;
    }
    if (item.stage == Stage::asking) {
        queue.asking = kNoItem;
    } else {
        leaveWaiting(pool, item);
    }
    Gate* gate = item.atQueueGate ? queue.gate : pool.gate;
    if (gate != nullptr) gate->withdrawn(item.request);
    touch(pool);
    if (late) {
        endLate(item);
    } else {
        endCancelled(item);
    }
}

} // namespace penstock

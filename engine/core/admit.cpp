// SPDX-License-Identifier: Apache-2.0
// From the claim to the merge policy: expiry, cancellation and the queue's own gate.
#include "engine/core/dispatcher_impl.h"

#include <algorithm>

namespace penstock {

namespace {

// A verdict that says something about this request's tenant, or nothing yet, and so nothing about
// the requests behind it.
bool concernsOthers(const Verdict& verdict) {
    return verdict.reason.code != ReasonCode::quotaExhausted &&
           verdict.reason.code != ReasonCode::pendingReading;
}
} // namespace

bool Dispatcher::Impl::drainInbox(Queue& queue) {
    bool moved = false;
    while (!queue.inbox.empty() && queue.handed == kNoItem && queue.asking == kNoItem) {
        Item& item = queue.inbox.popFront(slab_);
        --pools_[queue.pool]->inboxed;
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
    // llm-d-async reads the clock once a poll, before it pops.
    const Time now = rate() ? queue.pollStart : clockNow();
    if (clock().passed(item.request.deadline, now)) {
        expire(item);
    } else if (queue.port->cancelled(item.request)) {
        end(item, {ResultCode::cancelled, 0, "cancelled", {}});
    } else if (shrunkMeanwhile(queue)) {
        refused(item, {Action::refuse, queue.gate->reason(), 0, {}}, false);
    } else if (askQueueGate(queue, item)) {
        passedQueueGate(queue, item);
    }
}

// A claim takes its time, and the gate may have less room by then than it had when asked.
bool Dispatcher::Impl::shrunkMeanwhile(Queue& queue) {
    if (rate() || queue.gate == nullptr || queue.askedAt == clockNow()) return false;
    Pool& pool = *pools_[queue.pool];
    const bool ahead = tiers() && pool.queues.size() > 1;
    queue.gateShut = queueRoom(pool, queue, ahead ? Besides::nextSlot : Besides::merged) <= 0;
    return queue.gateShut;
}

void Dispatcher::Impl::expire(Item& item) {
    Queue& queue = queueOf(item);
    emit(EventKind::expired, item);
    if (rate()) {
        if (!semantics().expiredUsesSlot) ++queue.popsLeft;
    } else if (semantics().expiredUsesSlot) {
        ++pools_[queue.pool]->expiredUsed;
    }
    if (semantics().expiredGetsResult) {
        end(item, {ResultCode::deadlineExceeded, 0, "deadline exceeded", {}});
        return;
    }
    if (queue.port->claimState(item.request) != ClaimState::gone) {
        emit(EventKind::lost, item);
        if (observer_ != nullptr) observer_->ended(item.request, {});
    }
    leave(item);
    queue.port->forget(item.request);
    slab_.give(item);
}

bool Dispatcher::Impl::askQueueGate(Queue& queue, Item& item) {
    if (queue.gate == nullptr) return true;
    const Verdict verdict = queue.gate->apply(clockNow(), item.request, item.queueHeld);
    switch (verdict.action) {
    case Action::proceed:
        return true;
    case Action::refuse:
        refused(item, verdict, false);
        return false;
    case Action::drop:
        drop(item, verdict);
        return false;
    case Action::wait:
        break;
    }
    if (!rate()) {
        waitAtHand(*pools_[queue.pool], item, verdict, true);
        return false;
    }
    const bool thinking = verdict.reason.code == ReasonCode::pendingReading;
    if (semantics().queueWaitProceeds && !thinking) return true;
    // The producer stands still until the gate has made up its mind.
    queue.asking = item.index;
    moveTo(item, Stage::asking);
    if (!item.waitReported) emitVerdict(EventKind::waiting, item, verdict.reason);
    item.waitReported = true;
    item.atQueueGate = true;
    item.waitUntil = clock().effective(item.request.deadline);
    loop_.arm(item, std::min(item.waitUntil, clockNow() + kCancelCheck));
    return false;
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
    waitAtHand(pool, item, {Action::wait, queue.gate->reason(), 0, {}}, true);
    return false;
}

void Dispatcher::Impl::passedQueueGate(Queue& queue, Item& item) {
    ++queue.passedNow;
    item.askedIn = trigger_;
    item.handSince = clockNow();
    if (tiers()) {
        item.lane =
            laneOf(item.request, settings.queues[queue.index].labels, settings.merge.tierLabel);
    }
    if (rate()) {
        moveTo(item, Stage::handed);
        queue.handed = item.index;
    } else {
        moveTo(item, Stage::merged);
        pools_[queue.pool]->merge.add(item);
    }
}

void Dispatcher::Impl::refused(Item& item, const Verdict& verdict, bool byPool) {
    Queue& queue = queueOf(item);
    emitVerdict(EventKind::refused, item, verdict.reason);
    if (byPool && semantics().poolRefusalParks) {
        parkUntil(item, clock().whole(clockNow()));
        return;
    }
    const bool tenant = verdict.reason.code == ReasonCode::quotaExhausted;
    if (++queue.refusedNow >= batchSize() || !tenant || queue.tenantDelay <= Duration{0}) {
        queue.heldBack = true;
    }
    if (tenant && queue.tenantDelay > Duration{0} && !rate()) {
        parkUntil(item, clockNow() + queue.tenantDelay);
    } else {
        handBack(item);
    }
}

// ---- waiting at hand, without a worker slot unless the parameters say so

void Dispatcher::Impl::setBlocking(Item& item, bool blocking) {
    if (item.atQueueGate && blocking != item.blocking) queueOf(item).waiting += blocking ? 1 : -1;
    item.blocking = blocking;
}

void Dispatcher::Impl::waitAtHand(Pool& pool, Item& item, const Verdict& verdict,
                                  bool atQueueGate) {
    Queue& queue = queueOf(item);
    item.atQueueGate = atQueueGate;
    if (pool.waiting.size() >= workers(pool)) {
        (atQueueGate ? queue.gate : pool.gate)->withdrawn(item.request);
        refused(item, verdict, false);
        return;
    }
    if (!item.waitReported) emitVerdict(EventKind::waiting, item, verdict.reason);
    item.waitReported = true;
    moveTo(item, Stage::waiting);
    pool.waiting.pushBack(slab_, item);
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
    pool.waiting.remove(slab_, item);
    setBlocking(item, false);
    loop_.disarm(item);
}

void Dispatcher::Impl::waitingTimer(Pool& pool, Item& item) {
    const Time now = clockNow();
    Queue& queue = queueOf(item);
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
        end(item, {ResultCode::deadlineExceeded, 0, "deadline exceeded", {}});
    } else {
        end(item, {ResultCode::cancelled, 0, "cancelled", {}});
    }
}

} // namespace penstock

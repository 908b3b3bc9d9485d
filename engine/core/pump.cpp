// SPDX-License-Identifier: Apache-2.0
// What moves when something has changed: inboxes, those who wait at a gate, free worker slots, new
// claims, until nothing moves any more; then the ticks and clocks are set for the rest.
#include "engine/core/dispatcher_impl.h"

#include <algorithm>

namespace penstock {

void Dispatcher::Impl::pumpDirty() {
    for (bool any = true; any;) {
        any = false;
        for (auto& pool : pools_) {
            if (!pool->dirty) continue;
            pool->dirty = false;
            any = true;
            pump(*pool);
        }
    }
}

void Dispatcher::Impl::pump(Pool& pool) {
    if (state_ == State::idle) return;
    // Only something from outside makes it worth asking again what said no: a pool made dirty by
    // its own releases would go round for ever.
    const bool fresh = pool.trigger != trigger_;
    pool.trigger = trigger_;
    for (std::size_t i = 0; fresh && i < pool.queues.size(); ++i) {
        Queue& queue = *queues_[pool.queues[i]];
        queue.dry = false;
        queue.heldBack = false;
        queue.refusedNow = 0;
        queue.passedNow = 0;
    }
    for (bool moved = true; moved;) {
        moved = false;
        for (const std::uint16_t index : pool.queues)
            moved |= drainInbox(*queues_[index]);
        moved |= rewake(pool);
        moved |= assign(pool);
        if (state_ == State::running) moved |= rate() ? rateDrive(pool) : demandClaim(pool);
    }
    rest(pool);
}

bool Dispatcher::Impl::assign(Pool& pool) {
    bool moved = false;
    while (pool.busy < workers(pool)) {
        Item* item = nullptr;
        if (rate()) {
            if (pool.ready.empty()) break;
            item = &pool.ready.popFront(slab_);
        } else {
            if (pool.merge.empty()) break;
            pool.gateShut = pool.gate != nullptr && poolRoom(pool, pool.inFlight) <= 0;
            if (pool.gateShut) break;
            const bool choice = !tiers() && pool.queues.size() > 1;
            const double u = choice ? loop_.random(RandomStream::mergePick, picks_++) : 0.0;
            item = pool.merge.take(settings.merge, clockNow(), u);
            Queue& queue = queueOf(*item);
            moved = true;
            if (askAgainBeforeSend(pool, queue, *item) && !askQueueGateAgain(pool, queue, *item)) {
                continue;
            }
        }
        begin(pool, *item);
        moved = true;
    }
    return moved;
}

// The queue's gate said yes when the request was claimed. It may have closed since; or, where
// queues share a budget, others of the same moment may have been sent before.
bool Dispatcher::Impl::askAgainBeforeSend(const Pool& pool, const Queue& queue,
                                          const Item& item) const {
    if (queue.gate == nullptr) return false;
    if (item.askedIn != trigger_) return true;
    const bool reserved = item.queueHeld.size() > 0;
    // By one that waited at the pool's gate until now, or by another queue of the same moment.
    if (pool.overtookIn == trigger_ && !reserved) return true;
    const bool shared = semantics().poolBudgetShared && pool.queues.size() > 1;
    return shared && (tiers() || !reserved);
}

// ---- those who wait at hand

bool Dispatcher::Impl::rewake(Pool& pool) {
    if (!pool.askAgain) return false;
    pool.askAgain = false;
    bool moved = false;
    for (const std::uint16_t index : pool.queues) {
        Queue& queue = *queues_[index];
        queue.roundBlocked = false;
        if (queue.asking == kNoItem) continue;
        Item& item = slab_[queue.asking];
        queue.asking = kNoItem;
        loop_.disarm(item);
        if (askQueueGate(queue, item)) passedQueueGate(queue, item);
        moved |= queue.asking == kNoItem;
    }
    bool poolBlocked = false;
    std::uint32_t next = pool.waiting.front();
    while (next != kNoItem) {
        Item& item = slab_[next];
        next = item.next;
        if (item.atQueueGate) {
            if (!queueOf(item).roundBlocked) moved |= rewakeAtQueueGate(pool, item);
        } else if (!poolBlocked) {
            const bool went = rewakeAtPoolGate(pool, item);
            moved |= went;
            poolBlocked = !went && item.blocking;
        }
    }
    pool.waitingBlocks = poolBlocked;
    return moved;
}

bool Dispatcher::Impl::rewakeAtQueueGate(Pool& pool, Item& item) {
    Queue& queue = queueOf(item);
    const Time now = clockNow();
    if (queueRoom(pool, queue, Besides::merged) <= 0) {
        queue.roundBlocked = true;
        setBlocking(item, true);
        return false;
    }
    const Verdict verdict = queue.gate->apply(now, item.request, item.queueHeld);
    switch (verdict.action) {
    case Action::proceed:
        leaveWaiting(pool, item);
        passedQueueGate(queue, item);
        return true;
    case Action::drop:
        leaveWaiting(pool, item);
        drop(item, verdict);
        return true;
    case Action::refuse:
    case Action::wait:
        setBlocking(item, verdict.reason.code != ReasonCode::quotaExhausted &&
                              verdict.reason.code != ReasonCode::pendingReading);
        queue.roundBlocked = item.blocking;
        return false;
    }
    return false;
}

bool Dispatcher::Impl::rewakeAtPoolGate(Pool& pool, Item& item) {
    const Time now = clockNow();
    if (queueOf(item).port->cancelled(item.request)) {
        pool.gate->withdrawn(item.request);
        leaveWaiting(pool, item);
        end(item, {ResultCode::cancelled, 0, "cancelled", {}});
        return true;
    }
    const bool slot = item.holdsSlot || pool.busy < workers(pool);
    pool.gateShut = poolRoom(pool, pool.inFlight) <= 0;
    if (!slot || pool.gateShut) {
        setBlocking(item, true);
        return false;
    }
    const Verdict verdict = pool.gate->apply(now, item.request, item.poolHeld);
    switch (verdict.action) {
    case Action::proceed: {
        leaveWaiting(pool, item);
        // The queue's gate let it through before it came to wait here; it may have closed since.
        Queue& queue = queueOf(item);
        if (queue.gate != nullptr && !askQueueGateAgain(pool, queue, item)) return true;
        takeSlot(pool, item);
        pool.overtookIn = trigger_;
        send(pool, item);
        return true;
    }
    case Action::drop:
        leaveWaiting(pool, item);
        drop(item, verdict);
        return true;
    case Action::refuse:
        leaveWaiting(pool, item);
        refused(item, verdict, true);
        return true;
    case Action::wait:
        setBlocking(item, verdict.reason.code != ReasonCode::quotaExhausted &&
                              verdict.reason.code != ReasonCode::pendingReading);
        return false;
    }
    return false;
}

// ---- ticks and clocks

bool Dispatcher::Impl::hasWork(const Queue& queue) const {
    if (!queue.announces) return true;
    const QueueDepth depth = queue.port->depth();
    return depth.pending + depth.suspect > 0;
}

// The next tick of the grid after now, or at now if `orNow` and now is on it.
void Dispatcher::Impl::armTick(Queue& queue, bool orNow) {
    const Duration interval = pollInterval();
    const Time now = clockNow();
    if (now < gridBase_) {
        loop_.arm(queue.ticker, gridBase_);
        return;
    }
    const std::int64_t ticks = (now - gridBase_) / interval;
    const Time last = gridBase_ + interval * ticks;
    loop_.arm(queue.ticker, orNow && last == now ? now : last + interval);
}

void Dispatcher::Impl::tellBacklog(Queue& queue) {
    const Time now = clockNow();
    if (queue.gate != nullptr) {
        queue.gate->backlog(now, queue.port->depth().pending, queue.port->earliestDeadline());
    }
    const Pool& pool = *pools_[queue.pool];
    if (pool.gate == nullptr) return;
    std::int64_t pending = 0;
    Time earliest = kNever;
    for (const std::uint16_t index : pool.queues) {
        pending += queues_[index]->port->depth().pending;
        earliest = std::min(earliest, queues_[index]->port->earliestDeadline());
    }
    pool.gate->backlog(now, pending, earliest);
}

void Dispatcher::Impl::tick(Queue& queue) {
    Scope scope(*this);
    Pool& pool = *pools_[queue.pool];
    queue.ticked = true;
    queue.tickedAt = clockNow();
    pool.expiredUsed = 0;
    touch(pool);
    tellBacklog(queue);
    if (!rate()) {
        // Told at each poll, whether or not there is a slot to ask for.
        if (queue.gate != nullptr) readGate(*queue.gate, queue.memory, queue.index, queue.pool);
        if (pool.gate != nullptr) readGate(*pool.gate, pool.memory, kNoIndex, pool.index);
        return;
    }
    armTick(queue, false);
    const bool busy = queue.popsLeft > 0 || queue.outstanding > 0 || !queue.inbox.empty() ||
                      queue.handed != kNoItem || queue.asking != kNoItem;
    if (busy) {
        queue.missedTick = true; // a Go ticker keeps one
    } else {
        ratePoll(queue);
    }
}

void Dispatcher::Impl::recheck(Pool& pool) {
    Scope scope(*this);
    touch(pool);
}

HeadClock::Holder Dispatcher::Impl::holder(const Pool& pool, const Queue& queue,
                                           std::int64_t pending) const {
    using Holder = HeadClock::Holder;
    if (pending <= 0) return Holder::nobody;
    if (rate()) {
        if (queue.asking != kNoItem || queue.heldBack || queue.popsGranted < batchSize()) {
            return Holder::gate;
        }
        if (queue.handed == kNoItem) return Holder::pollTick;
        return pool.parked > 0 ? Holder::gate : Holder::workerSlot;
    }
    const bool shut = queue.gateShut || pool.gateShut || pool.waitingBlocks || queue.waiting > 0 ||
                      queue.heldBack;
    if (pool.parked > 0) return Holder::gate;
    if (workers(pool) - pool.busy - pool.merge.size() <= 0) return Holder::workerSlot;
    return shut ? Holder::gate : Holder::pollTick;
}

void Dispatcher::Impl::rest(Pool& pool) {
    const Time now = clockNow();
    Time again = pool.gate != nullptr ? pool.gate->recheckAt() : kNever;
    bool held = !pool.waiting.empty();
    for (const std::uint16_t index : pool.queues) {
        Queue& queue = *queues_[index];
        const QueueDepth depth = queue.port->depth();
        queue.head.set(holder(pool, queue, depth.pending), now);
        if (queue.gate != nullptr) again = std::min(again, queue.gate->recheckAt());
        held = held || queue.gateShut || pool.gateShut || queue.asking != kNoItem;
        if (!rate()) {
            const bool work = !queue.announces || depth.pending + depth.suspect > 0;
            if (queue.ticked && work && (queue.gateShut || pool.gateShut)) {
                const GateMemory& shut = queue.gateShut ? queue.memory : pool.memory;
                gateClosed(queue, shut.reason, shut.budget);
            }
            // A whole batch of refusals for their tenants' sake: make them come back later.
            if (queue.refusedNow >= batchSize() && queue.passedNow == 0) {
                queue.tenantDelay =
                    std::min<Duration>(2 * queue.tenantDelay, std::chrono::seconds{60});
            } else if (queue.passedNow > 0) {
                queue.tenantDelay = semantics().refusedDelay;
            }
            if (work && state_ == State::running && !queue.ticker.armed()) armTick(queue, false);
        }
        queue.ticked = false;
    }
    if (held && again > now && again < kNever && !rate()) {
        loop_.arm(pool.rechecker, again);
    } else {
        loop_.disarm(pool.rechecker);
    }
}

} // namespace penstock

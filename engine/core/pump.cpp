// SPDX-License-Identifier: Apache-2.0
// What moves when something has changed: inboxes, those who wait at a gate, free worker slots, new
// claims, until nothing moves any more; then the ticks and clocks are set for the rest.
#include "engine/core/budget_reader.h"

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
        reader_->triggered(queue);
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
        if (state_ == State::running) moved |= reader_->drive(pool);
    }
    rest(pool);
}

bool Dispatcher::Impl::assign(Pool& pool) {
    bool moved = false;
    while (of(pool).busy() < workers(pool)) {
        Item* item = reader_->next(pool, moved);
        if (item == nullptr) break;
        begin(pool, *item);
        moved = true;
    }
    return moved;
}

// ---- what waits at hand

bool Dispatcher::Impl::rewake(Pool& pool) {
    if (!pool.askAgain) return false;
    pool.askAgain = false;
    bool moved = false;
    for (const std::uint16_t index : pool.queues) {
        Queue& queue = *queues_[index];
        queue.roundBlocked = false;
        if (queue.asking == kNoItem || ledger_[queue.asking].gateFailed) continue;
        Item& item = ledger_[queue.asking];
        queue.asking = kNoItem;
        loop_.disarm(item);
        if (askQueueGate(queue, item)) passedQueueGate(queue, item);
        moved |= queue.asking == kNoItem;
    }
    bool poolBlocked = false;
    std::uint32_t next = pool.waiting.front();
    while (next != kNoItem) {
        Item& item = ledger_[next];
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
        drop(item, verdict, GateSide::queueGate);
        return true;
    case Action::refuse:
    case Action::wait:
        setBlocking(item, concernsOthers(verdict));
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
        endCancelled(item);
        return true;
    }
    const bool slot = item.holdsSlot || of(pool).busy() < workers(pool);
    // Where a budget is a rate, a pool's is no limit.
    const bool limits = semantics().budgetMeans == Semantics::BudgetMeans::concurrency;
    pool.gateShut = limits && poolRoom(pool, of(pool).inFlight()) <= 0;
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
        ledger_.takeSlot(item);
        pool.overtookIn = trigger_;
        send(pool, item);
        return true;
    }
    case Action::drop:
        leaveWaiting(pool, item);
        drop(item, verdict, GateSide::poolGate);
        return true;
    case Action::refuse:
        leaveWaiting(pool, item);
        refused(item, verdict, GateSide::poolGate);
        return true;
    case Action::wait:
        setBlocking(item, concernsOthers(verdict));
        return false;
    }
    return false;
}

// ---- ticks and clocks

bool Dispatcher::Impl::hasWork(const Queue& queue) const {
    if (!queue.traits.announces) return true;
    const QueueDepth& depth = queue.port->depth();
    return !depth.known || depth.claimable() > 0;
}

// The next tick of the grid after now, or at now if `orNow` and now is on it.
Time Dispatcher::Impl::nextTick(bool orNow) const {
    const Duration interval = pollInterval();
    const Time now = clockNow();
    if (now < gridBase_) return gridBase_;
    const std::int64_t ticks = (now - gridBase_) / interval;
    const Time last = gridBase_ + interval * ticks;
    return orNow && last == now ? now : last + interval;
}

void Dispatcher::Impl::armTick(Queue& queue, bool orNow) {
    loop_.arm(queue.ticker, nextTick(orNow));
}

// After the queues' tickers of the same tick: timers of one time fire as they were armed.
void Dispatcher::Impl::armMover() {
    if (semantics().moverMovesBatch) loop_.arm(moverTimer_, nextTick(false));
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
    moverDue_ = semantics().moverMovesBatch;
    if (!reader_->ticksWhenIdle()) return tickAlone(queue);
    // Tickers started together tick together: no queue's batch is through before another's begins.
    for (auto& other : queues_)
        tickAlone(*other);
}

// The retry set's mover ticks with the polls and beside them: it has moved when a poll has looked
// once, so that one that found nothing has ended, and one that goes on popping finds what it moved.
void Dispatcher::Impl::moverTicked() {
    Scope scope(*this);
    const auto asking = [](const auto& pool) { return pool->outstanding > 0; };
    if (std::none_of(pools_.begin(), pools_.end(), asking)) moveRetries();
    armMover();
}

void Dispatcher::Impl::moveRetries() {
    if (!moverDue_) return;
    moverDue_ = false;
    queues_.front()->port->moveRetries(batchSize());
}

void Dispatcher::Impl::tickAlone(Queue& queue) {
    Pool& pool = *pools_[queue.pool];
    queue.ticked = true;
    queue.tickedAt = clockNow();
    touch(pool);
    tellBacklog(queue);
    reader_->ticked(queue);
}

void Dispatcher::Impl::recheck(Pool& pool) {
    Scope scope(*this);
    touch(pool);
}

void Dispatcher::Impl::rest(Pool& pool) {
    const Time now = clockNow();
    Time again = pool.gate != nullptr ? pool.gate->recheckAt() : kNever;
    bool held = !pool.waiting.empty();
    for (const std::uint16_t index : pool.queues) {
        Queue& queue = *queues_[index];
        const QueueDepth& depth = queue.port->depth();
        head(queue).set(depth.pending > 0 ? reader_->holder(pool, queue) : HeadClock::Holder::none,
                        now);
        if (queue.gate != nullptr) again = std::min(again, queue.gate->recheckAt());
        held = held || queue.gateShut || pool.gateShut || queue.asking != kNoItem;
        reader_->settle(queue, depth);
        queue.ticked = false;
    }
    if (held && again > now && again < kNever && reader_->rechecksGates()) {
        loop_.arm(pool.rechecker, again);
    } else {
        loop_.disarm(pool.rechecker);
    }
}

// ---- entries from the queue

bool Dispatcher::Impl::claim(Pool& pool, Queue& queue, std::int32_t max) {
    PENSTOCK_CHECK(queue.outstanding == 0 && max > 0);
    queue.outstanding = max;
    queue.askedAt = clockNow();
    pool.outstanding += max;
    const std::int32_t before = queue.inbox.size();
    queue.port->claim(max);
    return queue.inbox.size() != before;
}

void Dispatcher::Impl::claimed(std::uint16_t index, ClaimAnswer answer,
                               std::span<const Request> requests) {
    Scope scope(*this);
    Queue& queue = *queues_[index];
    Pool& pool = *pools_[queue.pool];
    const std::int32_t asked = queue.outstanding;
    const auto got = static_cast<std::int32_t>(requests.size());
    PENSTOCK_CHECK(got <= asked && pool.outstanding >= asked);
    PENSTOCK_CHECK(answer == ClaimAnswer::answered || got == 0);
    pool.outstanding -= asked;
    queue.outstanding = 0;
    const Time now = clockNow();
    for (const Request& request : requests) {
        PENSTOCK_CHECK(request.queue == index);
        Item& item = ledger_.take(request, now);
        head(queue).account().pendingSeconds += toSeconds(now - request.pendingSince);
        queue.inbox.pushBack(ledger_.slab(), item);
        emit(EventKind::claimed, item.request);
    }
    reader_->claimed(queue, asked, got);
    moveRetries();
    touch(pool);
}

void Dispatcher::Impl::workArrived(std::uint16_t index) {
    Queue& queue = *queues_[index];
    if (state_ != State::running) return;
    if (head(queue).holder() == HeadClock::Holder::none) {
        head(queue).set(HeadClock::Holder::pollTick, clockNow());
    }
    // At once if its tick is now, but never twice in one moment: what a gate sends back, and what
    // comes right back from the suspect lane, would keep time from passing.
    if (!queue.ticker.armed()) armTick(queue, queue.tickedAt != loop_.now());
}

void Dispatcher::Impl::gateChanged() {
    if (state_ == State::idle) return;
    Scope scope(*this);
    for (auto& pool : pools_)
        touch(*pool);
}

} // namespace penstock

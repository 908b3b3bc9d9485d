// SPDX-License-Identifier: Apache-2.0
// Start, stop with a drain, and the sudden end.
#include "engine/core/dispatcher_impl.h"
#include "engine/types/check.h"

namespace penstock {

void Dispatcher::Impl::engineEvent(std::uint8_t code) {
    if (observer_ == nullptr) return;
    Event event;
    event.at = loop_.now();
    event.kind = EventKind::engine;
    event.code = code;
    observer_->observe(event);
}

void Dispatcher::Impl::start() {
    PENSTOCK_CHECK(state_ != State::running && slab_.used() == 0);
    loop_.disarm(drainTimer_);
    state_ = State::running;
    engineEvent(0);
    const double phase = loop_.random(RandomStream::pollPhase, starts_++);
    gridBase_ = loop_.now() + fromSeconds(phase * toSeconds(pollInterval()));
    for (auto& queue : queues_) {
        queue->tenantDelay = semantics().refusedDelay;
        queue->port->attach(face_, queue->index);
    }
    for (auto& queue : queues_) {
        if (rate() || hasWork(*queue)) armTick(*queue, true);
        if (queue->port->depth().pending > 0) {
            queue->head.set(HeadClock::Holder::pollTick, loop_.now());
        }
    }
}

void Dispatcher::Impl::disarmAll() {
    for (auto& queue : queues_)
        loop_.disarm(queue->ticker);
    for (auto& pool : pools_)
        loop_.disarm(pool->rechecker);
    loop_.disarm(drainTimer_);
}

// A message that was popped and never sent goes the way the version sends it: back to pending, or
// through the retry set when it had already left its queue's reader.
void Dispatcher::Impl::letGo(Item& item, bool toRetrySet) {
    emit(EventKind::gaveBack, item);
    if (toRetrySet && semantics().claiming == Semantics::Claiming::destructivePop) {
        parkUntil(item, clock().whole(loop_.now()));
    } else {
        handBack(item);
    }
}

// Gives back whatever is at hand without a worker.
void Dispatcher::Impl::flushHands() {
    for (auto& owned : queues_) {
        Queue& queue = *owned;
        queue.popsLeft = 0;
        queue.missedTick = false;
        if (queue.handed != kNoItem) letGo(slab_[queue.handed], false);
        if (queue.asking != kNoItem) {
            Item& item = slab_[queue.asking];
            queue.gate->withdrawn(item.request);
            letGo(item, false);
        }
        queue.handed = queue.asking = kNoItem;
        pools_[queue.pool]->inboxed -= queue.inbox.size();
        while (!queue.inbox.empty())
            letGo(queue.inbox.popFront(slab_), false);
    }
    for (auto& owned : pools_) {
        Pool& pool = *owned;
        while (!pool.ready.empty())
            letGo(pool.ready.popFront(slab_), true);
        while (!pool.merge.empty()) {
            letGo(*pool.merge.take(settings.merge, loop_.now(), 0.0), true);
        }
        std::uint32_t next = pool.waiting.front();
        while (next != kNoItem) {
            Item& item = slab_[next];
            next = item.next;
            if (item.holdsSlot) continue;
            leaveWaiting(pool, item);
            Gate* gate = item.atQueueGate ? queueOf(item).gate : pool.gate;
            if (gate != nullptr) gate->withdrawn(item.request);
            letGo(item, true);
        }
    }
}

void Dispatcher::Impl::stop(Duration drain) {
    if (state_ != State::running) return;
    Scope scope(*this);
    state_ = State::draining;
    engineEvent(2);
    for (auto& queue : queues_)
        loop_.disarm(queue->ticker);
    flushHands();
    loop_.arm(drainTimer_, loop_.now() + drain);
}

// The drain is over: what is still out is cut off and given back.
void Dispatcher::Impl::drained() {
    Scope scope(*this);
    for (auto& owned : pools_) {
        Pool& pool = *owned;
        while (!pool.waiting.empty()) {
            Item& item = slab_[pool.waiting.front()];
            leaveWaiting(pool, item);
            if (pool.gate != nullptr) pool.gate->withdrawn(item.request);
            letGo(item, true);
        }
    }
    for (std::uint32_t i = 0; i < slab_.capacity(); ++i) {
        Item& item = slab_[i];
        if (item.stage == Stage::inFlight) {
            client_.abort(i);
            letGo(item, true);
        } else if (item.stage == Stage::parked) {
            --poolOf(item).parked;
            poolOf(item).gate->withdrawn(item.request);
            letGo(item, true);
        }
    }
    engineEvent(3);
}

void Dispatcher::Impl::crash() {
    PENSTOCK_CHECK(depth_ == 0);
    if (state_ == State::idle) return;
    const Time now = loop_.now();
    state_ = State::idle;
    engineEvent(1);
    disarmAll();
    for (std::uint32_t i = 0; i < slab_.capacity(); ++i) {
        Item& item = slab_[i];
        if (item.stage == Stage::free) continue;
        loop_.disarm(item);
        if (item.stage == Stage::inFlight) client_.abort(i);
        item.poolHeld.abandonAll();
        item.queueHeld.abandonAll();
        item.stage = Stage::free;
        slab_.give(item);
    }
    for (auto& owned : queues_) {
        Queue& q = *owned;
        q.inbox.clear();
        q.outstanding = q.atHand = q.inFlight = q.waiting = q.popsLeft = 0;
        q.handed = q.asking = kNoItem;
        q.missedTick = q.dry = q.heldBack = q.ticked = false;
        q.memory.told = false;
        q.head.set(HeadClock::Holder::nobody, now);
    }
    for (auto& owned : pools_) {
        Pool& p = *owned;
        p.merge.clear();
        p.ready.clear();
        p.waiting.clear();
        p.busy = p.inFlight = p.outstanding = p.inboxed = p.parked = p.expiredUsed = 0;
        p.waitingBlocks = p.gateShut = p.dirty = p.askAgain = false;
        p.memory.told = false;
    }
}

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
// One life of the engine process: construction, start, stop with a drain, and the sudden end.
#include "engine/core/budget_reader.h"

#include <algorithm>

namespace penstock {

namespace {
std::vector<std::uint16_t> poolsOf(const DispatcherSettings& settings) {
    std::vector<std::uint16_t> pools;
    for (const QueueSettings& queue : settings.queues)
        pools.push_back(queue.pool);
    return pools;
}
} // namespace

Dispatcher::Impl::Impl(Dispatcher& face, DispatcherSettings& settings, Books& books, Loop& loop,
                       InferenceClient& client, const std::vector<RequestQueue*>& ports,
                       Observer* observer)
    : face_(face), settings_(settings), books_(books), loop_(loop), client_(client),
      observer_(observer), ledger_(*this, poolsOf(settings), settings.pools.size(), books.heads) {
    for (std::size_t i = 0; i < settings_.pools.size(); ++i) {
        auto pool = std::make_unique<Pool>(*this, static_cast<std::uint16_t>(i), ports.size());
        pool->gate = settings_.pools[i].gate.get();
        pools_.push_back(std::move(pool));
    }
    for (std::size_t i = 0; i < ports.size(); ++i) {
        auto queue = std::make_unique<Queue>(*this, static_cast<std::uint16_t>(i));
        queue->pool = settings_.queues[i].pool;
        queue->port = ports[i];
        queue->traits = ports[i]->traits();
        queue->gate = settings_.queues[i].gate.get();
        pools_[queue->pool]->queues.push_back(queue->index);
        queues_.push_back(std::move(queue));
    }
    const bool rate = semantics().budgetMeans == Semantics::BudgetMeans::ratePerPoll;
    reader_ = rate ? makeRatePolls(*this) : makeDemandClaims(*this);
}

Dispatcher::Impl::~Impl() {
    state_ = State::idle;
    disarmAll();
    for (auto& queue : queues_)
        queue->port->detach(face_);
    for (std::uint32_t i = 0; i < ledger_.capacity(); ++i) {
        Item& item = ledger_[i];
        loop_.disarm(item);
        if (item.stage == Stage::inFlight) client_.abort(i);
        item.poolHeld.abandonAll();
        item.queueHeld.abandonAll();
    }
    disarmAll(); // what was given back may have woken a queue
}

void Dispatcher::Impl::disarmAll() {
    for (auto& queue : queues_)
        loop_.disarm(queue->ticker);
    for (auto& pool : pools_)
        loop_.disarm(pool->rechecker);
    loop_.disarm(drainTimer_);
    loop_.disarm(moverTimer_);
}

void Dispatcher::Impl::start() {
    PENSTOCK_CHECK(state_ != State::running && ledger_.empty());
    loop_.disarm(drainTimer_);
    state_ = State::running;
    engineEvent(0);
    const double phase = loop_.random(RandomStream::pollPhase, books_.starts++);
    gridBase_ = loop_.now() + fromSeconds(phase * toSeconds(pollInterval()));
    for (auto& queue : queues_) {
        queue->tenantDelay = semantics().refusedDelay;
        queue->port->attach(face_, queue->index);
    }
    for (auto& queue : queues_) {
        if (reader_->ticksWhenIdle() || hasWork(*queue)) armTick(*queue, true);
        if (queue->port->depth().pending > 0) {
            head(*queue).set(HeadClock::Holder::pollTick, loop_.now());
        }
    }
    armMover();
}

// A message that was popped and never sent goes the way the version sends it: back to pending, or
// through the retry set when it had already left its queue's reader.
void Dispatcher::Impl::letGo(Item& item, bool toRetrySet) {
    emit(EventKind::gaveBack, item.request);
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
        reader_->letGoOf(queue);
        if (queue.asking != kNoItem) {
            Item& item = ledger_[queue.asking];
            queue.asking = kNoItem;
            queue.gate->withdrawn(item.request);
            // A popped message whose goroutine stands in the gate goes with it.
            const bool popped = semantics().claiming == Semantics::Claiming::destructivePop;
            if (popped && !item.gateFailed) {
                forget(item);
            } else {
                letGo(item, false);
            }
        }
        while (!queue.inbox.empty())
            letGo(queue.inbox.popFront(ledger_.slab()), false);
    }
    for (auto& owned : pools_) {
        Pool& pool = *owned;
        reader_->letGoOf(pool);
        while (!pool.merge.empty()) {
            letGo(*pool.merge.take(settings_.merge, loop_.now(), 0.0), true);
        }
        std::uint32_t next = pool.waiting.front();
        while (next != kNoItem) {
            Item& item = ledger_[next];
            next = item.next;
            if (item.holdsSlot) continue;
            leaveWaiting(pool, item);
            Gate* gate = item.atQueueGate ? queueOf(item).gate : pool.gate;
            if (gate != nullptr) gate->withdrawn(item.request);
            letGo(item, true);
        }
    }
    for (std::uint32_t i = 0; i < ledger_.capacity(); ++i) {
        if (ledger_[i].stage == Stage::backingOff) letGo(ledger_[i], true);
    }
}

void Dispatcher::Impl::stop(Duration drain) {
    if (state_ == State::draining) loop_.arm(drainTimer_, loop_.now() + drain);
    if (state_ != State::running) return;
    Scope scope(*this);
    state_ = State::draining;
    engineEvent(2);
    for (auto& queue : queues_)
        loop_.disarm(queue->ticker);
    loop_.disarm(moverTimer_);
    flushHands();
    loop_.arm(drainTimer_, loop_.now() + drain);
}

// The drain is over: what is still out is cut off and given back.
void Dispatcher::Impl::drained() {
    Scope scope(*this);
    for (auto& owned : pools_) {
        Pool& pool = *owned;
        while (!pool.waiting.empty()) {
            Item& item = ledger_[pool.waiting.front()];
            leaveWaiting(pool, item);
            if (pool.gate != nullptr) pool.gate->withdrawn(item.request);
            letGo(item, true);
        }
    }
    for (std::uint32_t i = 0; i < ledger_.capacity(); ++i) {
        Item& item = ledger_[i];
        if (item.stage == Stage::inFlight) {
            client_.abort(i);
            letGo(item, true);
        } else if (item.stage == Stage::parked) {
            poolOf(item).gate->withdrawn(item.request);
            letGo(item, true);
        }
    }
    engineEvent(3);
}

void Dispatcher::Impl::crash() {
    PENSTOCK_CHECK(depth_ == 0);
    if (state_ == State::idle) return;
    state_ = State::idle;
    disarmAll();
    engineEvent(1);
    for (std::size_t i = 0; i < queues_.size(); ++i)
        books_.heads[i].set(HeadClock::Holder::none, loop_.now());
    if (semantics().claiming != Semantics::Claiming::destructivePop) return;
    for (std::uint32_t i = 0; i < ledger_.capacity(); ++i) {
        const Item& item = ledger_[i];
        if (item.stage == Stage::free || item.leaseGone) continue;
        tellEnd(item.request, EventKind::lost, 0, 0, {});
    }
}

void Dispatcher::Impl::settingsChanged() {
    Scope scope(*this);
    for (auto& queue : queues_) {
        if (state_ != State::running) break;
        loop_.disarm(queue->ticker);
        armTick(*queue, false);
    }
    if (state_ == State::running) armMover();
    for (auto& pool : pools_)
        touch(*pool);
}

Duration Dispatcher::Impl::pollInterval() const {
    const Duration given = settings_.pollInterval;
    return given > Duration{0} ? given : semantics().pollInterval;
}

std::int32_t Dispatcher::Impl::batchSize() const {
    return settings_.batchSize > 0 ? settings_.batchSize : semantics().batchSize;
}

QueueView Dispatcher::Impl::queueView(std::uint16_t index) const {
    const Queue& queue = *queues_[index];
    QueueView view;
    view.depth = queue.port->depth();
    view.inHand = of(queue).atHand();
    view.inFlight = of(queue).inFlight();
    view.budget = queue.memory.budget;
    view.reason = queue.memory.reason;
    return view;
}

PoolView Dispatcher::Impl::poolView(std::uint16_t index) const {
    const Pool& pool = *pools_[index];
    PoolView view;
    view.workers = workers(pool);
    view.busy = of(pool).busy();
    view.waiting = of(pool).atHand();
    view.budget = pool.memory.budget;
    view.reason = pool.memory.reason;
    return view;
}

} // namespace penstock

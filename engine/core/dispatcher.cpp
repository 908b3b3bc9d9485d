// SPDX-License-Identifier: Apache-2.0
// The face of the Dispatcher: construction, entries from the ports, views, and the events it tells.
#include "engine/core/dispatcher.h"

#include "engine/core/dispatcher_impl.h"
#include "engine/types/check.h"

#include <cmath>
#include <utility>

namespace penstock {

Dispatcher::Dispatcher(DispatcherSettings settings, Loop& loop, InferenceClient& client,
                       std::vector<RequestQueue*> queues, Observer* observer)
    : impl_(std::make_unique<Impl>(*this, std::move(settings), loop, client, std::move(queues),
                                   observer)) {}

Dispatcher::~Dispatcher() = default;

void Dispatcher::start() {
    impl_->start();
}
void Dispatcher::stop(Duration drain) {
    impl_->stop(drain);
}
bool Dispatcher::stopped() const {
    return impl_->stopped();
}
void Dispatcher::crash() {
    impl_->crash();
}
DispatcherSettings& Dispatcher::settings() {
    return impl_->settings;
}
void Dispatcher::settingsChanged() {
    impl_->settingsChanged();
}
QueueView Dispatcher::queueView(std::uint16_t queue) const {
    return impl_->queueView(queue);
}
PoolView Dispatcher::poolView(std::uint16_t pool) const {
    return impl_->poolView(pool);
}
LimiterShares Dispatcher::limiter(std::uint16_t queue) const {
    return impl_->limiter(queue);
}

void Dispatcher::claimed(std::uint16_t queue, std::span<const Request> requests) {
    impl_->claimed(queue, requests);
}
void Dispatcher::workArrived(std::uint16_t queue) {
    impl_->workArrived(queue);
}
void Dispatcher::responded(std::uint32_t attempt, const Response& response) {
    impl_->responded(attempt, response);
}
void Dispatcher::gateChanged(Gate&) {
    impl_->gateChanged();
}

Dispatcher::Impl::Impl(Dispatcher& face, DispatcherSettings given, Loop& loop,
                       InferenceClient& client, std::vector<RequestQueue*> ports,
                       Observer* observer)
    : settings(std::move(given)), face_(face), loop_(loop), client_(client), observer_(observer),
      slab_(*this) {
    PENSTOCK_CHECK(ports.size() == settings.queues.size());
    for (std::size_t i = 0; i < settings.pools.size(); ++i) {
        auto pool = std::make_unique<Pool>(*this, static_cast<std::uint16_t>(i), ports.size());
        pool->gate = settings.pools[i].gate.get();
        if (pool->gate != nullptr) pool->gate->listen(&face_);
        pools_.push_back(std::move(pool));
    }
    for (std::size_t i = 0; i < ports.size(); ++i) {
        auto queue = std::make_unique<Queue>(*this, static_cast<std::uint16_t>(i));
        queue->pool = settings.queues[i].pool;
        PENSTOCK_CHECK(queue->pool < pools_.size());
        queue->port = ports[i];
        queue->announces = ports[i]->announces();
        queue->gate = settings.queues[i].gate.get();
        if (queue->gate != nullptr) queue->gate->listen(&face_);
        Pool& pool = *pools_[queue->pool];
        pool.queues.push_back(queue->index);
        pool.candidates.reserve(ports.size());
        pool.granted.resize(ports.size());
        pool.rooms.resize(ports.size());
        pool.caps.resize(ports.size());
        queues_.push_back(std::move(queue));
    }
}

// Gates and ports outlive nothing here: what is reserved is let go as a dying process would.
Dispatcher::Impl::~Impl() {
    disarmAll();
    for (auto& queue : queues_)
        queue->port->detach(face_);
    for (std::uint32_t i = 0; i < slab_.capacity(); ++i) {
        Item& item = slab_[i];
        loop_.disarm(item);
        if (item.stage == Stage::inFlight) client_.abort(i);
        item.poolHeld.abandonAll();
        item.queueHeld.abandonAll();
    }
    disarmAll(); // what was given back may have woken a queue
}

void Dispatcher::Impl::settingsChanged() {
    Scope scope(*this);
    for (auto& queue : queues_) {
        if (state_ != State::running) break;
        loop_.disarm(queue->ticker);
        armTick(*queue, false);
    }
    for (auto& pool : pools_)
        touch(*pool);
}

void Dispatcher::Impl::claimed(std::uint16_t index, std::span<const Request> requests) {
    Scope scope(*this);
    Queue& queue = *queues_[index];
    Pool& pool = *pools_[queue.pool];
    pool.outstanding -= queue.outstanding;
    if (static_cast<std::int32_t>(requests.size()) < queue.outstanding) queue.dry = true;
    queue.outstanding = 0;
    const Time now = clockNow();
    for (const Request& request : requests) {
        Item& item = slab_.take(request);
        item.stage = Stage::inbox;
        item.stageSince = now;
        queue.head.account().pendingSeconds += toSeconds(now - request.pendingSince);
        queue.inbox.pushBack(slab_, item);
        ++queue.atHand;
        ++pool.inboxed;
        emit(EventKind::claimed, item);
    }
    if (rate() && requests.empty() && !hasWork(queue)) queue.popsLeft = 0;
    touch(pool);
}

void Dispatcher::Impl::workArrived(std::uint16_t index) {
    Queue& queue = *queues_[index];
    if (state_ != State::running) return;
    if (queue.head.holder() == HeadClock::Holder::nobody) {
        queue.head.set(HeadClock::Holder::pollTick, clockNow());
    }
    // At once if its tick is now, but never twice in one moment: what a gate sends back, and what
    // comes right back from the suspect lane, would keep time from passing.
    if (!queue.ticker.armed()) armTick(queue, queue.tickedAt != loop_.now());
}

void Dispatcher::Impl::responded(std::uint32_t attempt, const Response& response) {
    Scope scope(*this);
    Item& item = slab_[attempt];
    PENSTOCK_CHECK(item.stage == Stage::inFlight);
    touch(poolOf(item));
    settle(item, response);
}

void Dispatcher::Impl::gateChanged() {
    if (state_ == State::idle) return;
    Scope scope(*this);
    for (auto& pool : pools_)
        touch(*pool);
}

// ---- views

QueueView Dispatcher::Impl::queueView(std::uint16_t index) const {
    const Queue& queue = *queues_[index];
    QueueView view;
    view.depth = queue.port->depth();
    view.inHand = queue.atHand;
    view.inFlight = queue.inFlight;
    view.budget = queue.memory.budget;
    view.reason = queue.memory.reason;
    return view;
}

PoolView Dispatcher::Impl::poolView(std::uint16_t index) const {
    const Pool& pool = *pools_[index];
    PoolView view;
    view.workers = workers(pool);
    view.busy = pool.busy;
    for (const std::uint16_t queue : pool.queues)
        view.waiting += queues_[queue]->atHand;
    view.budget = pool.memory.budget;
    view.reason = pool.memory.reason;
    return view;
}

LimiterShares Dispatcher::Impl::limiter(std::uint16_t queue) const {
    return queues_[queue]->head.shares(clockNow());
}

// ---- events

Event Dispatcher::Impl::about(EventKind kind, const Item& item) const {
    Event event;
    event.at = clockNow();
    event.request = item.request.number;
    event.kind = kind;
    event.queue = item.request.queue;
    event.pool = queues_[item.request.queue]->pool;
    event.attempt = item.request.retries;
    return event;
}

void Dispatcher::Impl::emitVerdict(EventKind kind, const Item& item, const Reason& reason) {
    if (observer_ == nullptr) return;
    Event event = about(kind, item);
    event.code = static_cast<std::uint8_t>(reason.code);
    event.value = reason.value;
    event.threshold = reason.threshold;
    event.age = reason.age;
    event.available = reason.available;
    observer_->observe(event);
}

void Dispatcher::Impl::readGate(Gate& gate, GateMemory& memory, std::uint16_t queue,
                                std::uint16_t pool) {
    const Time now = clockNow();
    const double budget = gate.budget(now);
    const Reason& reason = gate.reason();
    const bool bothNaN = std::isnan(memory.reason.value) && std::isnan(reason.value);
    const bool same = memory.told && memory.budget == budget &&
                      (memory.reason.value == reason.value || bothNaN) &&
                      memory.reason.available == reason.available;
    memory.budget = budget;
    memory.reason = reason;
    memory.told = true;
    if (same || observer_ == nullptr) return;
    Event event;
    event.at = now;
    event.kind = EventKind::gateRead;
    event.queue = queue;
    event.pool = pool;
    event.code = static_cast<std::uint8_t>(reason.code);
    event.value = reason.value;
    event.threshold = reason.threshold;
    event.budget = budget;
    event.age = reason.age;
    event.available = reason.available;
    observer_->observe(event);
}

void Dispatcher::Impl::gateClosed(Queue& queue, const Reason& reason, double budget) {
    if (observer_ == nullptr) return;
    Event event;
    event.at = clockNow();
    event.kind = EventKind::gateClosed;
    event.queue = queue.index;
    event.pool = queue.pool;
    event.code = static_cast<std::uint8_t>(reason.code);
    event.value = reason.value;
    event.threshold = reason.threshold;
    event.budget = budget;
    event.age = reason.age;
    event.available = reason.available;
    observer_->observe(event);
}

Duration Dispatcher::Impl::pollInterval() const {
    const Duration given = settings.pollInterval;
    return given > Duration{0} ? given : semantics().pollInterval;
}

std::int32_t Dispatcher::Impl::batchSize() const {
    return settings.batchSize > 0 ? settings.batchSize : semantics().batchSize;
}

} // namespace penstock

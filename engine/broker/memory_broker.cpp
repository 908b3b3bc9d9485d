// SPDX-License-Identifier: Apache-2.0
// What queues share: the retry set and its mover, leases and their scan, and the broker's faults.
#include "engine/broker/memory_queue.h"
#include "engine/core/retry_ladder.h"
#include "engine/types/check.h"

#include <algorithm>

namespace penstock {

namespace {
// A write that fails is tried again after 100 ms and after another 200 ms, then given up
// (llm-d-async 0.9, retryRedisOp).
constexpr Duration kWriteTries = std::chrono::milliseconds{300};

} // namespace

BrokerSettings BrokerSettings::of(const Semantics& semantics, Duration pollInterval) {
    BrokerSettings s;
    s.claiming = semantics.claiming;
    s.lease = semantics.lease;
    s.reclaimScan = semantics.reclaimScan;
    s.suspectLane = semantics.suspectLane;
    s.retriesMovedPerPoll = semantics.retriesMovedPerPoll;
    s.pollInterval = pollInterval;
    s.wholeSeconds = semantics.deadlineWholeSeconds;
    s.resultsDurable = semantics.resultsDurable;
    s.unparsable = semantics.unparsable;
    return s;
}

MemoryBroker::MemoryBroker(BrokerSettings settings, Loop& loop, Observer* observer,
                           ResultListener* results, std::size_t queues)
    : settings_(settings), loop_(loop), observer_(observer), results_(results) {
    for (std::size_t i = 0; i < queues; ++i) {
        queues_.push_back(std::make_unique<MemoryQueue>(*this, static_cast<std::uint16_t>(i)));
    }
}

MemoryBroker::~MemoryBroker() {
    loop_.disarm(moverTimer_);
    loop_.disarm(scanTimer_);
    loop_.disarm(giveUpTimer_);
    for (auto& queue : queues_)
        loop_.disarm(queue->replyTimer_);
}

std::vector<RequestQueue*> MemoryBroker::ports() {
    std::vector<RequestQueue*> out;
    for (auto& queue : queues_)
        out.push_back(queue.get());
    return out;
}

void MemoryBroker::checkConservation() const {
    for (const auto& queue : queues_)
        queue->checkConservation();
}

// ---- retries

MemoryQueue* MemoryBroker::earliestRetry() {
    MemoryQueue* earliest = nullptr;
    for (const auto& owned : queues_) {
        MemoryQueue* queue = owned.get();
        if (queue->parked_.empty()) continue;
        if (earliest == nullptr || queue->parked_.top().at < earliest->parked_.top().at) {
            earliest = queue;
        }
    }
    return earliest;
}

void MemoryBroker::armMover() {
    const MemoryQueue* earliest = earliestRetry();
    if (earliest == nullptr) return;
    if (settings_.retriesMovedPerPoll <= 0) {
        loop_.arm(moverTimer_, earliest->parked_.top().at);
        return;
    }
    if (moverTimer_.armed() || !ownerAlive_) return; // the mover is the engine's own goroutine
    const Duration since = loop_.now() - moverBase_;
    loop_.arm(moverTimer_,
              moverBase_ + settings_.pollInterval * (since / settings_.pollInterval + 1));
}

void MemoryBroker::moveRetries() {
    const Time now = settings_.wholeSeconds ? wholeSecond(loop_.now()) : loop_.now();
    std::int32_t left =
        settings_.retriesMovedPerPoll > 0 ? settings_.retriesMovedPerPoll : INT32_MAX;
    while (!down_ && left > 0) {
        MemoryQueue* queue = earliestRetry();
        if (queue == nullptr || queue->parked_.top().at > now) break;
        queue->toPending(queue->parked_.pop().slot);
        --left;
    }
    if (down_ && settings_.retriesMovedPerPoll <= 0) return; // setDown(false) arms it again
    armMover();
}

// ---- leases

// When the owner last renewed every lease it holds: each third of a lease, while it could.
Time MemoryBroker::lastHeartbeat() const {
    const Time until = down_ ? downSince_ : loop_.now();
    const Duration third = settings_.lease / 3;
    if (third <= Duration{0} || until <= attachedAt_) return attachedAt_;
    return attachedAt_ + third * ((until - attachedAt_) / third);
}

void MemoryBroker::killedOwner() {
    const Time heartbeat = lastHeartbeat();
    ownerAlive_ = false;
    deferred_.clear();
    loop_.disarm(giveUpTimer_);
    loop_.disarm(scanTimer_);
    if (settings_.retriesMovedPerPoll > 0) loop_.disarm(moverTimer_);
    for (auto& owned : queues_) {
        MemoryQueue& queue = *owned;
        queue.listener_ = nullptr;
        queue.wanted_ = 0;
        loop_.disarm(queue.replyTimer_);
        const auto slots = static_cast<std::uint32_t>(queue.chunks_.size()) * MemoryQueue::kChunk;
        for (std::uint32_t slot = 0; slot < slots && queue.depth_.claimed > 0; ++slot) {
            MemoryQueue::Record& r = queue.record(slot);
            if (r.state != MemoryQueue::State::claimed) continue;
            r.deferred = false;
            if (settings_.claiming == Semantics::Claiming::destructivePop) {
                queue.lose(slot);
                continue;
            }
            queue.enter(r, MemoryQueue::State::orphaned);
            r.leasedAt = std::max(r.leasedAt, heartbeat) + settings_.lease;
            orphans_.push_back({r.leasedAt, queue.index_, slot});
        }
    }
}

void MemoryBroker::armScan() {
    if (!ownerAlive_ || orphans_.empty() || scanTimer_.armed()) return;
    const double jitter = 1.0 - 0.1 * loop_.random(RandomStream::reclaimJitter, scans_++);
    loop_.arm(scanTimer_, loop_.now() + fromSeconds(toSeconds(settings_.reclaimScan) * jitter));
}

void MemoryBroker::scan() {
    const Time now = loop_.now();
    std::vector<Orphan> due;
    if (!down_) {
        const auto ripe = std::stable_partition(orphans_.begin(), orphans_.end(),
                                                [now](const auto& o) { return o.leaseEnds > now; });
        due.assign(ripe, orphans_.end());
        orphans_.erase(ripe, orphans_.end());
    }
    for (const Orphan& orphan : due)
        queues_[orphan.queue]->reclaim(orphan.slot);
    armScan();
}

void MemoryBroker::stealClaims() {
    if (settings_.claiming == Semantics::Claiming::destructivePop || down_) return;
    for (auto& owned : queues_) {
        MemoryQueue& queue = *owned;
        const auto slots = static_cast<std::uint32_t>(queue.chunks_.size()) * MemoryQueue::kChunk;
        for (std::uint32_t slot = 0; slot < slots; ++slot) {
            if (queue.record(slot).state == MemoryQueue::State::claimed) queue.reclaim(slot);
        }
    }
}

// ---- faults

void MemoryBroker::setDown(bool down) {
    if (down == down_) return;
    down_ = down;
    if (down) {
        downSince_ = loop_.now();
        return;
    }
    applyDeferred();
    armMover();
    for (auto& queue : queues_) {
        if (queue->depth_.pending + queue->depth_.suspect > 0) queue->announce();
    }
}

void MemoryBroker::defer(Deferred operation) {
    operation.givesUpAt = loop_.now() + kWriteTries;
    if (!settings_.resultsDurable && !giveUpTimer_.armed()) {
        loop_.arm(giveUpTimer_, operation.givesUpAt);
    }
    deferred_.push_back(std::move(operation));
}

void MemoryBroker::giveUpDeferred() {
    std::size_t done = 0;
    while (done < deferred_.size() && deferred_[done].givesUpAt <= loop_.now()) {
        const Deferred& d = deferred_[done++];
        MemoryQueue& queue = *queues_[d.queue];
        if (queue.held(d.request) != nullptr) queue.lose(d.request.handle);
    }
    deferred_.erase(deferred_.begin(), deferred_.begin() + static_cast<std::ptrdiff_t>(done));
    if (!deferred_.empty()) loop_.arm(giveUpTimer_, deferred_.front().givesUpAt);
}

void MemoryBroker::applyDeferred() {
    loop_.disarm(giveUpTimer_);
    std::vector<Deferred> operations;
    operations.swap(deferred_);
    for (Deferred& d : operations) {
        MemoryQueue& queue = *queues_[d.queue];
        MemoryQueue::Record* r = queue.held(d.request);
        if (r == nullptr) continue;
        r->deferred = false;
        switch (d.kind) {
        case Deferred::Kind::finish:
            d.result.body = d.body;
            queue.emit(EventKind::finished, d.request, static_cast<std::uint8_t>(d.result.code),
                       d.result.status);
            if (observer_ != nullptr) observer_->ended(d.request, d.result.timing);
            queue.finish(d.request, d.result);
            break;
        case Deferred::Kind::park:
            queue.park(d.request, d.due);
            break;
        case Deferred::Kind::giveBack:
            queue.giveBack(d.request);
            break;
        }
    }
}

void MemoryBroker::restartEmpty() {
    const bool popped = settings_.claiming == Semantics::Claiming::destructivePop;
    orphans_.clear();
    for (auto& owned : queues_) {
        MemoryQueue& queue = *owned;
        queue.pending_.clear();
        queue.parked_.clear();
        queue.suspects_.clear();
        queue.suspectOut_ = false;
        queue.cancelled_.clear();
        queue.cancelExpiry_.clear();
        const auto slots = static_cast<std::uint32_t>(queue.chunks_.size()) * MemoryQueue::kChunk;
        for (std::uint32_t slot = 0; slot < slots; ++slot) {
            const MemoryQueue::State state = queue.record(slot).state;
            if (state == MemoryQueue::State::free) continue;
            if (popped && state == MemoryQueue::State::claimed) continue;
            queue.lose(slot);
        }
    }
}

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
// What queues share: the retry set and its mover, leases and their scan.
#include "engine/broker/memory_queue.h"
#include "engine/core/retry_ladder.h"
#include "engine/types/check.h"

#include <algorithm>

namespace penstock {

BrokerSettings BrokerSettings::of(const Semantics& semantics) {
    BrokerSettings s;
    s.claiming = semantics.claiming;
    s.lease = semantics.lease;
    s.reclaimScan = semantics.reclaimScan;
    s.suspectLane = semantics.suspectLane;
    s.moverMovesBatch = semantics.moverMovesBatch;
    s.retriesInRequestQueue = semantics.retriesInRequestQueue;
    s.freshFirst = semantics.tiesByMember;
    s.wholeSeconds = semantics.deadlineWholeSeconds;
    s.unparsable = semantics.unparsable;
    return s;
}

MemoryBroker::MemoryBroker(BrokerSettings settings, Loop& loop, BrokerListener* listener,
                           std::size_t queues)
    : settings_(settings), loop_(loop), listener_(listener) {
    for (std::size_t i = 0; i < queues; ++i) {
        queues_.push_back(std::make_unique<MemoryQueue>(*this, static_cast<std::uint16_t>(i)));
    }
}

MemoryBroker::~MemoryBroker() {
    loop_.disarm(moverTimer_);
    loop_.disarm(scanTimer_);
    loop_.disarm(renewTimer_);
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
    if (settings_.moverMovesBatch || still_) return;
    if (const MemoryQueue* earliest = earliestRetry()) {
        loop_.arm(moverTimer_, earliest->parked_.top().at);
    }
}

void MemoryBroker::moveDue(std::int32_t max) {
    const Time now = settings_.wholeSeconds ? wholeSecond(loop_.now()) : loop_.now();
    while (!still_ && max-- > 0) {
        MemoryQueue* queue = earliestRetry();
        if (queue == nullptr || queue->parked_.top().at > now) break;
        queue->toPending(queue->parked_.pop().slot);
    }
}

void MemoryBroker::moveAllDue() {
    moveDue(INT32_MAX);
    armMover();
}

// ---- leases

// When the owner last renewed every lease it holds: each third of a lease, while it could.
Time MemoryBroker::lastHeartbeat() const {
    const Time until = still_ ? stillSince_ : loop_.now();
    const Duration third = settings_.lease / 3;
    if (third <= Duration{0} || until <= attachedAt_) return attachedAt_;
    return attachedAt_ + third * ((until - attachedAt_) / third);
}

void MemoryBroker::killedOwner() {
    const Time heartbeat = lastHeartbeat();
    ownerAlive_ = false;
    stolen_.clear();
    loop_.disarm(renewTimer_);
    loop_.disarm(scanTimer_);
    for (auto& owned : queues_) {
        MemoryQueue& queue = *owned;
        queue.listener_ = nullptr;
        const std::uint32_t slots = queue.records_.capacity();
        for (std::uint32_t slot = 0; slot < slots && queue.depth_.claimed > 0; ++slot) {
            MemoryQueue::Record& r = queue.records_[slot];
            if (r.state != MemoryQueue::State::claimed) continue;
            if (settings_.claiming == Semantics::Claiming::destructivePop) {
                queue.loseAt(slot);
                continue;
            }
            if (r.gone) {
                queue.destroy(slot);
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
    if (!still_) {
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
    if (settings_.claiming == Semantics::Claiming::destructivePop || still_) return;
    for (auto& owned : queues_) {
        MemoryQueue& queue = *owned;
        const std::uint32_t slots = queue.records_.capacity();
        for (std::uint32_t slot = 0; slot < slots; ++slot) {
            const MemoryQueue::Record& r = queue.records_[slot];
            if (r.state != MemoryQueue::State::claimed || r.gone) continue;
            stolen_.push_back({queue.index_, r.request});
            queue.reclaim(slot);
        }
    }
    if (!stolen_.empty() && !renewTimer_.armed()) {
        loop_.arm(renewTimer_, loop_.now() + settings_.lease / 3);
    }
}

// The owner renews its leases and learns which of them it has no more.
void MemoryBroker::tellStolen() {
    std::vector<Stolen> lost;
    lost.swap(stolen_);
    for (const Stolen& s : lost) {
        if (queues_[s.queue]->listener_ == nullptr) continue;
        queues_[s.queue]->listener_->leaseLost(s.queue, s.request);
    }
}

void MemoryBroker::setStill(bool still) {
    if (still == still_) return;
    still_ = still;
    if (still) {
        stillSince_ = loop_.now();
    } else {
        armMover();
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
        const std::uint32_t slots = queue.records_.capacity();
        for (std::uint32_t slot = 0; slot < slots; ++slot) {
            const MemoryQueue::State state = queue.records_[slot].state;
            if (state == MemoryQueue::State::free) continue;
            if (state == MemoryQueue::State::claimed) {
                MemoryQueue::Record& r = queue.records_[slot];
                r.gone = !popped;
                r.request.suspect = r.request.suspect && popped;
                continue;
            }
            queue.destroy(slot);
        }
    }
}

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
// One queue: its records, its port, and how each ends. What queues share is in memory_broker.cpp.
#include "engine/broker/memory_queue.h"

#include "engine/types/check.h"

namespace penstock {

namespace {
constexpr Duration kCancelMemory = std::chrono::hours{24 * 7}; // the cancel marker's TTL
} // namespace

MemoryQueue::MemoryQueue(MemoryBroker& broker, std::uint16_t index)
    : broker_(broker), index_(index) {
    taken_.reserve(64); // penstock's batch: no claim of it ever allocates
}

// ---- records

std::uint32_t MemoryQueue::allocate() {
    if (freeHead_ == kNone) {
        const auto first = static_cast<std::uint32_t>(chunks_.size()) * kChunk;
        chunks_.push_back(std::make_unique<Record[]>(kChunk));
        for (std::uint32_t i = kChunk; i > 0; --i) {
            record(first + i - 1).nextFree = freeHead_;
            freeHead_ = first + i - 1;
        }
    }
    const std::uint32_t slot = freeHead_;
    freeHead_ = record(slot).nextFree;
    return slot;
}

std::int64_t* MemoryQueue::counter(State state) {
    switch (state) {
    case State::free:
        return nullptr;
    case State::pending:
        return &depth_.pending;
    case State::claimed:
    case State::orphaned:
        return &depth_.claimed;
    case State::parked:
        return &depth_.parked;
    case State::suspect:
        return &depth_.suspect;
    }
    return nullptr;
}

void MemoryQueue::enter(Record& r, State state) {
    if (std::int64_t* from = counter(r.state)) --*from;
    if (std::int64_t* to = counter(state)) ++*to;
    r.state = state;
}

void MemoryQueue::release(std::uint32_t slot) {
    Record& r = record(slot);
    if (r.request.suspect) suspectOut_ = false;
    if (!cancelled_.empty()) cancelled_.erase(r.request.number);
    enter(r, State::free);
    ++r.epoch;
    r.deferred = false;
    r.nextFree = freeHead_;
    freeHead_ = slot;
}

MemoryQueue::Record* MemoryQueue::held(const Request& request) {
    if (request.handle / kChunk >= chunks_.size()) return nullptr;
    Record& r = record(request.handle);
    const bool fresh = r.state == State::claimed && r.epoch == request.claimEpoch &&
                       r.request.number == request.number;
    return fresh ? &r : nullptr;
}

void MemoryQueue::emit(EventKind kind, const Request& request, std::uint8_t code,
                       std::int32_t status) {
    if (broker_.observer_ == nullptr) return;
    Event event;
    event.at = broker_.loop_.now();
    event.kind = kind;
    event.request = request.number;
    event.queue = index_;
    event.attempt = request.retries;
    event.code = code;
    event.status = status;
    broker_.observer_->observe(event);
}

MemoryQueue::Whereabouts MemoryQueue::find(std::uint64_t number) const {
    for (const auto& chunk : chunks_) {
        for (std::uint32_t i = 0; i < kChunk; ++i) {
            const Record& r = chunk[i];
            if (r.state == State::free || r.request.number != number) continue;
            switch (r.state) {
            case State::pending:
                return {&r.request, Place::pending};
            case State::parked:
                return {&r.request, Place::parked};
            case State::suspect:
                return {&r.request, Place::suspect};
            default:
                return {&r.request, Place::claimed};
            }
        }
    }
    return {};
}

void MemoryQueue::checkConservation() const {
    const std::int64_t ended = counts_.finished + counts_.forgotten + counts_.lost + counts_.dead;
    PENSTOCK_CHECK(counts_.enqueued ==
                   ended + depth_.pending + depth_.claimed + depth_.parked + depth_.suspect);
    PENSTOCK_CHECK(depth_.pending >= 0 && depth_.claimed >= 0 && depth_.parked >= 0);
}

// ---- the sender's side

void MemoryQueue::push(Request request) {
    add(request, false, false);
}

void MemoryQueue::pushUnparsable(Request request, bool idReadable) {
    add(request, true, idReadable);
}

void MemoryQueue::add(Request request, bool unparsable, bool idReadable) {
    const Time now = broker_.loop_.now();
    const std::uint32_t slot = allocate();
    Record& r = record(slot);
    request.queue = index_;
    request.handle = slot;
    request.suspect = false;
    if (request.enqueued == Time{}) request.enqueued = now;
    r.request = request;
    r.sequence = sequence_++;
    r.crashes = 0;
    r.unparsable = unparsable;
    r.idReadable = idReadable;
    ++counts_.enqueued;
    emit(EventKind::enqueued, request);
    toPending(slot);
}

void MemoryQueue::cancel(std::uint64_t number) {
    const Time now = broker_.loop_.now();
    while (!cancelExpiry_.empty() && cancelExpiry_.front().first <= now) {
        cancelled_.erase(cancelExpiry_.front().second);
        cancelExpiry_.pop_front();
    }
    if (cancelled_.insert(number).second) cancelExpiry_.emplace_back(now + kCancelMemory, number);
}

bool MemoryQueue::cancelled(const Request& request) const {
    return !cancelled_.empty() && cancelled_.contains(request.number);
}

void MemoryQueue::toPending(std::uint32_t slot) {
    Record& r = record(slot);
    r.request.pendingSince = broker_.loop_.now();
    enter(r, State::pending);
    pending_.push({r.request.deadline, r.sequence, slot});
    if (depth_.pending == 1) announce();
}

void MemoryQueue::announce() {
    if (listener_ != nullptr && !broker_.down_) listener_->workArrived(index_);
}

Time MemoryQueue::earliestDeadline() const {
    return pending_.empty() ? kNever : pending_.top().at;
}

// ---- claiming

void MemoryQueue::attach(QueueListener& listener, std::uint16_t queue) {
    PENSTOCK_CHECK(queue == index_);
    listener_ = &listener;
    if (broker_.ownerAlive_) return;
    broker_.ownerAlive_ = true;
    broker_.attachedAt_ = broker_.loop_.now();
    broker_.moverBase_ = broker_.loop_.now();
    broker_.armMover();
    broker_.armScan();
}

void MemoryQueue::detach(QueueListener& listener) {
    if (listener_ != &listener) return;
    listener_ = nullptr;
    wanted_ = 0;
    broker_.loop_.disarm(replyTimer_);
}

void MemoryQueue::claim(std::int32_t max) {
    PENSTOCK_CHECK(wanted_ == 0 && max > 0);
    wanted_ = max;
    if (broker_.latency_ > Duration{0}) {
        broker_.loop_.arm(replyTimer_, broker_.loop_.now() + broker_.latency_);
    } else {
        reply();
    }
}

void MemoryQueue::reply() {
    std::int32_t left = wanted_;
    wanted_ = 0;
    taken_.clear();
    if (!broker_.down_) {
        if (takeSuspect()) --left;
        while (left > 0 && !pending_.empty()) {
            const std::uint32_t slot = pending_.pop().slot;
            if (record(slot).unparsable) {
                endUnparsable(slot);
                // A popped message is a used pop even when it turns out to be unreadable.
                if (broker_.settings_.claiming == Semantics::Claiming::destructivePop) --left;
                continue;
            }
            // The next one's record will be wanted soon, and it lies anywhere.
            if (!pending_.empty()) __builtin_prefetch(&record(pending_.top().slot));
            take(slot);
            --left;
        }
    }
    if (listener_ != nullptr) listener_->claimed(index_, taken_);
}

void MemoryQueue::take(std::uint32_t slot) {
    Record& r = record(slot);
    enter(r, State::claimed);
    r.leasedAt = broker_.loop_.now();
    r.request.claimEpoch = ++r.epoch;
    ++counts_.claims;
    taken_.push_back(r.request);
}

bool MemoryQueue::takeSuspect() {
    if (suspects_.empty() || suspectOut_) return false;
    const std::uint32_t slot = suspects_.front();
    suspects_.pop_front();
    suspectOut_ = true;
    record(slot).request.suspect = true;
    take(slot);
    return true;
}

// ---- ending a claim

ClaimState MemoryQueue::claimState(const Request& request) const {
    if (const_cast<MemoryQueue*>(this)->held(request) == nullptr) return ClaimState::gone;
    return broker_.down_ ? ClaimState::deferred : ClaimState::held;
}

void MemoryQueue::finish(const Request& request, const ResultMessage& result) {
    Record* r = held(request);
    if (r == nullptr || r->deferred) {
        ++counts_.staleRefused;
        return;
    }
    if (broker_.down_) {
        r->deferred = true;
        broker_.defer({MemoryBroker::Deferred::Kind::finish, index_, request, Time{}, result,
                       std::string(result.body), Time{}});
        return;
    }
    ++counts_.finished;
    publish(request, result);
    release(request.handle);
}

void MemoryQueue::park(const Request& request, Time due) {
    Record* r = held(request);
    if (r == nullptr || r->deferred) {
        ++counts_.staleRefused;
        return;
    }
    if (broker_.down_) {
        r->deferred = true;
        broker_.defer({MemoryBroker::Deferred::Kind::park, index_, request, due, {}, {}, Time{}});
        return;
    }
    if (r->request.suspect) suspectOut_ = false;
    ++r->epoch;
    r->request.retries = request.retries;
    r->request.classification = request.classification;
    r->request.suspect = false;
    if (r->crashes > 1) {
        // A suspect that waits for a retry stays one: only the suspect lane may deliver it.
        enter(*r, State::suspect);
        suspects_.push_back(request.handle);
        if (depth_.pending == 0) announce();
        return;
    }
    enter(*r, State::parked);
    parked_.push({due, r->sequence, request.handle});
    broker_.armMover();
}

void MemoryQueue::giveBack(const Request& request) {
    Record* r = held(request);
    if (r == nullptr || r->deferred) {
        ++counts_.staleRefused;
        return;
    }
    if (broker_.down_) {
        r->deferred = true;
        broker_.defer(
            {MemoryBroker::Deferred::Kind::giveBack, index_, request, Time{}, {}, {}, Time{}});
        return;
    }
    ++r->epoch;
    if (r->request.suspect) {
        suspectOut_ = false;
        r->request.suspect = false;
        enter(*r, State::suspect);
        suspects_.push_front(request.handle);
        return;
    }
    toPending(request.handle);
}

void MemoryQueue::forget(const Request& request) {
    if (held(request) == nullptr) {
        ++counts_.staleRefused;
        return;
    }
    ++counts_.forgotten;
    release(request.handle);
}

void MemoryQueue::publish(const Request& request, const ResultMessage& result) {
    ++counts_.results;
    if (broker_.results_ != nullptr) broker_.results_->resulted(request, result);
}

void MemoryQueue::endUnparsable(std::uint32_t slot) {
    Record& r = record(slot);
    const Request request = r.request;
    emit(EventKind::unparsable, request, r.idReadable ? 1 : 0);
    if (broker_.settings_.unparsable != Semantics::Unparsable::deadLetter) {
        ++counts_.lost;
        emit(EventKind::lost, request);
    } else if (r.idReadable) {
        ++counts_.finished;
        ++depth_.dead;
        emit(EventKind::finished, request, static_cast<std::uint8_t>(ResultCode::invalidRequest));
        publish(request, {ResultCode::invalidRequest, 0, "message could not be read", {}});
    } else {
        ++counts_.dead;
        ++depth_.dead;
        emit(EventKind::deadLetter, request);
    }
    if (broker_.observer_ != nullptr) broker_.observer_->ended(request, {});
    release(slot);
}

void MemoryQueue::reclaim(std::uint32_t slot) {
    Record& r = record(slot);
    ++r.epoch;
    if (r.request.suspect) suspectOut_ = false;
    r.request.suspect = false;
    if (r.crashes < 255) ++r.crashes;
    ++counts_.redelivered;
    if (!broker_.settings_.suspectLane || r.crashes == 1) {
        emit(EventKind::redelivered, r.request, r.crashes);
        toPending(slot);
        return;
    }
    if (r.crashes == 2) {
        emit(EventKind::redelivered, r.request, r.crashes);
        r.request.pendingSince = broker_.loop_.now();
        enter(r, State::suspect);
        suspects_.push_back(slot);
        if (depth_.pending == 0) announce();
        return;
    }
    const Request request = r.request;
    ++counts_.dead;
    ++depth_.dead;
    emit(EventKind::deadLetter, request, r.crashes);
    if (broker_.observer_ != nullptr) broker_.observer_->ended(request, {});
    publish(
        request,
        {ResultCode::deliveryAttemptsExceeded, 0, "delivered too often to engines that died", {}});
    release(slot);
}

void MemoryQueue::lose(std::uint32_t slot) {
    const Request request = record(slot).request;
    ++counts_.lost;
    emit(EventKind::lost, request);
    if (broker_.observer_ != nullptr) broker_.observer_->ended(request, {});
    release(slot);
}

} // namespace penstock

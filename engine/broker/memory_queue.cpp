// SPDX-License-Identifier: Apache-2.0
// One queue: its records, its port, and how each ends. What queues share is in memory_broker.cpp.
#include "engine/broker/memory_queue.h"

#include "engine/core/retry_ladder.h"
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

double MemoryQueue::inSystemSeconds() const {
    const std::int64_t inSystem = depth_.pending + depth_.claimed + depth_.parked + depth_.suspect;
    if (inSystem == 0) return inSystemSeconds_;
    return inSystemSeconds_ +
           static_cast<double>(inSystem) * toSeconds(broker_.loop_.now() - accruedAt_);
}

// Before a request comes or goes.
void MemoryQueue::accrue() {
    inSystemSeconds_ = inSystemSeconds();
    accruedAt_ = broker_.loop_.now();
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
    PENSTOCK_CHECK(r.state != state);
    if (std::int64_t* from = counter(r.state)) {
        PENSTOCK_CHECK(*from > 0);
        --*from;
    }
    if (std::int64_t* to = counter(state)) ++*to;
    r.state = state;
}

void MemoryQueue::release(std::uint32_t slot) {
    accrue();
    Record& r = records_[slot];
    if (r.request.suspect) suspectOut_ = false;
    if (!cancelled_.empty()) cancelled_.erase(r.request.number);
    enter(r, State::free);
    ++r.epoch;
    records_.give(slot);
}

MemoryQueue::Record* MemoryQueue::held(const Request& request) {
    if (!records_.taken(request.handle)) return nullptr;
    Record& r = records_[request.handle];
    const bool fresh = r.state == State::claimed && r.epoch == request.claimEpoch &&
                       r.request.number == request.number && !r.gone;
    return fresh ? &r : nullptr;
}

void MemoryQueue::settle(std::uint32_t claim, Settlement settlement) {
    if (settlement == Settlement::refused) ++counts_.staleRefused;
    if (listener_ != nullptr) listener_->settled(index_, claim, settlement);
}

void MemoryQueue::discover(const Request& request, Discovery what, std::uint8_t owners) {
    if (listener_ != nullptr) listener_->discovered(index_, request, what, owners);
}

MemoryQueue::Whereabouts MemoryQueue::find(std::uint64_t number) const {
    for (std::uint32_t slot = 0; slot < records_.capacity(); ++slot) {
        const Record& r = records_[slot];
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
    return {};
}

void MemoryQueue::checkConservation() const {
    const std::int64_t ended = counts_.finished + counts_.forgotten + counts_.lost + counts_.dead;
    PENSTOCK_CHECK(counts_.enqueued ==
                   ended + depth_.pending + depth_.claimed + depth_.parked + depth_.suspect);
    PENSTOCK_CHECK(depth_.pending >= 0 && depth_.claimed >= 0 && depth_.parked >= 0 &&
                   depth_.suspect >= 0 && depth_.dead >= 0);
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
    const std::uint32_t slot = records_.take();
    Record& r = records_[slot];
    request.queue = index_;
    request.handle = slot;
    request.suspect = false;
    if (request.enqueued == Time{}) request.enqueued = now;
    r.request = request;
    r.sequence = sequence_++;
    r.crashes = 0;
    r.unparsable = unparsable;
    r.idReadable = idReadable;
    r.gone = false;
    ++counts_.enqueued;
    accrue();
    if (broker_.listener_ != nullptr) broker_.listener_->enqueued(request);
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

void MemoryQueue::moveRetries(std::int32_t max) {
    broker_.moveDue(max);
}

bool MemoryQueue::cancelled(const Request& request) const {
    return !cancelled_.empty() && cancelled_.contains(request.number);
}

void MemoryQueue::toPending(std::uint32_t slot) {
    const Time deadline = records_[slot].request.deadline;
    toPendingAt(slot, broker_.settings_.wholeSeconds ? wholeSecond(deadline) : deadline);
}

void MemoryQueue::toPendingAt(std::uint32_t slot, Time score) {
    Record& r = records_[slot];
    r.request.pendingSince = broker_.loop_.now();
    enter(r, State::pending);
    std::uint32_t order = r.sequence;
    if (broker_.settings_.freshFirst) {
        constexpr std::uint32_t kTried = 1U << 30U;
        order = order % kTried + (r.request.retries > 0 ? kTried : 0);
    }
    pending_.push({score, order, slot});
    if (depth_.pending == 1) announce();
}

void MemoryQueue::announce() {
    if (listener_ != nullptr) listener_->workArrived(index_);
}

Time MemoryQueue::earliestDeadline() const {
    return pending_.empty() ? kNever : records_[pending_.top().slot].request.deadline;
}

// ---- claiming

void MemoryQueue::attach(QueueListener& listener, std::uint16_t queue) {
    PENSTOCK_CHECK(queue == index_);
    listener_ = &listener;
    if (broker_.ownerAlive_) return;
    broker_.ownerAlive_ = true;
    broker_.attachedAt_ = broker_.loop_.now();
    broker_.armMover();
    broker_.armScan();
}

void MemoryQueue::detach(QueueListener& listener) {
    if (listener_ != &listener) return;
    listener_ = nullptr;
}

QueueTraits MemoryQueue::traits() const {
    return broker_.settings_.traits;
}

void MemoryQueue::claim(std::int32_t max) {
    PENSTOCK_CHECK(listener_ != nullptr && max > 0);
    std::int32_t left = max;
    taken_.clear();
    if (takeSuspect()) --left;
    while (left > 0 && !pending_.empty()) {
        const std::uint32_t slot = pending_.pop().slot;
        if (records_[slot].unparsable) {
            endUnparsable(slot);
            // A popped message is a used pop even when it turns out to be unreadable.
            if (broker_.settings_.claiming == Semantics::Claiming::destructivePop) --left;
            continue;
        }
        // The next one's record will be wanted soon, and it lies anywhere.
        if (!pending_.empty()) __builtin_prefetch(&records_[pending_.top().slot]);
        take(slot);
        --left;
    }
    PENSTOCK_CHECK(static_cast<std::int32_t>(taken_.size()) <= max);
    listener_->claimed(index_, ClaimAnswer::answered, taken_);
}

void MemoryQueue::take(std::uint32_t slot) {
    Record& r = records_[slot];
    PENSTOCK_CHECK(r.state == State::pending || r.state == State::suspect);
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
    records_[slot].request.suspect = true;
    take(slot);
    return true;
}

// ---- ending a claim

void MemoryQueue::finish(const Request& request, const ResultMessage& result, std::uint32_t claim) {
    if (held(request) == nullptr) return refuse(request, claim);
    const std::uint32_t slot = request.handle; // the caller's request may end with its claim
    ++counts_.finished;
    publish(request, result);
    settle(claim, Settlement::done);
    release(slot);
}

void MemoryQueue::park(const Request& request, Time due, std::uint32_t claim) {
    Record* r = held(request);
    if (r == nullptr) return refuse(request, claim);
    const std::uint32_t slot = request.handle;
    if (r->request.suspect) suspectOut_ = false;
    ++r->epoch;
    r->request.retries = request.retries;
    r->request.classification = request.classification;
    r->request.suspect = false;
    settle(claim, Settlement::done);
    if (r->crashes > 1) {
        // A suspect that waits for a retry stays one: only the suspect lane may deliver it.
        enter(*r, State::suspect);
        suspects_.push_back(slot);
        if (depth_.pending == 0) announce();
        return;
    }
    if (broker_.settings_.retriesInRequestQueue) return toPendingAt(slot, due);
    enter(*r, State::parked);
    parked_.push({due, r->sequence, slot});
    broker_.armMover();
}

void MemoryQueue::giveBack(const Request& request, std::uint32_t claim) {
    Record* r = held(request);
    if (r == nullptr) return refuse(request, claim);
    ++r->epoch;
    const std::uint32_t slot = request.handle;
    settle(claim, Settlement::done);
    if (r->request.suspect) {
        suspectOut_ = false;
        r->request.suspect = false;
        enter(*r, State::suspect);
        suspects_.push_front(slot);
        return;
    }
    toPending(slot);
}

void MemoryQueue::forget(const Request& request, std::uint32_t claim) {
    if (held(request) == nullptr) return refuse(request, claim);
    const std::uint32_t slot = request.handle;
    ++counts_.forgotten;
    settle(claim, Settlement::done);
    release(slot);
}

bool MemoryQueue::lose(const Request& request) {
    if (held(request) == nullptr) {
        endIfGone(request);
        return false;
    }
    ++counts_.lost;
    release(request.handle);
    return true;
}

void MemoryQueue::publish(const Request& request, const ResultMessage& result) {
    ++counts_.results;
    if (broker_.listener_ != nullptr) broker_.listener_->resulted(request, result);
}

void MemoryQueue::endUnparsable(std::uint32_t slot) {
    Record& r = records_[slot];
    const Request request = r.request;
    if (broker_.settings_.unparsable != Semantics::Unparsable::deadLetter) {
        ++counts_.lost;
        discover(request, r.idReadable ? Discovery::removed : Discovery::removedNameless);
    } else if (r.idReadable) {
        ++counts_.finished;
        ++depth_.dead;
        publish(request, {ResultCode::invalidRequest, 0, "message could not be read", {}});
        discover(request, Discovery::unreadable);
    } else {
        ++counts_.dead;
        ++depth_.dead;
        discover(request, Discovery::nameless);
    }
    release(slot);
}

void MemoryQueue::reclaim(std::uint32_t slot) {
    Record& r = records_[slot];
    PENSTOCK_CHECK(r.state == State::claimed || r.state == State::orphaned);
    ++r.epoch;
    if (r.request.suspect) suspectOut_ = false;
    r.request.suspect = false;
    if (r.crashes < 255) ++r.crashes;
    ++counts_.redelivered;
    if (!broker_.settings_.suspectLane || r.crashes == 1) {
        discover(r.request, Discovery::redelivered, r.crashes);
        toPending(slot);
        return;
    }
    if (r.crashes == 2) {
        discover(r.request, Discovery::redelivered, r.crashes);
        r.request.pendingSince = broker_.loop_.now();
        enter(r, State::suspect);
        suspects_.push_back(slot);
        if (depth_.pending == 0) announce();
        return;
    }
    const Request request = r.request;
    ++counts_.dead;
    ++depth_.dead;
    publish(
        request,
        {ResultCode::deliveryAttemptsExceeded, 0, "delivered too often to engines that died", {}});
    discover(request, Discovery::poison, r.crashes);
    release(slot);
}

void MemoryQueue::loseAt(std::uint32_t slot) {
    ++counts_.lost;
    release(slot);
}

// The store has lost it, and no engine has it: its sender hears of it here alone.
void MemoryQueue::destroy(std::uint32_t slot) {
    const Request request = records_[slot].request;
    loseAt(slot);
    if (broker_.listener_ != nullptr) broker_.listener_->destroyed(request);
}

void MemoryQueue::refuse(const Request& request, std::uint32_t claim) {
    const Request held = request; // the caller's may end with its claim
    settle(claim, Settlement::refused);
    endIfGone(held);
}

void MemoryQueue::endIfGone(const Request& request) {
    if (!records_.taken(request.handle)) return;
    const Record& r = records_[request.handle];
    const bool same = r.gone && r.state == State::claimed && r.epoch == request.claimEpoch &&
                      r.request.number == request.number;
    if (same) destroy(request.handle);
}

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Replica, part 1: the slab of slots, the intrusive lists, the waiting queue. Included by
// replica.h, which declares it.
#include "sim/fleet/replica.h"

namespace penstock::sim {

template <class Store>
PENSTOCK_HD Replica<Store>::Replica(const ReplicaConfig& config) : config_(config) {
    PENSTOCK_CHECK(config.maxNumSeqs >= 1 && config.maxNumBatchedTokens >= config.maxNumSeqs);
    PENSTOCK_CHECK(config.kvBlocks >= 1);
    PENSTOCK_CHECK(config.blockSize >= 1 && config.blockSize <= kMaxBlockSize &&
                   (config.blockSize & (config.blockSize - 1)) == 0);
    PENSTOCK_CHECK(config.apiDelayNs >= 0 && config.staticMaxWaitNs >= 0);
    PENSTOCK_CHECK(config.staticSize >= 1 && config.cacheUnitBlocks >= 1);
    PENSTOCK_CHECK(config.apiJitter >= 0.0 && config.apiJitter < 1.0);
    PENSTOCK_CHECK(config.stepJitter >= 0.0 && config.stepJitter < 1.0);
    growth_.setBlockSize(config.blockSize);
    unitTokens_ = config.cacheUnitBlocks * config.blockSize;
    if (config.prefixCache) cache_.reset(config.kvBlocks, config.cacheUnitBlocks);
}

template <class Store>
PENSTOCK_HD std::int32_t Replica<Store>::takeSlot() {
    if (unusedSlot_ >= 0) {
        const std::int32_t slot = unusedSlot_;
        unusedSlot_ = links_[slot].next;
        return slot;
    }
    const std::int32_t slots = slotsMade_ + 1;
    PENSTOCK_CHECK(slots_.reserve(slots) && rest_.reserve(slots) && links_.reserve(slots) &&
                   places_.reserve(slots));
    return slotsMade_++;
}

template <class Store>
PENSTOCK_HD void Replica<Store>::dropSlot(std::int32_t slot) {
    slots_[slot].state = State::unused;
    links_[slot].next = unusedSlot_;
    unusedSlot_ = slot;
}

template <class Store>
PENSTOCK_HD void Replica<Store>::append(List& list, std::int32_t slot) {
    links_[slot].next = -1;
    links_[slot].previous = list.tail;
    if (list.tail >= 0) {
        links_[list.tail].next = slot;
    } else {
        list.head = slot;
    }
    list.tail = slot;
}

template <class Store>
PENSTOCK_HD void Replica<Store>::prepend(List& list, std::int32_t slot) {
    links_[slot].previous = -1;
    links_[slot].next = list.head;
    if (list.head >= 0) {
        links_[list.head].previous = slot;
    } else {
        list.tail = slot;
    }
    list.head = slot;
}

template <class Store>
PENSTOCK_HD void Replica<Store>::unlink(List& list, std::int32_t slot) {
    const std::int32_t previous = links_[slot].previous, next = links_[slot].next;
    if (previous >= 0) {
        links_[previous].next = next;
    } else {
        list.head = next;
    }
    if (next >= 0) {
        links_[next].previous = previous;
    } else {
        list.tail = previous;
    }
}

template <class Store>
PENSTOCK_HD void Replica<Store>::enqueue(std::int32_t slot, bool atFront) {
    slots_[slot].state = State::waiting;
    ++waiting_;
    if (config_.policy == SchedulingPolicy::priority) {
        byPriority_.push(places_, slots_[slot].priority, slots_[slot].arrival, slot);
    } else if (atFront) {
        prepend(waitingList_, slot);
    } else {
        append(waitingList_, slot);
    }
}

template <class Store>
PENSTOCK_HD void Replica<Store>::dequeue(std::int32_t slot) {
    --waiting_;
    if (config_.policy == SchedulingPolicy::priority) {
        byPriority_.remove(places_, slot);
    } else {
        unlink(waitingList_, slot);
    }
}

template <class Store>
PENSTOCK_HD std::int32_t Replica<Store>::waitingHead() const {
    if (waiting_ == 0) return -1;
    return config_.policy == SchedulingPolicy::priority ? byPriority_.top().slot
                                                        : waitingList_.head;
}

// What has come through the API by then, in order of entry.
template <class Store>
PENSTOCK_HD void Replica<Store>::enterQueueBefore(std::int64_t t) {
    while (!inApi_.empty() && inApi_.top().key < t)
        enqueue(inApi_.pop(places_), false);
}

// When the longest waiting one entered; the queue is not empty.
template <class Store>
PENSTOCK_HD std::int64_t Replica<Store>::oldestWaiting() const {
    if (config_.policy == SchedulingPolicy::fcfs) return rest_[waitingList_.head].enteredAt;
    std::int64_t oldest = kNeverNs;
    for (std::int32_t i = 0; i < byPriority_.size(); ++i) {
        const std::int64_t entered = rest_[byPriority_.entry(i).slot].enteredAt;
        if (entered < oldest) oldest = entered;
    }
    return oldest;
}

template <class Store>
PENSTOCK_HD Submitted Replica<Store>::submit(std::int64_t now, const Sequence& sequence) {
    PENSTOCK_CHECK(now >= time_);
    const std::int32_t prompt = sequence.promptTokens < 1 ? 1 : sequence.promptTokens;
    const std::int32_t output = sequence.outputTokens < 1 ? 1 : sequence.outputTokens;
    const std::int64_t longest = static_cast<std::int64_t>(prompt) + output - 1;
    if (growth_.blocksFor(longest) > config_.kvBlocks || longest > INT32_MAX ||
        (!config_.chunkedPrefill && longest > config_.maxNumBatchedTokens)) {
        return {Admission::tooLong, -1};
    }
    // As long as the last step left none behind, those for which there is a slot do not count.
    std::int64_t unseated = waiting_ + inApi_.size();
    if (config_.mode == BatchMode::staticBatch) {
        if (running_ == 0) unseated -= slots();
    } else if (waiting_ == 0) {
        unseated -= slots() - running_;
    }
    if (unseated >= config_.waitingCap) return {Admission::waitingFull, -1};

    const std::int32_t slot = takeSlot();
    Slot& s = slots_[slot];
    s = Slot{};
    s.id = sequence.id;
    s.arrival = arrivals_++;
    s.prompt = prompt;
    s.output = output;
    s.priority = sequence.priority;
    s.state = State::inApi;
    const std::int64_t entersAt = now + apiDelay(config_, s.arrival);
    if (config_.prefixCache || config_.mode == BatchMode::staticBatch) {
        rest_[slot] = Rest{entersAt, -1, sequence.prefix, 0, -1};
    }
    inApi_.push(places_, entersAt, s.arrival, slot);
    if (!reporting_) findNextEvent();
    return {Admission::accepted, slot};
}

} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
#include "engine/timers/timer_queue.h"

#include "engine/types/check.h"

#include <algorithm>
#include <bit>

namespace penstock {

namespace {
constexpr std::size_t kArity = 4; // four children share a cache line's worth of entries
}

void TimerQueue::arm(Timer& timer, Time at) {
    const Entry entry{at < now_ ? now_ : at, sequence_++, &timer};
    if (timer.armed()) {
        const std::int64_t index = heapIndex(timer);
        if (index < kInWheel && tickOf(entry.due) <= tick_) {
            due(timer) = entry.due;
            if (entry.before(heap_[static_cast<std::size_t>(index)])) {
                siftUp(static_cast<std::size_t>(index), entry);
            } else {
                siftDown(static_cast<std::size_t>(index), entry);
            }
            return;
        }
        take(timer);
    } else {
        ++armed_;
    }
    due(timer) = entry.due;
    insert(entry);
}

void TimerQueue::disarm(Timer& timer) {
    if (!timer.armed()) return;
    take(timer);
    heapIndex(timer) = -1;
    PENSTOCK_CHECK(armed_ > 0);
    --armed_;
}

bool TimerQueue::step(Time limit) {
    while (heap_.empty()) {
        if (!turnWheel(limit)) return false;
    }
    const Entry entry = heap_.front();
    if (entry.due > limit) return false;
    PENSTOCK_CHECK(entry.due >= now_);
    now_ = entry.due;
    ++fired_;
    --armed_;
    heapIndex(*entry.timer) = -1;
    rootFired_ = true;
    entry.timer->fire(); // may be its end
    if (rootFired_) fillRoot();
    return true;
}

void TimerQueue::runUntil(Time limit) {
    while (step(limit)) {}
    if (limit > now_) now_ = limit;
}

Time TimerQueue::nextDue() const {
    Time earliest = kNever;
    for (std::size_t i = rootFired_ ? 1 : 0; i < heap_.size(); ++i) {
        earliest = std::min(earliest, heap_[i].due);
        if (!rootFired_) return earliest;
    }
    for (std::size_t level = 0; level < kLevels && earliest == kNever; ++level) {
        if (used_[level] == 0) continue;
        const auto slot = static_cast<std::size_t>(std::countr_zero(used_[level]));
        for (std::uint32_t at = wheel_[level * kSlots + slot]; at != kNone; at = nodes_[at].next) {
            earliest = std::min(earliest, nodes_[at].entry.due);
        }
    }
    return earliest;
}

// ---- heap or wheel

void TimerQueue::insert(const Entry& entry) {
    if (tickOf(entry.due) > tick_) {
        intoWheel(entry);
    } else if (rootFired_) {
        rootFired_ = false;
        siftDown(0, entry);
    } else {
        heap_.push_back(entry);
        siftUp(heap_.size() - 1, entry);
    }
}

void TimerQueue::take(Timer& timer) {
    const std::int64_t index = heapIndex(timer);
    if (index < kInWheel) {
        removeAt(static_cast<std::size_t>(index));
        return;
    }
    const auto at = static_cast<std::uint32_t>(index - kInWheel);
    Node& node = nodes_[at];
    if (node.next != kNone) nodes_[node.next].previous = node.previous;
    if (node.previous != kNone) {
        nodes_[node.previous].next = node.next;
    } else {
        wheel_[node.slot] = node.next;
        if (node.next == kNone) {
            used_[node.slot / kSlots] &= ~(std::uint64_t{1} << node.slot % kSlots);
        }
    }
    nodes_.give(at);
}

// The level is that of the highest digit in which its tick differs from the current one.
void TimerQueue::intoWheel(const Entry& entry) {
    const std::uint64_t tick = tickOf(entry.due);
    const auto level = static_cast<std::size_t>((63 - std::countl_zero(tick ^ tick_)) / kLevelBits);
    const std::size_t slot = (tick >> (level * kLevelBits)) % kSlots;
    const auto place = static_cast<std::uint32_t>(level * kSlots + slot);
    const std::uint32_t at = nodes_.take();
    const std::uint64_t bit = std::uint64_t{1} << slot;
    const std::uint32_t first = (used_[level] & bit) != 0 ? wheel_[place] : kNone;
    nodes_[at] = {entry, first, kNone, place};
    if (first != kNone) nodes_[first].previous = at;
    wheel_[place] = at;
    used_[level] |= bit;
    heapIndex(*entry.timer) = kInWheel | static_cast<std::int64_t>(at);
}

// The heap is empty: moves on to the next slot in use, unless it begins after `limit`. False if
// there is none.
bool TimerQueue::turnWheel(Time limit) {
    for (std::size_t level = 0; level < kLevels; ++level) {
        if (used_[level] == 0) continue;
        const auto slot = static_cast<std::size_t>(std::countr_zero(used_[level]));
        const std::size_t shift = level * kLevelBits;
        const std::uint64_t above = tick_ >> (shift + kLevelBits) << (shift + kLevelBits);
        const std::uint64_t tick = above | static_cast<std::uint64_t>(slot) << shift;
        if (limit < start_ || tick > tickOf(limit)) return false;
        tick_ = tick;
        used_[level] &= ~(std::uint64_t{1} << slot);
        for (std::uint32_t at = wheel_[level * kSlots + slot]; at != kNone;) {
            const Node node = nodes_[at]; // insert() may take its place for another
            nodes_.give(at);
            insert(node.entry);
            at = node.next;
        }
        return true;
    }
    return false;
}

// ---- the heap

void TimerQueue::place(std::size_t index, const Entry& entry) {
    heap_[index] = entry;
    heapIndex(*entry.timer) = static_cast<std::int64_t>(index);
}

void TimerQueue::siftUp(std::size_t index, const Entry& entry) {
    while (index > 0) {
        const std::size_t parent = (index - 1) / kArity;
        if (!entry.before(heap_[parent])) break;
        place(index, heap_[parent]);
        index = parent;
    }
    place(index, entry);
}

void TimerQueue::siftDown(std::size_t index, const Entry& entry) {
    const std::size_t size = heap_.size();
    while (true) {
        const std::size_t first = index * kArity + 1;
        if (first >= size) break;
        std::size_t best = first;
        const std::size_t last = first + kArity < size ? first + kArity : size;
        for (std::size_t child = first + 1; child < last; ++child) {
            if (heap_[child].before(heap_[best])) best = child;
        }
        if (!heap_[best].before(entry)) break;
        place(index, heap_[best]);
        index = best;
    }
    place(index, entry);
}

void TimerQueue::removeAt(std::size_t index) {
    const Entry last = heap_.back();
    heap_.pop_back();
    if (index == heap_.size()) return;
    if (index > 0 && last.before(heap_[(index - 1) / kArity])) {
        siftUp(index, last);
    } else {
        siftDown(index, last);
    }
}

// The root has fired and its place was not taken.
void TimerQueue::fillRoot() {
    rootFired_ = false;
    const Entry last = heap_.back();
    heap_.pop_back();
    if (!heap_.empty()) siftDown(0, last);
}

} // namespace penstock

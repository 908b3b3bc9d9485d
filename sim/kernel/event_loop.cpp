// SPDX-License-Identifier: Apache-2.0
#include "sim/kernel/event_loop.h"

#include "engine/types/check.h"
#include "sim/kernel/random.h"

namespace penstock::sim {

namespace {
constexpr std::size_t kArity = 4; // four children share a cache line's worth of entries
}

void EventLoop::arm(Timer& timer, Time at) {
    const Entry entry{at < now_ ? now_ : at, sequence_++, &timer};
    due(timer) = entry.due;
    sequence(timer) = entry.sequence;
    if (!timer.armed()) {
        heap_.push_back(entry);
        siftUp(heap_.size() - 1, entry);
        return;
    }
    const auto index = static_cast<std::size_t>(heapIndex(timer));
    if (entry.before(heap_[index])) {
        siftUp(index, entry);
    } else {
        siftDown(index, entry);
    }
}

void EventLoop::disarm(Timer& timer) {
    if (timer.armed()) removeAt(static_cast<std::size_t>(heapIndex(timer)));
}

double EventLoop::random(RandomStream stream, std::uint64_t index) {
    return philox(seed_, static_cast<std::uint32_t>(stream), 0, index).first;
}

bool EventLoop::step(Time limit) {
    if (heap_.empty() || heap_.front().due > limit) return false;
    const Entry entry = heap_.front();
    removeAt(0);
    PENSTOCK_CHECK(entry.due >= now_);
    now_ = entry.due;
    ++fired_;
    entry.timer->fire();
    return true;
}

void EventLoop::runUntil(Time limit) {
    while (step(limit)) {
    }
    if (limit > now_) now_ = limit;
}

void EventLoop::place(std::size_t index, const Entry& entry) {
    heap_[index] = entry;
    heapIndex(*entry.timer) = static_cast<std::int64_t>(index);
}

void EventLoop::siftUp(std::size_t index, const Entry& entry) {
    while (index > 0) {
        const std::size_t parent = (index - 1) / kArity;
        if (!entry.before(heap_[parent])) break;
        place(index, heap_[parent]);
        index = parent;
    }
    place(index, entry);
}

void EventLoop::siftDown(std::size_t index, const Entry& entry) {
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

void EventLoop::removeAt(std::size_t index) {
    heapIndex(*heap_[index].timer) = -1;
    const Entry last = heap_.back();
    heap_.pop_back();
    if (index == heap_.size()) return;
    if (index > 0 && last.before(heap_[(index - 1) / kArity])) {
        siftUp(index, last);
    } else {
        siftDown(index, last);
    }
}

} // namespace penstock::sim

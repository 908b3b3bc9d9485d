// SPDX-License-Identifier: Apache-2.0
#pragma once

// Millions of slots in order of (time, sequence): a 4-ary heap in one vector, no allocation per
// entry. An entry is 16 bytes and the four children of one share a cache line, which is what a heap
// that does not fit the cache costs. Nothing is removed from the middle.
#include "engine/types/time.h"

#include <cstdint>
#include <new>
#include <vector>

namespace penstock {

class SlotHeap {
  public:
    struct Entry {
        Time at;
        // Ties in time go to the earlier sequence. It may wrap: what is compared is the distance,
        // which must stay below 2^31 among entries of one time.
        std::uint32_t sequence;
        std::uint32_t slot;
        bool before(const Entry& other) const {
            return at < other.at ||
                   (at == other.at && static_cast<std::int32_t>(sequence - other.sequence) < 0);
        }
    };

    SlotHeap() { clear(); }

    bool empty() const { return entries_.size() == kPad; }
    std::size_t size() const { return entries_.size() - kPad; }
    const Entry& top() const { return entries_[kPad]; }
    void clear() { entries_.assign(kPad, Entry{}); }

    void push(const Entry& entry) {
        entries_.push_back(entry);
        Entry* heap = entries_.data() + kPad;
        std::size_t index = size() - 1;
        while (index > 0) {
            const std::size_t parent = (index - 1) / kArity;
            if (!entry.before(heap[parent])) break;
            heap[index] = heap[parent];
            index = parent;
        }
        heap[index] = entry;
    }

    Entry pop() {
        const Entry first = top();
        const Entry last = entries_.back();
        entries_.pop_back();
        if (!empty()) siftDown(last);
        return first;
    }

  private:
    static constexpr std::size_t kArity = 4;
    static constexpr std::size_t kPad = 3; // so that children begin at a multiple of four entries
    static constexpr std::size_t kLine = 64;

    template <class T>
    struct LineAllocator {
        using value_type = T;
        LineAllocator() = default;
        template <class U>
        explicit LineAllocator(const LineAllocator<U>&) {}
        T* allocate(std::size_t n) {
            return static_cast<T*>(::operator new (n * sizeof(T), std::align_val_t{kLine}));
        }
        void deallocate(T* p, std::size_t) { ::operator delete (p, std::align_val_t{kLine}); }
        bool operator==(const LineAllocator&) const { return true; }
    };

    void siftDown(const Entry& entry) {
        Entry* heap = entries_.data() + kPad;
        const std::size_t count = size();
        std::size_t index = 0;
        while (true) {
            const std::size_t first = index * kArity + 1;
            if (first >= count) break;
            std::size_t best = first;
            if (first + kArity <= count) {
                // The usual case, without branches that a random heap cannot predict.
                const std::size_t left = first + (heap[first + 1].before(heap[first]) ? 1 : 0);
                const std::size_t right =
                    first + 2 + (heap[first + 3].before(heap[first + 2]) ? 1 : 0);
                best = heap[right].before(heap[left]) ? right : left;
            } else {
                for (std::size_t child = first + 1; child < count; ++child) {
                    if (heap[child].before(heap[best])) best = child;
                }
            }
            if (!heap[best].before(entry)) break;
            heap[index] = heap[best];
            index = best;
        }
        heap[index] = entry;
    }

    std::vector<Entry, LineAllocator<Entry>> entries_;
};

} // namespace penstock

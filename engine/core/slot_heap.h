// SPDX-License-Identifier: Apache-2.0
#pragma once

// Millions of slots in order of (time, sequence): a 4-ary heap of 24-byte entries in one vector, no
// allocation per entry. Nothing is removed from the middle: what must go early is found stale when
// it surfaces.
#include "engine/types/time.h"

#include <cstdint>
#include <vector>

namespace penstock {

class SlotHeap {
  public:
    struct Entry {
        Time at;
        std::uint64_t sequence; // ties in time go to the lower
        std::uint32_t slot;
        std::uint32_t owner = 0; // which queue's slot, where several share a heap
        bool before(const Entry& other) const {
            return at < other.at || (at == other.at && sequence < other.sequence);
        }
    };

    bool empty() const { return entries_.empty(); }
    std::size_t size() const { return entries_.size(); }
    const Entry& top() const { return entries_.front(); }
    void clear() { entries_.clear(); }

    void push(const Entry& entry) {
        entries_.push_back(entry);
        std::size_t index = entries_.size() - 1;
        while (index > 0) {
            const std::size_t parent = (index - 1) / kArity;
            if (!entry.before(entries_[parent])) break;
            entries_[index] = entries_[parent];
            index = parent;
        }
        entries_[index] = entry;
    }

    Entry pop() {
        const Entry first = entries_.front();
        const Entry last = entries_.back();
        entries_.pop_back();
        if (!entries_.empty()) siftDown(last);
        return first;
    }

  private:
    static constexpr std::size_t kArity = 4; // four children share a cache line or two

    void siftDown(const Entry& entry) {
        const std::size_t size = entries_.size();
        std::size_t index = 0;
        while (true) {
            const std::size_t first = index * kArity + 1;
            if (first >= size) break;
            std::size_t best = first;
            const std::size_t end = first + kArity < size ? first + kArity : size;
            for (std::size_t child = first + 1; child < end; ++child) {
                if (entries_[child].before(entries_[best])) best = child;
            }
            if (!entries_[best].before(entry)) break;
            entries_[index] = entries_[best];
            index = best;
        }
        entries_[index] = entry;
    }

    std::vector<Entry> entries_;
};

} // namespace penstock

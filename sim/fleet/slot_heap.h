// SPDX-License-Identifier: Apache-2.0
#pragma once

// A binary min-heap of sequence slots keyed by (key, tie), which knows where each slot is, so that
// a preempted or cancelled sequence can be taken out of the middle. A slot is in at most one heap
// at a time, so all the heaps over one set of slots keep their places in one array, by slot.
#include "engine/types/check.h"
#include "engine/types/hd.h"

#include <cstdint>

namespace penstock::sim {

template <class Store>
class SlotHeap {
  public:
    struct Entry {
        std::int64_t key;
        std::uint64_t tie;
        std::int32_t slot;

        PENSTOCK_HD bool before(const Entry& other) const {
            return key < other.key || (key == other.key && tie < other.tie);
        }
    };

    PENSTOCK_HD std::int32_t size() const { return size_; }
    PENSTOCK_HD bool empty() const { return size_ == 0; }
    PENSTOCK_HD const Entry& top() const { return entries_[0]; }
    PENSTOCK_HD const Entry& entry(std::int32_t i) const { return entries_[i]; }
    PENSTOCK_HD void clear() { size_ = 0; }

    template <class Places>
    PENSTOCK_HD void push(Places& places, std::int64_t key, std::uint64_t tie, std::int32_t slot) {
        PENSTOCK_CHECK(entries_.reserve(size_ + 1));
        ++size_;
        riseFrom(places, size_ - 1, Entry{key, tie, slot});
    }

    template <class Places>
    PENSTOCK_HD std::int32_t pop(Places& places) {
        const std::int32_t slot = entries_[0].slot;
        removeAt(places, 0);
        return slot;
    }

    template <class Places>
    PENSTOCK_HD void remove(Places& places, std::int32_t slot) {
        const std::int32_t i = places[slot];
        PENSTOCK_CHECK(i >= 0 && i < size_ && entries_[i].slot == slot);
        removeAt(places, i);
    }

  private:
    template <class Places>
    PENSTOCK_HD void put(Places& places, std::int32_t i, const Entry& entry) {
        entries_[i] = entry;
        places[entry.slot] = i;
    }

    template <class Places>
    PENSTOCK_HD void riseFrom(Places& places, std::int32_t i, const Entry entry) {
        while (i > 0) {
            const std::int32_t parent = (i - 1) / 2;
            if (!entry.before(entries_[parent])) break;
            put(places, i, entries_[parent]);
            i = parent;
        }
        put(places, i, entry);
    }

    template <class Places>
    PENSTOCK_HD void removeAt(Places& places, std::int32_t i) {
        const Entry last = entries_[--size_];
        if (i == size_) return;
        while (true) {
            std::int32_t child = 2 * i + 1;
            if (child >= size_) break;
            if (child + 1 < size_ && entries_[child + 1].before(entries_[child])) ++child;
            if (!entries_[child].before(last)) break;
            put(places, i, entries_[child]);
            i = child;
        }
        riseFrom(places, i, last);
    }

    typename Store::template Array<Entry> entries_;
    std::int32_t size_ = 0;
};

} // namespace penstock::sim

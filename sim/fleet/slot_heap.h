// SPDX-License-Identifier: Apache-2.0
#pragma once

// A binary min-heap of sequence slots keyed by (key, tie), which knows where each slot is, so that
// a preempted or cancelled sequence can be taken out of the middle. A slot is in at most one heap
// at a time; its place is written to slots[slot].heapIndex.
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

    template <class Slots>
    PENSTOCK_HD void push(Slots& slots, std::int64_t key, std::uint64_t tie, std::int32_t slot) {
        PENSTOCK_CHECK(entries_.reserve(size_ + 1));
        ++size_;
        riseFrom(slots, size_ - 1, Entry{key, tie, slot});
    }

    template <class Slots>
    PENSTOCK_HD std::int32_t pop(Slots& slots) {
        const std::int32_t slot = entries_[0].slot;
        removeAt(slots, 0);
        return slot;
    }

    template <class Slots>
    PENSTOCK_HD void remove(Slots& slots, std::int32_t slot) {
        const std::int32_t i = slots[slot].heapIndex;
        PENSTOCK_CHECK(i >= 0 && i < size_ && entries_[i].slot == slot);
        removeAt(slots, i);
    }

  private:
    template <class Slots>
    PENSTOCK_HD void put(Slots& slots, std::int32_t i, const Entry& entry) {
        entries_[i] = entry;
        slots[entry.slot].heapIndex = i;
    }

    template <class Slots>
    PENSTOCK_HD void riseFrom(Slots& slots, std::int32_t i, const Entry entry) {
        while (i > 0) {
            const std::int32_t parent = (i - 1) / 2;
            if (!entry.before(entries_[parent])) break;
            put(slots, i, entries_[parent]);
            i = parent;
        }
        put(slots, i, entry);
    }

    template <class Slots>
    PENSTOCK_HD void removeAt(Slots& slots, std::int32_t i) {
        slots[entries_[i].slot].heapIndex = -1;
        const Entry last = entries_[--size_];
        if (i == size_) return;
        while (true) {
            std::int32_t child = 2 * i + 1;
            if (child >= size_) break;
            if (child + 1 < size_ && entries_[child + 1].before(entries_[child])) ++child;
            if (!entries_[child].before(last)) break;
            put(slots, i, entries_[child]);
            i = child;
        }
        riseFrom(slots, i, last);
    }

    typename Store::template Array<Entry> entries_;
    std::int32_t size_ = 0;
};

} // namespace penstock::sim

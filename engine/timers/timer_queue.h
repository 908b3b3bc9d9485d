// SPDX-License-Identifier: Apache-2.0
#pragma once

// Armed timers in order of (time, sequence), with a clock that jumps from one to the next. A
// simulated loop's time is this clock; a live one lets it follow the real one.
//
// Timers due soon are in a 4-ary heap, with the position kept in the timer, so that arming, moving
// and disarming are O(log n) in the few there are. Later ones wait unsorted in the slots of a
// hierarchical wheel (Varghese and Lauck, SOSP 1987) until their time has come near: most of them
// are timeouts that never fire, and cost a link into a slot's list and out of it. Which of the two
// a timer is in changes the cost, never the order.
//
// One thread; what fires when is a pure function of what was armed. Allocates only when more timers
// are armed at once than ever before.
#include "engine/ports/loop.h"
#include "engine/types/slab.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace penstock {

class TimerQueue final : private LoopAccess {
  public:
    // No timer may be armed for a time before `start` but as "at once".
    explicit TimerQueue(Time start) : start_(start), now_(start) {}

    // When the last timer fired, or what runUntil() set.
    Time now() const { return now_; }

    // See Loop::arm and Loop::disarm.
    void arm(Timer& timer, Time at);
    void disarm(Timer& timer);

    bool empty() const { return armed_ == 0; }
    // When the next timer fires; kNever if there is none. Not meant for every event.
    Time nextDue() const;

    // Fires the earliest timer and moves the clock to it; false if there is none due by `limit`
    // (the clock then stays where it is).
    bool step(Time limit = kNever);

    // Fires everything due up to and including `limit`, then sets the clock to `limit`.
    void runUntil(Time limit);

    // Timers fired so far.
    std::uint64_t fired() const { return fired_; }

  private:
    struct Entry {
        Time due;
        std::uint64_t sequence;
        Timer* timer;
        bool before(const Entry& other) const {
            return due < other.due || (due == other.due && sequence < other.sequence);
        }
    };

    // Time in ticks of about a second since the start. The heap has all up to tick_; a slot of
    // level l has 64^l ticks, and the first one after tick_ on the lowest level in use is the next.
    static constexpr int kTickShift = 30;
    static constexpr int kLevelBits = 6;
    static constexpr int kLevels = 6; // 36 bits of ticks: more than time has
    static constexpr std::size_t kSlots = std::size_t{1} << kLevelBits;
    static constexpr std::int64_t kInWheel = std::int64_t{1}
                                             << 62; // of a timer's heapIndex: a node

    // A timer in the wheel, in the list of its slot.
    struct Node {
        Entry entry;
        std::uint32_t next;
        std::uint32_t previous; // kNone: the first of its slot
        std::uint32_t slot;     // level * kSlots + slot
    };
    static constexpr std::uint32_t kNone = 0xffffffff;

    std::uint64_t tickOf(Time t) const {
        return static_cast<std::uint64_t>((t - start_).count()) >> kTickShift;
    }
    void insert(const Entry& entry);
    void take(Timer& timer);
    void intoWheel(const Entry& entry);
    bool turnWheel(Time limit);

    void place(std::size_t index, const Entry& entry);
    void siftUp(std::size_t index, const Entry& entry);
    void siftDown(std::size_t index, const Entry& entry);
    void removeAt(std::size_t index);
    void fillRoot();

    std::vector<Entry> heap_;
    bool rootFired_ = false; // the root's timer is firing: its place is for the next one armed
    std::uint64_t tick_ = 0;
    Slab<Node> nodes_;
    std::array<std::uint32_t, kSlots * kLevels> wheel_; // the first node of each slot in use
    std::array<std::uint64_t, kLevels> used_{};         // a bit a slot
    std::size_t armed_ = 0;

    Time start_;
    Time now_;
    std::uint64_t sequence_ = 0;
    std::uint64_t fired_ = 0;
};

} // namespace penstock

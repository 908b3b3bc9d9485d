// SPDX-License-Identifier: Apache-2.0
#pragma once

// Virtual time: a Loop whose clock jumps to the next armed timer. A 4-ary heap of (time, sequence,
// timer) with the position kept in the timer, so that arming, moving and disarming are O(log n) and
// allocate only when the heap grows past its largest size so far.
//
// One thread; a run is a pure function of what was armed and of the seed.
#include "engine/ports/loop.h"

#include <cstddef>
#include <vector>

namespace penstock::sim {

class EventLoop final : public Loop, private LoopAccess {
  public:
    EventLoop(Time start, std::uint64_t seed) : now_(start), seed_(seed) {}

    Time now() const override { return now_; }
    void arm(Timer& timer, Time at) override;
    void disarm(Timer& timer) override;
    double random(RandomStream stream, std::uint64_t index) override;

    bool empty() const { return heap_.empty(); }
    Time nextDue() const { return heap_.empty() ? kNever : heap_.front().due; }

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

    void place(std::size_t index, const Entry& entry);
    void siftUp(std::size_t index, const Entry& entry);
    void siftDown(std::size_t index, const Entry& entry);
    void removeAt(std::size_t index);

    std::vector<Entry> heap_;
    Time now_;
    std::uint64_t seed_;
    std::uint64_t sequence_ = 0;
    std::uint64_t fired_ = 0;
};

} // namespace penstock::sim

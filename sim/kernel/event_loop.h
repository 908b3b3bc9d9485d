// SPDX-License-Identifier: Apache-2.0
#pragma once

// Virtual time: a Loop whose clock jumps to the next armed timer, in order of (time, sequence), and
// whose random numbers are counter-based. One thread; a run is a pure function of what was armed
// and of the seed.
#include "engine/ports/loop.h"
#include "engine/timers/timer_queue.h"
#include "sim/kernel/random.h"

#include <cstdint>

namespace penstock::sim {

class EventLoop final : public Loop {
  public:
    EventLoop(Time start, std::uint64_t seed) : timers_(start), seed_(seed) {}

    Time now() const override { return timers_.now(); }
    void arm(Timer& timer, Time at) override { timers_.arm(timer, at); }
    void disarm(Timer& timer) override { timers_.disarm(timer); }
    double random(RandomStream stream, std::uint64_t index) override {
        return philox(seed_, static_cast<std::uint32_t>(stream), 0, index).first;
    }

    // As TimerQueue's.
    bool empty() const { return timers_.empty(); }
    Time nextDue() const { return timers_.nextDue(); }
    bool step(Time limit = kNever) { return timers_.step(limit); }
    void runUntil(Time limit) { timers_.runUntil(limit); }
    std::uint64_t fired() const { return timers_.fired(); }

  private:
    TimerQueue timers_;
    std::uint64_t seed_;
};

} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
#pragma once

// The engine never reads a clock, never blocks and never draws a number of its own: it asks its
// Loop. That is what lets one code run at 1x against Redis and at 100,000x against the model.
//
// Everything here is called on the run thread only.
#include "engine/types/time.h"

#include <cstdint>

namespace penstock {

// What a random number is for. Streams are independent: drawing more of one never changes another,
// so a change of policy does not change the traffic. Values are part of a run's identity.
enum class RandomStream : std::uint32_t {
    backoff = 1,
    retryAfterJitter = 2,
    mergePick = 3,
    pollPhase = 4,
    reclaimJitter = 5,
    gateProbe = 6,
    // The simulated world's purposes start here; index them by source or replica.
    world = 1000,
};

// A one-shot alarm, embedded in its owner. Arming allocates nothing. An armed Timer must not move
// or die; disarm it first.
class Timer {
  public:
    Timer() = default;
    Timer(const Timer&) = delete;
    Timer& operator=(const Timer&) = delete;
    virtual ~Timer() = default;

    // Called by the loop at the armed time. The timer is no longer armed and may be armed again.
    virtual void fire() = 0;

    bool armed() const { return heapIndex_ >= 0; }
    Time due() const { return due_; }

  private:
    friend class LoopAccess;
    Time due_{};
    std::uint64_t sequence_ = 0;  // ties in time break by the order of arming
    std::int64_t heapIndex_ = -1; // the loop's own; -1 when not armed
};

class Loop {
  public:
    virtual ~Loop() = default;

    virtual Time now() const = 0;

    // Fires `timer` at `at`, or as soon as the current callback has returned if `at` is not in the
    // future. Re-arming moves it (and gives it a new place among equals).
    virtual void arm(Timer& timer, Time at) = 0;

    // Does nothing if the timer is not armed.
    virtual void disarm(Timer& timer) = 0;

    // Uniform in [0, 1). In a simulation a pure function of (seed, stream, index).
    virtual double random(RandomStream stream, std::uint64_t index) = 0;
};

// How a Loop reaches a Timer's private fields; loops derive from it.
class LoopAccess {
  protected:
    static Time& due(Timer& t) { return t.due_; }
    static std::uint64_t& sequence(Timer& t) { return t.sequence_; }
    static std::int64_t& heapIndex(Timer& t) { return t.heapIndex_; }
};

// A Timer that calls a member function: MemberTimer<Queue, &Queue::poll> timer_{*this};
template <class Owner, void (Owner::*Method)()>
class MemberTimer final : public Timer {
  public:
    explicit MemberTimer(Owner& owner) : owner_(owner) {}
    void fire() override { (owner_.*Method)(); }

  private:
    Owner& owner_;
};

} // namespace penstock

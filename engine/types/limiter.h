// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where the lives of a queue's requests went, and which stage held the queue back.
//
// A pending request waits for one of two things. The head of its queue waits for a stage: the next
// poll, a gate, or a worker slot. All others wait for the deadline order: one goes first. So
// per queue a clock runs for the stage that holds the head, and
//
//   life[deadlineOrder] = sum over claims of (claimed - pendingSince)  -  the three head clocks.
//
// Both terms are exact for one engine on a queue that announces its work; what is still pending has
// counted in the head clocks but not yet in the sum, so a queue that never moved shows no deadline
// order at all (never a negative one). After the claim: what waits at hand waits for a gate or for
// a worker slot; an attempt's time is split as its response says (ServiceTiming), the rest of its
// latency is `other` (network, client); a retry's backoff is what was planned when it was parked.
#include "engine/types/result.h"
#include "engine/types/time.h"

#include <array>
#include <cstdint>
#include <string_view>

namespace penstock {

enum class LifeStage : std::uint8_t {
    deadlineOrder,
    pollTick,
    gate,
    workerSlot,
    routerQueue,
    replicaQueue,
    prefill,
    decode,
    retryBackoff,
    other,
};
inline constexpr std::size_t kLifeStages = 10;

std::string_view name(LifeStage stage); // as in reports: deadline_order, poll_tick…

struct LimiterShares {
    std::array<double, kLifeStages> lifeSeconds{}; // summed over requests
    double pendingSeconds = 0.0;                   // sum over claims of (claimed - pendingSince)
    double pollTickSeconds = 0.0;                  // head clocks: engine time, not request time
    double gateSeconds = 0.0;
    double workerSlotSeconds = 0.0;

    double& at(LifeStage stage) { return lifeSeconds[static_cast<std::size_t>(stage)]; }
    double at(LifeStage stage) const { return lifeSeconds[static_cast<std::size_t>(stage)]; }

    // Which stage was the binding one: each stage's share of all lives, in [0, 1], where the time
    // spent behind others is charged to what held the head meanwhile. Zeros before the first life.
    std::array<double, kLifeStages> bindingShares() const;

    LimiterShares& operator+=(const LimiterShares& other);
};

// What holds the head of one queue, over time.
class HeadClock {
  public:
    enum class Holder : std::uint8_t { none, pollTick, gate, workerSlot };

    Holder holder() const { return holder_; }

    void set(Holder holder, Time now) {
        if (holder == holder_) return;
        close(now);
        holder_ = holder;
    }

    // The account up to `now`, deadline order included.
    LimiterShares shares(Time now) const;

    LimiterShares& account() { return account_; }

  private:
    void close(Time now);

    Holder holder_ = Holder::none;
    Time since_{};
    LimiterShares account_;
};

} // namespace penstock

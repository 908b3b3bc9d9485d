// SPDX-License-Identifier: Apache-2.0
#pragma once

// Tells a listener when each fault begins and ends. Random processes of faults are drawn from the
// run's seed up to the horizon, in a stream of their own, so that the same faults hit every policy.
#include "engine/ports/loop.h"
#include "sim/faults/fault.h"

#include <memory>
#include <vector>

namespace penstock::sim {

class FaultListener {
  public:
    virtual void faultBegins(std::size_t index, const Fault& fault) = 0;
    virtual void faultEnds(std::size_t index, const Fault& fault) = 0;

  protected:
    ~FaultListener() = default;
};

// How many faults a run may be expected to have: they are drawn before it begins.
inline constexpr double kMostFaults = 100'000;

// The faults of a run in order of time: those named, and those drawn from the processes, of which
// no more than kMostFaults are to be expected up to the horizon.
std::vector<Fault> drawFaults(const std::vector<Fault>& named,
                              const std::vector<FaultProcess>& processes, Duration horizon,
                              std::uint64_t seed);

class FaultTimeline {
  public:
    // `faults` as drawn; the listener and the loop outlive the timeline. Momentary faults (lasting
    // 0) begin and never end; a negative `lasting` never ends either.
    FaultTimeline(std::vector<Fault> faults, Loop& loop, Time start, FaultListener& listener);
    ~FaultTimeline();

    const std::vector<Fault>& faults() const { return faults_; }
    // Faults that have begun and not ended, momentary ones not counted.
    int active() const { return active_; }

  private:
    struct Edge;
    void fire(Edge& edge);

    std::vector<Fault> faults_;
    Loop& loop_;
    FaultListener& listener_;
    std::vector<std::unique_ptr<Edge>> edges_;
    int active_ = 0;
};

} // namespace penstock::sim

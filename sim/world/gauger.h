// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads the gauges of a world: queues, workers, gates beside what they would read without delay,
// and the fleet. The recorder has one that reads at its period; whoever watches has another, so
// that neither disturbs the other's differences. Run thread only.
#include "engine/core/dispatcher.h"
#include "engine/record/measures/sample.h"
#include "sim/router/router.h"

#include <vector>

namespace penstock::sim {

class Gauger {
  public:
    // `shadows`: the dispatcher's settings over again, with gates that see the truth. Everything
    // outlives the gauger.
    Gauger(const Dispatcher& dispatcher, const Router& router, DispatcherSettings& shadows);

    // The spans stay as they are until the next call. Shares of time are over the time since the
    // last mark(); 0 before the first. readGates() asks the shadows.
    void readQueues();
    void readGates(Time now);
    void readFleet(Time now);
    void mark(Time now);

    penstock::Sample sample() const;
    const std::vector<QueueSample>& queues() const { return queues_; }
    const FleetSample& fleet() const { return fleet_; }
    Time marked() const { return marked_; }

  private:
    struct GateRef {
        bool ofPool;
        std::uint16_t index;
        Gate* shadow; // the same gate over metrics without delay; its answers are the truth
    };

    const Dispatcher& dispatcher_;
    const Router& router_;
    std::vector<GateRef> gates_;
    std::vector<QueueSample> queues_;
    std::vector<WorkerPoolSample> pools_;
    std::vector<GateSample> gateSamples_;
    std::vector<float> replicaBusy_;
    std::vector<std::int64_t> busyNow_, busyBefore_;
    FleetSample fleet_;
    Time marked_{};
    bool everMarked_ = false;
};

} // namespace penstock::sim

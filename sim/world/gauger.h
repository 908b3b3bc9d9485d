// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads the gauges of a world: the engine's, gates beside what they would read without delay, and
// the fleet's. The recorder has one that reads at its period; an onlooker has another, so that
// neither disturbs the other's differences. Run thread only.
#include "engine/run/engine_run.h"
#include "sim/router/router.h"

#include <vector>

namespace penstock::sim {

class Gauger {
  public:
    // `shadows`: the engine's settings over again, with gates that see the truth. Everything
    // outlives the gauger.
    Gauger(const EngineRun& engine, const Router& router, DispatcherSettings& shadows);

    // The spans stay as they are until the next call. Shares of time are over the time since the
    // last mark(); 0 before the first. readEngine() asks the shadows.
    void readEngine(Time now);
    void readFleet(Time now);
    void mark(Time now);

    penstock::Sample sample() const;
    const FleetSample& fleet() const { return fleet_; }
    Time marked() const { return marked_; }

  private:
    const Router& router_;
    DispatcherSettings& shadows_;
    EngineGauges engine_;
    std::vector<float> replicaBusy_;
    std::vector<std::int64_t> busyNow_, busyBefore_;
    FleetSample fleet_;
    Time marked_{};
    bool everMarked_ = false;
};

} // namespace penstock::sim

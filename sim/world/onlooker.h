// SPDX-License-Identifier: Apache-2.0
#pragma once

// Watches a world as often as wanted and leaves no trace in it: reads of its own truth path, arming
// no timer and touching nothing that the router keeps. A run that is watched and one that is not
// are the same run, with the same report.
#include "engine/run/engine_run.h"
#include "sim/world/gauger.h"
#include "sim/world/truth_path.h"

namespace penstock::sim {

class Onlooker {
  public:
    // Everything outlives it. See TruthPath for `store` and `replaced`.
    Onlooker(const Scenario& scenario, Loop& loop, const EngineRun& engine, Router& router,
             KeyValue& store, const EngineDocument* replaced)
        : truth_(scenario, loop, router, store, replaced, RouterGauges::Asker::onlooker),
          gauger_(engine, router, truth_.gates().settings()) {}

    // Every gauge as of now; between two events. Shares of time are over the time since the last
    // look at the fleet. The spans stay as they are until the next.
    penstock::Sample look(Time now, bool fleet) {
        truth_.updateReplicas();
        gauger_.readEngine(now);
        if (fleet) {
            gauger_.readFleet(now);
            if (now > gauger_.marked()) gauger_.mark(now);
        }
        return gauger_.sample();
    }
    // A knob was moved: the truth that gates are shown beside must be asked for likewise.
    void moved(std::size_t parameter, double value) { truth_.gates().moved(parameter, value); }

  private:
    TruthPath truth_;
    Gauger gauger_;
};

} // namespace penstock::sim

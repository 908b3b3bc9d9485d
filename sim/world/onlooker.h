// SPDX-License-Identifier: Apache-2.0
#pragma once

// Somebody who watches a world as often as they like and leaves no trace in it: reads of its own
// truth path, with shadow gates of its own, arming no timer and touching nothing that the router
// keeps. A run that is watched and one that is not are the same run, with the same report.
#include "engine/gates/factory/factory.h"
#include "sim/metrics/metric_path.h"
#include "sim/world/gauger.h"
#include "sim/world/metric_source.h"
#include "sim/world/pool_gauges.h"
#include "sim/world/shadow_gates.h"

#include <memory>
#include <vector>

namespace penstock::sim {

class Onlooker {
  public:
    // Everything outlives it. `store` is only read. `replaced`: the engine whose gates a perfect
    // one has taken the place of, or null.
    Onlooker(const Scenario& scenario, Loop& loop, const Dispatcher& dispatcher, Router& router,
             KeyValue& store, const EngineDocument* replaced);

    // Every gauge as of now; between two events. Shares of time are over the time since the last
    // look at the fleet. The spans stay as they are until the next.
    penstock::Sample look(Time now, bool fleet);
    // A knob was moved: the truth that gates are shown beside must be asked for likewise.
    void moved(std::size_t parameter, double value);

  private:
    void updateReplicas();

    const Scenario& scenario_;
    Router& router_;
    MetricPath path_;
    RouterGauges routerGauges_;
    std::vector<std::unique_ptr<ReplicaGauges>> replicaGauges_;
    SimulatedMetricSource source_;
    std::unique_ptr<ShadowGates> shadows_;
    std::unique_ptr<Gauger> gauger_;
};

} // namespace penstock::sim

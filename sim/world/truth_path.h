// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the engine's gates would read without any delay or fault: the pool's gauges on a path of
// their own, and the gates a second time over it. The world has one beside the engine, and each
// onlooker another.
#include "engine/ports/key_value.h"
#include "sim/metrics/metric_path.h"
#include "sim/metrics/metric_source.h"
#include "sim/world/pool_gauges.h"
#include "sim/world/shadow_gates.h"

#include <memory>
#include <vector>

namespace penstock::sim {

class TruthPath {
  public:
    // Everything outlives it; `store` is only read. The scenario's engine has been built before, so
    // its documents are known to be right. `replaced`: the engine whose gates a perfect one has
    // taken the place of, or null. `asker`: whether reading leaves a trace in the router.
    TruthPath(const Scenario& scenario, Loop& loop, Router& router, KeyValue& store,
              const EngineDocument* replaced, RouterGauges::Asker asker);

    // Endpoints that came later have their gauges too.
    void updateReplicas();

    ShadowGates& gates() { return *gates_; }

  private:
    const Scenario& scenario_;
    Router& router_;
    MetricPath path_;
    RouterGauges routerGauges_;
    std::vector<std::unique_ptr<ReplicaGauges>> replicaGauges_;
    SimulatedMetricSource source_;
    std::unique_ptr<ShadowGates> gates_;
};

} // namespace penstock::sim

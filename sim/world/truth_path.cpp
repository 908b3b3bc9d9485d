// SPDX-License-Identifier: Apache-2.0
#include "sim/world/truth_path.h"

#include "engine/config/documents/build.h"
#include "engine/types/check.h"
#include "sim/world/perfect_gate.h"

namespace penstock::sim {

namespace {
MetricPath::Options perfect() {
    MetricPath::Options options;
    options.mode = MetricPath::Mode::perfect;
    return options;
}
} // namespace

TruthPath::TruthPath(const Scenario& scenario, Loop& loop, Router& router, KeyValue& store,
                     const EngineDocument* replaced, RouterGauges::Asker asker)
    : scenario_(scenario), router_(router), path_(loop, perfect()),
      routerGauges_(path_, router, scenario, asker), source_(path_, loop) {
    updateReplicas();
    EngineDocument document = scenario.engine;
    document.prometheusCacheTtl = Duration{0};
    const GateContext context{loop, &source_, &store, document.prometheusCacheTtl,
                              document.semantics};
    auto built = buildSettings(document, context);
    PENSTOCK_CHECK(built.has_value());
    if (replaced != nullptr) placePerfectGates(*built, *replaced, router);
    gates_ = std::make_unique<ShadowGates>(std::move(*built));
}

void TruthPath::updateReplicas() {
    while (replicaGauges_.size() < router_.endpointCount()) {
        replicaGauges_.push_back(
            std::make_unique<ReplicaGauges>(path_, router_, replicaGauges_.size(), scenario_));
    }
}

} // namespace penstock::sim

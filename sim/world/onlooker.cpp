// SPDX-License-Identifier: Apache-2.0
#include "sim/world/onlooker.h"

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

Onlooker::Onlooker(const Scenario& scenario, Loop& loop, const Dispatcher& dispatcher,
                   Router& router, KeyValue& store, const EngineDocument* replaced)
    : scenario_(scenario), router_(router), path_(loop, perfect()),
      routerGauges_(path_, router, scenario, RouterGauges::Asker::onlooker), source_(path_, loop) {
    updateReplicas();
    EngineDocument document = scenario.engine;
    document.prometheusCacheTtl = Duration{0};
    const GateContext context{loop, &source_, &store, document.prometheusCacheTtl,
                              document.semantics};
    auto built = buildSettings(document, context);
    PENSTOCK_CHECK(built.has_value()); // the world has been made of the same documents
    if (replaced != nullptr) placePerfectGates(*built, *replaced, router);
    shadows_ = std::make_unique<ShadowGates>(std::move(*built));
    gauger_ = std::make_unique<Gauger>(dispatcher, router, shadows_->settings());
}

void Onlooker::updateReplicas() {
    while (replicaGauges_.size() < router_.endpointCount()) {
        replicaGauges_.push_back(
            std::make_unique<ReplicaGauges>(path_, router_, replicaGauges_.size(), scenario_));
    }
}

penstock::Sample Onlooker::look(Time now, bool fleet) {
    updateReplicas();
    gauger_->readQueues();
    gauger_->readGates(now);
    if (fleet) {
        gauger_->readFleet(now);
        if (now > gauger_->marked()) gauger_->mark(now);
    }
    return gauger_->sample();
}

void Onlooker::moved(std::size_t parameter, double value) {
    shadows_->moved(parameter, value);
}

} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
#include "sim/world/gauger.h"

#include <algorithm>

namespace penstock::sim {

Gauger::Gauger(const EngineRun& engine, const Router& router, DispatcherSettings& shadows)
    : router_(router), shadows_(shadows), engine_(engine.dispatcher(), engine.settings()) {}

void Gauger::readEngine(Time now) {
    engine_.readQueues();
    engine_.readGates();
    for (std::size_t i = 0; i < engine_.owners().size(); ++i) {
        Gate& shadow = gateOf(shadows_, engine_.owners()[i]);
        const Reason truth = shadow.budget(now).reason;
        GateSample& s = engine_.gates()[i];
        s.trueKnown = truth.available && !truth.source.empty();
        s.trueValue = truth.value;
    }
}

void Gauger::readFleet(Time now) {
    const std::size_t replicas = router_.endpointCount();
    busyNow_.resize(replicas, 0);
    busyBefore_.resize(replicas, 0);
    replicaBusy_.resize(replicas, 0.0F);
    FleetSample fleet;
    const double period = static_cast<double>((now - marked_).count());
    for (std::size_t i = 0; i < replicas; ++i) {
        const Observation seen = router_.endpoint(i).observe();
        const double busy =
            !everMarked_ || period <= 0.0
                ? 0.0
                : std::min(1.0, static_cast<double>(seen.busyNs - busyBefore_[i]) / period);
        busyNow_[i] = seen.busyNs;
        replicaBusy_[i] = static_cast<float>(busy);
        fleet.busyShare += busy / static_cast<double>(replicas);
        fleet.kvUsed += seen.kvUsedFraction / static_cast<double>(replicas);
        fleet.running += seen.running;
        fleet.waiting += seen.waiting;
        fleet.preemptions += static_cast<std::uint64_t>(seen.preemptions);
        fleet.promptTokens += static_cast<std::uint64_t>(seen.promptTokens);
        fleet.generatedTokens += static_cast<std::uint64_t>(seen.generatedTokens);
    }
    fleet.replicas = router_.readyEndpoints();
    fleet.saturation = router_.trueSaturation();
    fleet_ = fleet;
}

void Gauger::mark(Time now) {
    busyBefore_ = busyNow_;
    marked_ = now;
    everMarked_ = true;
}

penstock::Sample Gauger::sample() const {
    penstock::Sample sample = engine_.sample();
    sample.fleet = fleet_;
    sample.replicaBusy = replicaBusy_;
    return sample;
}

} // namespace penstock::sim

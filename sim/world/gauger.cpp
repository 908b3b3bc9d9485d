// SPDX-License-Identifier: Apache-2.0
#include "sim/world/gauger.h"

#include <algorithm>

namespace penstock::sim {

// Gates are indexed as in RecorderSetup: queues' before pools', those that exist.
Gauger::Gauger(const Dispatcher& dispatcher, const Router& router, DispatcherSettings& shadows)
    : dispatcher_(dispatcher), router_(router), queues_(shadows.queues.size()),
      pools_(shadows.pools.size()) {
    for (std::size_t i = 0; i < shadows.queues.size(); ++i) {
        Gate* gate = shadows.queues[i].gate.get();
        if (gate != nullptr) gates_.push_back({false, static_cast<std::uint16_t>(i), gate});
    }
    for (std::size_t i = 0; i < shadows.pools.size(); ++i) {
        Gate* gate = shadows.pools[i].gate.get();
        if (gate != nullptr) gates_.push_back({true, static_cast<std::uint16_t>(i), gate});
    }
    gateSamples_.resize(gates_.size());
}

void Gauger::readQueues() {
    for (std::size_t i = 0; i < queues_.size(); ++i) {
        const QueueView view = dispatcher_.queueView(static_cast<std::uint16_t>(i));
        QueueSample& s = queues_[i];
        s.pending = view.depth.pending;
        s.parked = view.depth.parked;
        s.suspect = view.depth.suspect;
        s.dead = view.depth.dead;
        s.claimed = view.depth.claimed;
        s.inFlight = view.inFlight;
    }
    for (std::size_t i = 0; i < pools_.size(); ++i) {
        const PoolView view = dispatcher_.poolView(static_cast<std::uint16_t>(i));
        pools_[i] = {view.workers, view.busy, view.waiting};
    }
}

void Gauger::readGates(Time now) {
    for (std::size_t i = 0; i < gates_.size(); ++i) {
        const GateRef& ref = gates_[i];
        GateSample& s = gateSamples_[i];
        if (ref.ofPool) {
            const PoolView view = dispatcher_.poolView(ref.index);
            s.reason = view.reason;
            s.budget = view.budget;
            s.inFlight = view.busy;
        } else {
            const QueueView view = dispatcher_.queueView(ref.index);
            s.reason = view.reason;
            s.budget = view.budget;
            s.inFlight = view.inFlight;
        }
        ref.shadow->budget(now);
        const Reason& truth = ref.shadow->reason();
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
    penstock::Sample sample;
    sample.queues = queues_;
    sample.workerPools = pools_;
    sample.gates = gateSamples_;
    sample.fleet = fleet_;
    sample.replicaBusy = replicaBusy_;
    return sample;
}

} // namespace penstock::sim

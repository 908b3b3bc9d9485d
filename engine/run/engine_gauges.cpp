// SPDX-License-Identifier: Apache-2.0
#include "engine/run/engine_gauges.h"

#include "engine/types/check.h"

namespace penstock {

std::vector<OwnedGate> gateOwners(const DispatcherSettings& settings) {
    std::vector<OwnedGate> owners;
    for (std::size_t i = 0; i < settings.queues.size(); ++i) {
        if (settings.queues[i].gate != nullptr) {
            owners.push_back({false, static_cast<std::uint16_t>(i)});
        }
    }
    for (std::size_t i = 0; i < settings.pools.size(); ++i) {
        if (settings.pools[i].gate != nullptr) {
            owners.push_back({true, static_cast<std::uint16_t>(i)});
        }
    }
    return owners;
}

Gate& gateOf(const DispatcherSettings& settings, OwnedGate owner) {
    Gate* const gate = owner.ofPool ? settings.pools.at(owner.index).gate.get()
                                    : settings.queues.at(owner.index).gate.get();
    PENSTOCK_CHECK(gate != nullptr);
    return *gate;
}

EngineGauges::EngineGauges(const Dispatcher& dispatcher, const DispatcherSettings& settings)
    : dispatcher_(dispatcher), owners_(gateOwners(settings)), queues_(settings.queues.size()),
      pools_(settings.pools.size()), gateSamples_(owners_.size()) {}

void EngineGauges::readQueues() {
    for (std::size_t i = 0; i < queues_.size(); ++i) {
        const QueueView view = dispatcher_.queueView(static_cast<std::uint16_t>(i));
        QueueSample& s = queues_[i];
        s.pending = view.depth.pending;
        s.parked = view.depth.parked;
        s.suspect = view.depth.suspect;
        s.dead = view.depth.dead;
        s.claimed = view.depth.claimed;
        // What is at the router without a claim any more is in no queue: its end will be refused.
        s.inFlight = std::min<std::int64_t>(view.inFlight, view.depth.claimed);
    }
    for (std::size_t i = 0; i < pools_.size(); ++i) {
        const PoolView view = dispatcher_.poolView(static_cast<std::uint16_t>(i));
        pools_[i] = {view.workers, view.busy, view.waiting};
    }
}

void EngineGauges::readGates() {
    for (std::size_t i = 0; i < owners_.size(); ++i) {
        GateSample& s = gateSamples_[i];
        if (owners_[i].ofPool) {
            const PoolView view = dispatcher_.poolView(owners_[i].index);
            s.reason = view.reason;
            s.budget = view.budget;
            s.inFlight = view.busy;
        } else {
            const QueueView view = dispatcher_.queueView(owners_[i].index);
            s.reason = view.reason;
            s.budget = view.budget;
            s.inFlight = view.inFlight;
        }
    }
}

Sample EngineGauges::sample() const {
    Sample sample;
    sample.queues = queues_;
    sample.workerPools = pools_;
    sample.gates = gateSamples_;
    return sample;
}

} // namespace penstock

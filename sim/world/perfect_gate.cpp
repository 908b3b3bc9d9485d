// SPDX-License-Identifier: Apache-2.0
#include "sim/world/perfect_gate.h"

#include "engine/types/check.h"

#include <algorithm>

namespace penstock::sim {

Budget PerfectGate::budget(Time) {
    const double free = 1.0 - router_.committedSaturation();
    const double closing = 1.0 - kPerfectSaturation;
    const double share = budgetAbove(free, closing);
    return {share,
            {.code = share > 0.0 ? ReasonCode::open : ReasonCode::closedByThreshold,
             .value = free,
             .threshold = closing,
             .source = "the pool itself"}};
}

Room PerfectGate::room(Time now, std::int32_t, std::int32_t inFlight) {
    const Budget open = budget(now);
    return {roomOf(static_cast<std::int32_t>(router_.slots()), open.share, inFlight), open.reason};
}

std::int32_t sequenceSlotsOf(const Scenario& scenario) {
    std::int64_t slots = 0;
    const auto add = [&](const ReplicaGroup& group, std::int64_t count) {
        const auto waiting = static_cast<std::int64_t>(scenario.router.queueDepthThreshold) + 1;
        slots += count * (group.config.maxNumSeqs + waiting);
    };
    for (const ReplicaGroup& group : scenario.replicas)
        add(group, group.count);
    if (scenario.autoscaler.enabled) add(scenario.replicas.front(), scenario.autoscaler.max);
    return static_cast<std::int32_t>(std::min<std::int64_t>(slots, 1000000));
}

EngineDocument withoutGates(const EngineDocument& engine, std::int32_t workers) {
    EngineDocument bare = engine;
    bare.semantics = Semantics::penstock();
    bare.transport.pollInterval.reset();
    bare.transport.batchSize.reset();
    for (QueueDocument& queue : bare.transport.queues)
        queue.gate.reset();
    for (PoolDocument& pool : bare.pools) {
        pool.gate.reset();
        pool.workers = std::max(pool.workers, workers);
    }
    return bare;
}

void placePerfectGates(DispatcherSettings& settings, const EngineDocument& original,
                       const Router& router) {
    PENSTOCK_CHECK(settings.queues.size() == original.transport.queues.size());
    PENSTOCK_CHECK(settings.pools.size() == original.pools.size());
    for (std::size_t i = 0; i < settings.pools.size(); ++i) {
        if (original.pools[i].gate) {
            settings.pools[i].gate = std::make_unique<PerfectGate>(router);
        }
    }
    for (std::size_t i = 0; i < settings.queues.size(); ++i) {
        QueueSettings& queue = settings.queues[i];
        const bool guarded = settings.pools[queue.pool].gate != nullptr;
        if (original.transport.queues[i].gate || !guarded) {
            queue.gate = std::make_unique<PerfectGate>(router);
        }
    }
}

} // namespace penstock::sim

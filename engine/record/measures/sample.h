// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the world shows of itself at a fixed period, as plain values: the gauges that no event says.
// Filled by the world from queues, dispatcher and fleet; read by the Recorder and its sinks.
#include "engine/types/verdict.h"

#include <cstdint>
#include <span>

namespace penstock {

struct QueueSample {
    std::int64_t pending = 0; // claimable now: the broker's backlog
    std::int64_t parked = 0;  // waiting for a retry's due time
    std::int64_t suspect = 0;
    std::int64_t dead = 0;     // in the dead-letter list: these have ended
    std::int64_t claimed = 0;  // leased to an engine: in hand or in flight
    std::int64_t inFlight = 0; // of those, sent and not yet answered

    // Accepted and not ended, wherever it is.
    std::int64_t inSystem() const { return pending + parked + suspect + claimed; }
    // Accepted, not ended, and not at the router.
    std::int64_t depth() const { return inSystem() - inFlight; }
};

struct WorkerPoolSample {
    std::int32_t workers = 0;
    std::int32_t busy = 0; // worker slots taken
    std::int32_t waiting = 0;
};

// `reason` and `budget` as the gate last said. `trueValue` is what the gate would read if its
// metric path had no delay, in the terms of reason.value and reason.threshold.
struct GateSample {
    Reason reason;
    double budget = 1.0;
    double trueValue = 0.0;
    bool trueKnown = false;
    std::int64_t inFlight = 0; // work that it has let through and that is still at the router
};

// The model servers and their router. Cumulative fields count from the start of the run.
struct FleetSample {
    double saturation = 0; // as the router's detector would compute it now
    double busyShare = 0;  // mean over replicas of the share of the last period spent in steps
    double kvUsed = 0;     // mean over replicas, 0..1
    std::int64_t running = 0;
    std::int64_t waiting = 0;
    std::int64_t replicas = 0; // ready now
    std::uint64_t preemptions = 0;
    std::uint64_t promptTokens = 0;
    std::uint64_t generatedTokens = 0;
};

// Spans are indexed as in RecorderSetup and valid during the call that passes them.
struct Sample {
    std::span<const QueueSample> queues;
    std::span<const WorkerPoolSample> workerPools;
    std::span<const GateSample> gates;
    FleetSample fleet;
    std::span<const float> replicaBusy; // share of the last period, 0..1; may be empty
};

} // namespace penstock

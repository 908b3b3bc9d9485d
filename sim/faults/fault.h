// SPDX-License-Identifier: Apache-2.0
#pragma once

// What can go wrong in the simulated world, as plain data: a fault begins at a moment, lasts a
// while, and has the few parameters that its kind needs.
#include "engine/types/error.h"
#include "engine/types/time.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::sim {

enum class FaultKind : std::uint8_t {
    replicaKilled,  // everything on it is lost; back after `lasting` (start-up time on top)
    replicaDrained, // takes nothing new, finishes what it has; back after `lasting`: at once if it
                    // has not finished yet, else after its start-up time
    replicaSlow,    // every step takes `factor` times as long
    replicaPartition,  // the router cannot reach it; its requests hang until it is back
    routerErrors,      // answers `status` with `probability`, with Retry-After if given
    routerLatency,     // adds `delay` to every request
    routerDown,        // connections are refused
    scrapeFailure,     // scrapes of a target fail
    metricsFrozen,     // the target's exporter repeats its last values
    metricsNaN,        // the target exports NaN
    seriesMissing,     // the target's series vanish
    clockSkew,         // Prometheus' clock, which stamps the samples, is `delay` ahead (or behind)
    prometheusDown,    // no scrapes, no queries
    queueDown,         // the broker refuses everything
    queueSlow,         // every call to the broker takes `delay` longer
    queueRestartEmpty, // the broker comes back with nothing in it
    engineCrash,       // the processor is killed, and restarts after `lasting`
    engineDrain,       // the processor gets SIGTERM, and restarts after `lasting`
    autoscalerStuck,   // the autoscaler does nothing
};

// What a fault may say of itself besides its kind and when it begins, one bit each.
enum FaultKey : std::uint8_t {
    kFaultFor = 1,
    kFaultReplica = 2,
    kFaultTarget = 4,
    kFaultFactor = 8,
    kFaultStatus = 16,
    kFaultProbability = 32,
    kFaultRetryAfter = 64,
    kFaultDelay = 128,
};
struct FaultKeyInfo {
    FaultKey key;
    std::string_view name; // as in scenario files
};
std::span<const FaultKeyInfo> faultKeys();

struct FaultKindInfo {
    FaultKind kind;
    std::string_view name; // as in scenario files
    std::uint8_t needs;    // the keys without which it means nothing,
    std::uint8_t takes;    // those that it may have besides; any other is refused
    std::string_view help;
};
std::span<const FaultKindInfo> faultKinds();
std::string_view name(FaultKind kind);

struct Fault {
    FaultKind kind = FaultKind::replicaKilled;
    Duration at{0};      // since the scenario's start
    Duration lasting{0}; // 0: a moment for those kinds that are one (a killed replica starts again
                         // at once), for the others until the run's end
    std::int32_t target = -1; // replica index; -1: those that are there, one fault after the other
    std::string targetName;   // of metric faults: "router", "model-servers", a pod; empty: all
    double factor = 1.0;      // replicaSlow
    int status = 503;         // routerErrors
    double probability = 1.0; // routerErrors, scrapeFailure
    Duration retryAfter{-1};  // routerErrors; negative: not sent
    Duration delay{0};        // routerLatency, queueSlow; clockSkew, where it may be negative
};

// A fault that happens again and again: exponential gaps with this mean, drawn from the run's seed.
struct FaultProcess {
    Fault fault; // `at` is ignored
    Duration meanGap{0};
};

} // namespace penstock::sim

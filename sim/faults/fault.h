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
    replicaKilled,    // everything on it is lost; back after `lasting` (start-up time on top)
    replicaDrained,   // takes nothing new, finishes what it has; back after `lasting`: at once if it
                      // has not finished yet, else after its start-up time
    replicaSlow,      // every step takes `factor` times as long
    replicaPartition, // the router cannot reach it; its requests hang until it is back
    routerErrors,     // answers `status` with `probability`, with Retry-After if given
    routerLatency,    // adds `delay` to every request
    routerDown,       // connections are refused
    scrapeFailure,    // scrapes of a target fail
    metricsFrozen,    // the target's exporter repeats its last values
    metricsNaN,       // the target exports NaN
    seriesMissing,    // the target's series vanish
    clockSkew,        // samples of a target are stamped `delay` late
    prometheusDown,   // no scrapes, no queries
    queueDown,        // the broker refuses everything
    queueSlow,        // every call to the broker takes `delay` longer
    queueRestartEmpty, // the broker comes back with nothing in it
    engineCrash,      // the processor is killed, and restarts after `lasting`
    engineDrain,      // the processor gets SIGTERM, and restarts after `lasting`
    autoscalerStuck,  // the autoscaler does nothing
};

struct FaultKindInfo {
    FaultKind kind;
    std::string_view name;   // as in scenario files
    std::string_view target; // what `target` names: "replica", "metrics target", "" for none
    std::string_view help;
};
std::span<const FaultKindInfo> faultKinds();
std::string_view name(FaultKind kind);

struct Fault {
    FaultKind kind = FaultKind::replicaKilled;
    Duration at{0};       // since the scenario's start
    Duration lasting{0};  // 0: a moment for those kinds that are one (a killed replica starts again
                          // at once), for the others until the run's end
    std::int32_t target = -1; // replica index; -1: all, or for replica faults one after the other
    std::string targetName;   // of metric faults: "router", "model-servers" or empty for all
    double factor = 1.0;      // replicaSlow
    int status = 503;         // routerErrors
    double probability = 1.0; // routerErrors
    Duration retryAfter{-1};  // routerErrors; negative: not sent
    Duration delay{0};        // routerLatency, queueSlow, clockSkew
};

// A fault that happens again and again: exponential gaps with this mean, drawn from the run's seed.
struct FaultProcess {
    Fault fault; // `at` is ignored
    Duration meanGap{0};
};

} // namespace penstock::sim

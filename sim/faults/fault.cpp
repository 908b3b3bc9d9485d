// SPDX-License-Identifier: Apache-2.0
#include "sim/faults/fault.h"

#include "engine/types/check.h"

#include <array>

namespace penstock::sim {

namespace {
constexpr std::array kKinds{
    FaultKindInfo{FaultKind::replicaKilled, "replica-killed", "replica",
                  "everything on the replica is lost; it is back after `for` and its start-up time"},
    FaultKindInfo{FaultKind::replicaDrained, "replica-drained", "replica",
                  "takes nothing new and finishes what it has; back after `for`"},
    FaultKindInfo{FaultKind::replicaSlow, "replica-slow", "replica",
                  "every step takes `factor` times as long"},
    FaultKindInfo{FaultKind::replicaPartition, "replica-partition", "replica",
                  "the router cannot reach it; its answers wait until it is back"},
    FaultKindInfo{FaultKind::routerErrors, "router-errors", "",
                  "answers `status` with `probability`, with `retry_after` if given"},
    FaultKindInfo{FaultKind::routerLatency, "router-latency", "", "adds `delay` to every request"},
    FaultKindInfo{FaultKind::routerDown, "router-down", "", "connections are refused"},
    FaultKindInfo{FaultKind::scrapeFailure, "scrape-failure", "metrics target",
                  "scrapes of the target fail"},
    FaultKindInfo{FaultKind::metricsFrozen, "metrics-frozen", "metrics target",
                  "the target repeats its last values"},
    FaultKindInfo{FaultKind::metricsNaN, "metrics-nan", "metrics target", "the target exports NaN"},
    FaultKindInfo{FaultKind::seriesMissing, "series-missing", "metrics target",
                  "the target's series vanish"},
    FaultKindInfo{FaultKind::clockSkew, "clock-skew", "metrics target",
                  "samples are stamped `delay` late"},
    FaultKindInfo{FaultKind::prometheusDown, "prometheus-down", "", "no scrapes and no queries"},
    FaultKindInfo{FaultKind::queueDown, "queue-down", "", "the broker refuses everything"},
    FaultKindInfo{FaultKind::queueSlow, "queue-slow", "",
                  "every call to the broker takes `delay` longer"},
    FaultKindInfo{FaultKind::queueRestartEmpty, "queue-restart-empty", "",
                  "the broker restarts with nothing in it"},
    FaultKindInfo{FaultKind::engineCrash, "engine-crash", "",
                  "the processor is killed and restarts after `for`"},
    FaultKindInfo{FaultKind::engineDrain, "engine-drain", "",
                  "the processor gets SIGTERM and restarts after `for`"},
    FaultKindInfo{FaultKind::autoscalerStuck, "autoscaler-stuck", "",
                  "the autoscaler does nothing"},
};
} // namespace

std::span<const FaultKindInfo> faultKinds() { return kKinds; }

std::string_view name(FaultKind kind) {
    const auto index = static_cast<std::size_t>(kind);
    PENSTOCK_CHECK(index < kKinds.size() && kKinds[index].kind == kind);
    return kKinds[index].name;
}

} // namespace penstock::sim

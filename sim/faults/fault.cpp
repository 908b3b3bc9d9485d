// SPDX-License-Identifier: Apache-2.0
#include "sim/faults/fault.h"

#include "engine/types/check.h"

#include <array>

namespace penstock::sim {

namespace {
constexpr std::array kKeys{
    FaultKeyInfo{kFaultFor, "for"},
    FaultKeyInfo{kFaultReplica, "replica"},
    FaultKeyInfo{kFaultTarget, "target"},
    FaultKeyInfo{kFaultFactor, "factor"},
    FaultKeyInfo{kFaultStatus, "status"},
    FaultKeyInfo{kFaultProbability, "probability"},
    FaultKeyInfo{kFaultRetryAfter, "retry_after"},
    FaultKeyInfo{kFaultDelay, "delay"},
};

constexpr std::uint8_t kReplica = kFaultFor | kFaultReplica;
// A metric fault names its target, or the replica whose metrics they are.
constexpr std::uint8_t kMetrics = kFaultFor | kFaultReplica | kFaultTarget;

constexpr std::array kKinds{
    FaultKindInfo{
        FaultKind::replicaKilled, "replica-killed", 0, kReplica,
        "everything on the replica is lost; it is back after `for` and its start-up time"},
    FaultKindInfo{FaultKind::replicaDrained, "replica-drained", 0, kReplica,
                  "takes nothing new and finishes what it has; back after `for`"},
    FaultKindInfo{FaultKind::replicaSlow, "replica-slow", kFaultFactor, kReplica,
                  "every step takes `factor` times as long"},
    FaultKindInfo{FaultKind::replicaPartition, "replica-partition", 0, kReplica,
                  "the router cannot reach it; its answers wait until it is back"},
    FaultKindInfo{FaultKind::routerErrors, "router-errors", kFaultStatus,
                  kFaultFor | kFaultProbability | kFaultRetryAfter,
                  "answers `status` with `probability`, with `retry_after` if given"},
    FaultKindInfo{FaultKind::routerLatency, "router-latency", kFaultDelay, kFaultFor,
                  "adds `delay` to every request"},
    FaultKindInfo{FaultKind::routerDown, "router-down", 0, kFaultFor, "connections are refused"},
    FaultKindInfo{FaultKind::scrapeFailure, "scrape-failure", 0, kMetrics | kFaultProbability,
                  "scrapes of the target fail, each with `probability`"},
    FaultKindInfo{FaultKind::metricsFrozen, "metrics-frozen", 0, kMetrics,
                  "the target repeats its last values"},
    FaultKindInfo{FaultKind::metricsNaN, "metrics-nan", 0, kMetrics, "the target exports NaN"},
    FaultKindInfo{FaultKind::seriesMissing, "series-missing", 0, kMetrics,
                  "the target's series vanish"},
    FaultKindInfo{FaultKind::clockSkew, "clock-skew", kFaultDelay, kFaultFor,
                  "the clock of Prometheus, which stamps all samples, is `delay` ahead, or behind "
                  "if negative"},
    FaultKindInfo{FaultKind::prometheusDown, "prometheus-down", 0, kFaultFor,
                  "no scrapes and no queries"},
    FaultKindInfo{FaultKind::queueDown, "queue-down", 0, kFaultFor,
                  "the broker refuses everything"},
    FaultKindInfo{FaultKind::queueSlow, "queue-slow", kFaultDelay, kFaultFor,
                  "every call to the broker takes `delay` longer"},
    FaultKindInfo{FaultKind::queueRestartEmpty, "queue-restart-empty", 0, 0,
                  "the broker restarts with nothing in it"},
    FaultKindInfo{FaultKind::engineCrash, "engine-crash", 0, kFaultFor,
                  "the processor is killed and restarts after `for`"},
    FaultKindInfo{FaultKind::engineDrain, "engine-drain", 0, kFaultFor,
                  "the processor gets SIGTERM and restarts after `for`"},
    FaultKindInfo{FaultKind::autoscalerStuck, "autoscaler-stuck", 0, kFaultFor,
                  "the autoscaler does nothing"},
};
} // namespace

std::span<const FaultKeyInfo> faultKeys() {
    return kKeys;
}
std::span<const FaultKindInfo> faultKinds() {
    return kKinds;
}

std::string_view name(FaultKind kind) {
    const auto index = static_cast<std::size_t>(kind);
    PENSTOCK_CHECK(index < kKinds.size() && kKinds[index].kind == kind);
    return kKinds[index].name;
}

} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
#include "engine/config/documents/semantics_reader.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;

Semantics preset(Reader& r, std::string_view key) {
    const std::string name = r.text(key, "penstock");
    auto found = Semantics::byName(name);
    if (found) return *std::move(found);
    r.fail(key, found.error().message);
    return Semantics::penstock();
}

void readDifferences(Reader& r, Semantics& s) {
    const std::string given = s.name;
    s.claiming =
        r.choice<Semantics::Claiming>("claiming",
                                      {{"destructive-pop", Semantics::Claiming::destructivePop},
                                       {"fenced-lease", Semantics::Claiming::fencedLease}},
                                      s.claiming);
    s.lease = r.duration("lease", {0s, 24h, true}, s.lease);
    s.reclaimScan = r.duration("reclaim_scan", {0s, 24h, true}, s.reclaimScan);
    s.suspectLane = r.boolean("suspect_lane", s.suspectLane);
    s.budgetMeans =
        r.choice<Semantics::BudgetMeans>("budget_means",
                                         {{"rate-per-poll", Semantics::BudgetMeans::ratePerPoll},
                                          {"concurrency", Semantics::BudgetMeans::concurrency}},
                                         s.budgetMeans);
    s.poolBudgetShared = r.boolean("pool_budget_shared", s.poolBudgetShared);
    s.pollInterval = r.duration("poll_interval", {1ms, 1h}, s.pollInterval);
    s.batchSize = r.integer<std::int32_t>("batch_size", {1, 1'000'000}, s.batchSize);
    s.pollOnFreedSlot = r.boolean("poll_on_freed_slot", s.pollOnFreedSlot);
    s.moverMovesBatch = r.boolean("mover_moves_batch", s.moverMovesBatch);
    s.expiredGetsResult = r.boolean("expired_gets_result", s.expiredGetsResult);
    s.expiredUsesSlot = r.boolean("expired_uses_slot", s.expiredUsesSlot);
    s.queueWaitProceeds = r.boolean("queue_wait_proceeds", s.queueWaitProceeds);
    s.refusedDelay = r.duration("refused_delay", {0s, 1h}, s.refusedDelay);
    s.poolRefusalParks = r.boolean("pool_refusal_parks", s.poolRefusalParks);
    s.retryTransportErrors = r.boolean("retry_transport_errors", s.retryTransportErrors);
    s.cancelsInFlight = r.boolean("cancels_in_flight", s.cancelsInFlight);
    s.sendTimeoutHeader = r.boolean("send_timeout_header", s.sendTimeoutHeader);
    s.deadlineWholeSeconds = r.boolean("deadline_whole_seconds", s.deadlineWholeSeconds);
    s.parked = r.choice<Semantics::Parked>("parked",
                                           {{"fixed-poll", Semantics::Parked::fixedPoll},
                                            {"jittered-poll", Semantics::Parked::jitteredPoll},
                                            {"woken-on-change", Semantics::Parked::wokenOnChange}},
                                           s.parked);
    s.parkedHoldsWorker = r.boolean("parked_holds_worker", s.parkedHoldsWorker);
    s.parkedPollMin = r.duration("parked_poll_min", {0s, 1h}, s.parkedPollMin);
    s.parkedPollMax = r.duration("parked_poll_max", {0s, 1h}, s.parkedPollMax);
    s.parkedTimeout = r.duration("parked_timeout", {0s, 24h}, s.parkedTimeout);
    s.cacheMetricErrors = r.boolean("cache_metric_errors", s.cacheMetricErrors);
    s.metricErrorRetry = r.duration("metric_error_retry", {0s, 1h}, s.metricErrorRetry);
    s.resultsDurable = r.boolean("results_durable", s.resultsDurable);
    s.unparsable =
        r.choice<Semantics::Unparsable>("unparsable",
                                        {{"dropped", Semantics::Unparsable::dropped},
                                         {"removed", Semantics::Unparsable::removed},
                                         {"dead-letter", Semantics::Unparsable::deadLetter}},
                                        s.unparsable);
    s.unknownGateOpens = r.boolean("unknown_gate_opens", s.unknownGateOpens);
    s.saturationMetric = r.text("saturation_metric", s.saturationMetric);
    s.tierPriorityHeedsWait = r.boolean("tier_priority_heeds_wait", s.tierPriorityHeedsWait);
    s.stampLaneObjective = r.boolean("stamp_lane_objective", s.stampLaneObjective);
    s.priorityHeaderDefault = r.text("priority_header_default", s.priorityHeaderDefault);
    s.fairnessHeaderKnown = r.boolean("fairness_header_known", s.fairnessHeaderKnown);
    s.readsAsGo = r.boolean("reads_as_go", s.readsAsGo);
    s.zeroBatchIsDefault = r.boolean("zero_batch_is_default", s.zeroBatchIsDefault);
    s.negativeCountsRefused = r.boolean("negative_counts_refused", s.negativeCountsRefused);
    s.gateWaitTimeoutKnown = r.boolean("gate_wait_timeout_known", s.gateWaitTimeoutKnown);
    s.claimKeysKnown = r.boolean("claim_keys_known", s.claimKeysKnown);
    s.resultTtlKnown = r.boolean("result_ttl_known", s.resultTtlKnown);
    s.connectionModesKnown = r.boolean("connection_modes_known", s.connectionModesKnown);
    s.gatewayFromEnvironment = r.boolean("gateway_from_environment", s.gatewayFromEnvironment);
    if (s.parkedPollMin > s.parkedPollMax) {
        r.fail("parked_poll_max", "shorter than parked_poll_min; it must be at least as long");
    }
    s.name = r.node().members.size() > 1 ? given + " (changed)" : given;
}

} // namespace

Semantics readSemantics(Reader& reader, std::string_view key) {
    if (!reader.isMap(key)) return preset(reader, key);
    Semantics semantics;
    reader.object(key, [&](Reader& r) {
        semantics = preset(r, "preset");
        readDifferences(r, semantics);
    });
    return semantics;
}

} // namespace penstock

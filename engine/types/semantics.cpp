// SPDX-License-Identifier: Apache-2.0
#include "engine/types/semantics.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace penstock {

using namespace std::chrono_literals;

Semantics Semantics::penstock() {
    Semantics s;
    s.name = "penstock";
    return s;
}

Semantics Semantics::llmDAsync010() {
    Semantics s;
    s.name = "llm-d-async-0.10";
    s.claiming = Claiming::fencedLease;
    s.lease = 300s;
    s.reclaimScan = 15s;
    s.suspectLane = false;
    s.budgetMeans = BudgetMeans::ratePerPoll;
    s.poolBudgetShared = false;
    s.pollInterval = 1s;
    s.batchSize = 10;
    s.pollOnFreedSlot = false;
    s.moverMovesBatch = true;
    s.tiesByMember = true;
    s.expiredGetsResult = true;
    s.expiredUsesSlot = true;
    s.queueWaitProceeds = true;
    s.refusedDelay = 0s;
    s.poolRefusalParks = true;
    s.retryTransportErrors = false;
    s.cutOff = CutOff::deadlineExceeded;
    s.gateErrorStands = 2s;
    s.sendTimeoutHeader = false;
    s.deadlineWholeSeconds = true;
    s.parked = Parked::jitteredPoll;
    s.parkedHoldsWorker = true;
    s.parkedPollMin = 100ms;
    s.parkedPollMax = 1s;
    s.parkedTimeout = 5min;
    s.cacheMetricErrors = true;
    s.resultsDurable = true;
    s.unparsable = Unparsable::removed;
    s.unknownGateOpens = true;
    s.gatesOfRelease = 10;
    s.budgetReadsEpp = false;
    s.pinsStage = false;
    s.storeErrorFinalAtPool = true;
    s.tierPriorityHeedsWait = false;
    s.stampLaneObjective = true;
    s.priorityHeaderDefault = "";
    s.readsAsGo = true;
    s.negativeCountsRefused = false;
    s.connectionModesKnown = false;
    s.gatewayFromEnvironment = false;
    return s;
}

Semantics Semantics::llmDAsync011() {
    Semantics s = llmDAsync010();
    s.name = "llm-d-async-0.11";
    s.tiesByMember = false;
    s.cancelsInFlight = true;
    s.gatesOfRelease = 11;
    s.budgetReadsEpp = true;
    s.retryTransportErrors = true;
    s.negativeCountsRefused = true;
    s.connectionModesKnown = true;
    return s;
}

Semantics Semantics::llmDAsync091() {
    Semantics s = llmDAsync09();
    s.name = "llm-d-async-0.9.1";
    s.cutOff = CutOff::deadlineExceeded;
    s.dropReasonsRead = true;
    s.claiming = Claiming::fencedLease;
    s.expiredGetsResult = true;
    s.stampLaneObjective = true;
    s.claimKeysKnown = true;
    s.resultTtlKnown = true;
    return s;
}

Semantics Semantics::llmDAsync090() {
    Semantics s = llmDAsync09();
    s.name = "llm-d-async-0.9.0";
    s.retriesInRequestQueue = true;
    s.retryAfterObeyed = true;
    s.poolRefusalParks = false;
    s.fairnessHeaderKnown = false;
    s.headerNamesChecked = false;
    s.zeroBatchIsDefault = false;
    return s;
}

Semantics Semantics::llmDAsync09() {
    Semantics s = llmDAsync010();
    s.name = "llm-d-async-0.9";
    s.cutOff = CutOff::inferenceError;
    s.dropReasonsRead = false;
    s.gatesOfRelease = 9;
    s.priorityHeaderDefault = "x-gateway-priority";
    s.gateWaitTimeoutKnown = false;
    s.claimKeysKnown = false;
    s.resultTtlKnown = false;
    s.claiming = Claiming::destructivePop;
    s.expiredGetsResult = false;
    s.parked = Parked::fixedPoll;
    s.parkedPollMin = 50ms;
    s.parkedPollMax = 50ms;
    s.parkedTimeout = 0s;
    s.resultsDurable = false;
    s.unparsable = Unparsable::dropped;
    s.saturationMetric = "inference_extension_flow_control_pool_saturation";
    s.stampLaneObjective = false;
    return s;
}

const std::vector<std::string>& Semantics::names() {
    static const std::vector<std::string> kNames{"llm-d-async-0.9.0", "llm-d-async-0.9",
                                                 "llm-d-async-0.9.1", "llm-d-async-0.10",
                                                 "llm-d-async-0.11",  "penstock"};
    return kNames;
}

Result<Semantics> Semantics::byName(std::string_view wanted) {
    for (const Semantics& s : {llmDAsync090(), llmDAsync09(), llmDAsync091(), llmDAsync010(),
                               llmDAsync011(), penstock()}) {
        if (s.name == wanted) return s;
    }
    return fail(
        fmt::format("unknown semantics \"{}\"; known: {}", wanted, fmt::join(names(), ", ")));
}

} // namespace penstock

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
    s.retriesMovedPerPoll = 10;
    s.expiredGetsResult = true;
    s.expiredUsesSlot = true;
    s.queueWaitProceeds = true;
    s.refusedDelay = 0s;
    s.poolRefusalParks = true;
    s.retryTransportErrors = false;
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
    s.saturationMetric = "llm_d_epp_flow_control_pool_saturation";
    s.tierPriorityHeedsWait = false;
    s.stampLaneObjective = true;
    return s;
}

Semantics Semantics::llmDAsync09() {
    Semantics s = llmDAsync010();
    s.name = "llm-d-async-0.9";
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
    static const std::vector<std::string> kNames{"llm-d-async-0.9", "llm-d-async-0.10", "penstock"};
    return kNames;
}

Result<Semantics> Semantics::byName(std::string_view wanted) {
    for (const Semantics& s : {llmDAsync09(), llmDAsync010(), penstock()}) {
        if (s.name == wanted) return s;
    }
    return fail(
        fmt::format("unknown semantics \"{}\"; known: {}", wanted, fmt::join(names(), ", ")));
}

} // namespace penstock

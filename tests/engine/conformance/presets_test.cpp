// SPDX-License-Identifier: Apache-2.0
// Every row of what differs between the versions is a named field, and a preset sets them all. The
// difference that a row makes to requests is shown by the file beside this one that is named after
// it:
//   dequeue, lease, reclaim scan ......... claims_test
//   what a budget means, shared or not ... budget_meaning_test, quantisation_test
//   poll ................................. budget_meaning_test (ticks, freed slots)
//   expired at dequeue ................... expired_heads_test
//   transport error ...................... result_codes_test
//   parked worker ........................ parked_workers_test
//   metric error ......................... metric_errors_test, fallback_polarity_test
//   result when Redis fails .............. lost_results_test
//   unparsable message ................... unparsable_messages_test
//   crash loops .......................... crash_loops_test
//   stamped objective, timeout header .... header_stamping_test
#include "engine/types/semantics.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

using namespace std::chrono_literals;

TEST(Presets, AreFoundByNameAndOthersAreNamed) {
    for (const std::string& name : Semantics::names()) {
        ASSERT_TRUE(Semantics::byName(name).has_value());
        EXPECT_EQ(Semantics::byName(name)->name, name);
    }
    const auto unknown = Semantics::byName("llm-d-async-1.0");
    ASSERT_FALSE(unknown.has_value());
    EXPECT_NE(unknown.error().message.find("llm-d-async-0.10"), std::string::npos);
}

TEST(Presets, RowByRow) {
    const Semantics nine = Semantics::llmDAsync09();
    const Semantics ten = Semantics::llmDAsync010();
    const Semantics ours = Semantics::penstock();

    EXPECT_EQ(nine.claiming, Semantics::Claiming::destructivePop);
    EXPECT_EQ(ten.claiming, Semantics::Claiming::fencedLease);
    EXPECT_EQ(ours.claiming, Semantics::Claiming::fencedLease);
    EXPECT_EQ(ten.lease, 300s);
    EXPECT_EQ(ten.reclaimScan, 15s);
    EXPECT_EQ(ours.lease, 30s);
    EXPECT_EQ(ours.reclaimScan, 5s);

    EXPECT_EQ(nine.budgetMeans, Semantics::BudgetMeans::ratePerPoll);
    EXPECT_EQ(ten.budgetMeans, Semantics::BudgetMeans::ratePerPoll);
    EXPECT_EQ(ours.budgetMeans, Semantics::BudgetMeans::concurrency);

    for (const Semantics& s : {nine, ten}) {
        EXPECT_EQ(s.pollInterval, 1s);
        EXPECT_EQ(s.batchSize, 10);
        EXPECT_FALSE(s.pollOnFreedSlot);
        EXPECT_FALSE(s.poolBudgetShared);
        EXPECT_FALSE(s.retryTransportErrors);
        EXPECT_FALSE(s.sendTimeoutHeader);
        EXPECT_TRUE(s.cacheMetricErrors);
        EXPECT_TRUE(s.unknownGateOpens);
        EXPECT_TRUE(s.parkedHoldsWorker);
    }
    EXPECT_EQ(ours.pollInterval, 50ms);
    EXPECT_EQ(ours.batchSize, 64);
    EXPECT_TRUE(ours.pollOnFreedSlot);
    EXPECT_TRUE(ours.poolBudgetShared);
    EXPECT_TRUE(ours.retryTransportErrors);
    EXPECT_FALSE(ours.cacheMetricErrors);
    EXPECT_EQ(ours.metricErrorRetry, 1s);

    EXPECT_FALSE(nine.expiredGetsResult);
    EXPECT_TRUE(ten.expiredGetsResult);
    EXPECT_TRUE(ours.expiredGetsResult);
    EXPECT_TRUE(nine.expiredUsesSlot);
    EXPECT_FALSE(ours.expiredUsesSlot);

    EXPECT_EQ(nine.parked, Semantics::Parked::fixedPoll);
    EXPECT_EQ(nine.parkedPollMin, 50ms);
    EXPECT_EQ(ten.parked, Semantics::Parked::jitteredPoll);
    EXPECT_EQ(ten.parkedPollMin, 100ms);
    EXPECT_EQ(ten.parkedPollMax, 1s);
    EXPECT_EQ(ten.parkedTimeout, 5min);
    EXPECT_EQ(ours.parked, Semantics::Parked::wokenOnChange);
    EXPECT_FALSE(ours.parkedHoldsWorker);

    EXPECT_FALSE(nine.resultsDurable);
    EXPECT_TRUE(ten.resultsDurable);
    EXPECT_TRUE(ours.resultsDurable);
    EXPECT_EQ(nine.unparsable, Semantics::Unparsable::dropped);
    EXPECT_EQ(ten.unparsable, Semantics::Unparsable::removed);
    EXPECT_EQ(ours.unparsable, Semantics::Unparsable::deadLetter);
    EXPECT_FALSE(ten.suspectLane);
    EXPECT_TRUE(ours.suspectLane);
    EXPECT_TRUE(ten.stampLaneObjective);
    EXPECT_FALSE(nine.stampLaneObjective);
    EXPECT_TRUE(ours.stampLaneObjective);
}

} // namespace
} // namespace penstock

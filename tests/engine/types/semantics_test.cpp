// SPDX-License-Identifier: Apache-2.0
// The presets' table: each row of what differs between the versions, as the fields that carry it.
#include "engine/types/event.h"
#include "engine/types/request.h"
#include "engine/types/result.h"
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
}

TEST(ResultCodes, AreThoseOfTheWire) {
    EXPECT_EQ(name(ResultCode::http), "");
    EXPECT_EQ(name(ResultCode::deadlineExceeded), "DEADLINE_EXCEEDED");
    EXPECT_EQ(name(ResultCode::cancelled), "CANCELLED");
    EXPECT_EQ(name(ResultCode::gateDropped), "GATE_DROPPED");
    EXPECT_EQ(name(ResultCode::gateError), "GATE_ERROR");
    EXPECT_EQ(name(ResultCode::inferenceError), "INFERENCE_ERROR");
    EXPECT_EQ(name(ResultCode::invalidRequest), "INVALID_REQUEST");
    EXPECT_EQ(name(ResultCode::payloadUnavailable), "PAYLOAD_UNAVAILABLE");
    EXPECT_EQ(name(ResultCode::deliveryAttemptsExceeded), "DELIVERY_ATTEMPTS_EXCEEDED");
}

TEST(Names, EveryEventKindHasOne) {
    for (int kind = 0; kind <= static_cast<int>(EventKind::engine); ++kind) {
        EXPECT_FALSE(name(static_cast<EventKind>(kind)).empty());
    }
}

TEST(TextId, OfASharedEnvelopeHasTheNumber) {
    Envelope envelope;
    envelope.id = "chat";
    Request request;
    request.number = 7;
    EXPECT_EQ(textId(request), "7");
    request.envelope = &envelope;
    EXPECT_EQ(textId(request), "chat");
    envelope.shared = true;
    EXPECT_EQ(textId(request), "chat-7");
}

} // namespace
} // namespace penstock

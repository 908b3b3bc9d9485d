// SPDX-License-Identifier: Apache-2.0
// What is stamped on a request: the fairness id from its metadata, the priority of its lane or the
// objective of it, the timeout for the router; and what cannot be a header is not sent.
#include "engine/core/merge.h"
#include "engine/core/stamp.h"
#include "tests/engine/core/support.h"

#include <gtest/gtest.h>

namespace penstock::testing {
namespace {

TEST(HeaderNames, AreTokens) {
    EXPECT_TRUE(isHeaderName("x-llm-d-inference-fairness-id"));
    for (const char* bad : {"", "x id", "x:id", "x\r\nid", "x-\xc3\xa9"}) {
        EXPECT_FALSE(isHeaderName(bad));
    }
}

TEST(HeaderValues, HoldNoControlCharacters) {
    EXPECT_TRUE(isHeaderValue("tenant-7"));
    EXPECT_TRUE(isHeaderValue("a\tb"));
    EXPECT_TRUE(isHeaderValue("caf\xc3\xa9"));
    EXPECT_FALSE(isHeaderValue("a\r\nx-admin: 1"));
    EXPECT_FALSE(isHeaderValue(std::string_view("a\0b", 3)));
    EXPECT_FALSE(isHeaderValue("\x7f"));
}

Outbound stamped(const MergeSettings& merge, const Semantics& semantics, const Envelope& envelope,
                 std::uint8_t lane = 0) {
    Request request;
    request.envelope = &envelope;
    return stamp(request, merge, semantics, "queue-objective", lane);
}

TEST(Stamp, FairnessFromMetadataUnlessItCannotBeAHeader) {
    MergeSettings merge;
    merge.fairnessHeader = "x-llm-d-inference-fairness-id";
    Envelope envelope;
    EXPECT_EQ(stamped(merge, Semantics::penstock(), envelope).fairnessHeader, "");
    envelope.metadata = {{"userid", "tenant-7"}};
    EXPECT_EQ(stamped(merge, Semantics::penstock(), envelope).fairnessId, "tenant-7");
    EXPECT_EQ(stamped(merge, Semantics::penstock(), envelope).fairnessHeader,
              "x-llm-d-inference-fairness-id");
    for (const std::string& bad :
         {std::string(), std::string(257, 'a'), std::string("a\r\nx-admin: 1")}) {
        envelope.metadata = {{"userid", bad}};
        EXPECT_EQ(stamped(merge, Semantics::penstock(), envelope).fairnessHeader, "");
    }
    envelope.metadata = {{"userid", std::string(256, 'a')}};
    EXPECT_EQ(stamped(merge, Semantics::penstock(), envelope).fairnessId.size(), 256U);
    envelope.metadata = {{"org", "blue"}, {"userid", "tenant-7"}};
    merge.fairnessAttribute = "org";
    EXPECT_EQ(stamped(merge, Semantics::penstock(), envelope).fairnessId, "blue");
    merge.fairnessHeader.clear();
    EXPECT_EQ(stamped(merge, Semantics::penstock(), envelope).fairnessId, "");
}

TEST(Stamp, PriorityUnderTierPriorityOnly) {
    Envelope envelope;
    MergeSettings merge = tiers();
    merge.priorityHeader = "x-gateway-priority";
    const Outbound out = stamped(merge, Semantics::llmDAsync09(), envelope, 4);
    EXPECT_EQ(out.priorityHeader, "x-gateway-priority");
    EXPECT_EQ(out.priority, 4);
    EXPECT_EQ(out.objective, "queue-objective");
    merge.kind = MergeSettings::Kind::randomRobin;
    EXPECT_EQ(stamped(merge, Semantics::llmDAsync09(), envelope, 4).priorityHeader, "");
}

// A lane's objective travels in a header of its own beside the queue's, whatever becomes of the
// priority; a lane without one keeps the queue's alone.
TEST(Stamp, LaneObjectivesBesideTheQueuesFrom091On) {
    Envelope envelope;
    MergeSettings merge = tiers();
    merge.priorityHeader = "x-gateway-priority";
    merge.laneObjectives = {"o0", "o1", "o2", "o3", "o4", "o5"};
    merge.laneObjectives[2].clear();
    for (const auto& name : Semantics::names()) {
        const bool knows = name != "llm-d-async-0.9.0" && name != "llm-d-async-0.9";
        const Outbound out = stamped(merge, *Semantics::byName(name), envelope, 4);
        EXPECT_EQ(out.objective, "queue-objective") << name;
        EXPECT_EQ(out.laneObjectiveHeader, knows ? "x-llm-d-inference-objective" : "") << name;
        EXPECT_EQ(out.laneObjective, knows ? "o4" : "") << name;
        EXPECT_EQ(out.priorityHeader, "x-gateway-priority") << name;
        EXPECT_EQ(out.priority, 4) << name;
        const Outbound unnamed = stamped(merge, *Semantics::byName(name), envelope, 2);
        EXPECT_EQ(unnamed.objective, "queue-objective") << name;
        EXPECT_EQ(unnamed.laneObjectiveHeader, "") << name;
        merge.priorityHeader.clear();
        EXPECT_EQ(stamped(merge, *Semantics::byName(name), envelope, 4).laneObjective,
                  knows ? "o4" : "");
        merge.priorityHeader = "x-gateway-priority";
    }
}

TEST(TimeoutHeader, IsAskedForByPenstockOnly) {
    for (const auto& name : Semantics::names()) {
        World world(*Semantics::byName(name));
        world.start();
        world.push();
        world.run(5s);
        ASSERT_EQ(world.router.sent.size(), 1U);
        EXPECT_EQ(world.router.sent[0].timeoutHeader, name == "penstock");
    }
}

} // namespace
} // namespace penstock::testing

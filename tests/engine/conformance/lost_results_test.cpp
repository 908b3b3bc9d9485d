// SPDX-License-Identifier: Apache-2.0
// A result whose publication fails three times is lost under 0.9 and durable after it.
#include "tests/engine/core/broker_bench.h"

namespace penstock::testing {
namespace {

TEST(BrokerDown, DurableResultsArriveWhenItIsBack) {
    for (const auto& name : {"llm-d-async-0.10", "penstock"}) {
        World world(*Semantics::byName(name));
        world.router.serviceTime = [](const Request&) { return 5s; };
        world.start();
        for (int i = 0; i < 5; ++i)
            world.push();
        world.run(2s);
        ASSERT_EQ(world.router.sent.size(), 5U);
        world.faults->setDown(true);
        world.run(30s);
        EXPECT_TRUE(world.results.entries.empty());
        EXPECT_EQ(world.log.count(EventKind::finished), 0U);
        world.push();
        world.run(5s);
        EXPECT_EQ(world.router.sent.size(), 5U);
        world.faults->setDown(false);
        world.run(20s);
        EXPECT_EQ(world.results.entries.size(), 6U) << name;
        EXPECT_EQ(world.log.count(EventKind::finished), 6U);
        for (const auto& [number, count] : world.log.ends)
            EXPECT_EQ(count, 1) << number;
        world.broker->checkConservation();
    }
}

TEST(BrokerDown, ResultsAreLostAfterThreeTriesUnder09) {
    for (const Duration outage : {Duration(200ms), Duration(400ms)}) {
        World world(Semantics::llmDAsync09());
        world.router.serviceTime = [](const Request&) { return 5s; };
        world.start();
        for (int i = 0; i < 5; ++i)
            world.push();
        world.run(2s);
        const Time answered = world.router.sent[0].at + 5s;
        At down(world.loop, answered - 1ms, [&] { world.faults->setDown(true); });
        At up(world.loop, answered + outage, [&] { world.faults->setDown(false); });
        world.run(10s);
        const bool survived = outage < 300ms;
        EXPECT_EQ(world.results.entries.size(), survived ? 5U : 0U);
        EXPECT_EQ(world.log.count(EventKind::lost), survived ? 0U : 5U);
        EXPECT_EQ(world.log.count(EventKind::finished), survived ? 5U : 0U);
        world.broker->checkConservation();
    }
}

} // namespace
} // namespace penstock::testing

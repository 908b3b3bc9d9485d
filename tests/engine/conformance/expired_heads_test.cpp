// SPDX-License-Identifier: Apache-2.0
// Expired heads: under 0.9 they vanish and eat the poll's pops, under 0.10 they get a result and
// still eat them, under penstock they get a result and cost nothing.
#include "engine/core/retry_ladder.h"
#include "tests/engine/core/support.h"

#include <gtest/gtest.h>

namespace penstock::testing {
namespace {

struct Outcome {
    std::size_t deadlineResults;
    std::size_t lost;
    Duration firstSend;
};

Outcome withExpiredHeads(const std::string& name) {
    World world(*Semantics::byName(name));
    KnobGate* gate = nullptr;
    auto owned = std::make_unique<KnobGate>(0.0);
    gate = owned.get();
    world.addQueue("q", std::move(owned));
    world.start();
    for (int i = 0; i < 25; ++i)
        world.push(5s);
    world.push(1h);
    world.run(10s);
    const Time opened = world.loop.now();
    gate->set(1.0);
    world.run(1min);
    EXPECT_EQ(world.router.sent.size(), 1U) << name;
    Outcome outcome{};
    for (const auto& r : world.results.entries) {
        if (r.code == ResultCode::deadlineExceeded) ++outcome.deadlineResults;
    }
    outcome.lost = world.log.count(EventKind::lost);
    if (!world.router.sent.empty()) outcome.firstSend = world.router.sent[0].at - opened;
    EXPECT_EQ(world.log.count(EventKind::expired), 25U) << name;
    world.broker->checkConservation();
    return outcome;
}

TEST(ExpiredHeads, EatPollSlotsAndVanishUnder09) {
    const Outcome outcome = withExpiredHeads("llm-d-async-0.9");
    EXPECT_EQ(outcome.deadlineResults, 0U);
    EXPECT_EQ(outcome.lost, 25U);
    // Three polls of ten: two are used up by the expired.
    EXPECT_GT(outcome.firstSend, 2s);
    EXPECT_LE(outcome.firstSend, 3s);
}

TEST(ExpiredHeads, EatPollSlotsButAreAnsweredUnder010) {
    const Outcome outcome = withExpiredHeads("llm-d-async-0.10");
    EXPECT_EQ(outcome.deadlineResults, 25U);
    EXPECT_EQ(outcome.lost, 0U);
    EXPECT_GT(outcome.firstSend, 2s);
}

TEST(ExpiredHeads, CostNothingUnderPenstock) {
    const Outcome outcome = withExpiredHeads("penstock");
    EXPECT_EQ(outcome.deadlineResults, 25U);
    EXPECT_EQ(outcome.lost, 0U);
    EXPECT_EQ(outcome.firstSend, 0s);
}

// With one worker slot, twenty-five expired heads and a good one behind them: the slot goes to the
// good one in the same instant.
TEST(ExpiredHeads, DoNotUseTheFreeSlotUnderPenstock) {
    World world(Semantics::penstock());
    world.settings.pools[0].workers = 1;
    world.start();
    for (int i = 0; i < 25; ++i)
        world.push(1ms);
    world.push(1h);
    world.run(50ms);
    EXPECT_EQ(world.router.sent.size(), 1U);
    EXPECT_EQ(world.results.entries.size(), 25U);
}

// A deadline within the current second has not passed while seconds are whole.
TEST(WholeSeconds, ADeadlineIsGoodUntilItsSecondIsOver) {
    const DeadlineClock whole(true);
    const DeadlineClock exact(false);
    const Time deadline = fromUnixSeconds(1000.3);
    EXPECT_FALSE(whole.passed(deadline, fromUnixSeconds(1000.9)));
    EXPECT_TRUE(whole.passed(deadline, fromUnixSeconds(1001.0)));
    EXPECT_TRUE(exact.passed(deadline, fromUnixSeconds(1000.3)));
    EXPECT_FALSE(exact.passed(deadline, fromUnixSeconds(1000.2)));
    EXPECT_EQ(whole.left(deadline, fromUnixSeconds(990.7)), 10s);
}

} // namespace
} // namespace penstock::testing

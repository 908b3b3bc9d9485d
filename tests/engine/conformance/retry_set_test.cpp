// SPDX-License-Identifier: Apache-2.0
// What waits between attempts: a retry returns to its own queue with its original deadline, its
// reservation is released before it is parked, and due retries return a batch a poll or at once.
#include "tests/engine/core/support.h"

#include <gtest/gtest.h>

namespace penstock::testing {
namespace {

TEST(Retry, ReturnsWithItsOriginalDeadlineAheadOfLaterOnes) {
    World world(Semantics::penstock());
    world.settings.pools[0].workers = 1;
    std::uint64_t failed = 0;
    world.router.answer = [&](const Request& r) { return status(r.number == failed ? 503 : 200); };
    world.start();
    failed = world.push(1h);
    world.run(60ms);
    for (int i = 0; i < 10; ++i)
        world.push(2h);
    world.run(6s);
    // First attempt, then others while it backs off, then at once it again when it is due.
    std::size_t second = 0;
    for (std::size_t i = 1; i < world.router.sent.size(); ++i) {
        if (world.router.sent[i].number == failed) second = i;
    }
    ASSERT_GT(second, 1U);
    EXPECT_LT(second, 6U);
    EXPECT_EQ(world.router.sent[second].retries, 1U);
}

TEST(Retry, ReservationIsReleasedBeforeItIsParked) {
    for (const auto& name : Semantics::names()) {
        World world(*Semantics::byName(name));
        auto gate = std::make_unique<LimitGate>(4);
        LimitGate& limit = *gate;
        world.addQueue("q", std::move(gate));
        world.router.answer = [](const Request&) { return status(503); };
        world.router.serviceTime = [](const Request&) { return 10ms; };
        world.start();
        for (int i = 0; i < 8; ++i)
            world.push(1h);
        bool heldWhileParked = false;
        for (int i = 0; i < 600; ++i) {
            world.run(100ms);
            const QueueDepth depth = world.broker->queue(0).depth();
            if (limit.held > static_cast<int>(depth.claimed)) heldWhileParked = true;
        }
        EXPECT_FALSE(heldWhileParked) << name;
        EXPECT_GT(world.log.count(EventKind::retry), 8U) << name;
        EXPECT_LE(limit.heldMax, 4) << name;
    }
}

// With one place in the gate and one request that keeps failing, others still get through: its
// place is free while it waits.
TEST(Retry, AParkedRequestDoesNotHoldItsPlaceInTheGate) {
    World world(Semantics::llmDAsync09());
    world.addQueue("q", std::make_unique<LimitGate>(1));
    std::uint64_t failing = 0;
    world.router.answer = [&](const Request& r) { return status(r.number == failing ? 500 : 200); };
    world.router.serviceTime = [](const Request&) { return 100ms; };
    world.start();
    failing = world.push(1h);
    for (int i = 0; i < 5; ++i)
        world.push(2h);
    world.run(30s);
    EXPECT_EQ(world.results.entries.size(), 5U);
}

TEST(RetryMover, MovesAtMostABatchEachPollUnderThePresets) {
    World world(Semantics::llmDAsync09());
    int calls = 0;
    world.router.answer = [&](const Request&) { return status(++calls <= 50 ? 429 : 200); };
    world.router.serviceTime = [](const Request&) { return 0s; };
    world.settings.batchSize = 10;
    world.start();
    for (int i = 0; i < 50; ++i)
        world.push(1h);
    world.run(5s);
    EXPECT_EQ(world.log.count(EventKind::retry), 50U);
    world.run(60s);
    EXPECT_EQ(world.results.entries.size(), 50U);
    // Ten at most come back in any one poll.
    std::map<Time, int> perTick;
    for (std::size_t i = 50; i < world.router.sent.size(); ++i)
        ++perTick[world.router.sent[i].at];
    for (const auto& [at, count] : perTick)
        EXPECT_LE(count, 10);
}

TEST(RetryMover, ReturnsEachWhenDueUnderPenstock) {
    World world(Semantics::penstock());
    int calls = 0;
    world.router.answer = [&](const Request&) { return status(++calls <= 50 ? 429 : 200); };
    world.router.serviceTime = [](const Request&) { return 0s; };
    world.start();
    for (int i = 0; i < 50; ++i)
        world.push(1h);
    world.run(5s);
    EXPECT_EQ(world.results.entries.size(), 50U);
}

} // namespace
} // namespace penstock::testing

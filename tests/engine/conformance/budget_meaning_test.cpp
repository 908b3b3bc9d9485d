// SPDX-License-Identifier: Apache-2.0
// The two meanings of a budget, end to end: a rate of pops with its quantisation, standing
// producers and missed ticks; and a concurrency that several queues may share.
#include "tests/engine/core/support.h"

#include <gtest/gtest.h>

namespace penstock::testing {
namespace {

// Requests sent in `seconds` after the first tick, with ever so many pending.
std::size_t sentUnder(Semantics semantics, double budget, Duration time, int queues = 1,
                      Duration service = 10ms, bool poolGate = false) {
    World world(std::move(semantics));
    if (poolGate) world.settings.pools[0].gate = std::make_unique<KnobGate>(budget);
    for (int q = 0; q < queues; ++q) {
        world.addQueue("q" + std::to_string(q),
                       poolGate ? nullptr : std::make_unique<KnobGate>(budget));
    }
    world.router.serviceTime = [service](const Request&) { return service; };
    world.start();
    for (int i = 0; i < 2000; ++i) {
        for (int q = 0; q < queues; ++q)
            world.push(10h, static_cast<std::size_t>(q));
    }
    world.run(time);
    return world.router.sent.size();
}

TEST(Rate, FloorOfBatchTimesBudgetEachPoll) {
    const struct {
        double budget;
        std::size_t perPoll;
    } cases[] = {{1.0, 10}, {0.8, 8}, {0.55, 5}, {0.1, 1}, {0.099, 0}, {0.0, 0}};
    for (const auto& c : cases) {
        EXPECT_EQ(sentUnder(Semantics::llmDAsync09(), c.budget, 20s), 20 * c.perPoll) << c.budget;
        EXPECT_EQ(sentUnder(Semantics::llmDAsync010(), c.budget, 20s), 20 * c.perPoll);
    }
}

TEST(Rate, EachQueueAppliesTheWholeBudget) {
    EXPECT_EQ(sentUnder(Semantics::llmDAsync09(), 0.5, 20s, 3), 300U);
}

TEST(Concurrency, FloorOfWorkersTimesBudgetAtOnceAndOneWhileOpen) {
    const struct {
        double budget;
        int inFlight;
    } cases[] = {{1.0, 64}, {0.5, 32}, {0.1, 6}, {0.01, 1}, {0.0, 0}};
    for (const bool poolGate : {false, true}) {
        for (const auto& c : cases) {
            const auto sent = sentUnder(Semantics::penstock(), c.budget, 10s, 1, 1h, poolGate);
            EXPECT_EQ(sent, static_cast<std::size_t>(c.inFlight)) << c.budget;
        }
    }
}

TEST(Concurrency, QueuesOnOnePoolShareItsBudgetUnlessToldOtherwise) {
    EXPECT_EQ(sentUnder(Semantics::penstock(), 0.25, 10s, 3, 1h), 16U);
    Semantics each = Semantics::penstock();
    each.poolBudgetShared = false;
    EXPECT_EQ(sentUnder(each, 0.25, 10s, 3, 1h), 48U);
}

TEST(Concurrency, ABudgetThatFallsSendsNoMoreUntilEnoughHasLanded) {
    World world(Semantics::penstock());
    auto owned = std::make_unique<KnobGate>(1.0);
    KnobGate& gate = *owned;
    world.addQueue("q", std::move(owned));
    std::uint64_t calls = 0;
    world.router.serviceTime = [&](const Request&) { return 1s + 10ms * (++calls % 64); };
    world.start();
    for (int i = 0; i < 500; ++i)
        world.push();
    world.run(500ms);
    EXPECT_EQ(world.router.inFlight, 64);
    gate.set(0.5);
    world.run(1s);
    for (int i = 0; i < 50; ++i) {
        world.run(10ms);
        EXPECT_LE(world.router.inFlight, 64);
    }
    world.run(1s);
    EXPECT_EQ(world.router.inFlight, 32);
    gate.set(0.0);
    world.run(5s);
    EXPECT_EQ(world.router.inFlight, 0);
}

TEST(Concurrency, OnlyTicksClaimWhenFreedSlotsMayNot) {
    Semantics semantics = Semantics::penstock();
    semantics.pollOnFreedSlot = false;
    World world(semantics);
    world.settings.pools[0].workers = 1;
    world.router.serviceTime = [](const Request&) { return 10ms; };
    world.start();
    for (int i = 0; i < 100; ++i)
        world.push();
    world.run(1s);
    EXPECT_EQ(world.router.sent.size(), 20U); // one a tick of 50 ms
}

// Two workers hold on; the channel of one place a queue, the policy's hand and the producer's own
// message stand behind them, and nothing more is popped.
TEST(Rate, ABusyPoolStopsTheProducerBehindABoundedBuffer) {
    for (const int queues : {1, 3}) {
        World world(Semantics::llmDAsync09());
        world.settings.pools[0].workers = 2;
        for (int q = 0; q < queues; ++q)
            world.addQueue("q" + std::to_string(q));
        world.router.serviceTime = [](const Request&) { return 1h; };
        world.start();
        for (int i = 0; i < 50; ++i) {
            for (int q = 0; q < queues; ++q)
                world.push(10h, static_cast<std::size_t>(q));
        }
        world.run(10s);
        std::int64_t claimed = 0;
        for (int q = 0; q < queues; ++q) {
            claimed += world.broker->queue(static_cast<std::size_t>(q)).depth().claimed;
        }
        EXPECT_EQ(claimed, 2 + (queues + 1) + queues);
    }
}

// A poll that lasted over several ticks is followed at once by one more, not by all it missed.
TEST(Rate, OneMissedTickIsKept) {
    World world(Semantics::llmDAsync09());
    world.settings.pools[0].workers = 1;
    world.settings.batchSize = 5;
    bool slow = true;
    world.router.serviceTime = [&](const Request&) -> Duration { return slow ? 20500ms : 0s; };
    world.start();
    for (int i = 0; i < 100; ++i)
        world.push(10h);
    world.run(10s);
    ASSERT_EQ(world.router.sent.size(), 1U);
    slow = false;
    const Time landed = world.router.sent[0].at + 20500ms;
    world.loop.runUntil(landed);
    // The rest of the first poll's five, and five of the tick that was kept of twenty.
    EXPECT_EQ(world.router.sent.size(), 10U);
    world.run(1s);
    EXPECT_EQ(world.router.sent.size(), 15U);
}

// A lane takes a thousand; then the reader stands still.
TEST(Rate, TierPriorityBuffersAThousandALane) {
    World world(Semantics::llmDAsync09());
    world.settings.merge.kind = MergeSettings::Kind::tierPriority;
    world.settings.pools[0].workers = 2;
    world.settings.batchSize = 500;
    world.router.serviceTime = [](const Request&) { return 10h; };
    world.start();
    for (int i = 0; i < 2000; ++i)
        world.push(20h);
    world.run(20s);
    EXPECT_EQ(world.broker->queue(0).depth().claimed, 2 + 2 + 1000 + 1);
}

} // namespace
} // namespace penstock::testing

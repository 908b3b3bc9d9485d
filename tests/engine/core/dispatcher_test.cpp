// SPDX-License-Identifier: Apache-2.0
// The whole way from claim to result under each preset with open gates: every request pushed gets
// its one result, nothing stays behind, and the conservation law of the queue holds.
#include "tests/engine/core/support.h"

#include <gtest/gtest.h>

namespace penstock::testing {
namespace {

class EveryPreset : public ::testing::TestWithParam<std::string> {};

TEST_P(EveryPreset, EveryRequestGetsItsOneResult) {
    World world(*Semantics::byName(GetParam()));
    world.start();
    for (int i = 0; i < 500; ++i)
        world.push();
    world.run(2min);
    EXPECT_EQ(world.results.entries.size(), 500U);
    for (const auto& [number, count] : world.results.perRequest())
        EXPECT_EQ(count, 1) << number;
    for (const auto& [number, count] : world.log.ends)
        EXPECT_EQ(count, 1) << number;
    EXPECT_EQ(world.log.count(EventKind::finished), 500U);
    EXPECT_EQ(world.log.count(EventKind::sent), 500U);
    const QueueDepth depth = world.broker->queue(0).depth();
    EXPECT_EQ(depth.pending + depth.claimed + depth.parked, 0);
    EXPECT_EQ(world.dispatcher->poolView(0).busy, 0);
    world.broker->checkConservation();
}

TEST_P(EveryPreset, NeverMoreInFlightThanWorkers) {
    World world(*Semantics::byName(GetParam()));
    world.settings.pools[0].workers = 5;
    world.start();
    for (int i = 0; i < 100; ++i)
        world.push();
    world.run(5min);
    EXPECT_EQ(world.router.inFlightMax, 5);
    EXPECT_EQ(world.results.entries.size(), 100U);
}

TEST_P(EveryPreset, EarliestDeadlineGoesFirst) {
    World world(*Semantics::byName(GetParam()));
    world.settings.pools[0].workers = 1;
    world.start();
    std::vector<std::uint64_t> expected;
    for (int i = 0; i < 20; ++i)
        world.push(2h - i * 10s);
    for (std::uint64_t n = 20; n >= 1; --n)
        expected.push_back(n);
    world.run(5min);
    std::vector<std::uint64_t> sent;
    for (const auto& s : world.router.sent)
        sent.push_back(s.number);
    EXPECT_EQ(sent, expected);
}

INSTANTIATE_TEST_SUITE_P(Presets, EveryPreset,
                         ::testing::Values("llm-d-async-0.9", "llm-d-async-0.10", "penstock"));

TEST(RatePerPoll, PopsABatchEachTick) {
    World world(Semantics::llmDAsync09());
    world.start();
    for (int i = 0; i < 100; ++i)
        world.push();
    world.run(5s);
    // Five ticks of ten, at whole seconds from the drawn phase.
    EXPECT_EQ(world.router.sent.size(), 50U);
    const Time first = world.router.sent.front().at;
    for (std::size_t i = 0; i < world.router.sent.size(); ++i) {
        EXPECT_EQ(world.router.sent[i].at, first + 1s * static_cast<int>(i / 10));
    }
}

TEST(Concurrency, AFreedSlotClaimsAtOnce) {
    World world(Semantics::penstock());
    world.settings.pools[0].workers = 1;
    world.start();
    for (int i = 0; i < 5; ++i)
        world.push();
    world.run(10s);
    ASSERT_EQ(world.router.sent.size(), 5U);
    for (std::size_t i = 1; i < 5; ++i) {
        EXPECT_EQ(world.router.sent[i].at - world.router.sent[i - 1].at, 1s);
    }
}

TEST(Concurrency, AnIdleQueueCostsNoEventsAndIsStillPolledOnItsGrid) {
    World world(Semantics::penstock());
    world.start();
    world.push();
    world.run(2s);
    const std::uint64_t fired = world.loop.fired();
    world.run(1h);
    EXPECT_EQ(world.loop.fired(), fired);
    world.push();
    world.run(1s);
    ASSERT_EQ(world.router.sent.size(), 2U);
    const Duration apart = world.router.sent[1].at - world.router.sent[0].at;
    EXPECT_EQ(apart.count() % Duration(50ms).count(), 0);
}

} // namespace
} // namespace penstock::testing

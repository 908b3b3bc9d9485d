// SPDX-License-Identifier: Apache-2.0
// Limiter attribution against cases whose answer can be worked out by hand.
#include "tests/engine/core/support.h"

#include <gtest/gtest.h>

namespace penstock::testing {
namespace {

double life(const World& world, LifeStage stage) {
    return world.dispatcher->limiter(0).at(stage);
}

TEST(Limiter, AClosedGateHoldsTheHeadAndTheOrderHoldsTheOthers) {
    World world(Semantics::penstock());
    auto owned = std::make_unique<KnobGate>(0.0);
    KnobGate& gate = *owned;
    world.addQueue("q", std::move(owned));
    world.start();
    for (int i = 0; i < 10; ++i)
        world.push();
    world.run(100s);
    gate.set(1.0);
    world.run(10s);
    // All ten waited 100 s: one place at the gate (less the first poll tick), nine in order.
    EXPECT_NEAR(life(world, LifeStage::gate), 100.0, 0.06);
    EXPECT_NEAR(life(world, LifeStage::deadlineOrder), 900.0, 1e-6);
    const auto shares = world.dispatcher->limiter(0).bindingShares();
    EXPECT_GT(shares[static_cast<std::size_t>(LifeStage::gate)], 0.98);
}

TEST(Limiter, BusyWorkersHoldTheHead) {
    World world(Semantics::penstock());
    world.settings.pools[0].workers = 1;
    world.router.serviceTime = [](const Request&) { return 10s; };
    world.start();
    for (int i = 0; i < 4; ++i)
        world.push();
    world.run(2min);
    // They start at 0, 10, 20 and 30 s: sixty seconds of waiting, thirty of them at the head.
    EXPECT_NEAR(life(world, LifeStage::workerSlot), 30.0, 0.06);
    EXPECT_NEAR(life(world, LifeStage::deadlineOrder), 30.0 + 3 * 0.05, 0.2);
    EXPECT_NEAR(life(world, LifeStage::other), 40.0, 1e-6);
}

TEST(Limiter, AnIdleEngineMakesARequestWaitForItsTick) {
    World world(Semantics::llmDAsync09());
    world.start();
    double expected = 0.0;
    for (int i = 0; i < 20; ++i) {
        const Time pushed = world.loop.now();
        world.push();
        world.run(3700ms);
        expected += toSeconds(world.router.sent.back().at - pushed);
    }
    EXPECT_NEAR(life(world, LifeStage::pollTick), expected, 1e-6);
    EXPECT_NEAR(life(world, LifeStage::deadlineOrder), 0.0, 1e-6);
}

TEST(Limiter, AnAttemptIsSplitAsItsResponseSays) {
    World world(Semantics::penstock());
    world.router.answer = [](const Request&) {
        Response response;
        response.status = 200;
        response.timing = {1s, 2s, 500ms, 6s, 100, 10};
        return response;
    };
    world.router.serviceTime = [](const Request&) { return 10s; };
    world.start();
    world.push();
    world.run(1min);
    EXPECT_NEAR(life(world, LifeStage::routerQueue), 1.0, 1e-9);
    EXPECT_NEAR(life(world, LifeStage::replicaQueue), 2.0, 1e-9);
    EXPECT_NEAR(life(world, LifeStage::prefill), 0.5, 1e-9);
    EXPECT_NEAR(life(world, LifeStage::decode), 6.0, 1e-9);
    EXPECT_NEAR(life(world, LifeStage::other), 0.5, 1e-9);
}

TEST(Limiter, BackoffIsCountedAsPlanned) {
    World world(Semantics::penstock());
    int calls = 0;
    world.router.answer = [&](const Request&) {
        Response response;
        response.status = ++calls <= 2 ? 503 : 200;
        return response;
    };
    world.start();
    world.push();
    world.run(1min);
    double planned = 0.0;
    for (const Event& e : world.log.of(EventKind::retry))
        planned += e.value;
    EXPECT_NEAR(life(world, LifeStage::retryBackoff), planned, 1e-9);
}

// Every second of every life is accounted for: what is summed is enqueue to end, over all requests.
TEST(Limiter, TheStagesAddUpToTheLives) {
    for (const auto& name : Semantics::names()) {
        World world(*Semantics::byName(name), 3);
        world.settings.pools[0].workers = 3;
        auto owned = std::make_unique<KnobGate>(1.0);
        KnobGate& gate = *owned;
        world.addQueue("q", std::move(owned));
        world.router.serviceTime = [](const Request& r) { return 1s + 37ms * (r.number % 11); };
        world.start();
        for (int i = 0; i < 60; ++i) {
            gate.set(i % 7 == 0 ? 0.0 : 1.0);
            world.push();
            world.run(410ms);
        }
        gate.set(1.0);
        world.run(5min);
        ASSERT_EQ(world.results.entries.size(), 60U);
        double lives = 0.0;
        std::map<std::uint64_t, Time> enqueued;
        for (const Event& e : world.log.of(EventKind::enqueued))
            enqueued[e.request] = e.at;
        for (const auto& r : world.results.entries)
            lives += toSeconds(r.at - enqueued[r.number]);
        const LimiterShares account = world.dispatcher->limiter(0);
        double sum = 0.0;
        for (const double seconds : account.lifeSeconds)
            sum += seconds;
        EXPECT_NEAR(sum, lives, 1e-6 * lives) << name;
        double shares = 0.0;
        for (const double share : account.bindingShares())
            shares += share;
        EXPECT_NEAR(shares, 1.0, 1e-9);
    }
}

} // namespace
} // namespace penstock::testing

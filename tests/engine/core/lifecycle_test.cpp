// SPDX-License-Identifier: Apache-2.0
// Stop with a drain, sudden death and restart: what is in the engine's hands ends up where it can
// be claimed again, once.
#include "tests/engine/core/support.h"

#include <gtest/gtest.h>

namespace penstock::testing {
namespace {

TEST(Drain, FinishesWhatFliesAndGivesBackTheRest) {
    for (const auto& name : Semantics::names()) {
        World world(*Semantics::byName(name));
        world.settings.pools[0].workers = 3;
        world.router.serviceTime = [](const Request&) { return 5s; };
        world.start();
        for (int i = 0; i < 20; ++i)
            world.push();
        world.run(2s);
        ASSERT_EQ(world.router.inFlight, 3) << name;
        world.dispatcher->stop(1min);
        EXPECT_FALSE(world.dispatcher->stopped());
        world.run(10s);
        EXPECT_TRUE(world.dispatcher->stopped()) << name;
        EXPECT_EQ(world.results.entries.size(), 3U) << name;
        const QueueDepth depth = world.broker->queue(0).depth();
        EXPECT_EQ(depth.claimed, 0) << name;
        EXPECT_EQ(depth.pending + depth.parked, 17) << name;
        world.run(1min);
        EXPECT_EQ(world.router.sent.size(), 3U);
        world.broker->checkConservation();
    }
}

TEST(Drain, CutsOffWhatTakesLongerAndGivesItBack) {
    for (const auto& name : Semantics::names()) {
        World world(*Semantics::byName(name));
        auto owned = std::make_unique<LimitGate>(64);
        LimitGate& gate = *owned;
        world.settings.pools[0].gate = std::move(owned);
        world.router.serviceTime = [](const Request&) { return 1h; };
        world.start();
        for (int i = 0; i < 5; ++i)
            world.push(10h);
        world.run(2s);
        ASSERT_EQ(world.router.inFlight, 5);
        world.dispatcher->stop(30s);
        world.run(31s);
        EXPECT_TRUE(world.dispatcher->stopped()) << name;
        EXPECT_EQ(world.router.inFlight, 0);
        EXPECT_EQ(gate.held, 0);
        const QueueDepth depth = world.broker->queue(0).depth();
        EXPECT_EQ(depth.claimed, 0);
        EXPECT_EQ(depth.pending + depth.parked, 5);
    }
}

TEST(Crash, NothingIsLostUnderLeasesAndEachGetsOneResult) {
    for (const auto& name : {"llm-d-async-0.10", "penstock"}) {
        World world(*Semantics::byName(name));
        auto owned = std::make_unique<LimitGate>(8);
        LimitGate& gate = *owned;
        world.addQueue("q", std::move(owned));
        world.router.serviceTime = [](const Request&) { return 2500ms; };
        world.start();
        for (int i = 0; i < 100; ++i)
            world.push(10h);
        world.run(4s);
        ASSERT_GT(world.router.inFlight, 0);
        const auto before = world.results.entries.size();
        world.dispatcher->crash();
        world.faults->killedOwner();
        EXPECT_EQ(gate.held, 0);
        EXPECT_EQ(world.router.inFlight, 0);
        world.run(1s);
        EXPECT_EQ(world.results.entries.size(), before);
        world.dispatcher->start();
        world.run(1h);
        EXPECT_EQ(world.results.perRequest().size(), 100U) << name;
        for (const auto& [number, count] : world.results.perRequest())
            EXPECT_EQ(count, 1);
        EXPECT_GT(world.log.count(EventKind::redelivered), 0U);
        world.broker->checkConservation();
    }
}

TEST(Crash, WhatWasPoppedIsLostUnder09) {
    World world(Semantics::llmDAsync09());
    world.router.serviceTime = [](const Request&) { return 10s; };
    world.start();
    for (int i = 0; i < 100; ++i)
        world.push(10h);
    world.run(4s);
    const auto flying = static_cast<std::size_t>(world.router.inFlight);
    world.dispatcher->crash();
    world.faults->killedOwner();
    EXPECT_EQ(world.log.count(EventKind::lost), flying);
    world.dispatcher->start();
    world.run(1h);
    EXPECT_EQ(world.results.entries.size() + flying, 100U);
}

TEST(Stolen, ClaimsOfAStalledEngineAreDoneTwiceButAnsweredOnce) {
    World world(Semantics::penstock());
    world.router.serviceTime = [](const Request&) { return 5s; };
    world.start();
    for (int i = 0; i < 10; ++i)
        world.push(10h);
    world.run(2s);
    world.broker->stealClaims();
    world.run(1min);
    EXPECT_EQ(world.router.sent.size(), 20U);
    EXPECT_EQ(world.results.entries.size(), 10U);
    EXPECT_EQ(world.log.count(EventKind::finished), 10U);
    EXPECT_EQ(world.broker->queue(0).counts().staleRefused, 10);
}

TEST(Paused, TakesNothingNewAndLetsTheRestGoOn) {
    for (const auto& name : Semantics::names()) {
        World world(*Semantics::byName(name));
        world.start();
        for (int i = 0; i < 5; ++i)
            world.push();
        world.run(1s);
        world.dispatcher->settings().queues[0].paused = true;
        world.dispatcher->settingsChanged();
        world.push();
        world.run(10s);
        EXPECT_EQ(world.results.entries.size(), 5U) << name;
        world.dispatcher->settings().queues[0].paused = false;
        world.dispatcher->settingsChanged();
        world.run(10s);
        EXPECT_EQ(world.results.entries.size(), 6U) << name;
    }
}

TEST(Settings, WorkersMovedDuringARunActAtOnce) {
    World world(Semantics::penstock());
    world.settings.pools[0].workers = 1;
    world.router.serviceTime = [](const Request&) { return 10s; };
    world.start();
    for (int i = 0; i < 100; ++i)
        world.push();
    world.run(1s);
    EXPECT_EQ(world.router.inFlight, 1);
    world.dispatcher->settings().pools[0].workers = 7;
    world.dispatcher->settingsChanged();
    EXPECT_EQ(world.router.inFlight, 7);
    world.dispatcher->settings().pools[0].workers = 2;
    world.dispatcher->settingsChanged();
    world.run(12s);
    EXPECT_EQ(world.router.inFlight, 2);
}

} // namespace
} // namespace penstock::testing

// SPDX-License-Identifier: Apache-2.0
// How work is taken and what a dead or stalled engine held: popped and lost under 0.9; leased,
// fenced and redelivered within lease + scan after it.
#include "tests/engine/core/broker_bench.h"

namespace penstock::testing {
namespace {

TEST(Fence, AStaleOwnerCanNeitherPublishNorParkNorGiveBack) {
    BrokerBench b;
    b.push();
    const Request stale = b.claim(1)[0];
    b.broker.stealClaims();
    b.queue.finish(stale, {}, 1);
    b.queue.park(stale, b.loop.now(), 2);
    b.queue.giveBack(stale, 3);
    b.queue.forget(stale, 4);
    ASSERT_EQ(b.claimer.settlements.size(), 4U);
    for (std::uint32_t i = 0; i < 4; ++i) {
        EXPECT_EQ(b.claimer.settlements[i].first, i + 1);
        EXPECT_EQ(b.claimer.settlements[i].second, Settlement::refused);
    }
    EXPECT_EQ(b.queue.counts().staleRefused, 4);
    EXPECT_TRUE(b.results.entries.empty());
    const Request fresh = b.claim(1)[0];
    EXPECT_EQ(fresh.number, stale.number);
    EXPECT_NE(fresh.claimEpoch, stale.claimEpoch);
    EXPECT_EQ(b.finish(stale, {}), Settlement::refused);
    EXPECT_TRUE(b.results.entries.empty());
    EXPECT_EQ(b.finish(fresh, {}), Settlement::done);
    EXPECT_EQ(b.results.entries.size(), 1U);
    EXPECT_EQ(b.finish(fresh, {}), Settlement::refused); // and only once
    EXPECT_EQ(b.results.entries.size(), 1U);
    b.broker.checkConservation();
}

// The stalled owner learns of it when it renews, a third of a lease later at most.
TEST(Lease, AStalledOwnerIsToldThatItsLeasesAreGone) {
    BrokerBench b;
    const Request request = b.push();
    b.claim(1);
    b.broker.stealClaims();
    EXPECT_TRUE(b.claimer.lost.empty());
    b.run(10s);
    EXPECT_EQ(b.claimer.lost, std::vector<std::uint64_t>{request.number});
    b.run(1h);
    EXPECT_EQ(b.claimer.lost.size(), 1U);
}

// What flies is cut off at once, and the engine tells no end: the other owner will.
TEST(Lease, AnEngineThatLostItsLeaseStopsTheAttempt) {
    World world(Semantics::penstock());
    world.router.serviceTime = [](const Request&) { return 1min; };
    world.start();
    const std::uint64_t number = world.push();
    world.run(1s);
    ASSERT_EQ(world.router.inFlight, 1);
    world.broker->stealClaims();
    world.run(15s);
    EXPECT_EQ(world.log.count(EventKind::leaseLost), 1U);
    EXPECT_EQ(world.router.inFlight, 1) << "the request is pending again, and is tried again";
    EXPECT_EQ(world.router.sent.size(), 2U);
    world.run(2min);
    EXPECT_EQ(world.log.ends[number], 1);
    EXPECT_EQ(world.results.entries.size(), 1U);
    world.broker->checkConservation();
}

// A deferred end is told when the broker has taken it, once.
TEST(Settlement, WhatCouldNotBeWrittenIsToldWhenItIs) {
    World world(Semantics::penstock());
    world.start();
    const std::uint64_t number = world.push();
    world.run(500ms);
    world.faults->setDown(true);
    world.run(1min);
    EXPECT_EQ(world.log.count(EventKind::response), 1U);
    EXPECT_EQ(world.log.count(EventKind::finished), 0U);
    EXPECT_EQ(world.dispatcher->poolView(0).busy, 0);
    world.faults->setDown(false);
    EXPECT_EQ(world.log.count(EventKind::finished), 1U);
    EXPECT_EQ(world.log.ends[number], 1);
    EXPECT_EQ(world.results.entries.size(), 1U);
}

// A broker that cannot park keeps nothing from being retried: the engine waits with it at hand.
TEST(Traits, ABrokerThatCannotParkStillHasItsRetries) {
    World world(Semantics::penstock());
    world.router.serviceTime = [](const Request&) { return 0s; };
    world.router.answer = [](const Request& r) { return status(r.retries < 2 ? 503 : 200); };
    world.start([](BrokerSettings& s) { s.traits.longestPark = 0s; });
    for (int i = 0; i < 20; ++i)
        world.push();
    world.run(1min);
    EXPECT_EQ(world.router.sent.size(), 60U);
    EXPECT_EQ(world.results.entries.size(), 20U);
    EXPECT_EQ(world.broker->queue(0).depth().parked, 0);
    EXPECT_GE(world.router.sent.back().at - world.router.sent.front().at, 3s);
    world.broker->checkConservation();
}

// Where giving back counts as a delivery, a request that is only refused is parked instead.
TEST(Traits, AGiveBackThatCountsIsAvoided) {
    World world(Semantics::llmDAsync010());
    auto gate = std::make_unique<KnobGate>(1.0);
    gate->closedAction = Action::refuse;
    KnobGate* const knob = gate.get();
    world.addQueue("q", std::move(gate));
    world.start([](BrokerSettings& s) { s.traits.giveBackIsDelivery = true; });
    world.faults->setLatency(50ms);
    world.push();
    world.run(1010ms); // claimed by the poll of this second, answered after it has closed
    knob->setQuietly(0.0);
    world.run(5s);
    knob->setQuietly(1.0);
    world.run(30s);
    EXPECT_EQ(world.results.entries.size(), 1U);
    world.broker->checkConservation();
}

TEST(Lease, ADeadOwnersWorkIsRedeliveredWithinLeaseAndScan) {
    for (std::uint64_t killAfterMs = 0; killAfterMs < 40'000; killAfterMs += 3'700) {
        BrokerBench b;
        b.push();
        b.claim(1);
        b.run(1ms * killAfterMs);
        const Time killed = b.loop.now();
        b.broker.killedOwner();
        EXPECT_EQ(b.queue.depth().claimed, 1);
        b.queue.attach(b.claimer, 0); // the next process
        while (b.queue.depth().pending == 0 && b.loop.step()) {}
        EXPECT_LE(b.loop.now() - killed, 35s);
        EXPECT_GE(b.loop.now() - killed, 20s); // the last renewal was at most a third of it ago
        EXPECT_EQ(b.claimer.count(Discovery::redelivered), 1U);
    }
}

TEST(Lease, NobodyScansWhileNoEngineLives) {
    BrokerBench b;
    b.push();
    b.claim(1);
    b.broker.killedOwner();
    b.run(1h);
    EXPECT_EQ(b.queue.depth().claimed, 1);
    b.queue.attach(b.claimer, 0);
    b.run(6s);
    EXPECT_EQ(b.queue.depth().pending, 1);
}

TEST(DestructivePop, TheEngineTellsWhatACrashLost) {
    World world(Semantics::llmDAsync09());
    world.router.serviceTime = [](const Request&) { return 1h; };
    world.start();
    for (int i = 0; i < 3; ++i)
        world.push();
    world.run(5s);
    world.dispatcher->crash();
    world.faults->killedOwner();
    EXPECT_EQ(world.log.count(EventKind::lost), 3U);
    EXPECT_EQ(world.broker->queue(0).counts().lost, 3);
    EXPECT_EQ(world.log.ends.size(), 3U);
    world.broker->checkConservation();
}

TEST(DestructivePop, WhatAKilledEngineHeldIsLost) {
    BrokerBench b(Semantics::llmDAsync09());
    for (int i = 0; i < 3; ++i)
        b.push();
    b.claim(1);
    b.broker.killedOwner();
    b.run(10min);
    EXPECT_EQ(b.queue.depth().pending, 2);
    EXPECT_EQ(b.queue.counts().lost, 1);
    b.broker.checkConservation();
}

} // namespace
} // namespace penstock::testing

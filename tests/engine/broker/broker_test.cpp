// SPDX-License-Identifier: Apache-2.0
// The in-memory broker alone and with its engine: order, announcements, cancellation, and the
// broker's own faults.
#include "tests/engine/core/broker_bench.h"

namespace penstock::testing {
namespace {

TEST(Queue, EarliestDeadlineThenFirstPushed) {
    BrokerBench b;
    b.push(3h);
    b.push(1h);
    b.push(1h);
    b.push(2h);
    const auto got = b.claim(10);
    ASSERT_EQ(got.size(), 4U);
    EXPECT_EQ(got[0].number, 2U);
    EXPECT_EQ(got[1].number, 3U);
    EXPECT_EQ(got[2].number, 4U);
    EXPECT_EQ(got[3].number, 1U);
}

TEST(Queue, AGivenBackRequestKeepsItsPlaceAmongEquals) {
    BrokerBench b;
    for (int i = 0; i < 3; ++i)
        b.push(1h);
    const Request first = b.claim(1)[0];
    b.queue.giveBack(first, 0);
    EXPECT_EQ(b.claim(1)[0].number, 1U);
}

TEST(Queue, AnnouncesOnlyWhenItWasEmpty) {
    BrokerBench b;
    b.push();
    b.push();
    EXPECT_EQ(b.claimer.announcements, 1);
    b.claim(2);
    b.push();
    EXPECT_EQ(b.claimer.announcements, 2);
}

TEST(Cancel, BeforeTheClaimAndWhileWaiting) {
    for (const auto& name : Semantics::names()) {
        World world(*Semantics::byName(name));
        auto owned = std::make_unique<KnobGate>(1.0);
        KnobGate& gate = *owned;
        gate.closedAction = Action::wait;
        world.settings.pools[0].gate = std::move(owned);
        world.start();
        const std::uint64_t early = world.push();
        world.broker->queue(0).cancel(early);
        world.run(3s);
        ASSERT_EQ(world.results.entries.size(), 1U) << name;
        EXPECT_EQ(world.results.entries[0].code, ResultCode::cancelled);
        gate.setQuietly(0.0);
        const std::uint64_t late = world.push();
        world.run(5s);
        world.broker->queue(0).cancel(late);
        world.run(1100ms);
        if (name != "penstock") { // there it waits in a worker; here it was never claimed
            ASSERT_EQ(world.results.entries.size(), 2U) << name;
            EXPECT_EQ(world.results.entries[1].code, ResultCode::cancelled);
        }
        gate.set(1.0);
        world.run(3s);
        EXPECT_EQ(world.results.entries.size(), 2U);
        EXPECT_TRUE(world.router.sent.empty());
        world.broker->checkConservation();
    }
}

TEST(BrokerSlow, EveryClaimTakesLonger) {
    World world(Semantics::llmDAsync09());
    world.start();
    world.faults->setLatency(50ms);
    for (int i = 0; i < 10; ++i)
        world.push();
    world.run(3s);
    ASSERT_EQ(world.router.sent.size(), 10U);
    // Popped one by one, each a round trip.
    EXPECT_EQ(world.router.sent.back().at - world.router.sent.front().at, 450ms);

    World ours(Semantics::penstock());
    ours.start();
    ours.faults->setLatency(50ms);
    for (int i = 0; i < 10; ++i)
        ours.push();
    ours.run(3s);
    ASSERT_EQ(ours.router.sent.size(), 10U);
    EXPECT_EQ(ours.router.sent.back().at, ours.router.sent.front().at); // in one script
}

TEST(RestartEmpty, EverythingWaitingIsLostAndSaysSo) {
    for (const auto& name : Semantics::names()) {
        World world(*Semantics::byName(name));
        world.settings.pools[0].workers = 2;
        world.router.serviceTime = [](const Request&) { return 5s; };
        world.start();
        for (int i = 0; i < 20; ++i)
            world.push();
        world.run(2s);
        world.broker->restartEmpty();
        world.broker->checkConservation();
        world.run(1min);
        const std::size_t ended =
            world.log.count(EventKind::finished) + world.log.count(EventKind::lost);
        EXPECT_EQ(ended, 20U) << name;
        for (const auto& [number, count] : world.log.ends)
            EXPECT_EQ(count, 1) << number;
        world.push();
        world.run(20s);
        EXPECT_GE(world.results.entries.size(), 1U);
        world.broker->checkConservation();
    }
}

} // namespace
} // namespace penstock::testing

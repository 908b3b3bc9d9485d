// SPDX-License-Identifier: Apache-2.0
// The verdict wait: workers that park and ask again, all at once when the gate opens, under the
// presets; requests at hand that are woken, within the budget, under penstock.
#include "tests/engine/core/support.h"

#include <gtest/gtest.h>

namespace penstock::testing {
namespace {

struct Stampede {
    int burst;        // sent within a quarter second of reopening
    int sentAtPoint1; // ever, at a budget of 0.1
    int busyWhileShut;
};

// Sixty-four requests meet a pool gate that says wait; it then reopens with a budget of 0.1 of 64
// workers, that is room for six.
Stampede stampede(const std::string& name) {
    World world(*Semantics::byName(name));
    world.settings.batchSize = 64;
    auto owned = std::make_unique<KnobGate>(1.0);
    KnobGate& gate = *owned;
    gate.closedAction = Action::wait;
    world.settings.pools[0].gate = std::move(owned);
    world.router.serviceTime = [](const Request&) { return 1h; };
    world.start();
    for (int i = 0; i < 200; ++i)
        world.push();
    gate.setQuietly(0.0);
    world.run(10s);
    Stampede out{};
    out.busyWhileShut = world.dispatcher->poolView(0).busy;
    EXPECT_TRUE(world.router.sent.empty()) << name;
    gate.set(0.1);
    world.run(250ms);
    out.burst = static_cast<int>(world.router.sent.size());
    world.run(10s);
    out.sentAtPoint1 = static_cast<int>(world.router.sent.size());
    return out;
}

TEST(Reopening, SixtyFourParkedWorkersStampedeUnder09) {
    const Stampede seen = stampede("llm-d-async-0.9");
    EXPECT_EQ(seen.busyWhileShut, 64);
    EXPECT_EQ(seen.burst, 64);
}

TEST(Reopening, ParkedWorkersStampedeMoreSlowlyUnder010) {
    const Stampede seen = stampede("llm-d-async-0.10");
    EXPECT_EQ(seen.busyWhileShut, 64);
    EXPECT_GT(seen.burst, 6);
    EXPECT_LT(seen.burst, 64);
    EXPECT_EQ(seen.sentAtPoint1, 64);
}

TEST(Reopening, NoStampedeUnderPenstock) {
    const Stampede seen = stampede("penstock");
    EXPECT_EQ(seen.busyWhileShut, 0); // waiting holds no worker slot
    EXPECT_EQ(seen.burst, 6);
    EXPECT_EQ(seen.sentAtPoint1, 6);
}

// A gate whose room says yes and whose verdict says wait: those at hand are woken by its change.
class WaitingRoom final : public Gate {
  public:
    bool open = false;
    int applied = 0;
    int withdrawnCount = 0;
    void set(bool value) {
        open = value;
        changed();
    }
    Budget budget(Time) override { return {1.0, {}}; }
    Verdict apply(Time, Request&, Reservations&) override {
        ++applied;
        return {open ? Action::proceed : Action::wait, {}, 0, {}};
    }
    void onWithdrawn(const Request&) override { ++withdrawnCount; }
    std::string_view type() const override { return "waiting-room"; }
};

TEST(Waiting, IsWokenByTheGateAndHoldsNoSlotUnderPenstock) {
    for (const bool atPool : {false, true}) {
        World world(Semantics::penstock());
        auto owned = std::make_unique<WaitingRoom>();
        WaitingRoom& gate = *owned;
        if (atPool) {
            world.settings.pools[0].gate = std::move(owned);
        } else {
            world.addQueue("q", std::move(owned));
        }
        world.start();
        for (int i = 0; i < 10; ++i)
            world.push();
        world.run(1s);
        EXPECT_EQ(world.dispatcher->poolView(0).busy, 0);
        EXPECT_GT(world.dispatcher->poolView(0).waiting, 0);
        const Time opened = world.loop.now();
        gate.set(true);
        world.run(100ms);
        ASSERT_EQ(world.router.sent.size(), 10U);
        for (const auto& s : world.router.sent)
            EXPECT_EQ(s.at, opened);
        EXPECT_EQ(gate.withdrawnCount, 0);
    }
}

TEST(Waiting, EndsAtTheDeadlineAndTheGateIsTold) {
    for (const auto& name : Semantics::names()) {
        World world(*Semantics::byName(name));
        auto owned = std::make_unique<WaitingRoom>();
        WaitingRoom& gate = *owned;
        world.settings.pools[0].gate = std::move(owned);
        world.start();
        world.push(10s);
        world.run(1min);
        ASSERT_EQ(world.results.entries.size(), 1U) << name;
        EXPECT_EQ(world.results.entries[0].code, ResultCode::deadlineExceeded);
        EXPECT_EQ(world.results.entries[0].at, kStart + 10s);
        EXPECT_EQ(gate.withdrawnCount, 1);
        EXPECT_EQ(world.log.count(EventKind::waiting), 1U); // told once
    }
}

TEST(Waiting, EndsAtTheRequestTimeoutUnder09AndGoesBackAfterFiveMinutesUnder010) {
    World nine(Semantics::llmDAsync09());
    nine.settings.requestTimeout = 20s;
    nine.settings.pools[0].gate = std::make_unique<WaitingRoom>();
    nine.start();
    nine.push(1h);
    nine.run(30s);
    ASSERT_EQ(nine.results.entries.size(), 1U);
    EXPECT_EQ(nine.results.entries[0].code, ResultCode::deadlineExceeded);

    World ten(Semantics::llmDAsync010());
    ten.settings.requestTimeout = 1h;
    ten.settings.pools[0].gate = std::make_unique<WaitingRoom>();
    ten.start();
    ten.push(2h);
    ten.run(4min);
    EXPECT_EQ(ten.log.count(EventKind::gaveBack), 0U);
    ten.run(2min);
    EXPECT_EQ(ten.log.count(EventKind::gaveBack), 1U);
    EXPECT_EQ(ten.results.entries.size(), 0U);
}

TEST(Waiting, QueueGateWaitLetsThroughUnderThePresets) {
    World world(Semantics::llmDAsync09());
    world.addQueue("q", std::make_unique<WaitingRoom>());
    world.start();
    world.push();
    world.run(5s);
    EXPECT_EQ(world.results.entries.size(), 1U);
}

} // namespace
} // namespace penstock::testing

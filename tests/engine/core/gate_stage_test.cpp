// SPDX-License-Identifier: Apache-2.0
// What queue gates and pool gates do to requests: refuse, wait, drop, and the two ways of waiting:
// a parked worker that asks again, and a request at hand that is woken.
#include "tests/engine/core/support.h"

#include <gtest/gtest.h>

#include <set>

namespace penstock::testing {
namespace {

TEST(QueueGate, ARefusedHeadReturnsAndIsPoppedAgainInTheSamePollUnder09) {
    World world(Semantics::llmDAsync09());
    // Budget above zero, yet every request is refused: each of the ten pops meets the same head.
    class Refuser final : public Gate {
      public:
        std::set<std::uint64_t> seen;
        int applied = 0;
        Budget budget(Time) override { return {1.0, {}}; }
        Verdict apply(Time, Request& request, Reservations&) override {
            ++applied;
            seen.insert(request.number);
            return {Action::refuse, {}, 0, {}};
        }
        std::string_view type() const override { return "refuser"; }
    };
    auto owned = std::make_unique<Refuser>();
    Refuser& gate = *owned;
    world.addQueue("q", std::move(owned));
    world.start();
    for (int i = 0; i < 20; ++i)
        world.push(1h + i * 1s);
    world.run(1s);
    EXPECT_EQ(gate.applied, 10);
    EXPECT_EQ(gate.seen.size(), 1U);
    EXPECT_EQ(world.broker->queue(0).depth().pending, 20);
}

TEST(QueueGate, AClosedPollIsToldOnceATickWhileWorkWaits) {
    World world(Semantics::llmDAsync09());
    world.addQueue("q", std::make_unique<KnobGate>(0.05)); // floor(10 x 0.05) = 0
    world.start();
    world.run(10s);
    EXPECT_EQ(world.log.count(EventKind::gateClosed), 0U);
    world.push();
    world.run(10s);
    EXPECT_EQ(world.log.count(EventKind::gateClosed), 10U);
    EXPECT_EQ(world.log.count(EventKind::gateRead), 1U); // it never changed
    EXPECT_TRUE(world.router.sent.empty());
}

// What a gate refuses, keeps waiting or drops is told with the side that decided, though the
// request passes a gate of the other side as well.
TEST(Gates, AVerdictIsToldWithItsSide) {
    for (const auto& name : Semantics::names()) {
        for (const bool ofPool : {false, true}) {
            for (const Action action : {Action::refuse, Action::wait, Action::drop}) {
                if (action == Action::wait && !ofPool) continue; // the presets let it through
                World world(*Semantics::byName(name));
                auto shut = std::make_unique<LimitGate>(0);
                shut->overAction = action;
                auto open = std::make_unique<KnobGate>(1.0);
                world.addQueue("q");
                auto& queueGate = world.settings.queues[0].gate;
                auto& poolGate = world.settings.pools[0].gate;
                (ofPool ? poolGate : queueGate) = std::move(shut);
                (ofPool ? queueGate : poolGate) = std::move(open);
                world.start();
                world.push();
                world.run(3s);
                const auto side = ofPool ? GateSide::poolGate : GateSide::queueGate;
                for (const EventKind kind : {EventKind::refused, EventKind::waiting,
                                             EventKind::finished, EventKind::gateClosed}) {
                    for (const Event& event : world.log.of(kind))
                        EXPECT_EQ(event.detail, static_cast<std::uint8_t>(side)) << name;
                }
            }
        }
    }
}

TEST(Gates, ReadsAreToldOnlyWhenTheyChange) {
    World world(Semantics::penstock());
    auto owned = std::make_unique<KnobGate>(1.0);
    KnobGate& gate = *owned;
    world.addQueue("q", std::move(owned));
    world.start();
    for (int i = 0; i < 300; ++i)
        world.push();
    world.run(1s);
    EXPECT_EQ(world.log.count(EventKind::gateRead), 1U);
    for (const double budget : {0.5, 0.5, 0.25}) {
        gate.set(budget);
        world.run(100ms);
    }
    EXPECT_EQ(world.log.count(EventKind::gateRead), 3U);
    world.run(1min);
    EXPECT_EQ(gate.sentCount, 300);
    EXPECT_EQ(gate.settledCount, 300);
}

TEST(Gates, DropsGetTheirResult) {
    class Dropper final : public Gate {
      public:
        int status = 0;
        Budget budget(Time) override { return {1.0, {}}; }
        Verdict apply(Time, Request&, Reservations&) override {
            Verdict verdict;
            verdict.action = Action::drop;
            verdict.dropStatus = status;
            verdict.dropBody = R"({"error": "Too Many Requests", "code": 429})";
            return verdict;
        }
        std::string_view type() const override { return "dropper"; }
    };
    for (const auto& name : Semantics::names()) {
        for (const bool atPool : {false, true}) {
            for (const int status : {0, 429}) {
                World world(*Semantics::byName(name));
                auto gate = std::make_unique<Dropper>();
                gate->status = status;
                if (atPool) {
                    world.settings.pools[0].gate = std::move(gate);
                } else {
                    world.addQueue("q", std::move(gate));
                }
                world.start();
                world.push();
                world.run(5s);
                ASSERT_EQ(world.results.entries.size(), 1U) << name;
                const auto& result = world.results.entries[0];
                EXPECT_EQ(result.code, status == 0 ? ResultCode::gateDropped : ResultCode::http);
                EXPECT_EQ(result.status, status);
                EXPECT_TRUE(world.router.sent.empty());
                EXPECT_EQ(world.dispatcher->poolView(0).busy, 0);
            }
        }
    }
}

TEST(PoolGate, ARefusalGoesThroughTheRetrySetWithoutBackoffUnderThePresets) {
    World world(Semantics::llmDAsync09());
    auto owned = std::make_unique<KnobGate>(0.0);
    KnobGate& gate = *owned;
    world.settings.pools[0].gate = std::move(owned);
    world.start();
    world.push();
    world.run(5s);
    // Popped, refused, moved back, popped again, once a poll.
    EXPECT_GE(gate.applied, 3);
    EXPECT_EQ(world.log.count(EventKind::retry), 0U);
    EXPECT_EQ(world.log.count(EventKind::refused), static_cast<std::size_t>(gate.applied));
    for (const Event& e : world.log.of(EventKind::refused))
        EXPECT_EQ(e.attempt, 0U);
    gate.set(1.0);
    world.run(5s);
    ASSERT_EQ(world.results.entries.size(), 1U);
    EXPECT_EQ(world.results.entries[0].status, 200);
}

// One tenant over its quota, another not: the first one's requests do not hide the second one's.
TEST(Tenants, ARefusedTenantDoesNotHideOthersUnderPenstock) {
    class Quota final : public Gate {
      public:
        Action over = Action::refuse;
        Budget budget(Time) override { return {1.0, {}}; }
        Verdict apply(Time, Request& request, Reservations&) override {
            Verdict verdict;
            if (request.number > 500) return verdict;
            verdict.action = over;
            verdict.reason.code = ReasonCode::quotaExhausted;
            return verdict;
        }
        std::string_view type() const override { return "quota"; }
    };
    for (const bool atPool : {false, true}) {
        for (const Action over : {Action::refuse, Action::wait}) {
            World world(Semantics::penstock());
            auto gate = std::make_unique<Quota>();
            gate->over = over;
            if (atPool) {
                world.settings.pools[0].gate = std::move(gate);
            } else {
                world.addQueue("q", std::move(gate));
            }
            world.start();
            for (int i = 0; i < 500; ++i)
                world.push(1h);
            for (int i = 0; i < 50; ++i)
                world.push(2h);
            world.run(30s);
            EXPECT_EQ(world.results.entries.size(), 50U) << atPool << static_cast<int>(over);
            // And they do not spin: each comes round about once a second at most.
            EXPECT_LT(world.log.count(EventKind::claimed), 550U * 30U);
            world.broker->checkConservation();
        }
    }
}

} // namespace
} // namespace penstock::testing

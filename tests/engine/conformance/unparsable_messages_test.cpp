// SPDX-License-Identifier: Apache-2.0
// A message that cannot be read: dropped, removed, or dead-lettered with its reason and, if an id
// can be read, a result.
#include "tests/engine/core/broker_bench.h"

namespace penstock::testing {
namespace {

TEST(Unparsable, IsDroppedRemovedOrDeadLettered) {
    for (const auto& name : Semantics::names()) {
        for (const bool idReadable : {false, true}) {
            BrokerBench b(*Semantics::byName(name));
            Request bad;
            bad.number = ++b.numbers;
            bad.deadline = b.loop.now() + 1min;
            b.queue.pushUnparsable(bad, idReadable);
            b.push();
            // There, an unreadable message is a used pop.
            const bool eats =
                Semantics::byName(name)->claiming == Semantics::Claiming::destructivePop;
            EXPECT_EQ(b.claim(1).size(), eats ? 0U : 1U);
            const bool ours = name == "penstock";
            const Discovery dead = idReadable ? Discovery::unreadable : Discovery::nameless;
            const Discovery gone = idReadable ? Discovery::removed : Discovery::removedNameless;
            ASSERT_EQ(b.claimer.discoveries.size(), 1U);
            EXPECT_EQ(b.claimer.discoveries[0].number, bad.number);
            EXPECT_EQ(b.claimer.discoveries[0].what, ours ? dead : gone);
            EXPECT_EQ(b.queue.counts().lost, ours ? 0 : 1);
            EXPECT_EQ(b.results.entries.size(), ours && idReadable ? 1U : 0U);
            if (ours && idReadable) {
                EXPECT_EQ(b.results.entries[0].code, ResultCode::invalidRequest);
            }
            EXPECT_EQ(b.queue.depth().dead, ours ? 1 : 0);
            b.broker.checkConservation();
        }
    }
}

TEST(Unparsable, AnEngineGoesOnBehindIt) {
    for (const auto& name : Semantics::names()) {
        World world(*Semantics::byName(name));
        world.start();
        for (int i = 0; i < 5; ++i)
            world.broker->queue(0).pushUnparsable(world.make(1min), false);
        for (int i = 0; i < 5; ++i)
            world.push(1h);
        world.run(10s);
        EXPECT_EQ(world.router.sent.size(), 5U) << name;
    }
}

} // namespace
} // namespace penstock::testing

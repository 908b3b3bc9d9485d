// SPDX-License-Identifier: Apache-2.0
// A poison request kills whoever holds it: with the suspect lane only it is dead-lettered; without
// it goes round for ever.
#include "tests/engine/core/broker_bench.h"

namespace penstock::testing {
namespace {

// One poison request among thirty: whoever holds it dies. Only it is dead-lettered.
TEST(SuspectLane, OnlyThePoisonIsDeadLettered) {
    BrokerBench b;
    constexpr std::uint64_t kPoison = 13;
    for (int i = 0; i < 30; ++i)
        b.push();
    int kills = 0;
    for (int round = 0; round < 200; ++round) {
        const auto got = b.claim(10);
        bool dead = false;
        int suspects = 0;
        for (const Request& r : got) {
            suspects += r.suspect ? 1 : 0;
            dead = dead || r.number == kPoison;
        }
        EXPECT_LE(suspects, 1);
        if (dead) {
            ++kills;
            b.broker.killedOwner();
            b.queue.attach(b.claimer, 0);
        } else {
            for (const Request& r : got)
                EXPECT_EQ(b.finish(r, {}), Settlement::done);
        }
        b.run(6s);
    }
    EXPECT_EQ(kills, 3);
    EXPECT_EQ(b.queue.counts().dead, 1);
    EXPECT_EQ(b.queue.counts().finished, 29);
    ASSERT_EQ(b.claimer.count(Discovery::poison), 1U);
    EXPECT_EQ(b.claimer.discoveries.back().number, kPoison);
    EXPECT_EQ(b.claimer.discoveries.back().owners, 3);
    const auto perRequest = b.results.perRequest();
    EXPECT_EQ(perRequest.size(), 30U);
    for (const auto& r : b.results.entries) {
        EXPECT_EQ(r.code == ResultCode::deliveryAttemptsExceeded, r.number == kPoison);
    }
    b.broker.checkConservation();
}

TEST(SuspectLane, WithoutItAPoisonGoesRoundForEver) {
    BrokerBench b(Semantics::llmDAsync010());
    b.push();
    for (int round = 0; round < 10; ++round) {
        ASSERT_EQ(b.claim(1).size(), 1U);
        b.broker.killedOwner();
        b.queue.attach(b.claimer, 0);
        b.run(10min);
    }
    EXPECT_EQ(b.queue.counts().dead, 0);
    EXPECT_EQ(b.queue.depth().pending, 1);
}

} // namespace
} // namespace penstock::testing

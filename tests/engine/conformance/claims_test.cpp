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
    EXPECT_EQ(b.queue.claimState(stale), ClaimState::gone);
    b.queue.finish(stale, {});
    b.queue.park(stale, b.loop.now());
    b.queue.giveBack(stale);
    b.queue.forget(stale);
    EXPECT_EQ(b.queue.counts().staleRefused, 4);
    EXPECT_TRUE(b.results.entries.empty());
    const Request fresh = b.claim(1)[0];
    EXPECT_EQ(fresh.number, stale.number);
    EXPECT_NE(fresh.claimEpoch, stale.claimEpoch);
    b.queue.finish(stale, {});
    EXPECT_TRUE(b.results.entries.empty());
    b.queue.finish(fresh, {});
    EXPECT_EQ(b.results.entries.size(), 1U);
    b.queue.finish(fresh, {}); // and only once
    EXPECT_EQ(b.results.entries.size(), 1U);
    b.broker.checkConservation();
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
        EXPECT_EQ(b.log.count(EventKind::redelivered), 1U);
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

TEST(DestructivePop, WhatAKilledEngineHeldIsLost) {
    BrokerBench b(Semantics::llmDAsync09());
    for (int i = 0; i < 3; ++i)
        b.push();
    b.claim(1);
    b.broker.killedOwner();
    b.run(10min);
    EXPECT_EQ(b.queue.depth().pending, 2);
    EXPECT_EQ(b.queue.counts().lost, 1);
    EXPECT_EQ(b.log.count(EventKind::lost), 1U);
    b.broker.checkConservation();
}

} // namespace
} // namespace penstock::testing

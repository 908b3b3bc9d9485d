// SPDX-License-Identifier: Apache-2.0
// Merge policies: the six lanes and their order, rotation between queues within one, aging, and the
// draw of random-robin.
#include "engine/core/merge.h"
#include "tests/engine/core/support.h"

#include <gtest/gtest.h>

namespace penstock::testing {
namespace {

TEST(LaneOf, ThreeTimesClassPlusTier) {
    const struct {
        const char* tier; // null: no label
        Classification classification;
        int lane;
    } cases[] = {
        {"interactive", Classification::reserved, 0}, {"async", Classification::reserved, 1},
        {"batch", Classification::reserved, 2},       {"interactive", Classification::overflow, 3},
        {"async", Classification::overflow, 4},       {"batch", Classification::overflow, 5},
        {"interactive", Classification::none, 3}, // unclassified counts as overflow
        {nullptr, Classification::reserved, 2},   // untiered counts as batch
        {"premium", Classification::none, 5}};
    for (const auto& c : cases) {
        Envelope envelope;
        if (c.tier != nullptr) envelope.labels.push_back({"tier", c.tier});
        Request request;
        request.envelope = &envelope;
        request.classification = c.classification;
        EXPECT_EQ(laneOf(request, {}, "tier"), c.lane);
    }
}

TEST(LaneOf, TheQueuesLabelWinsOverTheMessages) {
    Envelope envelope;
    envelope.labels.push_back({"tier", "interactive"});
    Request request;
    request.envelope = &envelope;
    EXPECT_EQ(laneOf(request, {{"tier", "batch"}}, "tier"), 5);
}

class Hands final : public ItemOwner {
  public:
    void itemTimer(std::uint32_t) override {}
};

struct MergeBench {
    Hands owner;
    ItemSlab slab{owner};
    Merge merge{slab, 4};
    std::uint64_t numbers = 0;

    void add(std::uint16_t queue, std::uint8_t lane, Time since = kStart) {
        Request request;
        request.number = ++numbers;
        request.queue = queue;
        Item& item = slab.take(request);
        item.lane = lane;
        item.handSince = since;
        merge.add(item);
    }
    std::vector<std::uint64_t> drain(const MergeSettings& settings, Time now = kStart,
                                     double u = 0.0) {
        std::vector<std::uint64_t> order;
        while (Item* item = merge.take(settings, now, u)) {
            order.push_back(item->request.number);
            slab.give(*item);
        }
        return order;
    }
};

TEST(Lanes, StrictBetweenAndInOrderWithin) {
    MergeBench b;
    for (const std::uint8_t lane : {5, 3, 0, 4, 1, 2, 0})
        b.add(0, lane);
    EXPECT_EQ(b.drain(tiers()), (std::vector<std::uint64_t>{3, 7, 5, 6, 2, 4, 1}));
}

TEST(Lanes, QueuesTakeTurnsWithinOne) {
    MergeBench b;
    for (int i = 0; i < 3; ++i)
        b.add(0, 2); // 1 2 3
    for (int i = 0; i < 2; ++i)
        b.add(1, 2); // 4 5
    b.add(2, 2);     // 6
    EXPECT_EQ(b.drain(tiers()), (std::vector<std::uint64_t>{1, 4, 6, 2, 5, 3}));
}

TEST(Lanes, AgingLetsAStarvedRequestRiseOneLaneAtATime) {
    MergeBench b;
    b.add(0, 5, kStart);
    for (int i = 0; i < 2; ++i)
        b.add(1, 4, kStart + 9s);
    EXPECT_EQ(b.drain(tiers(10s), kStart + 9s).front(), 2U);
    MergeBench aged;
    aged.add(0, 5, kStart);
    aged.add(1, 4, kStart + 9s);
    aged.add(1, 5, kStart + 9s);
    // After ten seconds the first stands behind the second in lane 4, and before the third.
    EXPECT_EQ(aged.drain(tiers(10s), kStart + 10s), (std::vector<std::uint64_t>{2, 1, 3}));
}

TEST(Lanes, WithoutAgingNothingRises) {
    MergeBench b;
    b.add(0, 5, kStart);
    b.add(1, 0, kStart + 1h);
    EXPECT_EQ(b.drain(tiers(), kStart + 24h).front(), 2U);
}

TEST(RandomRobin, DrawsAmongTheQueuesThatHaveOne) {
    MergeBench b;
    for (std::uint16_t queue = 0; queue < 4; ++queue)
        b.add(queue, 0);
    EXPECT_EQ(b.merge.take({}, kStart, 0.99)->request.queue, 3);
    EXPECT_EQ(b.merge.take({}, kStart, 0.99)->request.queue, 2);
    EXPECT_EQ(b.merge.take({}, kStart, 0.0)->request.queue, 0);
    EXPECT_EQ(b.merge.take({}, kStart, 0.5)->request.queue, 1);
    EXPECT_EQ(b.merge.take({}, kStart, 0.5), nullptr);
}

// Whole engine: three queues, one slot, deep backlogs.
std::vector<std::size_t> shares(const std::string& preset, MergeSettings::Kind kind,
                                const std::vector<std::string>& tierOfQueue, int requests) {
    World world(*Semantics::byName(preset));
    world.settings.merge.kind = kind;
    world.settings.pools[0].workers = 1;
    world.settings.batchSize = 64;
    for (const std::string& tier : tierOfQueue) {
        auto& queue = world.addQueue("q-" + std::to_string(world.settings.queues.size()));
        if (!tier.empty()) queue.labels.push_back({"tier", tier});
    }
    world.router.serviceTime = [](const Request&) { return 100ms; };
    world.start();
    std::map<std::uint64_t, std::size_t> home;
    for (int i = 0; i < requests; ++i) {
        for (std::size_t q = 0; q < tierOfQueue.size(); ++q)
            home[world.push(10h, q)] = q;
    }
    world.run(3s);
    std::vector<std::size_t> out(tierOfQueue.size(), 0);
    // The first queue to be polled fills slot, channel and hand before the others are.
    for (std::size_t i = 5; i < world.router.sent.size(); ++i) {
        ++out[home[world.router.sent[i].number]];
    }
    return out;
}

TEST(WholeEngine, LanesAreStrictBetweenQueues) {
    for (const auto& name : Semantics::names()) {
        const auto share =
            shares(name, MergeSettings::Kind::tierPriority, {"batch", "interactive", "async"}, 100);
        EXPECT_GT(share[1], 15U) << name;
        EXPECT_EQ(share[0], 0U) << name;
        EXPECT_EQ(share[2], 0U) << name;
    }
}

TEST(WholeEngine, EqualLanesShareEvenly) {
    for (const auto& name : Semantics::names()) {
        const auto share =
            shares(name, MergeSettings::Kind::tierPriority, {"batch", "batch", "batch"}, 100);
        for (const std::size_t s : share) {
            EXPECT_NEAR(static_cast<double>(s), static_cast<double>(share[0]), 1.0) << name;
        }
    }
}

TEST(WholeEngine, RandomRobinGivesEveryQueueItsTurn) {
    for (const auto& name : Semantics::names()) {
        const auto share = shares(name, MergeSettings::Kind::randomRobin, {"", "", ""}, 100);
        for (const std::size_t s : share)
            EXPECT_GT(s, 2U) << name;
    }
}

TEST(WholeEngine, AgingLetsABatchQueueThroughNowAndThen) {
    World world(Semantics::penstock());
    world.settings.merge = tiers(1s);
    world.settings.pools[0].workers = 1;
    world.addQueue("batch").labels.push_back({"tier", "batch"});
    world.addQueue("chat").labels.push_back({"tier", "interactive"});
    world.router.serviceTime = [](const Request&) { return 100ms; };
    world.start();
    for (int i = 0; i < 100; ++i)
        world.push(10h, 0);
    for (int i = 0; i < 1000; ++i)
        world.push(10h, 1);
    world.run(60s);
    const auto batch = world.broker->queue(0).counts().finished;
    EXPECT_GE(batch, 10);
    EXPECT_LE(batch, 40);
}

} // namespace
} // namespace penstock::testing

// SPDX-License-Identifier: Apache-2.0
// The event loop fires timers in order of time, then of arming, whatever is armed, moved and
// disarmed meanwhile: compared with a sorted list over random operations.
#include "sim/kernel/event_loop.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <memory>

namespace penstock::sim {
namespace {

struct Probe final : Timer {
    std::vector<int>* log = nullptr;
    int id = 0;
    void fire() override { log->push_back(id); }
};

TEST(EventLoop, firesEqualTimesInTheOrderOfArming) {
    EventLoop loop{Time{}, 1};
    std::vector<int> log;
    std::vector<std::unique_ptr<Probe>> probes;
    for (int i = 0; i < 20; ++i) {
        probes.push_back(std::make_unique<Probe>());
        probes.back()->log = &log;
        probes.back()->id = i;
        loop.arm(*probes.back(), Time{Duration{5}});
    }
    loop.arm(*probes[3], Time{Duration{5}}); // moved to the end of its equals
    loop.runUntil(Time{Duration{5}});
    std::vector<int> expected{0, 1, 2};
    for (int i = 4; i < 20; ++i) expected.push_back(i);
    expected.push_back(3);
    EXPECT_EQ(log, expected);
    EXPECT_EQ(loop.now(), Time{Duration{5}});
}

TEST(EventLoop, doesNotPassItsLimit) {
    EventLoop loop{Time{}, 1};
    std::vector<int> log;
    Probe probe;
    probe.log = &log;
    loop.arm(probe, Time{Duration{10}});
    loop.runUntil(Time{Duration{9}});
    EXPECT_TRUE(log.empty());
    EXPECT_TRUE(probe.armed());
    EXPECT_FALSE(loop.step(Time{Duration{9}}));
    EXPECT_TRUE(loop.step(Time{Duration{10}}));
    EXPECT_FALSE(probe.armed());
}

RC_GTEST_PROP(EventLoop, agreesWithASortedList, ()) {
    EventLoop loop{Time{}, 7};
    std::vector<int> log;
    std::vector<int> expected;
    std::vector<std::unique_ptr<Probe>> probes;
    for (int i = 0; i < 40; ++i) {
        probes.push_back(std::make_unique<Probe>());
        probes.back()->log = &log;
        probes.back()->id = i;
    }
    std::map<std::pair<std::int64_t, int>, int> model; // (due, order of arming) -> probe
    std::map<int, std::pair<std::int64_t, int>> where;
    int order = 0;
    const int steps = *rc::gen::inRange(1, 400);
    for (int s = 0; s < steps; ++s) {
        const int probe = *rc::gen::inRange(0, 40);
        const int action = *rc::gen::inRange(0, 4);
        if (action < 2) {
            const std::int64_t due = *rc::gen::inRange<std::int64_t>(0, 60);
            const std::int64_t from = std::max(due, loop.now().time_since_epoch().count());
            if (where.count(probe)) model.erase(where[probe]);
            where[probe] = {from, order++};
            model[where[probe]] = probe;
            loop.arm(*probes[static_cast<std::size_t>(probe)], Time{Duration{due}});
        } else if (action == 2) {
            if (where.count(probe)) model.erase(where[probe]);
            where.erase(probe);
            loop.disarm(*probes[static_cast<std::size_t>(probe)]);
        } else if (!model.empty()) {
            const auto first = *model.begin();
            expected.push_back(first.second);
            model.erase(model.begin());
            where.erase(first.second);
            RC_ASSERT(loop.step());
            RC_ASSERT(loop.now().time_since_epoch().count() == first.first.first);
        }
    }
    while (!model.empty()) {
        expected.push_back(model.begin()->second);
        model.erase(model.begin());
        RC_ASSERT(loop.step());
    }
    RC_ASSERT(!loop.step());
    RC_ASSERT(log == expected);
}

TEST(EventLoop, randomIsAFunctionOfSeedStreamAndIndex) {
    EventLoop a{Time{}, 42};
    EventLoop b{Time{}, 42};
    EventLoop c{Time{}, 43};
    const double first = a.random(RandomStream::backoff, 17);
    a.random(RandomStream::mergePick, 3);
    EXPECT_EQ(first, b.random(RandomStream::backoff, 17));
    EXPECT_NE(first, c.random(RandomStream::backoff, 17));
    EXPECT_NE(first, a.random(RandomStream::mergePick, 17));
    double sum = 0;
    for (std::uint64_t i = 0; i < 100000; ++i) sum += a.random(RandomStream::backoff, i);
    EXPECT_NEAR(sum / 100000, 0.5, 0.005);
}

} // namespace
} // namespace penstock::sim

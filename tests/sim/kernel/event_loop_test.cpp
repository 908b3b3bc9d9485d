// SPDX-License-Identifier: Apache-2.0
// The event loop fires timers in order of time, then of arming, whatever is armed, moved and
// disarmed meanwhile: compared with a sorted list over random operations.
#include "sim/kernel/event_loop.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>
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
    for (int i = 4; i < 20; ++i)
        expected.push_back(i);
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
            // Near and far, so that timers wait in the heap and on every level of the wheel.
            const int scale = *rc::gen::element(0, 0, 20, 29, 33, 40, 46, 52);
            const std::int64_t due = *rc::gen::inRange<std::int64_t>(0, 60) << scale;
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
            RC_ASSERT(loop.nextDue().time_since_epoch().count() == first.first.first);
            RC_ASSERT(!loop.step(loop.nextDue() - Duration{1}));
            RC_ASSERT(loop.step());
            RC_ASSERT(loop.now().time_since_epoch().count() == first.first.first);
        }
        RC_ASSERT(loop.empty() == model.empty());
    }
    while (!model.empty()) {
        expected.push_back(model.begin()->second);
        model.erase(model.begin());
        RC_ASSERT(loop.step());
    }
    RC_ASSERT(!loop.step());
    RC_ASSERT(log == expected);
}

// Timers that arm, move and disarm each other and themselves while they fire, by a plan that is the
// same for the loop and for a sorted list.
struct Plan {
    std::uint64_t state;
    std::uint64_t next() {
        state += 0x9e3779b97f4a7c15ULL;
        const std::uint64_t x = (state ^ (state >> 30)) * 0xbf58476d1ce4e5b9ULL;
        return x ^ (x >> 27);
    }
};
// What a firing does: calls arm(timer, after) and disarm(timer) on some of `count` timers.
template <class Arm, class Disarm>
void act(Plan& plan, std::uint64_t self, std::uint64_t count, const Arm& arm,
         const Disarm& disarm) {
    const std::uint64_t steps = plan.next() % 4;
    for (std::uint64_t i = 0; i < steps; ++i) {
        const std::uint64_t other = plan.next() % 3 == 0 ? self : plan.next() % count;
        const std::uint64_t after = (plan.next() % 8) << (plan.next() % 5 * 9);
        if (plan.next() % 4 == 0) {
            disarm(other);
        } else {
            arm(other, static_cast<std::int64_t>(after));
        }
    }
}

struct Actor final : Timer {
    std::function<void()> doing;
    void fire() override { doing(); }
};

RC_GTEST_PROP(EventLoop, mayBeChangedByWhatItFires, (std::uint64_t seed)) {
    constexpr std::uint64_t kCount = 12;
    EventLoop loop{Time{Duration{1000}}, 7};
    Plan plan{seed};
    std::vector<std::pair<std::int64_t, std::uint64_t>> log;
    std::vector<std::unique_ptr<Actor>> actors;
    const auto arm = [&](std::uint64_t i, std::int64_t after) {
        loop.arm(*actors[i], loop.now() + Duration{after});
    };
    const auto disarm = [&](std::uint64_t i) { loop.disarm(*actors[i]); };
    for (std::uint64_t i = 0; i < kCount; ++i) {
        actors.push_back(std::make_unique<Actor>());
        actors.back()->doing = [&, i] {
            log.emplace_back(loop.now().time_since_epoch().count(), i);
            act(plan, i, kCount, arm, disarm);
        };
        arm(i, static_cast<std::int64_t>(i));
    }
    for (int n = 0; n < 300 && loop.step(); ++n) {}

    Plan same{seed};
    std::map<std::pair<std::int64_t, int>, std::uint64_t> model;
    std::map<std::uint64_t, std::pair<std::int64_t, int>> where;
    int order = 0;
    std::int64_t now = 1000;
    const auto leave = [&](std::uint64_t i) {
        if (where.count(i)) model.erase(where[i]);
        where.erase(i);
    };
    const auto enter = [&](std::uint64_t i, std::int64_t after) {
        leave(i);
        where[i] = {now + after, order++};
        model[where[i]] = i;
    };
    for (std::uint64_t i = 0; i < kCount; ++i)
        enter(i, static_cast<std::int64_t>(i));
    for (const auto& [at, who] : log) {
        RC_ASSERT(!model.empty());
        const auto first = *model.begin();
        now = first.first.first;
        RC_ASSERT(at == now);
        RC_ASSERT(who == first.second);
        leave(who);
        act(same, who, kCount, enter, leave);
    }
    RC_ASSERT(loop.empty() == model.empty());
    for (const auto& actor : actors)
        loop.disarm(*actor);
    RC_ASSERT(loop.empty());
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
    for (std::uint64_t i = 0; i < 100000; ++i)
        sum += a.random(RandomStream::backoff, i);
    EXPECT_NEAR(sum / 100000, 0.5, 0.005);
}

} // namespace
} // namespace penstock::sim

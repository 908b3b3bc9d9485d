// SPDX-License-Identifier: Apache-2.0
// The wait before attempt k + 1 is uniform in [2, 4), [4, 8), [8, 16), [16, 32), [30, 60) and so
// on, capped by the time left: the law by itself, and between the attempts of a whole engine.
#include "engine/types/backoff.h"
#include "tests/engine/core/support.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace penstock::testing {
namespace {

// The largest u that a sum of doubles still tells from 1.
constexpr double kAlmostOne = 1.0 - 1e-9;

TEST(Backoff, IntervalsByRetry) {
    const struct {
        std::uint32_t retries;
        double from, to;
    } cases[] = {{0, 2, 4},   {1, 4, 8},   {2, 8, 16},   {3, 16, 32},
                 {4, 30, 60}, {5, 30, 60}, {63, 30, 60}, {1'000'000, 30, 60}};
    for (const auto& c : cases) {
        EXPECT_EQ(backoffSeconds({}, c.retries, 1e6, 0.0), c.from) << c.retries;
        const double high = backoffSeconds({}, c.retries, 1e6, kAlmostOne);
        EXPECT_LT(high, c.to) << c.retries;
        EXPECT_GT(high, 0.999 * c.to) << c.retries;
    }
}

TEST(Backoff, IsCappedByTheTimeLeft) {
    EXPECT_EQ(backoffSeconds({}, 5, 10.0, 0.0), 5.0);
    EXPECT_LT(backoffSeconds({}, 5, 10.0, kAlmostOne), 10.0);
    EXPECT_EQ(backoffSeconds({}, 0, 0.0, 0.5), 0.0);
    EXPECT_EQ(backoffSeconds({}, 0, -3.0, 0.5), 0.0);
}

RC_GTEST_PROP(Backoff, AlwaysLandsBeforeTheDeadline, ()) {
    const auto unit = [] { return *rc::gen::inRange(0, 1'000'000) / 1e6; };
    const auto retries = *rc::gen::inRange<std::uint32_t>(0, 100);
    const double left = *rc::gen::inRange(1, 1'000'000) / 1000.0;
    const double after = *rc::gen::inRange(-1, 10'000);
    const double backoff = backoffSeconds({}, retries, left, unit());
    const double delay = retryDelaySeconds(backoff, after, left, unit());
    RC_ASSERT(backoff > 0.0);
    RC_ASSERT(delay >= backoff);
    RC_ASSERT(delay < left);
}

TEST(Ladder, IntervalsBetweenAttempts) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        World world(Semantics::penstock(), seed);
        world.router.answer = [](const Request&) { return status(503); };
        world.router.serviceTime = [](const Request&) { return 1ms; };
        world.start();
        world.push(1h);
        world.run(10min);
        const auto retries = world.log.of(EventKind::retry);
        ASSERT_GE(retries.size(), 6U);
        const double bounds[][2] = {{2, 4}, {4, 8}, {8, 16}, {16, 32}, {30, 60}, {30, 60}};
        for (std::size_t i = 0; i < std::size(bounds); ++i) {
            EXPECT_GE(retries[i].value, bounds[i][0]);
            EXPECT_LT(retries[i].value, bounds[i][1]);
            EXPECT_EQ(retries[i].attempt, i + 1);
            EXPECT_EQ(retries[i].status, 503);
            // The next attempt comes at the first poll tick after the backoff.
            const Duration gap = world.router.sent[i + 1].at - retries[i].at;
            EXPECT_GE(toSeconds(gap), retries[i].value - 1e-9);
            EXPECT_LE(toSeconds(gap), retries[i].value + 0.05);
        }
    }
}

// Every retry is due before the deadline, so the only way to run out of time is to be looked at
// after it.
TEST(Ladder, EveryRetryIsDueBeforeTheDeadline) {
    for (const auto& name : Semantics::names()) {
        World world(*Semantics::byName(name), 7);
        world.router.answer = [](const Request&) { return status(500); };
        world.start();
        for (int i = 0; i < 200; ++i)
            world.push(60s + i * 1s);
        world.run(20min);
        // There, one that the mover brings back too late goes without a result.
        const std::size_t lost = world.log.count(EventKind::lost);
        EXPECT_EQ(world.results.entries.size() + lost, 200U) << name;
        EXPECT_EQ(lost > 0, name == "llm-d-async-0.9") << name;
        for (const Event& e : world.log.of(EventKind::retry)) {
            EXPECT_LT(e.at + fromSeconds(e.value), kStart + 60s + 200s);
        }
        world.broker->checkConservation();
    }
}

} // namespace
} // namespace penstock::testing

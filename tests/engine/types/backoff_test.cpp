// SPDX-License-Identifier: Apache-2.0
// The retry ladder's law against the intervals that llm-d-async documents: [2,4) [4,8) [8,16)
// [16,32) [30,60) [30,60)…, the Retry-After clamp and its jitter. Tables for the facts, RapidCheck
// for what holds everywhere.
#include "engine/types/backoff.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace penstock {
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

TEST(RetryAfter, ShorterThanTheBackoffIsIgnored) {
    EXPECT_EQ(retryDelaySeconds(3.0, 2.0, 100.0, 0.9), 3.0);
    EXPECT_EQ(retryDelaySeconds(3.0, -1.0, 100.0, 0.9), 3.0);
    EXPECT_EQ(retryDelaySeconds(3.0, 3.0, 100.0, 0.9), 3.0);
}

TEST(RetryAfter, LongerWinsJitteredUpByLessThanAQuarter) {
    EXPECT_EQ(retryDelaySeconds(3.0, 20.0, 100.0, 0.0), 20.0);
    EXPECT_LT(retryDelaySeconds(3.0, 20.0, 100.0, kAlmostOne), 25.0);
    EXPECT_GT(retryDelaySeconds(3.0, 20.0, 100.0, kAlmostOne), 24.99);
}

TEST(RetryAfter, IsClampedToHalfTheRemainingTime) {
    EXPECT_EQ(retryDelaySeconds(3.0, 3600.0, 100.0, 0.0), 50.0);
    EXPECT_LT(retryDelaySeconds(3.0, 3600.0, 100.0, kAlmostOne), 62.5);
    // The backoff stays the floor when the clamp would undercut it.
    EXPECT_EQ(retryDelaySeconds(3.9, 3600.0, 4.0, 0.0), 3.9);
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

} // namespace
} // namespace penstock

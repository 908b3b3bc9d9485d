// SPDX-License-Identifier: Apache-2.0
// A larger Retry-After wins over the backoff, jittered up by less than a quarter and clamped to
// half the time that remains.
#include "engine/types/backoff.h"
#include "tests/engine/core/support.h"

#include <gtest/gtest.h>

namespace penstock::testing {
namespace {

// The largest u that a sum of doubles still tells from 1.
constexpr double kAlmostOne = 1.0 - 1e-9;

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

TEST(Ladder, RetryAfterLengthensButIsClampedToHalfTheTimeLeft) {
    World world(Semantics::penstock());
    world.router.answer = [](const Request&) {
        Response response = status(429);
        response.retryAfter = 1h;
        return response;
    };
    world.router.serviceTime = [](const Request&) { return 0s; };
    world.start();
    world.push(200s);
    world.run(1s);
    const auto retries = world.log.of(EventKind::retry);
    ASSERT_EQ(retries.size(), 1U);
    EXPECT_GE(retries[0].value, 99.0);
    EXPECT_LT(retries[0].value, 125.0);
}

} // namespace
} // namespace penstock::testing

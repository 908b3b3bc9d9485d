// SPDX-License-Identifier: Apache-2.0
// Goal: no sum of a time and a duration comes out in the past. Method: the edges of the range, and
// sums of random parts.
#include "engine/types/time.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <limits>

namespace penstock {
namespace {

using namespace std::chrono_literals;

constexpr Time kToday{Duration{1'767'571'200'000'000'000}};

TEST(Time, sumsStopAtNever) {
    EXPECT_EQ(kToday + Duration::max(), kNever);
    EXPECT_EQ(kToday + Duration::max() + Duration::max(), kNever);
    EXPECT_EQ(Duration::max() + kToday, kNever);
    EXPECT_EQ(kNever + Duration{1}, kNever);
    EXPECT_EQ(kNever + Duration{-1}, Time{kNever.time_since_epoch() - Duration{1}});
    EXPECT_EQ(kToday + Duration{5}, Time{kToday.time_since_epoch() + Duration{5}});
    EXPECT_EQ(kToday + Duration{-5}, Time{kToday.time_since_epoch() - Duration{5}});
    static_assert(kToday + Duration{1s} == kToday + 1s);
}

TEST(Time, sumsNeverWrap) {
    EXPECT_TRUE(rc::check([] {
        const Time t{Duration{*rc::gen::inRange<std::int64_t>(0, INT64_MAX / 2 + 1)}};
        const Duration d{*rc::gen::oneOf(rc::gen::inRange<std::int64_t>(0, INT64_MAX),
                                         rc::gen::just<std::int64_t>(INT64_MAX))};
        RC_ASSERT(t + d >= t);
        RC_ASSERT(t + d <= kNever);
    }));
}

TEST(Time, secondsBeyondTheRangeAreTheMost) {
    for (const double huge : {1e10, 1e30, 1e300}) {
        EXPECT_EQ(fromSeconds(huge), fromSeconds(9.2e9));
        EXPECT_EQ(fromSeconds(-huge), fromSeconds(-9.2e9));
        EXPECT_EQ(kToday + fromSeconds(huge), kNever);
    }
    EXPECT_EQ(fromSeconds(std::numeric_limits<double>::infinity()), fromSeconds(1e10));
    EXPECT_EQ(fromSeconds(std::numeric_limits<double>::quiet_NaN()), Duration{0});
    EXPECT_EQ(fromSeconds(1.5), Duration{1'500'000'000});
}

} // namespace
} // namespace penstock

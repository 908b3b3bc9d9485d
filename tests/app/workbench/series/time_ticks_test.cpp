// SPDX-License-Identifier: GPL-3.0-only
// Goal: grid lines fall on round times and labels read as a person would write them.
// Method: tables of cases.
#include "app/workbench/series/time_ticks.h"

#include <gtest/gtest.h>

#include <cmath>

namespace penstock::app {
namespace {

using namespace std::chrono_literals;

TEST(TimeTicks, StepIsRound) {
    const struct {
        Duration span;
        int most;
        Duration step;
    } cases[] = {{10s, 10, 1s}, {11s, 10, 2s},   {5min, 10, 30s}, {1h, 12, 5min},
                 {24h, 8, 3h},  {1ms, 5, 200us}, {7ms, 10, 1ms},  {10us, 4, 5us},
                 {90s, 6, 15s}, {20min, 8, 5min}};
    for (const auto& c : cases)
        EXPECT_EQ(tickStep(c.span, c.most), c.step) << c.span.count();
}

TEST(TimeTicks, TicksAreMultiplesInsideTheRange) {
    const Time origin{7s};
    const auto t = ticks({Time{10s}, Time{30s}}, 10s, origin);
    EXPECT_EQ(t, (std::vector<Time>{Time{17s}, Time{27s}}));
    EXPECT_EQ(ticks({Time{-5s}, Time{8s}}, 10s, origin), (std::vector<Time>{Time{-3s}, Time{7s}}));
}

TEST(TimeTicks, Labels) {
    EXPECT_EQ(timeLabel(245s, 5s), "4:05");
    EXPECT_EQ(timeLabel(3723s, 60s), "1:02:03");
    EXPECT_EQ(timeLabel(12350ms, 50ms), "12.35 s");
    EXPECT_EQ(timeLabel(72350ms, 50ms), "1:12.35");
    EXPECT_EQ(timeLabel(-90s, 30s), "−1:30");
    EXPECT_EQ(clockLabel(761250ms), "00:12:41.250");
    EXPECT_EQ(durationLabel(350us), "350 µs");
    EXPECT_EQ(durationLabel(41234us), "41.2 ms");
    EXPECT_EQ(durationLabel(12400ms), "12.4 s");
    EXPECT_EQ(durationLabel(200s), "3 min 20 s");
    EXPECT_EQ(durationLabel(2h + 5min), "2 h 05 min");
    EXPECT_EQ(durationLabel(-2ms), "−2.00 ms");
}

TEST(TimeTicks, Numbers) {
    const struct {
        double value;
        const char* text;
    } cases[] = {{0, "0"},        {0.8, "0.8"},      {0.0031, "0.0031"}, {12.4, "12.4"},
                 {1830, "1,830"}, {99999, "99,999"}, {3.2e6, "3.2 M"},   {-4, "−4"},
                 {100, "100"},    {250000, "250 k"}, {NAN, "–"},         {1e-7, "1.00e-07"}};
    for (const auto& c : cases)
        EXPECT_EQ(numberLabel(c.value), c.text);
}

TEST(TimeTicks, ValueScaleEnclosesTheDataInFewRoundSteps) {
    for (const auto& [low, high] : std::vector<std::pair<double, double>>{{0, 1},
                                                                          {0, 0.83},
                                                                          {3, 97},
                                                                          {0, 0},
                                                                          {5, 5},
                                                                          {-3, 12},
                                                                          {0, 123456},
                                                                          {-2, -2},
                                                                          {0, 1e-6}}) {
        const ValueScale s = niceScale(low, high, 4);
        EXPECT_LE(s.low, low);
        EXPECT_GE(s.high, high);
        EXPECT_GT(s.high, s.low);
        EXPECT_LE((s.high - s.low) / s.step, 6.01) << low << " " << high;
    }
}

} // namespace
} // namespace penstock::app

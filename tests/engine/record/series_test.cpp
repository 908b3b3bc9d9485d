// SPDX-License-Identifier: Apache-2.0
// Goal: a series keeps its size, its extremes and its means however long the run. Method: long
// streams whose totals are known, compared with what the curve says.
#include "engine/record/measures/series.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace penstock {
namespace {

using namespace std::chrono_literals;
constexpr Time kStart{Duration{5'000'000'000}};

double integral(const Curve& curve) {
    double sum = 0;
    for (float v : curve.mean)
        sum += std::isnan(v) ? 0 : v;
    return sum * curve.binSeconds;
}

TEST(Series, keepsItsSizeAndASpikeOfOneSample) {
    Series s(Series::Kind::gauge, kStart, 1s);
    constexpr int kSeconds = 1'000'000;
    for (int i = 0; i < kSeconds; ++i)
        s.add(kStart + i * 1s, i == 777'777 ? 50.0 : 1.0);
    const Curve c = s.curve("x", "", kStart + kSeconds * 1s);
    EXPECT_LE(c.size(), static_cast<std::size_t>(Series::kBins));
    EXPECT_GE(c.size(), static_cast<std::size_t>(Series::kBins / 2) - 30);
    EXPECT_FLOAT_EQ(*std::max_element(c.max.begin(), c.max.end()), 50.0f);
    EXPECT_FLOAT_EQ(*std::min_element(c.min.begin(), c.min.end()), 1.0f);
    EXPECT_NEAR(integral(c), kSeconds + 49, 1100); // the last bin is filled in part
}

TEST(Series, countsBecomeRatesAndNoneIsLost) {
    Series s(Series::Kind::count, kStart, 1s);
    for (int i = 0; i < 100'000; ++i)
        s.add(kStart + i * 100ms, 1);
    const Curve c = s.curve("x", "1/s", kStart + 10'000s);
    EXPECT_NEAR(integral(c), 100'000, 200);
    for (std::size_t i = 0; i + 1 < c.size(); ++i) {
        EXPECT_NEAR(c.mean[i], 10.0f, 1e-3);
        EXPECT_NEAR(c.min[i], 10.0f, 1e-3);
        EXPECT_NEAR(c.max[i], 10.0f, 1e-3);
    }
}

TEST(Series, silenceIsARateOfZeroAndKeepsTheExtremes) {
    Series s(Series::Kind::count, kStart, 1s);
    s.add(kStart + 2s, 30); // one second of 30 a second, then nothing for an hour
    const Curve c = s.curve("x", "1/s", kStart + 3600s);
    EXPECT_NEAR(integral(c), 30, 1e-3);
    EXPECT_FLOAT_EQ(c.max[0], 30.0f);
    EXPECT_FLOAT_EQ(c.min[0], 0.0f);
    EXPECT_FLOAT_EQ(c.mean.back(), 0.0f);
}

TEST(Series, aStepHoldsUntilTheNextAndIsWeightedByTime) {
    Series s(Series::Kind::step, kStart, 10s);
    s.add(kStart + 2s, 1.0);
    s.add(kStart + 5s, 3.0);
    const Curve c = s.curve("x", "", kStart + 30s);
    ASSERT_EQ(c.size(), 3u);
    EXPECT_NEAR(c.mean[0], (3 * 1.0 + 5 * 3.0) / 8, 1e-6); // unknown during the first two seconds
    EXPECT_FLOAT_EQ(c.min[0], 1.0f);
    EXPECT_FLOAT_EQ(c.max[0], 3.0f);
    EXPECT_FLOAT_EQ(c.mean[1], 3.0f);
    EXPECT_FLOAT_EQ(c.min[2], 3.0f);
}

TEST(Series, aStepOverAnHourOfSilenceIsStillExact) {
    Series s(Series::Kind::step, kStart, 1s);
    s.add(kStart, 2.0);
    s.add(kStart + 3600s, 4.0);
    const Curve c = s.curve("x", "", kStart + 7200s);
    EXPECT_NEAR(integral(c), 2.0 * 3600 + 4.0 * 3600, 40);
    EXPECT_FLOAT_EQ(c.mean.front(), 2.0f);
    EXPECT_FLOAT_EQ(c.mean.back(), 4.0f);
}

TEST(Series, whatWasNeverKnownIsNan) {
    Series s(Series::Kind::gauge, kStart, 1s);
    s.add(kStart + 5s, 1.0);
    const Curve c = s.curve("x", "", kStart + 10s);
    ASSERT_EQ(c.size(), 10u);
    EXPECT_TRUE(std::isnan(c.mean[0]));
    EXPECT_FLOAT_EQ(c.mean[5], 1.0f);
    EXPECT_TRUE(std::isnan(c.mean[9]));
}

TEST(HeatStrip, keepsItsSizeAndItsMeans) {
    HeatStrip h(3, kStart, 1s);
    for (int i = 0; i < 10'000; ++i) {
        h.add(kStart + i * 1s, std::vector<float>{0.0f, 0.5f, i % 2 == 0 ? 0.0f : 1.0f});
    }
    EXPECT_LE(h.columns(), HeatStrip::kColumns);
    for (int c = 0; c + 1 < h.columns(); ++c) {
        EXPECT_FLOAT_EQ(h.at(0, c), 0.0f);
        EXPECT_FLOAT_EQ(h.at(1, c), 0.5f);
        EXPECT_FLOAT_EQ(h.at(2, c), 0.5f);
    }
}

TEST(HeatStrip, groupsMoreMembersThanItHasRows) {
    HeatStrip h(128, kStart, 1s);
    std::vector<float> busy(128);
    for (std::size_t i = 0; i < busy.size(); ++i)
        busy[i] = i < 64 ? 0.0f : 1.0f;
    h.add(kStart, busy);
    EXPECT_EQ(h.rows(), HeatStrip::kRows);
    EXPECT_FLOAT_EQ(h.at(0, 0), 0.0f);
    EXPECT_FLOAT_EQ(h.at(HeatStrip::kRows - 1, 0), 1.0f);
}

} // namespace
} // namespace penstock

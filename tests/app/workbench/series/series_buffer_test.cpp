// SPDX-License-Identifier: GPL-3.0-only
// Goal: whatever is drawn or reported from the bounded pyramid agrees with all samples ever
// appended. Method: compare with the obvious computation over a plain vector, for random series,
// random ranges and rings small enough to forget most of them.
#include "app/workbench/series/series_buffer.h"
#include "tests/app/workbench/series/times.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <chrono>
#include <cmath>
#include <limits>

namespace penstock::app {
namespace {

std::vector<Sample> randomSeries(int count) {
    std::vector<Sample> samples;
    Time t = at(1000);
    for (int i = 0; i < count; ++i) {
        t += std::chrono::milliseconds(*rc::gen::inRange(0, 400));
        const int v = *rc::gen::inRange(-50, 50);
        samples.push_back({t, v == 0 ? std::numeric_limits<double>::quiet_NaN() : v});
    }
    return samples;
}

TEST(SeriesBuffer, EmptyHasNothingToShow) {
    SeriesBuffer buffer;
    std::vector<Column> columns{{}};
    buffer.decimate({at(0), at(10)}, 100, columns);
    EXPECT_TRUE(columns.empty());
    EXPECT_FALSE(buffer.at(at(5)));
    EXPECT_FALSE(buffer.statistics({at(0), at(10)}));
    EXPECT_FALSE(buffer.last());
}

TEST(SeriesBuffer, LoneSamplesKeepTheirExactPlaceAndOneNeighbourEachSide) {
    SeriesBuffer buffer;
    for (const double t : {1.0, 2.0, 4.25, 7.5, 12.0, 13.0})
        buffer.append(at(t), t);
    std::vector<Column> c;
    buffer.decimate({at(3), at(8)}, 500, c); // 10 ms a column
    ASSERT_EQ(c.size(), 4u);
    EXPECT_FLOAT_EQ(c[0].x, -100);
    EXPECT_FLOAT_EQ(c[1].x, 125);
    EXPECT_FLOAT_EQ(c[2].x, 450);
    EXPECT_FLOAT_EQ(c[3].x, 900);
    EXPECT_FLOAT_EQ(c[1].first, 4.25);
}

TEST(SeriesBuffer, OneSampleAmongMillionsStillShows) {
    SeriesBuffer buffer;
    for (int i = 0; i < 3'600'000; ++i) {
        buffer.append(at(0) + std::chrono::milliseconds(i), i == 1'234'567 ? 0.0 : 1.0);
    }
    for (const double span : {3600.0, 2000.0, 1300.0}) {
        std::vector<Column> c;
        buffer.decimate({at(0), at(span)}, 900, c);
        EXPECT_LE(c.size(), 903u);
        double low = 1;
        float where = 0;
        for (const Column& column : c) {
            if (column.min < low) where = column.x;
            low = std::min<double>(low, column.min);
        }
        EXPECT_EQ(low, 0) << span;
        EXPECT_NEAR(where * span / 900, 1234.567, 1.5 * span / 900) << span;
    }
    EXPECT_LT(buffer.bytes(), 7u << 20);
}

TEST(SeriesBuffer, AnHourAtAKilohertzIsDrawnInTheTimeOfItsPixels) {
    SeriesBuffer buffer;
    for (int i = 0; i < 3'600'000; ++i) {
        buffer.append(at(0) + std::chrono::milliseconds(i), std::sin(i * 0.001) + (i % 7) * 0.1);
    }
    std::vector<Column> c;
    const auto start = std::chrono::steady_clock::now();
    const int rounds = 50;
    for (int i = 0; i < rounds; ++i)
        buffer.decimate({at(i), at(3600)}, 1000, c);
    const double ms =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
            .count() /
        rounds;
    RecordProperty("decimate_ms", std::to_string(ms));
    EXPECT_LT(ms, 5); // far above what it takes; a walk over all samples takes longer
}

TEST(SeriesBuffer, ValueInForce) {
    SeriesBuffer buffer;
    buffer.append(at(1), 10);
    buffer.append(at(2), 20);
    buffer.append(at(2), 21);
    EXPECT_FALSE(buffer.at(at(0.5)));
    EXPECT_EQ(buffer.at(at(1))->value, 10);
    EXPECT_EQ(buffer.at(at(1.999))->value, 10);
    EXPECT_EQ(buffer.at(at(2))->value, 21);
    EXPECT_EQ(buffer.at(at(100))->t, at(2));
}

TEST(SeriesBuffer, GapsBreakTheCurveAndDoNotCount) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    SeriesBuffer buffer;
    buffer.append(at(0), 2);
    buffer.append(at(1), nan);
    buffer.append(at(3), 4);
    const auto s = buffer.statistics({at(0), at(4)});
    ASSERT_TRUE(s);
    EXPECT_DOUBLE_EQ(s->mean, 3);
    EXPECT_EQ(s->known, std::chrono::seconds(2));
    std::vector<Column> c;
    buffer.decimate({at(0), at(4)}, 4, c);
    ASSERT_EQ(c.size(), 3u);
    EXPECT_TRUE(std::isnan(c[1].min));
    EXPECT_TRUE(std::isnan(c[1].last));
}

TEST(SeriesBuffer, QuantilesWeighEachSampleByHowLongItHeld) {
    SeriesBuffer buffer;
    buffer.append(at(0), 1);  // 97 s
    buffer.append(at(97), 5); // 2 s
    buffer.append(at(99), 9); // 1 s
    const auto s = buffer.statistics({at(0), at(100)});
    EXPECT_TRUE(s->exact);
    EXPECT_EQ(s->p50, 1);
    EXPECT_EQ(s->p95, 1);
    EXPECT_EQ(s->p99, 5);
    EXPECT_NEAR(s->mean, 1.16, 1e-12);
}

// Any range of any series: the extremes over the columns are those of the samples in force there,
// columns come in order, and there are no more than asked for.
TEST(SeriesBuffer, ColumnsHoldTheExtremesOfEverySample) {
    EXPECT_TRUE(rc::check([] {
        const auto samples = randomSeries(*rc::gen::inRange(1, 3000));
        SeriesBuffer buffer(16, 1024); // forgets nearly every sample, no summary
        for (const Sample& s : samples)
            buffer.append(s.t, s.value);
        const TimeRange all{samples.front().t, samples.back().t + std::chrono::seconds(1)};
        const int width = *rc::gen::inRange(1, 400);
        std::vector<Column> c;
        buffer.decimate(all, width, c);
        double low = 1e9, high = -1e9, wantLow = 1e9, wantHigh = -1e9;
        for (std::size_t i = 0; i < c.size(); ++i) {
            if (i > 0) RC_ASSERT(c[i].x >= c[i - 1].x);
            if (std::isnan(c[i].min)) continue;
            low = std::min<double>(low, c[i].min);
            high = std::max<double>(high, c[i].max);
        }
        for (std::size_t i = 0; i < samples.size(); ++i) {
            const Sample& s = samples[i];
            if (std::isnan(s.value)) continue;
            // Replaced in the instant in which the range begins, it was never in force there.
            const bool replaced = i + 1 < samples.size() && samples[i + 1].t == s.t;
            if (s.t == samples.front().t && replaced) continue;
            wantLow = std::min(wantLow, s.value);
            wantHigh = std::max(wantHigh, s.value);
        }
        RC_ASSERT(c.size() <= static_cast<std::size_t>(width) + 3);
        RC_ASSERT(low == wantLow);
        RC_ASSERT(high == wantHigh);
    }));
}

// Mean over the whole run equals the time integral of the samples, forgotten or not.
TEST(SeriesBuffer, MeanIsTheIntegralOverTime) {
    EXPECT_TRUE(rc::check([] {
        const auto samples = randomSeries(*rc::gen::inRange(2, 2000));
        SeriesBuffer buffer(16, 1024);
        for (const Sample& s : samples)
            buffer.append(s.t, s.value);
        const Time end = samples.back().t + std::chrono::seconds(1);
        double area = 0, known = 0;
        for (std::size_t i = 0; i < samples.size(); ++i) {
            const Time next = i + 1 < samples.size() ? samples[i + 1].t : end;
            if (std::isnan(samples[i].value)) continue;
            area += samples[i].value * toSeconds(next - samples[i].t);
            known += toSeconds(next - samples[i].t);
        }
        const auto s = buffer.statistics({samples.front().t, end});
        RC_ASSERT(s.has_value() == (known > 0));
        if (s) RC_ASSERT(std::abs(s->mean - area / known) < 1e-6);
    }));
}

// With nothing forgotten, the value in force and the samples of a range are the recorded ones.
TEST(SeriesBuffer, RecentValuesAreTheRecordedOnes) {
    EXPECT_TRUE(rc::check([] {
        const auto samples = randomSeries(*rc::gen::inRange(1, 2000));
        SeriesBuffer buffer(4096, 64);
        for (const Sample& s : samples)
            buffer.append(s.t, s.value);
        const Time t = samples.front().t + std::chrono::milliseconds(*rc::gen::inRange(0, 400000));
        const Sample* want = nullptr;
        for (const Sample& s : samples) {
            if (s.t <= t) want = &s;
        }
        const auto got = buffer.at(t);
        RC_ASSERT(got && got->t == want->t);
        RC_ASSERT(got->value == want->value || (std::isnan(got->value) && std::isnan(want->value)));
        const auto part = buffer.samples({samples.front().t, t}, 100000);
        const auto count =
            std::count_if(samples.begin(), samples.end(), [&](const Sample& s) { return s.t < t; });
        RC_ASSERT(part.size() == static_cast<std::size_t>(count));
    }));
}

TEST(SeriesBuffer, MemoryStaysFlatOverADay) {
    SeriesBuffer buffer;
    std::size_t atAnHour = 0;
    for (int i = 0; i < 8'640'000; ++i) { // ten a second for ten days
        buffer.append(at(0.1 * i), i & 255);
        if (i == 864'000) atAnHour = buffer.bytes();
    }
    EXPECT_LT(buffer.bytes(), 7u << 20);
    EXPECT_LE(atAnHour, buffer.bytes());
}

} // namespace
} // namespace penstock::app

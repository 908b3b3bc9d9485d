// SPDX-License-Identifier: Apache-2.0
// The statistics report: each figure on traces made so that it is known. Method: made-up rows; the
// figures of recorded traces are in recorded_test.cpp.
#include "sim/traffic/statistics/statistics.h"
#include "support.h"

namespace penstock::sim {
namespace {

using test::TempDir;

TEST(Statistics, OfPoissonTrafficAreThoseOfPoisson) {
    StatisticsCollector collector;
    TrafficSpec spec;
    spec.process = PoissonProcess{5};
    spec.lengths = DrawnLengths{UniformLength{1, 1000}, ConstantLength{7}, 0};
    TraceRow row;
    for (const Arrival& a : test::arrivals(spec, 100'000)) {
        row.timeNs = a.offsetNs;
        row.promptTokens = a.promptTokens;
        row.outputTokens = a.outputTokens;
        collector.add(row);
    }
    const TraceStatistics s = collector.finish();
    EXPECT_NEAR(*s.perSecond, 5, 0.05);
    EXPECT_NEAR(*s.gapCv, 1, 0.01);
    for (const auto& d : s.dispersion)
        EXPECT_NEAR(*d, 1, 0.12);
    EXPECT_NEAR(static_cast<double>(s.promptTokens.quantile(0.9)), 900, 6);
    EXPECT_EQ(s.outputTokens.quantile(0.5), 7U);
    EXPECT_EQ(s.gridNs, 0);
}

TEST(Statistics, ATimeGridIsFoundAndDitherAdvised) {
    const TempDir dir;
    std::string text;
    for (int i = 0; i < 500; ++i) {
        text += "{\"timestamp\":" + std::to_string(i / 10 * 3000) +
                ",\"input_length\":10,\"output_length\":1}\n";
    }
    TraceSource source;
    source.path = dir.write("grid.jsonl", text);
    auto s = readStatistics(source);
    ASSERT_TRUE(s);
    EXPECT_EQ(s->gridNs, 3'000'000'000);
    EXPECT_NE(s->advice().find("dither"), std::string::npos);
    EXPECT_NEAR(*s->sameInstantShare, 0.9, 0.01);
    // A few strays do not hide it, and dithering makes it go away.
    text += "{\"timestamp\":150001,\"input_length\":10,\"output_length\":1}\n";
    dir.write("grid.jsonl", text);
    s = readStatistics(source);
    EXPECT_EQ(s->gridNs, 3'000'000'000);
    source.transforms = {DitherTransform{0}};
    s = readStatistics(source);
    ASSERT_TRUE(s);
    EXPECT_EQ(s->gridNs, 0);
    EXPECT_EQ(s->counters.rowsKept, 501U);
    EXPECT_EQ(s->counters.rowsRead, 501U);
    EXPECT_LT(*s->gapCv, 2);
}

TEST(Statistics, AnEvenTraceNeedsNoDither) {
    const TempDir dir;
    std::string text;
    for (int i = 0; i < 200; ++i) {
        text += "{\"timestamp\":" + std::to_string(i * 1000) +
                ",\"input_length\":10,\"output_length\":1}\n";
    }
    TraceSource source;
    source.path = dir.write("even.jsonl", text);
    const auto s = readStatistics(source);
    ASSERT_TRUE(s);
    EXPECT_EQ(s->gridNs, 1'000'000'000);
    EXPECT_EQ(*s->sameInstantShare, 0);
    EXPECT_EQ(s->advice(), "");
}

// What a trace is too short for is not there, in figures, text and JSON; no zeros stand for it.
TEST(Statistics, AreSilentAboutWhatIsUndefined) {
    const TempDir dir;
    const auto of = [&](const std::string& rows) {
        TraceSource source;
        source.path = dir.write("x.csv", "time,prompt_tokens,output_tokens\n" + rows);
        auto s = readStatistics(source);
        EXPECT_TRUE(s);
        return *s;
    };
    const TraceStatistics one = of("5,1,1\n");
    EXPECT_FALSE(one.perSecond || one.gapCv || one.sameInstantShare || one.dispersion[0]);
    EXPECT_TRUE(one.json()["requests_per_second"].is_null());
    EXPECT_NE(one.text().find("gap CV                -\n"), std::string::npos) << one.text();

    const TraceStatistics lump = of("5,1,1\n5,1,1\n5,1,1\n");
    EXPECT_FALSE(lump.perSecond || lump.gapCv || lump.minutePeakOverMean);
    EXPECT_EQ(*lump.sameInstantShare, 1);
    EXPECT_TRUE(lump.json()["dispersion"]["60s"].is_null());

    // Windows of a second: 2, 0, 4 and what the end cuts off.
    const TraceStatistics brief = of("0,1,1\n0.5,1,1\n2,1,1\n2,1,1\n2,1,1\n2.9,1,1\n3,1,1\n");
    EXPECT_NEAR(*brief.perSecond, 7 / 3.0, 1e-12);
    EXPECT_NEAR(*brief.dispersion[0], (20.0 / 3 - 4) / 2, 1e-12);
    EXPECT_FALSE(brief.dispersion[1] || brief.minutePeakOverMean);
}

TEST(Statistics, WhatASliceLeavesUnreadIsSaid) {
    const TempDir dir;
    TraceSource source;
    source.path = dir.write("x.csv", "time,prompt_tokens\n0,1\n1,1\n2,1\n3,1\n");
    source.transforms = {SliceTransform{1, 2}};
    auto s = readStatistics(source);
    ASSERT_TRUE(s);
    EXPECT_EQ(s->counters.rowsKept, 1U);
    EXPECT_NE(s->text().find("after the end of the slice was not read"), std::string::npos);
    source.transforms = {SliceTransform{1, 4}};
    s = readStatistics(source);
    EXPECT_TRUE(s->counters.notes.empty());
}

TEST(Statistics, QuantilesOfLongLengthsAreClose) {
    LengthHistogram h;
    for (std::uint64_t i = 1; i <= 1000; ++i)
        h.add(i * 1000);
    EXPECT_EQ(h.quantile(0.05), 50'000U);
    EXPECT_NEAR(static_cast<double>(h.quantile(0.5)), 500'000, 2000);
    EXPECT_NEAR(static_cast<double>(h.quantile(0.99)), 990'000, 4000);
    EXPECT_EQ(h.max(), 1'000'000U);
    EXPECT_EQ(h.min(), 1000U);
    EXPECT_EQ(LengthHistogram{}.quantile(0.5), 0U);
}

TEST(Statistics, Sha256) {
    const TempDir dir;
    const auto sum = sha256Of({dir.write("abc", "abc")});
    ASSERT_TRUE(sum);
    EXPECT_EQ(*sum, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

} // namespace
} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
// The statistics report: the published figures of two recorded traces to three digits, and each
// figure on traces made so that it is known. Method: shared data where present, made-up rows
// elsewhere.
#include "sim/traffic/statistics.h"
#include "support.h"

namespace penstock::sim {
namespace {

using test::TempDir;

TEST(Statistics, AzureCodeTraceAsPublished) {
    TraceSource source;
    source.path = test::sharedTrace("AzureLLMInferenceTrace_code.csv.gz");
    if (!std::filesystem::exists(source.path)) GTEST_SKIP() << "shared data is not here";
    const auto s = readStatistics(source);
    ASSERT_TRUE(s) << s.error().text();
    EXPECT_EQ(s->counters.rowsKept, 8819U);
    EXPECT_EQ(s->counters.rowsRead, 8819U);
    EXPECT_TRUE(s->counters.dropped.empty());
    EXPECT_NEAR(s->spanSeconds, 3436, 0.5);
    EXPECT_NEAR(*s->gapCv, 13.15, 0.005);
    EXPECT_NEAR(*s->minutePeakOverMean, 4.18, 0.005);
    EXPECT_NEAR(s->firstSeconds, 1'700'158'623.97996, 1e-6);
    EXPECT_EQ(s->gridNs, 0);
    EXPECT_EQ(s->counters.inversions, 0U);
    EXPECT_EQ(s->sha256.size(), 64U);
    EXPECT_EQ(s->fileBytes, 76067U);
    const nlohmann::json json = s->json();
    EXPECT_EQ(json["rows_kept"], 8819);
    EXPECT_EQ(json["prompt_tokens"]["max"], 7437);
    EXPECT_NE(s->text().find("8819 kept of 8819"), std::string::npos);
    EXPECT_GT(*s->dispersion[2], *s->dispersion[0]);
}

TEST(Statistics, AzureCodeTraceAsAStreamIsTheSameTraffic) {
    TrafficSpec spec;
    TraceProcess process;
    process.source.path = test::sharedTrace("AzureLLMInferenceTrace_code.csv.gz");
    if (!std::filesystem::exists(process.source.path)) GTEST_SKIP() << "shared data is not here";
    spec.process = process;
    spec.startSeconds = 5;
    spec.deadlineAfter = ConstantSeconds{10};
    const auto all = test::arrivals(spec, 100'000);
    ASSERT_EQ(all.size(), 8819U);
    EXPECT_EQ(all[0].offsetNs, 5'000'000'000);
    EXPECT_EQ(all[1].offsetNs, 5'052'000'000);
    EXPECT_EQ(all[0].deadlineNs, 15'000'000'000);
    EXPECT_EQ(all.back().promptTokens, 549U);
    EXPECT_EQ(all.back().outputTokens, 173U);

    auto control = poissonControl(spec, 0);
    ASSERT_TRUE(control);
    const auto calm = test::arrivals(*control, 100'000);
    EXPECT_EQ(calm.size(), 8819U);
    EXPECT_EQ(calm[100].promptTokens, all[100].promptTokens);
    const auto gaps = test::gapStatistics(calm);
    EXPECT_NEAR(gaps.perSecond, 8819 / 3435.9, 0.1);
    EXPECT_NEAR(gaps.cv, 1, 0.05);
}

TEST(Statistics, MooncakeSynthetic) {
    TraceSource source;
    source.path = test::sharedTrace("mooncake_synthetic_trace.jsonl.gz");
    if (!std::filesystem::exists(source.path)) GTEST_SKIP() << "shared data is not here";
    const auto s = readStatistics(source);
    ASSERT_TRUE(s);
    EXPECT_EQ(s->counters.rowsKept, 3993U);
    EXPECT_EQ(s->gridNs, 1'000'000); // milliseconds; too fine to matter
    EXPECT_EQ(s->advice(), "");
    EXPECT_NEAR(*s->gapCv, 1.01, 0.01);
    TrafficSpec spec;
    TraceProcess process;
    process.source = source;
    spec.process = process;
    auto stream = makeStream(spec, 1, 0);
    ASSERT_TRUE(stream);
    Arrival a;
    std::uint64_t count = 0;
    while ((*stream)->peekNs() != kNoTime && (*stream)->next(a)) {
        ASSERT_NE(a.blockHashes, nullptr);
        ASSERT_EQ(a.blockCount, (a.promptTokens + 511) / 512);
        (*stream)->peekNs(); // reading ahead leaves this arrival's hashes alone
        if (count++ == 0) {
            for (std::uint32_t i = 0; i < a.blockCount; ++i)
                EXPECT_EQ(a.blockHashes[i], i);
        }
    }
    EXPECT_EQ(count, 3993U);
}

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

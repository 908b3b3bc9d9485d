// SPDX-License-Identifier: Apache-2.0
// The rows of recorded traces, and their figures to three digits, as the definitions in
// statistics.h have them; those of the Azure code trace are the published ones too. Method: the
// shared data, where it is present.
#include "sim/traffic/statistics/statistics.h"
#include "support.h"

namespace penstock::sim {
namespace {

using test::Brief;
using test::brief;
using test::readRows;
using test::Rows;

using Quantiles = std::array<std::uint64_t, 7>; // least, 10, 50, 90, 95, 99 %, greatest

Quantiles quantiles(const LengthHistogram& lengths) {
    return {lengths.min(),          lengths.quantile(0.10), lengths.quantile(0.50),
            lengths.quantile(0.90), lengths.quantile(0.95), lengths.quantile(0.99),
            lengths.max()};
}

TEST(Recorded, AzureCodeTraceAsPublished) {
    TraceSource source;
    source.path = test::sharedTrace("AzureLLMInferenceTrace_code.csv.gz");
    if (!std::filesystem::exists(source.path)) GTEST_SKIP() << "shared data is not here";
    const auto s = readStatistics(source);
    ASSERT_TRUE(s) << s.error().text();
    EXPECT_EQ(s->counters.rowsKept, 8819U);
    EXPECT_EQ(s->counters.rowsRead, 8819U);
    EXPECT_TRUE(s->counters.dropped.empty());
    EXPECT_NEAR(s->spanSeconds, 3435.948, 0.0005);
    EXPECT_NEAR(*s->perSecond, 2.567, 0.0005);
    EXPECT_NEAR(*s->dispersion[0], 13.19, 0.005);
    EXPECT_NEAR(*s->dispersion[1], 71.64, 0.005);
    EXPECT_NEAR(*s->dispersion[2], 163.96, 0.005);
    EXPECT_NEAR(s->promptTokens.mean(), 2047.85, 0.005);
    EXPECT_EQ(quantiles(s->promptTokens), (Quantiles{3, 147, 1469, 5194, 7315, 7436, 7437}));
    EXPECT_NEAR(s->outputTokens.mean(), 27.88, 0.005);
    EXPECT_EQ(quantiles(s->outputTokens), (Quantiles{6, 7, 13, 55, 90, 252, 1899}));
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
}

TEST(Recorded, AzureCodeTraceAsAStreamIsTheSameTraffic) {
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

TEST(Recorded, MooncakeSynthetic) {
    TraceSource source;
    source.path = test::sharedTrace("mooncake_synthetic_trace.jsonl.gz");
    if (!std::filesystem::exists(source.path)) GTEST_SKIP() << "shared data is not here";
    const auto s = readStatistics(source);
    ASSERT_TRUE(s);
    EXPECT_EQ(s->counters.rowsKept, 3993U);
    EXPECT_EQ(s->gridNs, 1'000'000); // milliseconds; too fine to matter
    EXPECT_EQ(s->advice(), "");
    EXPECT_NEAR(s->spanSeconds, 1022.025, 0.0005);
    EXPECT_NEAR(*s->perSecond, 3.907, 0.0005);
    EXPECT_NEAR(*s->gapCv, 1.011, 0.0005);
    EXPECT_NEAR(*s->dispersion[0], 1.089, 0.0005);
    EXPECT_NEAR(*s->dispersion[1], 1.178, 0.0005);
    EXPECT_NEAR(*s->dispersion[2], 1.192, 0.0005);
    EXPECT_NEAR(*s->minutePeakOverMean, 1.165, 0.0005);
    EXPECT_NEAR(s->promptTokens.mean(), 15325.5, 0.05);
    EXPECT_EQ(quantiles(s->promptTokens), (Quantiles{13, 30, 11587, 38615, 49009, 66458, 191378}));
    EXPECT_NEAR(s->outputTokens.mean(), 149.1, 0.05);
    EXPECT_EQ(quantiles(s->outputTokens), (Quantiles{1, 4, 69, 389, 519, 769, 893}));
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

TEST(Recorded, FixturesRowByRow) {
    struct Case {
        const char* name;
        TraceFormat format;
        Brief rows;
    };
    const std::vector<Case> cases = {
        {"azure_2024_code_1week.first5rows.csv",
         TraceFormat::azure,
         {{0, 2162, 5}, {7, 2399, 6}, {12, 76, 15}, {27, 2376, 1}, {73, 7670, 8}}},
        {"azure_2024_conv_1week.first5rows.csv",
         TraceFormat::azure,
         {{0, 1452, 3}, {40, 584, 3}, {156, 862, 38}, {157, 1569, 3}, {247, 617, 104}}},
        {"burstgpt_1.first3rows.csv",
         TraceFormat::burstgpt,
         {{0, 472, 18}, {40'000, 1087, 230}, {113'000, 417, 276}}},
        {"burstgpt_3.first4rows.csv",
         TraceFormat::burstgpt,
         {{0, 906, 446}, {51'000, 36, 29}, {82'000, 1779, 123}, {144'000, 935, 178}}},
    };
    for (const Case& c : cases) {
        const std::string path = test::sharedTrace(std::string("fixtures/") + c.name);
        if (!std::filesystem::exists(path)) GTEST_SKIP() << "shared data is not here: " << path;
        const Rows rows = readRows(path);
        EXPECT_EQ(rows.error, "");
        EXPECT_EQ(rows.counters.format, c.format) << c.name;
        EXPECT_EQ(brief(rows), c.rows) << c.name;
    }
}

// Jobs without times: how many requests, tokens in all, and the first.
TEST(Recorded, JobsInSum) {
    struct Case {
        const char* name;
        TraceFormat format;
        std::size_t count;
        std::uint64_t prompts;
        std::uint64_t outputs;
        std::array<std::int64_t, 3> first;
    };
    const auto offline = TraceFormat::servegenOffline;
    const std::vector<Case> cases = {
        {"servegen_offline_trace_a.head.jsonl.gz", offline, 93, 30987, 0, {0, 271, -1}},
        {"servegen_offline_trace_d.head.jsonl.gz", offline, 165, 18160, 321834, {0, 61, 2370}},
        {"servegen_offline_trace_e.head.jsonl.gz", offline, 171, 120927, 855, {0, 704, 5}},
        {"servegen_offline_trace_f.head.jsonl.gz", offline, 153, 170665, 72137, {0, 1207, 495}},
        {"fixtures/openai_batch_input_long.jsonl",
         TraceFormat::openaiBatch,
         40,
         271,
         0,
         {0, 7, -1}},
        {"fixtures/openai_batch_input_short.jsonl",
         TraceFormat::openaiBatch,
         10,
         74,
         0,
         {0, 7, -1}}};
    for (const Case& c : cases) {
        const std::string path = test::sharedTrace(c.name);
        if (!std::filesystem::exists(path)) GTEST_SKIP() << "shared data is not here: " << path;
        const Rows rows = readRows(path);
        EXPECT_EQ(rows.error, "");
        EXPECT_EQ(rows.counters.format, c.format) << c.name;
        ASSERT_EQ(rows.rows.size(), c.count) << c.name;
        EXPECT_EQ(brief(rows).front(), c.first) << c.name;
        std::uint64_t prompts = 0;
        std::uint64_t outputs = 0;
        for (const TraceRow& row : rows.rows) {
            prompts += row.promptTokens;
            if (row.outputTokens != kUnknownTokens) outputs += row.outputTokens;
            EXPECT_EQ(row.job, 1U);
        }
        EXPECT_EQ(prompts, c.prompts) << c.name;
        EXPECT_EQ(outputs, c.outputs) << c.name;
    }
}

} // namespace
} // namespace penstock::sim

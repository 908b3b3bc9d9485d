// SPDX-License-Identifier: Apache-2.0
// Transforms do to a trace what their names say, stack in order, and are told in the report.
// Method: a trace of known rhythm through each, counting and comparing.
#include "sim/traffic/statistics/statistics.h"
#include "support.h"

#include <algorithm>

namespace penstock::sim {
namespace {

using test::readRows;
using test::Rows;
using test::TempDir;

class Transforms : public testing::Test {
  protected:
    // A row a second for 1,000 s: prompt 1..1000, output 1000..1, model a or b; a deadline 30 s
    // later.
    void SetUp() override {
        std::string text = "time,prompt_tokens,output_tokens,model,deadline\n";
        for (int i = 0; i < 1000; ++i) {
            text += std::to_string(i + 50) + "," + std::to_string(i + 1) + "," +
                    std::to_string(1000 - i) + "," + (i % 4 == 0 ? "a" : "b") + "," +
                    std::to_string(i + 80) + "\n";
        }
        source_.path = dir_.write("t.csv", text);
    }

    Rows with(std::vector<Transform> transforms) {
        source_.transforms = std::move(transforms);
        Rows rows = readRows(source_);
        EXPECT_EQ(rows.error, "");
        EXPECT_TRUE(std::is_sorted(
            rows.rows.begin(), rows.rows.end(),
            [](const TraceRow& a, const TraceRow& b) { return a.timeNs < b.timeNs; }));
        EXPECT_EQ(rows.counters.rowsKept, rows.rows.size());
        return rows;
    }
    static double seconds(const TraceRow& row) { return static_cast<double>(row.timeNs) * 1e-9; }

    TempDir dir_;
    TraceSource source_;
};

TEST_F(Transforms, NoneMovesTheFirstRowToZero) {
    const Rows rows = with({});
    EXPECT_EQ(rows.rows.size(), 1000U);
    EXPECT_EQ(rows.rows[0].timeNs, 0);
    EXPECT_EQ(rows.rows[0].deadlineNs, 30'000'000'000);
    EXPECT_EQ(rows.counters.originNs, 50'000'000'000);
}

TEST_F(Transforms, Slice) {
    const Rows rows = with({SliceTransform{100, 200}});
    EXPECT_EQ(rows.rows.size(), 100U);
    EXPECT_EQ(rows.rows[0].timeNs, 0);
    EXPECT_EQ(rows.rows[0].promptTokens, 101U);
    EXPECT_EQ(rows.rows[0].deadlineNs, 30'000'000'000);
    EXPECT_EQ(rows.counters.dropped.at("before the slice"), 100U);
}

TEST_F(Transforms, FilterAndClamp) {
    FilterTransform filter;
    filter.model = "a";
    filter.minPromptTokens = 500;
    const Rows rows = with({filter, ClampTransform{1, 600, 200, 300}});
    EXPECT_EQ(rows.rows.size(), 125U);
    for (const TraceRow& r : rows.rows) {
        EXPECT_GE(r.promptTokens, 500U);
        EXPECT_LE(r.promptTokens, 600U);
        EXPECT_GE(r.outputTokens, 200U);
        EXPECT_LE(r.outputTokens, 300U);
    }
    EXPECT_EQ(rows.counters.dropped.at("filtered: another model"), 750U);
}

TEST_F(Transforms, ThinKeepsAShare) {
    const Rows rows = with({ScaleTransform{ScaleMode::thin, 0.3}});
    EXPECT_NEAR(static_cast<double>(rows.rows.size()), 300, 50);
    EXPECT_EQ(rows.rows.size() + rows.counters.dropped.at("thinned out"), 1000U);
}

TEST_F(Transforms, ReplicateRepeatsAtTheSameInstant) {
    const Rows rows = with({ScaleTransform{ScaleMode::replicate, 2.5}});
    EXPECT_NEAR(static_cast<double>(rows.rows.size()), 2500, 60);
    EXPECT_EQ(rows.rows[0].timeNs, rows.rows[1].timeNs);
    EXPECT_EQ(rows.rows[0].promptTokens, rows.rows[1].promptTokens);
}

TEST_F(Transforms, TimeScaleHastensAndKeepsPromises) {
    const Rows rows = with({ScaleTransform{ScaleMode::timeScale, 4}});
    EXPECT_EQ(rows.rows.size(), 1000U);
    EXPECT_EQ(rows.rows[100].timeNs, 25'000'000'000);
    EXPECT_EQ(rows.rows[100].deadlineNs, 55'000'000'000);
}

TEST_F(Transforms, SuperposeAddsRotatedCopies) {
    const Rows rows = with({ScaleTransform{ScaleMode::superpose, 3.5}});
    EXPECT_NEAR(static_cast<double>(rows.rows.size()), 3500, 60);
    EXPECT_LE(seconds(rows.rows.back()), 1000);
    // Each whole copy has every row once.
    std::vector<int> seen(1001);
    for (const TraceRow& r : rows.rows) {
        ++seen[r.promptTokens];
        EXPECT_EQ(r.deadlineNs - r.timeNs, 30'000'000'000);
    }
    for (int p = 1; p <= 1000; ++p) {
        EXPECT_GE(seen[static_cast<std::size_t>(p)], 3);
        EXPECT_LE(seen[static_cast<std::size_t>(p)], 4);
    }
    EXPECT_EQ(rows.counters.rowsRead, 1000U); // the file is counted once
    // The rate is even over the period.
    const auto half = std::count_if(rows.rows.begin(), rows.rows.end(),
                                    [](const TraceRow& r) { return seconds(r) < 500; });
    EXPECT_NEAR(static_cast<double>(half), 1750, 60);
}

TEST_F(Transforms, DitherSpreadsWithinTheGridOnly) {
    for (const double grid : {0.0, 1.0}) { // 0: the one-second grid is detected
        const Rows rows = with({DitherTransform{grid}});
        EXPECT_EQ(rows.rows.size(), 1000U);
        double sum = 0;
        for (std::size_t i = 0; i < rows.rows.size(); ++i) {
            const double moved = seconds(rows.rows[i]) - static_cast<double>(i);
            EXPECT_GE(moved, 0);
            EXPECT_LT(moved, 1);
            EXPECT_EQ(rows.rows[i].promptTokens, i + 1);
            sum += moved;
        }
        EXPECT_NEAR(sum / 1000, 0.5, 0.03);
    }
}

TEST_F(Transforms, LoopGoesRoundWithoutACollision) {
    const Rows rows = with({LoopTransform{3}});
    EXPECT_EQ(rows.rows.size(), 3000U);
    EXPECT_EQ(rows.rows[1000].timeNs, 1'000'000'000'000);
    EXPECT_EQ(rows.rows[2999].timeNs, 2'999'000'000'000);
    EXPECT_EQ(rows.counters.rowsRead, 1000U);
}

TEST_F(Transforms, AnEndlessLoopStreamsAndRefusesToBeMeasured) {
    source_.transforms = {LoopTransform{0}};
    TrafficSpec spec;
    spec.process = TraceProcess{source_, 0};
    spec.stopSeconds = 25'000;
    EXPECT_EQ(test::arrivals(spec, 1'000'000).size(), 25'000U);
    const auto statistics = readStatistics(source_);
    ASSERT_FALSE(statistics);
    EXPECT_NE(statistics.error().message.find("number of times"), std::string::npos);
    auto control = poissonControl(spec, 0);
    ASSERT_TRUE(control) << control.error().text();
    EXPECT_NEAR(std::get<TraceProcess>(control->process).asPoissonPerSecond, 1, 0.01);
}

TEST_F(Transforms, StackInOrderAndAreTold) {
    source_.transforms = {SliceTransform{0, 100}, LoopTransform{2},
                          ScaleTransform{ScaleMode::timeScale, 2}};
    const auto s = readStatistics(source_);
    ASSERT_TRUE(s);
    EXPECT_EQ(s->counters.rowsKept, 200U);
    EXPECT_NEAR(s->spanSeconds, 99.5, 1e-9);
    EXPECT_EQ(s->transforms, (std::vector<std::string>{"slice from 0 s to 100 s", "loop 2 times",
                                                       "scale by time_scale x 2"}));
    TrafficSpec spec;
    spec.process = TraceProcess{source_, 0};
    auto stream = makeStream(spec, 1, 0);
    ASSERT_TRUE(stream);
    EXPECT_EQ((*stream)->describe()["transforms"].size(), 3U);
}

TEST_F(Transforms, LengthsOfATraceForASyntheticProcess) {
    TrafficSpec spec;
    spec.process = PoissonProcess{10};
    TraceLengths lengths;
    lengths.source = source_;
    lengths.source.transforms = {SliceTransform{0, 10}};
    spec.lengths = lengths;
    const auto all = test::arrivals(spec, 25);
    for (std::size_t i = 0; i < all.size(); ++i) {
        EXPECT_EQ(all[i].promptTokens, i % 10 + 1);
        EXPECT_EQ(all[i].outputTokens, 1000 - i % 10);
    }
}

} // namespace
} // namespace penstock::sim

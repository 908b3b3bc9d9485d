// SPDX-License-Identifier: Apache-2.0
// Goal: our PromQL gives what Prometheus gives. Method: a real Prometheus server and our store get
// the same samples; every query of the table, and some hundreds of random expressions over random
// series at random times and at the edges of windows, are put to both.
#include "tests/sim/metrics/prometheus_server.h"

#include <gtest/gtest.h>

#include <random>

namespace penstock::sim {
namespace {

using test::kBaseMs;
using test::SeriesData;

bool alike(double a, double b) {
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
    if (a == b) return true;
    return std::fabs(a - b) <= 1e-9 * std::max(std::fabs(a), std::fabs(b));
}

std::string shown(const std::map<std::string, double>& values) {
    std::string out;
    for (const auto& [labels, value] : values) {
        out += "\n  " + labels + " " + std::to_string(value);
    }
    return out.empty() ? "\n  nothing" : out;
}

class Differential : public testing::Test {
  protected:
    void SetUp() override {
        if (test::PrometheusServer::binary().empty()) {
            GTEST_SKIP() << "no prometheus binary; install the Debian package prometheus";
        }
        auto started = test::PrometheusServer::start();
        // Somebody else may have taken the free port in between.
        for (int i = 0; i < 2 && !started; ++i)
            started = test::PrometheusServer::start();
        ASSERT_TRUE(started) << started.error().message;
        server_ = std::move(*started);
        if (!server_->version().starts_with("2.")) {
            GTEST_SKIP() << "prometheus " << server_->version()
                         << " has other window edges; the rules here are those of version 2";
        }
    }

    void give(const std::vector<SeriesData>& world) {
        test::load(world, store_);
        const Status status = server_->write(world);
        ASSERT_TRUE(status) << status.error().message;
    }

    // Returns whether both gave a non-empty answer.
    bool compare(const std::string& text, Time at) {
        const Result<test::ServerAnswer> theirs = server_->query(text, at);
        if (!theirs) {
            ADD_FAILURE() << theirs.error().message;
            return false;
        }
        const std::string context =
            text + " at " + std::to_string(toMilliseconds(at) - kBaseMs) + " ms";
        const Result<PromQuery> query = PromQuery::parse(text);
        if (!query) {
            EXPECT_FALSE(theirs->ok) << context << ": we refuse it: " << query.error().message;
            return false;
        }
        PromEvaluator evaluator(store_, *query);
        const Result<const QueryResult*> ours = evaluator.evaluate(at);
        if (!ours || !theirs->ok) {
            EXPECT_EQ(ours.has_value(), theirs->ok)
                << context << "\nwe: " << (ours ? "an answer" : ours.error().message)
                << "\nthey: " << (theirs->ok ? "an answer" : theirs->error);
            ++errors_;
            return false;
        }
        std::map<std::string, double> values;
        for (const QuerySample& s : (*ours)->samples)
            values[s.labels->text()] = s.value;
        EXPECT_EQ((*ours)->scalar, theirs->scalar) << context;
        bool same = values.size() == theirs->values.size();
        for (const auto& [labels, value] : values) {
            const auto it = theirs->values.find(labels);
            same = same && it != theirs->values.end() && alike(value, it->second);
        }
        EXPECT_TRUE(same) << context << "\nwe:" << shown(values)
                          << "\nthey:" << shown(theirs->values);
        compareAge(*query, (*ours)->oldestSelected, at, context);
        return !values.empty();
    }

    // All that a reading holds can be had from the server's answers: its value is that of the
    // query, its time the least of what timestamp() of each selector gives.
    void compareAge(const PromQuery& query, Time ours, Time at, const std::string& context) {
        double oldest = std::numeric_limits<double>::infinity();
        for (const std::string& ask : query.timestampQueries()) {
            const Result<test::ServerAnswer> theirs = server_->query(ask, at);
            ASSERT_TRUE(theirs && theirs->ok) << ask << (theirs ? theirs->error : "");
            for (const auto& [labels, stamp] : theirs->values)
                oldest = std::min(oldest, stamp);
        }
        if (std::isinf(oldest)) {
            EXPECT_EQ(ours, kNever) << context;
        } else {
            ++aged_;
            EXPECT_EQ(static_cast<double>(toMilliseconds(ours)), std::round(oldest * 1000.0))
                << context;
        }
    }

    std::unique_ptr<test::PrometheusServer> server_;
    SeriesStore store_{SeriesStore::Options{.retention = std::chrono::hours(24)}};
    int errors_ = 0;
    int aged_ = 0; // answers whose age could be asked
};

TEST_F(Differential, TheTable) {
    give(test::queryWorld());
    for (const test::QueryRow& row : test::kQueryRows) {
        compare(row.query, test::atMs(kBaseMs + row.atMs));
    }
}

TEST_F(Differential, WhatWeRefuseTheyRefuse) {
    give(test::queryWorld());
    for (const char* text : {"",
                             "1 +",
                             "1 + + * 2",
                             "(1",
                             "1)",
                             "foo bar",
                             "foo{",
                             "foo{a}",
                             "foo{a=1}",
                             "foo{,}",
                             "foo{a=\"x}",
                             "foo{a=\"\\q\"}",
                             "foo{a=~\"(\"}",
                             "foo{__name__=\"bar\"}",
                             "{a=\"\"}",
                             "{}",
                             "foo[5]",
                             "foo[5m",
                             "foo[1s2m]",
                             "foo[0s]",
                             "foo offset 0s",
                             "foo offset 5",
                             "foo offset 1m offset 2m",
                             "foo offset 1m [5m]",
                             "(foo) offset 1m",
                             "sum(foo)[5m]",
                             "rate(foo)",
                             "abs(foo[5m])",
                             "abs(1)",
                             "abs()",
                             "clamp(foo, 1)",
                             "sum(1)",
                             "sum()",
                             "sum(foo, bar)",
                             "sum by foo (bar)",
                             "1 == 2",
                             "1 + bool 2",
                             "1 and 2",
                             "foo or 1",
                             "foo + on(a) 1",
                             "foo + group_left() bar",
                             "foo and on(a) group_left() bar",
                             "foo + on(a) group_left(a) bar",
                             "foo[5m] + 1",
                             "-foo[5m]",
                             "foo = 1",
                             "foo ! 1",
                             "5m",
                             "5mm",
                             "1e999",
                             "foo $ 1",
                             "bool"}) {
        EXPECT_FALSE(PromQuery::parse(text)) << text;
        const Result<test::ServerAnswer> theirs = server_->query(text, test::atMs(kBaseMs));
        ASSERT_TRUE(theirs) << theirs.error().message;
        EXPECT_FALSE(theirs->ok) << text;
    }
    const Time at = test::atMs(kBaseMs + 600'000);
    for (const char* text :
         {"vllm:num_requests_running / on(job) vllm:num_requests_running",
          "requests_total / on() inference_pool_ready_pods", "abs({job=\"vllm\"})",
          "-{job=\"vllm\"}", "odd * on() group_left() odd"}) {
        compare(text, at);
    }
    EXPECT_EQ(errors_, 5);
}

// Random series, expressions and times, all from one seed.
class Dice {
  public:
    explicit Dice(std::uint64_t seed) : engine_(seed) {}

    // Uniform in [0, n).
    int below(int n) { return static_cast<int>(engine_() % static_cast<std::uint64_t>(n)); }
    bool oneIn(int n) { return below(n) == 0; }
    template <std::size_t N>
    std::string pick(const char* const (&items)[N]) {
        return items[below(static_cast<int>(N))];
    }

  private:
    std::mt19937_64 engine_;
};

// Values are multiples of 1/8, so that sums are exact in any order.
std::vector<SeriesData> randomSeries(Dice& dice) {
    std::vector<SeriesData> world;
    for (const char* metric : {"g0", "g1", "c0", "c1"}) {
        for (const char* a : {"", "x", "y"}) {
            for (const char* b : {"1", "2", "3"}) {
                if (dice.oneIn(5)) continue;
                SeriesData series;
                series.labels = {{"__name__", metric}, {"a", a}, {"b", b}};
                if (dice.oneIn(2)) series.labels.set("job", metric[0] == 'g' ? "vllm" : "epp");
                const bool counter = metric[0] == 'c';
                const int interval = dice.oneIn(2) ? 15'000 : 10'000;
                double value = dice.below(100);
                std::int64_t at = kBaseMs + dice.below(300'000);
                while (at < kBaseMs + 2'400'000) {
                    if (dice.oneIn(60)) {
                        series.samples.push_back({at, 0.0, true});
                        at += dice.below(400'000);
                    } else if (counter) {
                        value = dice.oneIn(30) ? dice.below(5) : value + dice.below(40) / 8.0;
                        series.samples.push_back({at, value, false});
                    } else {
                        value = dice.oneIn(300) ? NAN : (dice.below(400) - 100) / 8.0;
                        if (dice.oneIn(500)) value = dice.oneIn(2) ? INFINITY : -INFINITY;
                        series.samples.push_back({at, value, false});
                    }
                    at += interval + (dice.oneIn(4) ? dice.below(2000) : 0);
                    if (dice.oneIn(50)) at += dice.below(600'000);
                }
                world.push_back(std::move(series));
            }
        }
    }
    return world;
}

class Expressions {
  public:
    explicit Expressions(Dice& dice) : dice_(dice) {}

    std::string vector(int depth) {
        if (depth <= 0) return leaf();
        switch (dice_.below(10)) {
        case 0:
            return leaf();
        case 1:
            return aggregation(depth);
        case 2:
            return aggregation(depth);
        case 3:
            return function(depth);
        case 4:
            return "-" + vector(depth - 1);
        case 5:
            return "(" + vector(depth - 1) + ")";
        case 6:
            return "(" + scalar(depth - 1) + arithmetic() + vector(depth - 1) + ")";
        case 7:
            return "(" + vector(depth - 1) + comparison() + scalar(depth - 1) + ")";
        default:
            return "(" + vector(depth - 1) + between() + vector(depth - 1) + ")";
        }
    }

    std::string scalar(int depth) {
        if (depth <= 0 || dice_.oneIn(2)) return std::to_string(dice_.below(200) / 8.0);
        switch (dice_.below(3)) {
        case 0:
            return "scalar(" + vector(depth - 1) + ")";
        case 1:
            return "(" + scalar(depth - 1) + arithmetic() + scalar(depth - 1) + ")";
        default:
            return "(" + scalar(depth - 1) + dice_.pick({" > bool ", " <= bool ", " == bool "}) +
                   scalar(depth - 1) + ")";
        }
    }

  private:
    std::string selector(bool counters) {
        std::string out =
            counters ? dice_.pick({"c0", "c1"}) : dice_.pick({"g0", "g1", "c0", "c1"});
        if (dice_.oneIn(2)) return out;
        return out + dice_.pick({"{a=\"x\"}", "{a!=\"x\"}", "{b=~\"1|2\"}", "{b!~\"[12]\"}",
                                 "{a=\"\"}", "{a=~\".+\"}", "{job=\"vllm\",b=\"1\"}", "{b=\"3\"}",
                                 "{a=~\"x|\",b!=\"2\"}", "{job!=\"\"}"});
    }
    std::string offset() {
        return dice_.oneIn(4) ? dice_.pick({" offset 30s", " offset 5m", " offset -45s"}) : "";
    }
    std::string leaf() {
        if (dice_.oneIn(12)) return "vector(" + scalar(0) + ")";
        if (dice_.oneIn(3)) {
            const bool counters = dice_.oneIn(2);
            const std::string name =
                counters ? dice_.pick({"rate", "increase", "delta"})
                         : dice_.pick({"avg_over_time", "max_over_time", "min_over_time",
                                       "sum_over_time", "count_over_time", "last_over_time"});
            return name + "(" + selector(counters) +
                   dice_.pick({"[30s]", "[1m]", "[2m30s]", "[5m]", "[15s]", "[20m]"}) + offset() +
                   ")";
        }
        return selector(false) + offset();
    }
    std::string labels() {
        return dice_.pick({"()", "(a)", "(b)", "(a, b)", "(job)", "(a, b, job)", "(nothing)"});
    }
    std::string aggregation(int depth) {
        const std::string name = dice_.pick({"sum", "avg", "min", "max", "count"});
        const std::string inner = "(" + vector(depth - 1) + ")";
        switch (dice_.below(3)) {
        case 0:
            return name + inner;
        case 1:
            return name + " by " + labels() + inner;
        default:
            return name + inner + " without " + labels();
        }
    }
    std::string function(int depth) {
        const std::string inner = vector(depth - 1);
        switch (dice_.below(4)) {
        case 0:
            return "abs(" + inner + ")";
        case 1:
            return "clamp(" + inner + ", " + scalar(0) + ", " + scalar(depth - 1) + ")";
        case 2:
            return "clamp_min(" + inner + ", " + scalar(depth - 1) + ")";
        default:
            return "clamp_max(" + inner + ", " + scalar(depth - 1) + ")";
        }
    }
    std::string arithmetic() { return dice_.pick({" + ", " - ", " * ", " / ", " % "}); }
    std::string comparison() {
        return dice_.pick({" > ", " < ", " >= ", " <= ", " == ", " != "}) +
               std::string(dice_.oneIn(3) ? "bool " : "");
    }
    std::string between() {
        const std::string matching =
            dice_.pick({"", "", "on(a, b) ", "on(b) ", "ignoring(job) ", "ignoring(a) ", "on() "});
        if (dice_.oneIn(4)) return dice_.pick({" and ", " or ", " unless "}) + matching;
        std::string out = dice_.oneIn(3) ? comparison() : arithmetic();
        out += matching;
        if (!matching.empty() && dice_.oneIn(2)) {
            out += dice_.pick(
                {"group_left() ", "group_right() ", "group_left(job) ", "group_right(job) "});
        }
        return out;
    }

    Dice& dice_;
};

TEST_F(Differential, RandomExpressionsOverRandomSeries) {
    Dice dice(20260801);
    const std::vector<SeriesData> world = randomSeries(dice);
    give(world);
    Expressions expressions(dice);
    constexpr int kQueries = 1500;
    int answered = 0;
    for (int i = 0; i < kQueries && !HasFailure(); ++i) {
        std::int64_t at = kBaseMs + dice.below(2'700'000);
        if (dice.oneIn(2)) {
            // Where windows begin and end.
            const SeriesData& series =
                world[static_cast<std::size_t>(dice.below(static_cast<int>(world.size())))];
            const test::SampleData& sample = series.samples[static_cast<std::size_t>(
                dice.below(static_cast<int>(series.samples.size())))];
            static constexpr int kEdges[] = {0, 30'000, 60'000, 300'000, 330'000, -45'000};
            at = sample.atMs + kEdges[dice.below(6)] + dice.below(3) - 1;
        }
        if (compare(expressions.vector(dice.below(4)), test::atMs(at))) ++answered;
    }
    // The comparison is worth something only if most answers hold samples.
    EXPECT_GT(answered, kQueries / 2);
    EXPECT_GT(aged_, kQueries / 5);
    RecordProperty("answered", answered);
    RecordProperty("errors", errors_);
    std::printf("%d queries: %d with samples, %d ambiguous to both\n", kQueries, answered, errors_);
}

} // namespace
} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
// Goal: a gate's query gives the number that Prometheus would give, and a query we cannot answer is
// refused in words. Method: a table of queries with answers worked out by hand, properties that tie
// the evaluator to plain loops over the samples, a table of refusals, and random texts.
#include "sim/metrics/prom_evaluator.h"
#include "tests/sim/metrics/query_world.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

namespace penstock::sim {
namespace {

std::string answer(const SeriesStore& store, std::string_view text, Time at) {
    Result<PromQuery> query = PromQuery::parse(text);
    if (!query) return "error: " + query.error().message;
    PromEvaluator evaluator(store, *query);
    const Result<const QueryResult*> result = evaluator.evaluate(at);
    if (!result) return "error: " + result.error().message;
    return test::render(**result);
}

TEST(PromQl, AnswersTheTable) {
    SeriesStore store;
    test::load(test::queryWorld(), store);
    for (const test::QueryRow& row : test::kQueryRows) {
        EXPECT_EQ(answer(store, row.query, test::atMs(test::kBaseMs + row.atMs)), row.expected)
            << row.query << " at " << row.atMs << " ms";
    }
}

TEST(PromQl, OneEvaluatorGivesTheSameAnswersWhenAskedAgainAndAfterTheSeriesChanged) {
    SeriesStore store;
    test::load(test::queryWorld(), store);
    PromEvaluator evaluator(store, PromQuery::parse("sum by (code) (requests_total)").value());
    const auto ask = [&](std::int64_t ms) {
        return test::render(**evaluator.evaluate(test::atMs(test::kBaseMs + ms)));
    };
    EXPECT_EQ(ask(600'000), R"({code="200"} 600; {code="500"} 4)");
    EXPECT_EQ(ask(100'000), R"({code="200"} 100; {code="500"} 20)");
    const SeriesId id = store.intern({{"__name__", "requests_total"}, {"code", "429"}}).value();
    store.append(id, test::atMs(test::kBaseMs + 600'000), 7);
    EXPECT_EQ(ask(600'000), R"({code="200"} 600; {code="429"} 7; {code="500"} 4)");
}

// What is known of a result's age is the oldest sample that its instant selectors found.
TEST(PromQl, AgeIsThatOfTheOldestSampleSelected) {
    SeriesStore store;
    const Time start = test::atMs(test::kBaseMs);
    const auto put = [&](const char* name, std::int64_t at) {
        const SeriesId id = store.intern({{"__name__", name}}).value();
        store.append(id, start + std::chrono::seconds(at), 1.0);
    };
    put("a", 100);
    put("b", 90);
    const Time now = start + std::chrono::seconds(110);
    const auto age = [&](const char* text) {
        PromEvaluator evaluator(store, PromQuery::parse(text).value());
        const Time oldest = (*evaluator.evaluate(now))->oldestSelected;
        return oldest == kNever ? -1.0 : toSeconds(now - oldest);
    };
    EXPECT_EQ(age("a"), 10);
    EXPECT_EQ(age("1 - b"), 20);
    EXPECT_EQ(age("a / on() b"), 20);
    EXPECT_EQ(age("sum({__name__=~\"a|b\"})"), -1);
    EXPECT_EQ(age("sum({__name__=\"a\"})"), 10);
    EXPECT_EQ(age("a unless on() b"), 20); // nothing comes out, but this was asked
    EXPECT_EQ(age("vector(scalar(a))"), 10);
    EXPECT_EQ(age("clamp_max(a, scalar(b))"), 20);
    EXPECT_EQ(age("avg_over_time(a[1m])"), -1);
    EXPECT_EQ(age("b + avg_over_time(a[1m])"), -1);
    EXPECT_EQ(age("1 + 2"), -1);
    EXPECT_EQ(age("no_such_metric"), -1);
}

struct Refusal {
    const char* query;
    int column;
    const char* says; // a part of the message
};

TEST(PromQl, RefusesWithColumnAndRemedy) {
    const std::vector<Refusal> table = {
        {"", 1, "empty"},
        {"   ", 1, "empty"},
        {"1 +", 4, "ends where a number"},
        {"1 + + * 2", 7, "unexpected *"},
        {"(1", 3, "')'"},
        {"1)", 2, "unexpected )"},
        {"foo bar", 5, "an operator or the end"},
        {"foo{", 5, "inside braces"},
        {"foo{a}", 6, "=, !=, =~ or !~"},
        {"foo{a=1}", 7, "inside braces"},
        {"foo{a=\"x\"", 10, "inside braces"},
        {"foo{,}", 5, "a label name or '}'"},
        {"foo{a=\"x}", 7, "unterminated string"},
        {"foo{a=\"\\q\"}", 8, "unknown escape"},
        {"foo{a=~\"(\"}", 8, "bad regular expression"},
        {"foo{__name__=\"bar\"}", 5, "set twice"},
        {"{a=\"\"}", 1, "at least one matcher"},
        {"{}", 1, "at least one matcher"},
        {"foo[5m]", 1, "avg_over_time"},
        {"foo[5]", 5, "lacks a unit"},
        {"foo[5m", 7, "']' is missing"},
        {"foo[1s2m]", 5, "from large to small"},
        {"foo[0s]", 5, "greater than 0"},
        {"foo offset 0s", 12, "greater than 0"},
        {"foo offset 5", 12, "a duration"},
        {"foo offset 1m offset 2m", 15, "twice"},
        {"foo offset 1m [5m]", 15, "after the range"},
        {"(foo) offset 1m", 7, "only after a selector"},
        {"sum(foo)[5m]", 9, "only after a selector"},
        {"rate(foo)", 6, "range vector"},
        {"abs(foo[5m])", 5, "an instant vector"},
        {"abs(1)", 5, "not a scalar"},
        {"abs()", 1, "takes 1 argument"},
        {"clamp(foo, 1)", 1, "takes 3 arguments"},
        {"sum(1)", 5, "not a scalar"},
        {"sum()", 1, "one argument"},
        {"sum(foo, bar)", 1, "one argument"},
        {"sum by foo (bar)", 8, "'('"},
        {"1 == 2", 3, "bool"},
        {"1 + bool 2", 5, "bool may only follow"},
        {"1 and 2", 3, "instant vectors on both sides"},
        {"foo or 1", 5, "instant vectors on both sides"},
        {"foo + on(a) 1", 7, "only between instant vectors"},
        {"foo + group_left() bar", 7, "must follow on"},
        {"foo and on(a) group_left() bar", 15, "does not go with"},
        {"foo + on(a) group_left(a) bar", 13, "must not be both"},
        {"foo[5m] + 1", 1, "range vector"},
        {"-foo[5m]", 1, "range vector"},
        {"foo = 1", 5, "'=='"},
        {"foo ! 1", 5, "'!'"},
        {"5m", 1, "the duration 5m"},
        {"5mm", 1, "neither a number nor a duration"},
        {"1e999", 1, "too large"},
        {"\"text\"", 1, "a string is no query"},
        {"foo $ 1", 5, "unexpected '$'"},
        {"bool", 1, "unexpected bool"},
        // What Prometheus can do and we cannot is named, with what we can do instead.
        {"histogram_quantile(0.9, foo)", 1,
         "histogram_quantile is not supported; supported are abs"},
        {"1 + topk(3, foo)", 5, "topk is not supported; supported are sum"},
        {"foo[5m:1m]", 4, "subqueries"},
        {"max_over_time(sum(foo)[5m:])", 23, "subqueries"},
        {"foo @ 1600000000", 5, "the @ modifier is not supported"},
        {"foo atan2 bar", 5, "atan2 is not supported"},
    };
    for (const Refusal& row : table) {
        const Result<PromQuery> query = PromQuery::parse(row.query);
        ASSERT_FALSE(query) << row.query;
        EXPECT_EQ(query.error().column, row.column) << row.query << ": " << query.error().message;
        EXPECT_NE(query.error().message.find(row.says), std::string::npos)
            << row.query << ": " << query.error().message;
    }
}

TEST(PromQl, RefusesAmbiguousMatchingWhenAsked) {
    SeriesStore store;
    test::load(test::queryWorld(), store);
    const Time at = test::atMs(test::kBaseMs + 600'000);
    const auto says = [&](const char* text, const char* part) {
        const std::string got = answer(store, text, at);
        EXPECT_NE(got.find(part), std::string::npos) << text << " gave " << got;
    };
    says("vllm:num_requests_running / on(job) vllm:num_requests_running",
         "several series on the right side");
    says("requests_total / on() inference_pool_ready_pods", "several series on the left side");
    says("sum without(code)(inference_pool_ready_pods) + on() group_right() odd / on() odd",
         "several series");
    says("abs({job=\"vllm\"})", "two elements of the result have the same labels");
    says("-{job=\"vllm\"}", "the same labels");
}

TEST(PromQl, BoundsLengthDepthAndReach) {
    EXPECT_FALSE(PromQuery::parse(std::string(metrics::kMaxQueryBytes + 1, '1')));
    EXPECT_FALSE(PromQuery::parse(std::string(8000, '(') + "1" + std::string(8000, ')')));
    EXPECT_FALSE(PromQuery::parse(std::string(16000, '-') + "1"));
    std::string power = "1";
    for (int i = 0; i < 5000; ++i)
        power += "^1";
    EXPECT_FALSE(PromQuery::parse(power));
    // Long is fine as long as it does not nest.
    std::string sum = "1";
    for (int i = 0; i < 8000; ++i)
        sum += "+1";
    SeriesStore store;
    EXPECT_EQ(answer(store, sum, test::atMs(0)), "scalar 8001");

    EXPECT_EQ(PromQuery::parse("rate(foo[1h] offset 30m)").value().reach(),
              std::chrono::minutes(90));
    const std::string refused = answer(store, "rate(foo[1h] offset 30m)", test::atMs(0));
    EXPECT_NE(refused.find("reaches 5400 s back, but only 3600 s"), std::string::npos) << refused;
}

RC_GTEST_PROP(PromQl, RandomBytesNeverCrash, (const std::string& text)) {
    SeriesStore store;
    answer(store, text, test::atMs(test::kBaseMs));
}

RC_GTEST_PROP(PromQl, ShuffledPiecesOfQueriesNeverCrash, ()) {
    static const std::vector<std::string> kPieces = {
        "sum", "by",  "(",      ")",    "{",        "}",          "[",    "]", "5m",
        "1",   "foo", "a",      "=",    "=~",       "\"x\"",      ",",    "+", "-",
        "*",   "/",   "^",      "on",   "ignoring", "group_left", "bool", ">", "==",
        "and", "or",  "offset", "rate", "clamp",    ":",          "@",    "!", "!=",
        "'",   "\\",  "#",      "NaN",  "without",  "x[5m]"};
    const auto pieces = *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(kPieces));
    std::string text;
    for (const std::string& piece : pieces)
        text += piece + (text.size() % 3 == 0 ? " " : "");
    SeriesStore store;
    answer(store, text, test::atMs(test::kBaseMs));
}

// A world of random gauges: four series of one metric with two labels.
struct RandomGauges {
    std::map<std::pair<std::string, std::string>, std::vector<std::pair<std::int64_t, double>>>
        samples;
    SeriesStore store;

    RandomGauges() {
        for (const char* a : {"x", "y"}) {
            for (const char* b : {"1", "2"}) {
                auto& mine = samples[{a, b}];
                const SeriesId id = store.intern({{"__name__", "g"}, {"a", a}, {"b", b}}).value();
                std::int64_t at = test::kBaseMs;
                const int count = *rc::gen::inRange(0, 30);
                for (int i = 0; i < count; ++i) {
                    at += *rc::gen::inRange<std::int64_t>(1, 40'000);
                    const double value = *rc::gen::inRange(-1000, 1000) / 8.0;
                    mine.emplace_back(at, value);
                    store.append(id, test::atMs(at), value);
                }
            }
        }
    }
};

RC_GTEST_PROP(PromQl, SumByEqualsALoop, ()) {
    const RandomGauges world;
    const std::int64_t at = test::kBaseMs + *rc::gen::inRange<std::int64_t>(0, 1'500'000);
    std::map<std::string, double> sums;
    for (const auto& [labels, samples] : world.samples) {
        const std::pair<std::int64_t, double>* newest = nullptr;
        for (const auto& s : samples) {
            if (s.first <= at) newest = &s;
        }
        if (newest != nullptr && newest->first >= at - 300'000)
            sums[labels.first] += newest->second;
    }
    PromEvaluator evaluator(world.store, PromQuery::parse("sum by (a) (g)").value());
    std::map<std::string, double> got;
    for (const QuerySample& s : (*evaluator.evaluate(test::atMs(at)))->samples) {
        got[std::string(s.labels->get("a"))] = s.value;
    }
    RC_ASSERT(got == sums);
}

RC_GTEST_PROP(PromQl, MaxOverTimeEqualsALoop, ()) {
    const RandomGauges world;
    const std::int64_t at = test::kBaseMs + *rc::gen::inRange<std::int64_t>(0, 1'500'000);
    std::map<std::pair<std::string, std::string>, double> most;
    for (const auto& [labels, samples] : world.samples) {
        for (const auto& s : samples) {
            if (s.first > at || s.first < at - 60'000) continue;
            const auto [it, fresh] = most.emplace(labels, s.second);
            if (!fresh) it->second = std::max(it->second, s.second);
        }
    }
    PromEvaluator evaluator(world.store, PromQuery::parse("max_over_time(g[1m])").value());
    std::map<std::pair<std::string, std::string>, double> got;
    for (const QuerySample& s : (*evaluator.evaluate(test::atMs(at)))->samples) {
        got[{std::string(s.labels->get("a")), std::string(s.labels->get("b"))}] = s.value;
    }
    RC_ASSERT(got == most);
}

} // namespace
} // namespace penstock::sim

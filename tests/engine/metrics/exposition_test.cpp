// SPDX-License-Identifier: Apache-2.0
// Goal: a gate that scrapes an endpoint itself reads what the endpoint wrote. Method: real lines of
// vLLM and of the router, a table of malformed texts, write → parse over random samples, and random
// bytes.
#include "engine/metrics/exposition.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

namespace penstock::metrics {
namespace {

using Type = ExposedSample::Type;

TEST(Exposition, ReadsWhatModelServersAndRoutersWrite) {
    const auto samples = parseExposition(
        "# HELP vllm:num_requests_running Number of requests in model execution batches.\n"
        "# TYPE vllm:num_requests_running gauge\n"
        "vllm:num_requests_running{engine=\"0\",model_name=\"meta-llama/Llama-3.1-8B\"} 17.0\n"
        "vllm:num_requests_running{engine=\"1\",model_name=\"meta-llama/Llama-3.1-8B\"} 5.0\n"
        "# TYPE vllm:prompt_tokens_total counter\n"
        "vllm:prompt_tokens_total{engine=\"0\",} 1.2345e+06 1700000000000\n"
        "# TYPE vllm:ttft_seconds histogram\n"
        "vllm:ttft_seconds_bucket{le=\"+Inf\"} 3\n"
        "vllm:ttft_seconds_sum 1.5\r\n"
        "vllm:ttft_seconds_count 3\n"
        "\n"
        "  inference_pool_ready_pods {name = \"p\"}\t+4\n"
        "odd{v=\"a\\\\b\\\"c\\nd\"} NaN\n"
        "top +Inf\n"
        "bottom -Inf");
    ASSERT_TRUE(samples) << samples.error().text();
    ASSERT_EQ(samples->size(), 10u);
    EXPECT_EQ((*samples)[0].value, 17);
    EXPECT_EQ((*samples)[0].type, Type::gauge);
    EXPECT_EQ((*samples)[2].value, 1234500);
    EXPECT_EQ((*samples)[2].type, Type::counter);
    EXPECT_EQ((*samples)[3].type, Type::histogram);
    EXPECT_EQ((*samples)[6].labels.get("name"), "p");
    EXPECT_EQ((*samples)[6].value, 4);
    EXPECT_EQ((*samples)[7].labels.get("v"), "a\\b\"c\nd");
    EXPECT_TRUE(std::isnan((*samples)[7].value));
    EXPECT_EQ((*samples)[8].value, INFINITY);
    EXPECT_EQ((*samples)[9].value, -INFINITY);
}

TEST(Exposition, LooksUpByMetricAndLabelsInOrder) {
    const auto samples =
        parseExposition("x{a=\"1\",b=\"1\"} 1\nx{a=\"1\",b=\"2\"} 2\nx{a=\"2\"} 3\n"
                        "# TYPE h histogram\nh_sum 4\nh_count 1\n");
    ASSERT_TRUE(samples);
    const auto found = [&](std::string_view metric, const Labels& labels) {
        std::vector<double> values;
        for (const ExposedSample* s : findExposed(*samples, metric, labels)) {
            values.push_back(s->value);
        }
        return values;
    };
    using Values = std::vector<double>;
    EXPECT_EQ(found("x", {}), Values({1, 2, 3}));
    EXPECT_EQ(found("x", {{"a", "1"}}), Values({1, 2}));
    EXPECT_EQ(found("x", {{"a", "1"}, {"b", "2"}}), Values({2}));
    EXPECT_EQ(found("x", {{"c", "1"}}), Values());
    EXPECT_EQ(found("y", {}), Values());
    // The parts of a histogram are no gauge that could be read.
    EXPECT_EQ(found("h_sum", {}), Values());
}

TEST(Exposition, RefusesMalformedTextWithLineAndColumn) {
    struct Row {
        const char* text;
        int line;
        int column;
        const char* says;
    };
    const std::vector<Row> table = {
        {"x", 1, 2, "a number was expected"},
        {"ok 1\nx y", 2, 4, "not 'y'"},
        {"{a=\"1\"} 1", 1, 1, "a metric name"},
        {"1x 1", 1, 1, "a metric name"},
        {"x{a} 1", 1, 4, "'=' was expected after a"},
        {"x{a=1} 1", 1, 5, "quoted value"},
        {"x{a=\"1} 1", 1, 10, "unterminated"},
        {"x{a=\"\\q\"} 1", 1, 7, "after a backslash"},
        {"x{a=\"1\" b=\"2\"} 1", 1, 9, "',' or '}'"},
        {"x{a=\"1\",a=\"2\"} 1", 1, 14, "twice"},
        {"x{__name__=\"y\"} 1", 1, 11, "__name__"},
        {"x{a=\"1\"", 1, 8, "',' or '}'"},
        {"x 1 soon", 1, 9, "time stamp"},
        {"x 1 2 3", 1, 8, "goes on"},
        {"x ++1", 1, 6, "not '++1'"},
        {"x nan(1)", 1, 9, "not 'nan(1)'"},
        {"x 1e999", 1, 8, "not '1e999'"},
        {"# TYPE x thing", 1, 15, "not 'thing'"},
        {"# TYPE x gauge\n# TYPE x gauge", 2, 15, "second TYPE"},
    };
    for (const Row& row : table) {
        const auto samples = parseExposition(row.text);
        ASSERT_FALSE(samples) << row.text;
        EXPECT_EQ(samples.error().line, row.line) << row.text << ": " << samples.error().text();
        EXPECT_EQ(samples.error().column, row.column) << row.text << ": " << samples.error().text();
        EXPECT_NE(samples.error().message.find(row.says), std::string::npos)
            << row.text << ": " << samples.error().text();
    }
}

RC_GTEST_PROP(Exposition, WhatIsWrittenIsReadBack, ()) {
    std::vector<ExposedSample> samples;
    const int count = *rc::gen::inRange(0, 20);
    for (int i = 0; i < count; ++i) {
        ExposedSample sample;
        sample.type = Type::gauge;
        sample.labels.set(kMetricName, *rc::gen::elementOf(std::vector<std::string>{
                                           "a", "b:c", "inference_pool_ready_pods"}));
        sample.labels.set("index", std::to_string(i));
        sample.labels.set("free", *rc::gen::arbitrary<std::string>());
        sample.value = *rc::gen::arbitrary<double>();
        samples.push_back(std::move(sample));
    }
    std::string text;
    writeExposition(samples, text);
    const auto read = parseExposition(text);
    RC_ASSERT(read.has_value());
    RC_ASSERT(read->size() == samples.size());
    for (const ExposedSample& sample : samples) {
        const auto found = findExposed(*read, sample.labels.get(kMetricName), sample.labels);
        RC_ASSERT(found.size() == 1u);
        RC_ASSERT(found.front()->labels == sample.labels);
        RC_ASSERT(found.front()->type == Type::gauge);
        RC_ASSERT(found.front()->value == sample.value ||
                  (std::isnan(sample.value) && std::isnan(found.front()->value)));
    }
}

RC_GTEST_PROP(Exposition, RandomBytesNeverCrash, (const std::string& text)) {
    (void)parseExposition(text);
}

RC_GTEST_PROP(Exposition, ShuffledPiecesNeverCrash, ()) {
    static const std::vector<std::string> kPieces = {
        "x",   "{",  "}",         "a",     "=",    "\"", "\\",  "1", " ",
        "\n",  "#",  " TYPE ",    "gauge", ",",    "\r", "NaN", "+", "-",
        "Inf", "\t", "histogram", "_sum",  "\xff", "e",  "."};
    std::string text;
    for (const auto& piece :
         *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(kPieces))) {
        text += piece;
    }
    (void)parseExposition(text);
}

} // namespace
} // namespace penstock::metrics

// SPDX-License-Identifier: Apache-2.0
// Goal: every metric gate turns a reading into the budget that llm-d-async would. Method: tables of
// readings and the budgets they must give, and the exact query texts.
#include "engine/gates/llm_d_async/prometheus_budget.h"
#include "engine/gates/llm_d_async/prometheus_saturation.h"
#include "engine/gates/parts/promql_text.h"
#include "tests/engine/gates/support.h"

namespace penstock::test {
namespace {

TEST(MetricLaw, saturationClosesAtItsThreshold) {
    struct Case {
        double saturation, threshold, budget;
    };
    for (const Case& c : {Case{0.0, 0.8, 0.8}, Case{0.3, 0.8, 0.5}, Case{0.79, 0.8, 0.01},
                          Case{0.8, 0.8, 0.0}, Case{0.95, 0.8, 0.0}, Case{1.73, 0.8, 0.0},
                          Case{1.1, 1.2, 0.1}, Case{-0.5, 1.0, 1.0}, Case{0.0, 0.0, 0.0}}) {
        Bench bench;
        bench.metrics.say("pool_saturation", 1.0 - c.saturation);
        auto gate = bench.make("prometheus-saturation",
                               R"({"pool":"p","threshold":)" + std::to_string(c.threshold) + "}");
        EXPECT_NEAR(gate->budget(bench.now()).share, c.budget, 1e-9)
            << c.saturation << " at " << c.threshold;
        EXPECT_EQ(gate->budget(bench.now()).reason.code,
                  c.budget > 0 ? ReasonCode::open : ReasonCode::closedByThreshold);
        EXPECT_EQ(gate->budget(bench.now()).reason.value <=
                      gate->budget(bench.now()).reason.threshold,
                  c.budget == 0.0);
    }
}

TEST(MetricLaw, queriesAreThoseOfLlmDAsync) {
    EXPECT_EQ(PrometheusSaturationGate::query(
                  {.pool = "p", .metric = "inference_extension_flow_control_pool_saturation"}),
              R"(1 - inference_extension_flow_control_pool_saturation{inference_pool="p"})");
    EXPECT_EQ(PrometheusSaturationGate::query({.pool = "a\"b", .nameSpace = "n", .metric = "m"}),
              R"(1 - m{inference_pool="a\"b",namespace="n"})");
    const auto q = PrometheusBudgetGate::queries({.pool = "p", .maxConcurrency = 100.0});
    EXPECT_EQ(
        q[0],
        R"(1 - (sum by(inference_pool)(inference_extension_flow_control_queue_size{inference_pool="p"}) / on() (inference_pool_ready_pods{name="p"} * 100)))");
    EXPECT_EQ(q[1], R"(1 - (avg by(name)(inference_pool_per_pod_queue_size{name="p"}) / 100))");
    EXPECT_EQ(
        q[2],
        R"(1 - (sum(vllm:num_requests_running{inference_pool="p"}) / on() (inference_pool_ready_pods{name="p"} * 100)))");
    const auto n =
        PrometheusBudgetGate::queries({.pool = "p", .nameSpace = "ns", .maxConcurrency = 12.5});
    EXPECT_EQ(
        n[1],
        R"(1 - (avg by(name)(inference_pool_per_pod_queue_size{name="p",namespace="ns"}) / 12.5))");
}

TEST(MetricLaw, laterQueriesNameWhatLaterRoutersExport) {
    EXPECT_EQ(PrometheusSaturationGate::query({.pool = "p", .metric = "m", .effectiveStage = true}),
              R"(1 - m{inference_pool="p",stage=~"effective|"})");
    const auto q =
        PrometheusBudgetGate::queries({.pool = "p", .maxConcurrency = 100.0, .readsEpp = true});
    EXPECT_EQ(
        q[0],
        R"(1 - (sum by(inference_pool)(llm_d_epp_flow_control_queue_size{inference_pool="p"}) / on() (max(llm_d_epp_ready_endpoints{name="p"}) * 100)))");
    EXPECT_EQ(q[1], R"(1 - (avg by(name)(llm_d_epp_per_endpoint_queue_size{name="p"}) / 100))");
    EXPECT_EQ(
        q[2],
        R"(1 - (sum(vllm:num_requests_running{inference_pool="p"}) / on() (max(llm_d_epp_ready_endpoints{name="p"}) * 100)))");
}

TEST(MetricLaw, numbersPrintAsGoPrintsThem) {
    const std::pair<double, std::string> cases[] = {{100.0, "100"},
                                                    {0.5, "0.5"},
                                                    {1e5, "100000"},
                                                    {1e6, "1e+06"},
                                                    {123456789.0, "1.23456789e+08"},
                                                    {1e-4, "0.0001"},
                                                    {1e-5, "1e-05"},
                                                    {1.0 / 3.0, "0.3333333333333333"},
                                                    {0.0, "0"},
                                                    {12.5, "12.5"}};
    for (const auto& [value, text] : cases)
        EXPECT_EQ(goNumber(value), text);
}

TEST(MetricLaw, budgetReadsTheFirstQueryThatAnswers) {
    Bench bench;
    bench.cacheTtl = 0s;
    auto gate = bench.make("prometheus-budget", R"({"pool":"p","baseline":0})");
    bench.metrics.say("num_requests_running", 0.3);
    EXPECT_DOUBLE_EQ(gate->budget(bench.now()).share, 0.3);
    EXPECT_EQ(bench.metrics.asked.size(), 3U);
    bench.metrics.say("per_endpoint_queue_size", 0.2);
    EXPECT_DOUBLE_EQ(gate->budget(bench.now()).share, 0.2);
    EXPECT_EQ(bench.metrics.asked.size(), 5U);
    bench.metrics.say("flow_control_queue_size", 0.1);
    EXPECT_DOUBLE_EQ(gate->budget(bench.now()).share, 0.1);
    EXPECT_EQ(bench.metrics.asked.size(), 6U);
    // NaN is an answer, and no reading: it is the fallback, not the next query.
    bench.metrics.say("flow_control_queue_size", kNaN);
    EXPECT_EQ(gate->budget(bench.now()).share, 0.0);
    EXPECT_FALSE(gate->budget(bench.now()).reason.available);
    bench.metrics.fail("flow_control_queue_size");
    EXPECT_DOUBLE_EQ(gate->budget(bench.now()).share, 0.2);
}

TEST(MetricLaw, movingMaxConcurrencyAsksTheNewQuery) {
    Bench bench;
    bench.metrics.say("/ 100)", 0.5);
    bench.metrics.say("/ 200)", 0.75);
    auto gate = bench.make("prometheus-budget", R"({"pool":"p","baseline":0})");
    EXPECT_DOUBLE_EQ(gate->budget(bench.now()).share, 0.5);
    ASSERT_TRUE(turn(*gate, "max_concurrency", 200));
    EXPECT_DOUBLE_EQ(gate->budget(bench.now()).share, 0.75);
    const std::size_t asked = bench.metrics.asked.size();
    ASSERT_TRUE(turn(*gate, "max_concurrency", 100));
    EXPECT_DOUBLE_EQ(gate->budget(bench.now()).share, 0.5);
    EXPECT_EQ(bench.metrics.asked.size(), asked); // the old queries are still warm
}

TEST(MetricLaw, queryIsTheBudgetClamped) {
    for (const auto& [value, budget] :
         {std::pair{0.4, 0.4}, {1.7, 1.0}, {-0.2, 0.0}, {0.0, 0.0}, {1.0, 1.0}}) {
        Bench bench;
        bench.metrics.say("my_budget", value);
        auto gate = bench.make("prometheus-query", R"({"query":"my_budget","pool":"p"})");
        EXPECT_DOUBLE_EQ(gate->budget(bench.now()).share, budget);
    }
}

TEST(MetricLaw, scrapeReadsASharesOrACountPerPod) {
    struct Case {
        std::string params;
        double value, pods, budget;
    };
    const std::string where = R"("url":"http://a/metrics","metric":"m")";
    const std::string pods =
        R"(,"pods_url":"http://b/metrics","pods_metric":"ready","pods_labels":{"name":"p"})";
    for (const Case& c : {
             Case{where, 0.25, 0, 0.75},
             Case{where, 1.5, 0, 0.0},
             Case{where, -1.0, 0, 1.0},
             Case{where, kInfinity, 0, 0.0}, // clamped to full, as there
             Case{where + R"(,"max_count_per_pod":100)", 25, 0, 0.75},
             Case{where + R"(,"max_count_per_pod":"100","baseline":"0.05")", 25, 0, 0.70},
             Case{where + R"(,"max_count_per_pod":100)" + pods, 100, 4, 0.75},
             Case{where + R"(,"max_count_per_pod":100)" + pods, 100, 0, 0.0}, // no pods: fallback
             Case{where + R"(,"value_type":"budget","baseline":0.1)", 0.5, 0, 0.4},
         }) {
        Bench bench;
        bench.metrics.say("a/metrics m", c.value);
        bench.metrics.say("b/metrics ready", c.pods);
        auto gate = bench.make("endpoint-scrape", "{" + c.params + "}");
        EXPECT_NEAR(gate->budget(bench.now()).share, c.budget, 1e-12) << c.params << " " << c.value;
    }
}

} // namespace
} // namespace penstock::test

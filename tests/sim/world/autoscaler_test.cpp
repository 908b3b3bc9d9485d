// SPDX-License-Identifier: Apache-2.0
// Goal: the autoscaler follows the law of Kubernetes' HPA over the router's saturation, and new
// replicas are cold for as long as they say: nothing reaches them, nothing is lost, and their hours
// are paid for from the first second. Method: a load that doubles and goes, sizes read at chosen
// moments.
#include "tests/sim/world/scenario_support.h"

namespace penstock::sim {
namespace {

using namespace std::chrono_literals;

std::string scaled(const std::string& autoscaler, const std::string& faults = "") {
    return "scenario: {name: scaled, horizon: 40m}\n"
           "pool:\n"
           "  cost_per_gpu_hour: 2\n"
           "  replicas: [{count: 1, tp: 2, gpu: H100, model: Llama-3.1-8B, max_num_seqs: 32}]\n"
           "  autoscaler: " +
           autoscaler +
           "\n"
           "sources:\n"
           "  - {name: people, to: router, prompt_tokens: 500, output_tokens: 200,\n"
           "     arrivals: {process: steps, steps: [{rate: 2, for: 5m}, {rate: 65, for: 15m},\n"
           "                                        {rate: 2, for: 20m}]}}\n"
           "engine: {transport: {queues: [{id: q, queue_name: q}]}}\n"
           "faults: [" +
           faults + "]\n";
}

TEST(Autoscaler, growsAfterTheColdStartAndShrinksAfterItsDelay) {
    auto world = test::makeText(
        scaled("{min: 1, max: 3, target_saturation: 0.5, cold_start: 3m, down_delay: 5m}"));
    ASSERT_NE(world, nullptr);
    const auto ready = [&](Duration at) {
        world->runUntil(world->start() + at);
        return world->router().readyEndpoints();
    };
    EXPECT_EQ(ready(5min), 1);
    EXPECT_EQ(ready(7min), 1) << "wanted since minute 5, but cold until minute 8";
    EXPECT_GT(world->router().endpointCount(), 1U);
    EXPECT_GE(ready(9min), 2);
    const int peak = ready(20min);
    EXPECT_EQ(ready(23min), peak) << "five minutes must have passed since the last wish for more";
    EXPECT_EQ(ready(35min), 1);
    const Report report = test::run(*world);
    EXPECT_EQ(report.sources.front().failed, 0U) << "a drained replica finishes what it has";
    // Two GPUs each: one replica for 40 minutes, the others from their wish to their end.
    EXPECT_GT(report.pool.gpuHours, 2.0 * 40 / 60);
    EXPECT_LT(report.pool.gpuHours, 2.0 * 3 * 30 / 60);
    ASSERT_TRUE(report.cost.has_value());
    EXPECT_DOUBLE_EQ(report.cost->total, 2.0 * report.pool.gpuHours);
}

TEST(Autoscaler, keepsItsBounds) {
    auto world = test::makeText(
        scaled("{min: 1, max: 2, target_saturation: 0.1, cold_start: 10s, down_delay: 1m}"));
    ASSERT_NE(world, nullptr);
    int most = 0;
    for (Duration at = 0s; at < 40min; at += 15s) {
        world->runUntil(world->start() + at);
        most = std::max(most, world->router().readyEndpoints());
        EXPECT_GE(world->router().readyEndpoints(), 1);
    }
    EXPECT_EQ(most, 2);
}

TEST(Autoscaler, stuckMeansNothingChanges) {
    auto world = test::makeText(
        scaled("{min: 1, max: 3, target_saturation: 0.5, cold_start: 1m, down_delay: 1m}",
               "{kind: autoscaler-stuck, at: 1m, for: 20m}"));
    ASSERT_NE(world, nullptr);
    world->runUntil(world->start() + 19min);
    EXPECT_EQ(world->router().endpointCount(), 1U);
    test::run(*world);
}

// The delays hold from the first moment: a large pool is not cut down, and a small one not
// enlarged, before the wish has lasted, as if the size at the start had been wished for too.
TEST(Autoscaler, delaysHoldFromTheStart) {
    auto large =
        test::makeText(scaled("{min: 1, max: 3, down_delay: 4m}"), {"pool.replicas[0].count=3"});
    ASSERT_NE(large, nullptr);
    large->runUntil(large->start() + 3min + 50s);
    EXPECT_EQ(large->router().readyEndpoints(), 3);
    large->runUntil(large->start() + 4min + 40s);
    EXPECT_EQ(large->router().readyEndpoints(), 1);

    auto small = test::makeText(
        scaled("{min: 1, max: 3, target_saturation: 0.5, up_delay: 4m, cold_start: 10s}"),
        {"sources[people].arrivals={process: poisson, rate: 75}"});
    ASSERT_NE(small, nullptr);
    small->runUntil(small->start() + 3min + 50s);
    EXPECT_EQ(small->router().endpointCount(), 1U);
    small->runUntil(small->start() + 5min);
    EXPECT_GT(small->router().endpointCount(), 1U);
}

// A load that goes for three minutes, and three long requests that keep a replica from its end
// meanwhile. One that drains is not taken back, and whatever is new is cold, wherever it runs.
TEST(Autoscaler, whatComesBackIsCold) {
    std::string text = scaled("{min: 1, max: 3, target_saturation: 0.5, cold_start: 4m, "
                              "down_delay: 1m}");
    text.replace(text.find("sources:\n") + 9, 0,
                 "  - {name: long, to: router, prompt_tokens: 100, output_tokens: 60000,\n"
                 "     arrivals: {process: lump, count: 3}}\n");
    auto world = test::makeText(
        text, {"pool.replicas[0].count=3", "pool.replicas[0].start_up=1s",
               "sources[people].arrivals={process: steps, steps: [{rate: 75, for: 2m}, "
               "{rate: 1, for: 3m}, {rate: 90, for: 30m}]}"});
    ASSERT_NE(world, nullptr);
    Router& router = world->router();
    world->runUntil(world->start() + 4min + 45s);
    ASSERT_EQ(router.readyEndpoints(), 1);
    int draining = 0;
    for (std::size_t i = 0; i < router.endpointCount(); ++i)
        draining += router.endpoint(i).draining();
    ASSERT_GT(draining, 0) << "a long request still runs there";
    world->runUntil(world->start() + 5min + 50s);
    EXPECT_EQ(router.readyEndpoints(), 1);
    int stillDraining = 0;
    for (std::size_t i = 0; i < router.endpointCount(); ++i) {
        stillDraining += router.endpoint(i).draining();
    }
    EXPECT_EQ(stillDraining, draining);
    EXPECT_GT(router.endpointCount(), 3U) << "in the place of one that drains, a new one";
    world->runUntil(world->start() + 8min + 30s);
    EXPECT_EQ(router.readyEndpoints(), 1) << "cold for four minutes";
    world->runUntil(world->start() + 10min);
    EXPECT_EQ(router.readyEndpoints(), 3);
    test::run(*world);
}

// A killed replica keeps its place: nobody starts it before its fault is over, and after that its
// metrics are scraped again.
TEST(Autoscaler, leavesAKilledReplicaToItsFault) {
    auto world = test::makeText(scaled("{min: 2, max: 4, target_saturation: 10}",
                                       "{kind: replica-killed, replica: 0, at: 2m, for: 5m}"),
                                {"pool.replicas[0].count=2", "pool.replicas[0].start_up=10s",
                                 "sources[people].arrivals={process: poisson, rate: 2}"});
    ASSERT_NE(world, nullptr);
    world->runUntil(world->start() + 6min);
    EXPECT_EQ(world->router().readyEndpoints(), 1);
    EXPECT_EQ(world->router().endpointCount(), 2U);
    world->runUntil(world->start() + 8min);
    EXPECT_EQ(world->router().readyEndpoints(), 2);
    const auto exposed = world->metrics().exposition(1); // of the first replica; 0 is the router
    EXPECT_TRUE(exposed.has_value()) << (exposed ? "" : exposed.error().text());
}

// Faults hit replicas that are there: the second one in turn is the first again when only one is
// left, and one that was scaled away is not brought back by the end of a fault.
TEST(Autoscaler, faultsHitWhoIsThere) {
    const auto lost = [](const std::string& faults) {
        auto world = test::makeText(scaled("{min: 1, max: 3, down_delay: 30s}", faults),
                                    {"pool.replicas[0].count=3", "pool.replicas[0].start_up=10s",
                                     "sources[people].arrivals={process: poisson, rate: 5}"});
        EXPECT_NE(world, nullptr);
        world->runUntil(world->start() + 4min);
        EXPECT_EQ(world->router().readyEndpoints(), 1) << faults;
        const Report report = test::run(*world);
        EXPECT_EQ(world->router().readyEndpoints(), 1) << faults;
        return report.losses.attemptsLost;
    };
    const auto once = lost("{kind: replica-killed, at: 5m, for: 1m}");
    EXPECT_GT(once, 0U);
    EXPECT_GT(lost("{kind: replica-killed, at: 5m, for: 1m}, {kind: replica-killed, at: 10m, for: "
                   "1m}"),
              once);
    EXPECT_EQ(lost("{kind: replica-killed, replica: 2, at: 5m, for: 1m}"), 0U);
}

// From one to none when nothing comes, and back at the first request, or message in a queue whose
// gate would not let it into an empty pool.
TEST(Autoscaler, comesBackFromNone) {
    const std::string none = "{min: 0, max: 2, cold_start: 1m, down_delay: 1m}";
    auto world = test::makeText(
        scaled(none), {"sources[people].arrivals={process: steps, steps: [{rate: 2, for: 5m}, "
                       "{rate: 0, for: 15m}, {rate: 2, for: 20m}]}"});
    ASSERT_NE(world, nullptr);
    world->runUntil(world->start() + 15min);
    EXPECT_EQ(world->router().readyEndpoints(), 0);
    world->runUntil(world->start() + 22min);
    EXPECT_EQ(world->router().readyEndpoints(), 1);
    const Report report = test::run(*world);
    EXPECT_GT(report.sources.front().completed, 1000U);

    std::string text = scaled(none);
    text.replace(text.find("sources:\n") + 9, 0,
                 "  - {name: batch, to: 'queue:q', deadline: 10m,\n"
                 "     arrivals: {process: lump, at: 15m, count: 10}}\n");
    auto queue = test::makeText(
        text, {"sources[people].arrivals={process: steps, steps: [{rate: 2, for: 1m}]}",
               "engine.transport.queues[0].gate_type=prometheus-saturation",
               "engine.transport.queues[0].gate_params={pool: pool, threshold: 0.8}"});
    ASSERT_NE(queue, nullptr);
    queue->runUntil(queue->start() + 14min);
    EXPECT_EQ(queue->router().readyEndpoints(), 0);
    EXPECT_EQ(test::run(*queue).queues.front().succeeded, 10U);
}

// 75 requests a second of 200 tokens each are some hundred at a time: whatever the metric, a target
// that so many exceed makes the pool grow, and one that they do not leaves it.
TEST(Autoscaler, followsTheMetricThatItIsGiven) {
    const auto most = [](const std::string& metric) {
        auto world = test::makeText(scaled("{min: 1, max: 4, cold_start: 10s, " + metric + "}"),
                                    {"sources[people].arrivals={process: poisson, rate: 75}",
                                     "pool.replicas[0].max_num_seqs=64",
                                     "pool.replicas[0].kv_blocks=20000"});
        EXPECT_NE(world, nullptr);
        world->runUntil(world->start() + 10min);
        return world->router().readyEndpoints();
    };
    EXPECT_EQ(most("metric: running, target: 1000"), 1);
    EXPECT_GT(most("metric: running, target: 30"), 2);
    EXPECT_EQ(most("metric: waiting, target: 100000"), 1);
    EXPECT_GT(most("metric: waiting, target: 1"), 1);
    EXPECT_EQ(most("metric: kv_used, target: 1"), 1);
    EXPECT_GT(most("metric: kv_used, target: 0.05"), 1);
    EXPECT_EQ(most("metric: saturation, target: 0.5"), most("target_saturation: 0.5"));
}

// Without an autoscaler, GPU hours are replicas x tp x time, and a cost is what they cost.
TEST(Cost, isHoursTimesPriceOverDeliveredTokens) {
    auto world = test::makeText(scaled("{enabled: false}"));
    ASSERT_NE(world, nullptr);
    const Report report = test::run(*world);
    EXPECT_NEAR(report.pool.gpuHours, 2.0 * 40 / 60, 1e-9);
    ASSERT_TRUE(report.cost.has_value());
    const auto& people = report.sources.front();
    EXPECT_NEAR(report.cost->perMillionOutputTokens,
                report.cost->total * 1e6 / static_cast<double>(people.outputTokens), 1e-9);
    EXPECT_NEAR(report.cost->perMillionTokens,
                report.cost->total * 1e6 /
                    static_cast<double>(people.outputTokens + people.promptTokens),
                1e-9);
    EXPECT_TRUE(toJson(report).contains("cost"));
}

TEST(Cost, isAbsentWithoutAPrice) {
    std::string text = scaled("{enabled: false}");
    text.replace(text.find("cost_per_gpu_hour: 2"), 20, "name: pool          ");
    auto world = test::makeText(text);
    ASSERT_NE(world, nullptr);
    world->runUntil(world->start() + 1min);
    const auto report = world->report(0.0);
    ASSERT_TRUE(report.has_value());
    EXPECT_FALSE(toJson(*report).contains("cost"));
    EXPECT_TRUE(toJson(*report)["pool"].contains("gpu_hours"));
}

} // namespace
} // namespace penstock::sim

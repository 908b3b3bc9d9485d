// SPDX-License-Identifier: Apache-2.0
// Goal: the autoscaler follows the law of Kubernetes' HPA over the router's saturation, and new
// replicas are cold for as long as they say: nothing reaches them, nothing is lost, and their hours are
// paid for from the first second. Method: a load that doubles and goes, sizes read at chosen moments.
#include "tests/sim/world/scenario_support.h"

namespace penstock::sim {
namespace {

using namespace std::chrono_literals;

std::string scaled(const std::string& autoscaler, const std::string& faults = "") {
    return "scenario: {name: scaled, horizon: 40m}\n"
           "pool:\n"
           "  cost_per_gpu_hour: 2\n"
           "  replicas: [{count: 1, tp: 2, gpu: H100, model: Llama-3.1-8B, max_num_seqs: 32}]\n"
           "  autoscaler: " + autoscaler + "\n"
           "sources:\n"
           "  - {name: people, to: router, prompt_tokens: 500, output_tokens: 200,\n"
           "     arrivals: {process: steps, steps: [{rate: 2, for: 5m}, {rate: 75, for: 15m},\n"
           "                                        {rate: 2, for: 20m}]}}\n"
           "engine: {transport: {queues: [{id: q, queue_name: q}]}}\n"
           "faults: [" + faults + "]\n";
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

// SPDX-License-Identifier: Apache-2.0
// floor(batch x budget): prometheus-budget at batch 10 shuts at 85 a pod, not at the 95 that its
// baseline says.
#include "engine/types/budget.h"
#include "tests/engine/gates/support.h"

namespace penstock::test {
namespace {

TEST(Quantisation, FloorOfBatchTimesBudget) {
    const struct {
        std::int32_t batch;
        double budget;
        std::int32_t pops;
    } cases[] = {{10, 1.0, 10}, {10, 0.8, 8}, {10, 0.1, 1}, {10, 0.0999, 0},
                 {10, 0.0, 0},  {1, 0.99, 0}, {1, 1.0, 1},  {64, 0.5, 32}};
    for (const auto& c : cases)
        EXPECT_EQ(batchOf(c.batch, c.budget), c.pops) << c.budget;
}

// prometheus-budget with 100 a pod and a baseline of 0.05 lets nothing through from 86 requests a
// pod on at batch 10, although its law closes only at 95.
TEST(Quantisation, ABatchOfTenShutsABaselineGateTenBelowItsClosingPoint) {
    const auto pops = [](double perPod) {
        return batchOf(10, budgetAbove(1.0 - perPod / 100.0, 0.05));
    };
    EXPECT_EQ(pops(84.0), 1);
    EXPECT_EQ(pops(86.0), 0);
    EXPECT_GT(budgetAbove(1.0 - 94.0 / 100.0, 0.05), 0.0);
    EXPECT_EQ(budgetAbove(1.0 - 96.0 / 100.0, 0.05), 0.0);
}

// The gate's own law closes at max_concurrency x (1 - baseline) = 95 running a pod; a poll of ten
// takes floor(10 x budget), which is nothing from a budget below 0.1 on, that is from 85 on.
TEST(MetricLaw, budgetAtBatchTenShutsAt85APodNot95) {
    Bench bench;
    bench.cacheTtl = 0s;
    auto gate = bench.make("prometheus-budget", R"({"pool":"p"})");
    for (int running = 0; running <= 100; ++running) {
        bench.metrics.say("num_requests_running", 1.0 - running / 100.0);
        const double budget = gate->budget(bench.now()).share;
        // On the edges 1 - 0.95 and 1 - 0.85 - 0.05 round to either side, there as here.
        if (running != 95) {
            EXPECT_EQ(budget > 0.0, running < 95) << running;
        }
        if (running == 85) continue;
        EXPECT_EQ(batchOf(10, budget) > 0, running < 85) << running;
    }
}

} // namespace
} // namespace penstock::test

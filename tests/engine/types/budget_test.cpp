// SPDX-License-Identifier: Apache-2.0
// What a budget turns into: pops per poll with the floor that shuts a batch of ten below 0.1, and
// room under a concurrency.
#include "engine/types/budget.h"

#include <gtest/gtest.h>

namespace penstock {
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

TEST(Room, IsWhatTheBudgetAllowsLessWhatFlies) {
    EXPECT_EQ(roomOf(64, 0.5, 10), 22);
    EXPECT_EQ(roomOf(64, 0.5, 32), 0);
    EXPECT_EQ(roomOf(64, 0.5, 60), 0);
    EXPECT_EQ(roomOf(64, 0.0, 0), 0);
    EXPECT_EQ(roomOf(10, 0.99, 9), 0); // nine of ten is all that 0.99 allows
}

TEST(Budget, IsClampedToTheUnitInterval) {
    EXPECT_EQ(budgetAbove(1.7, 0.2), 1.0);
    EXPECT_EQ(budgetAbove(-3.0, 0.2), 0.0);
    EXPECT_EQ(budgetAbove(0.2, 0.2), 0.0);
}

} // namespace
} // namespace penstock

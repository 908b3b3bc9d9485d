// SPDX-License-Identifier: Apache-2.0
// What a budget is: clamped, and the room it leaves under a concurrency.
#include "engine/types/budget.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

TEST(Room, IsWhatTheBudgetAllowsLessWhatFlies) {
    EXPECT_EQ(roomOf(64, 0.5, 10), 22);
    EXPECT_EQ(roomOf(64, 0.5, 32), 0);
    EXPECT_EQ(roomOf(64, 0.5, 60), 0);
    EXPECT_EQ(roomOf(64, 0.0, 0), 0);
    EXPECT_EQ(roomOf(64, 0.001, 0), 1); // an open gate grants one
    EXPECT_EQ(roomOf(1, 0.5, 0), 1);
    EXPECT_EQ(roomOf(1, 0.5, 1), 0);
    EXPECT_EQ(roomOf(0, 0.5, 0), 0);
    EXPECT_EQ(roomOf(10, 0.99, 9), 0); // nine of ten is all that 0.99 allows
}

TEST(Budget, IsClampedToTheUnitInterval) {
    EXPECT_EQ(budgetAbove(1.7, 0.2), 1.0);
    EXPECT_EQ(budgetAbove(-3.0, 0.2), 0.0);
    EXPECT_EQ(budgetAbove(0.2, 0.2), 0.0);
}

} // namespace
} // namespace penstock

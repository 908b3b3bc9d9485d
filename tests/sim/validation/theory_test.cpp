// SPDX-License-Identifier: Apache-2.0
// Goal: where queueing theory has an answer, a replica gives it. Method: with steps of constant
// length whatever the batch, a replica with c slots is a queue with c servers whose service time is
// the number of output tokens; its mean wait must be that of M/M/1, M/D/1 and M/M/c (Erlang) within
// 2 % up to 90 % load.
#include "sim/validation/theory.h"

#include <gtest/gtest.h>

namespace penstock::sim {
namespace {

class QueueingTheory : public ::testing::TestWithParam<QueueingCase> {};

TEST_P(QueueingTheory, MeanWaitIsWithinTwoPercent) {
    const QueueingCase& c = GetParam();
    const double expected = theoreticalWait(c);
    const double wait = simulatedWait(c, 7);
    std::printf("  %s/%d load %.1f: wait %.4f, theory %.4f (%+.2f %%)\n",
                c.exponential ? "M/M" : "M/D", c.servers, c.load, wait, expected,
                100.0 * (wait / expected - 1.0));
    EXPECT_NEAR(wait / expected, 1.0, 0.02);
}
INSTANTIATE_TEST_SUITE_P(
    Waits, QueueingTheory,
    ::testing::Values(QueueingCase{1, true, 0.3, 400'000}, QueueingCase{1, true, 0.6, 400'000},
                      QueueingCase{1, true, 0.8, 1'000'000}, QueueingCase{1, true, 0.9, 3'000'000},
                      QueueingCase{1, false, 0.3, 200'000}, QueueingCase{1, false, 0.6, 200'000},
                      QueueingCase{1, false, 0.8, 400'000}, QueueingCase{1, false, 0.9, 1'000'000},
                      QueueingCase{4, true, 0.5, 1'500'000}, QueueingCase{4, true, 0.7, 1'000'000},
                      QueueingCase{4, true, 0.9, 3'000'000},
                      QueueingCase{16, true, 0.9, 3'000'000}));

// The formulas against numbers from the tables of any textbook.
TEST(Theory, KnownValues) {
    EXPECT_DOUBLE_EQ(theoreticalWait({1, true, 0.5}), 1.0);
    EXPECT_DOUBLE_EQ(theoreticalWait({1, false, 0.5}), 0.5);
    EXPECT_NEAR(theoreticalWait({2, true, 0.5}), 1.0 / 3.0, 1e-12);
    EXPECT_NEAR(theoreticalWait({4, true, 0.9}), 1.969, 0.001);
}

} // namespace
} // namespace penstock::sim

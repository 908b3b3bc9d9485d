// SPDX-License-Identifier: Apache-2.0
// Draws have the moments they promise, and naming another stream, lane or seed gives other draws.
#include "sim/kernel/random.h"

#include <gtest/gtest.h>

#include <functional>

namespace penstock::sim {
namespace {

struct Moments {
    double mean;
    double variance;
};

Moments moments(const std::function<double()>& draw) {
    constexpr int kDraws = 400000;
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < kDraws; ++i) {
        const double x = draw();
        sum += x;
        squares += x * x;
    }
    const double mean = sum / kDraws;
    return {mean, squares / kDraws - mean * mean};
}

TEST(Random, momentsAreTheLaws) {
    RandomSequence r{1, 1000, 0};
    const auto check = [](const Moments& m, double mean, double variance) {
        EXPECT_NEAR(m.mean, mean, 0.01 * (1 + std::abs(mean)));
        EXPECT_NEAR(m.variance, variance, 0.03 * variance);
    };
    check(moments([&] { return r.uniform(); }), 0.5, 1.0 / 12.0);
    check(moments([&] { return r.exponential(); }), 1.0, 1.0);
    check(moments([&] { return r.normal(); }), 0.0, 1.0);
    check(moments([&] { return r.gamma(2.5); }), 2.5, 2.5);
    check(moments([&] { return r.gamma(0.25); }), 0.25, 0.25);
}

TEST(Random, namesTellStreamsApart) {
    const double base = RandomSequence{1, 1, 1}.uniform();
    EXPECT_EQ(base, (RandomSequence{1, 1, 1}.uniform()));
    EXPECT_NE(base, (RandomSequence{2, 1, 1}.uniform()));
    EXPECT_NE(base, (RandomSequence{1, 2, 1}.uniform()));
    EXPECT_NE(base, (RandomSequence{1, 1, 2}.uniform()));
}

} // namespace
} // namespace penstock::sim

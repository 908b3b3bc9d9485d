// SPDX-License-Identifier: Apache-2.0
// Length and duration laws have the means, bounds, atoms and correlations they promise.
// Method: large samples with fixed seeds against closed forms.
#include "sim/traffic/spec/sampler.h"
#include "support.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace penstock::sim {
namespace {

constexpr int kDraws = 200'000;

std::vector<double> sample(const LengthLaw& law) {
    const LengthSampler sampler(law);
    std::vector<double> out;
    for (int i = 0; i < kDraws; ++i) {
        out.push_back(sampler.draw(DrawKey{5, 0}, Purpose::lengths, static_cast<std::uint64_t>(i)));
    }
    return out;
}

double mean(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

TEST(Lengths, MeansAndBounds) {
    struct Case {
        const char* name;
        LengthLaw law;
        double mean;
        double low;
        double high;
    };
    const std::vector<Case> cases = {
        {"constant", ConstantLength{37}, 37, 37, 37},
        {"uniform", UniformLength{10, 20}, 15, 10, 20},
        {"log-normal", logNormalLength(1155, 1.2), 1155, 1, 4e9},
        {"log-normal, capped", LogNormalLength{6, 1, 800}, meanOf(LogNormalLength{6, 1, 800}), 1,
         800},
        {"exponential", ExponentialLength{211, 0}, 211, 1, 4e9},
        {"exponential, capped", ExponentialLength{211, 300}, meanOf(ExponentialLength{211, 300}), 1,
         300},
        {"empirical", EmpiricalLength{{{1, 1, 1}, {100, 199, 2}, {500, 500, 1}}},
         0.25 * 1 + 0.5 * 149.5 + 0.25 * 500, 1, 500},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.name);
        const auto values = sample(c.law);
        EXPECT_NEAR(mean(values), c.mean, 0.012 * c.mean);
        EXPECT_NEAR(meanOf(c.law), c.mean, 1e-6 * c.mean);
        EXPECT_GE(*std::min_element(values.begin(), values.end()), c.low);
        EXPECT_LE(*std::max_element(values.begin(), values.end()), c.high);
    }
}

TEST(Lengths, UniformReachesBothEndsEvenly) {
    const auto values = sample(UniformLength{1, 6});
    for (int face = 1; face <= 6; ++face) {
        const auto count = std::count(values.begin(), values.end(), face);
        EXPECT_NEAR(static_cast<double>(count), kDraws / 6.0, 700);
    }
}

TEST(Lengths, LogNormalHasItsVariation) {
    const auto values = sample(logNormalLength(1000, 0.5));
    const double m = mean(values);
    double squares = 0;
    for (const double v : values)
        squares += (v - m) * (v - m);
    EXPECT_NEAR(std::sqrt(squares / kDraws) / m, 0.5, 0.01);
}

// Spearman's rho: the correlation of ranks.
double rankCorrelation(const std::vector<Arrival>& all) {
    const auto ranks = [&](auto value) {
        std::vector<std::size_t> order(all.size());
        std::iota(order.begin(), order.end(), 0U);
        std::sort(order.begin(), order.end(),
                  [&](std::size_t a, std::size_t b) { return value(all[a]) < value(all[b]); });
        std::vector<double> rank(all.size());
        for (std::size_t i = 0; i < order.size(); ++i)
            rank[order[i]] = static_cast<double>(i);
        return rank;
    };
    const auto x = ranks([](const Arrival& a) { return a.promptTokens; });
    const auto y = ranks([](const Arrival& a) { return a.outputTokens; });
    const double middle = (static_cast<double>(all.size()) - 1) / 2;
    double xy = 0;
    double xx = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
        xy += (x[i] - middle) * (y[i] - middle);
        xx += (x[i] - middle) * (x[i] - middle);
    }
    return xy / xx;
}

TEST(Lengths, RankCorrelationIsWhatWasAsked) {
    for (const double rho : {-0.8, 0.0, 0.3, 0.9}) {
        TrafficSpec spec;
        spec.lengths = DrawnLengths{logNormalLength(10'000, 1), ExponentialLength{5'000, 0}, rho};
        EXPECT_NEAR(rankCorrelation(test::arrivals(spec, 50'000)), rho, 0.015);
    }
}

TEST(Lengths, MaxTokensCutsAndHasAnAtom) {
    TrafficSpec spec;
    spec.lengths = DrawnLengths{ConstantLength{100}, UniformLength{1, 1000}, 0};
    spec.maxTokens = 600;
    spec.maxTokensAtom = 0.1;
    double at = 0;
    const auto all = test::arrivals(spec, 100'000);
    for (const Arrival& a : all) {
        EXPECT_LE(a.outputTokens, 600U);
        EXPECT_EQ(a.maxTokens, 600U);
        if (a.outputTokens == 600) ++at;
    }
    // 401 of 1000 lengths reach the cut; a tenth of the others is lifted to it.
    EXPECT_NEAR(at / 1e5, 0.401 + 0.1 * 0.599, 0.006);
}

TEST(Lengths, WeightedIndexFollowsItsWeights) {
    const WeightedIndex index({0, 5, 1, 4});
    std::vector<double> counts(4);
    for (int i = 0; i < kDraws; ++i) {
        ++counts[index.at(DrawKey{1, 0}.uniform(Purpose::tier, static_cast<std::uint64_t>(i)))];
    }
    EXPECT_EQ(counts[0], 0);
    EXPECT_NEAR(counts[1] / kDraws, 0.5, 0.005);
    EXPECT_NEAR(counts[2] / kDraws, 0.1, 0.005);
    EXPECT_NEAR(counts[3] / kDraws, 0.4, 0.005);
}

TEST(Durations, MeansAndOrder) {
    struct Case {
        DurationLaw law;
        double mean;
    };
    const std::vector<Case> cases = {
        {ConstantSeconds{3}, 3},
        {UniformSeconds{1, 5}, 3},
        {ExponentialSeconds{7}, 7},
        {logNormalSeconds(20, 0.8), 20},
        {LogNormalSeconds{10, 1, 30}, meanOf(DurationLaw{LogNormalSeconds{10, 1, 30}})},
        {ChoiceSeconds{{1, 10}, {3, 1}}, 3.25},
        {CycleSeconds{{1, 2, 6}}, 3},
    };
    for (const Case& c : cases) {
        const DurationSampler sampler(c.law);
        double sum = 0;
        for (int i = 0; i < kDraws; ++i) {
            const double s =
                sampler.seconds(DrawKey{9, 0}, Purpose::deadline, static_cast<std::uint64_t>(i));
            EXPECT_GE(s, 0);
            sum += s;
        }
        EXPECT_NEAR(sum / kDraws, c.mean, 0.012 * c.mean);
        EXPECT_NEAR(meanOf(c.law), c.mean, 1e-9 * c.mean);
    }
    const DurationSampler cycle(CycleSeconds{{1, 2, 6}});
    EXPECT_EQ(cycle.seconds(DrawKey{}, Purpose::deadline, 4), 2);
}

} // namespace
} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
// Every process has the mean rate and the burstiness that its parameters promise, at every
// modulation, and is a function of its seed alone. Method: long runs with fixed seeds against
// closed forms.
#include "sim/traffic/spec/curve.h"
#include "sim/traffic/spec/sampler.h"
#include "support.h"

#include <algorithm>
#include <cmath>

namespace penstock::sim {
namespace {

using test::arrivals;
using test::countBetween;
using test::gapStatistics;

TrafficSpec specOf(Process process) {
    TrafficSpec spec;
    spec.process = std::move(process);
    return spec;
}

TEST(Processes, MeanRateAndGapVariation) {
    struct Case {
        const char* name;
        Process process;
        double perSecond;
        double cv;
        double tolerance;
    };
    const double weibullCv =
        std::sqrt(std::tgamma(5.0) / std::pow(std::tgamma(3.0), 2) - 1); // shape 0.5
    const std::vector<Case> cases = {
        {"poisson", PoissonProcess{40}, 40, 1, 0.02},
        {"gamma bursty", GammaProcess{40, 3}, 40, 3, 0.04},
        {"gamma regular", GammaProcess{40, 0.3}, 40, 0.3, 0.02},
        {"weibull", WeibullProcess{40, 0.5}, 40, weibullCv, 0.04},
        {"constant", ConstantProcess{40}, 40, 0, 1e-6},
        {"steps", StepsProcess{{{10, 3}, {70, 3}}, true}, 40, -1, 0.02},
        {"mmpp", MmppProcess{{{70, 2, {}}, {10, 2, {}}}}, 40, -1, 0.04},
        {"onoff", OnOffProcess{100, ConstantSeconds{2}, ConstantSeconds{3}, 1}, 40, -1, 0.02},
    };
    for (const Case& c : cases) {
        SCOPED_TRACE(c.name);
        const auto all = arrivals(specOf(c.process), 200'000);
        ASSERT_EQ(all.size(), 200'000U);
        const auto gaps = gapStatistics(all);
        EXPECT_NEAR(gaps.perSecond, c.perSecond, c.tolerance * c.perSecond);
        if (c.cv >= 0) {
            EXPECT_NEAR(gaps.cv, c.cv, std::max(c.tolerance * c.cv, 1e-6));
        }
        EXPECT_TRUE(std::is_sorted(all.begin(), all.end(), [](const Arrival& a, const Arrival& b) {
            return a.offsetNs < b.offsetNs;
        }));
        EXPECT_NEAR(meanRequestsPerSecond(specOf(c.process), 1000), c.perSecond, 1e-6);
    }
}

TEST(Processes, PoissonCountsHaveUnitDispersionAndOnOffCountsFarMore) {
    const auto dispersion = [](const std::vector<Arrival>& all) {
        std::vector<double> counts(static_cast<std::size_t>(all.back().offsetNs / 1'000'000'000));
        for (const Arrival& a : all) {
            const auto w = static_cast<std::size_t>(a.offsetNs / 1'000'000'000);
            if (w < counts.size()) ++counts[w];
        }
        double sum = 0;
        double squares = 0;
        for (const double c : counts) {
            sum += c;
            squares += c * c;
        }
        const double n = static_cast<double>(counts.size());
        return (squares / n - sum / n * sum / n) / (sum / n);
    };
    EXPECT_NEAR(dispersion(arrivals(specOf(PoissonProcess{20}), 200'000)), 1.0, 0.05);
    const auto onoff = specOf(OnOffProcess{50, ExponentialSeconds{23}, ExponentialSeconds{53}, 1});
    EXPECT_GT(dispersion(arrivals(onoff, 200'000)), 20.0);
}

TEST(Processes, OnOffSendsOnlyDuringOn) {
    const auto all =
        arrivals(specOf(OnOffProcess{100, ConstantSeconds{2}, ConstantSeconds{3}, 1}), 50'000);
    for (const Arrival& a : all)
        EXPECT_LT(a.offsetNs % 5'000'000'000, 2'000'000'000);
}

TEST(Processes, AModulationScalesEveryProcessByItsIntegral) {
    // A spike of 5 during [100, 200) over a rate of 50: 5,000 a hundred seconds outside, 25,000 in
    // it.
    const std::vector<Process> processes = {PoissonProcess{50}, GammaProcess{50, 2},
                                            WeibullProcess{50, 0.7}, ConstantProcess{50},
                                            StepsProcess{{{50, 1000}}, true}};
    for (const Process& process : processes) {
        SCOPED_TRACE(process.index());
        TrafficSpec spec = specOf(process);
        spec.modulations = {SpikeModulation{100, 100, 5, 0, 0}};
        spec.stopSeconds = 300;
        const auto all = arrivals(spec, 100'000);
        EXPECT_NEAR(countBetween(all, 0, 100), 5'000, 450);
        EXPECT_NEAR(countBetween(all, 100, 200), 25'000, 1000);
        EXPECT_NEAR(countBetween(all, 200, 300), 5'000, 450);
    }
}

TEST(Processes, ConstantArrivalsUnderARampFallWhereTheIntegralSays) {
    // Rate 2t on [0, 10], so the n-th start is at sqrt(n); the time change is exact, not sampled.
    TrafficSpec spec = specOf(ConstantProcess{20});
    spec.modulations = {RampModulation{0, 10, 0, 1}};
    const auto all = arrivals(spec, 100);
    for (std::size_t n = 1; n <= 100; ++n) {
        EXPECT_NEAR(static_cast<double>(all[n - 1].offsetNs) * 1e-9,
                    std::sqrt(static_cast<double>(n)), 2e-9);
    }
}

TEST(Processes, DiurnalKeepsTheMeanAndPeaksWhereAsked) {
    TrafficSpec spec = specOf(PoissonProcess{2});
    spec.modulations = {DiurnalModulation{{}, 14, 4, 0, true}};
    spec.stopSeconds = 86400;
    const auto all = arrivals(spec, 1'000'000);
    EXPECT_NEAR(static_cast<double>(all.size()), 2 * 86400, 1500);
    const double peak = countBetween(all, 13.5 * 3600, 14.5 * 3600);
    const double trough = countBetween(all, 1.5 * 3600, 2.5 * 3600);
    EXPECT_NEAR(peak / trough, 4.0, 0.35);

    std::vector<double> hourly(24, 1.0);
    hourly[9] = 9; // mean 32/24
    spec.modulations = {DiurnalModulation{hourly, 14, 1, 0, false}};
    const auto steps = arrivals(spec, 1'000'000);
    EXPECT_NEAR(countBetween(steps, 9 * 3600, 10 * 3600), 2 * 3600 * 9 * 24.0 / 32, 900);
    EXPECT_NEAR(countBetween(steps, 11 * 3600, 12 * 3600), 2 * 3600 * 24.0 / 32, 350);
}

TEST(Processes, ProductOfModulationsIsIntegratedExactly) {
    // Property: the closed integral of the product agrees with the midpoint rule on each piece.
    const RateCurve curve(
        {DiurnalModulation{{}, 14, 6, 3, true}, WeekModulation{{1, 1, 1, 1, 1, 0.5, 0.4}, 4.5},
         SpikeModulation{7200, 3600, 3, 600, 0}, RampModulation{0, 40000, 0.5, 2}});
    std::int64_t at = 0;
    while (at < 200'000'000'000'000) {
        RatePiece piece;
        piece.beginNs = at;
        piece.endNs = kNoTime;
        piece.coefficients[0] = 7;
        curve.apply(piece);
        ASSERT_GT(piece.endNs, at);
        const double length = piece.seconds();
        double sum = 0;
        for (int i = 0; i < 200; ++i) {
            const double x = (i + 0.5) / 200 * length;
            const double value = piece.at(x);
            EXPECT_NEAR(value, 7 * curve.at(at + static_cast<std::int64_t>(x * 1e9)), 1e-6);
            sum += value * length / 200;
        }
        EXPECT_NEAR(piece.integral(length), sum, 1e-4 * (1 + sum));
        const double x = piece.solve(0.1 * length, length,
                                     piece.integral(0.7 * length) - piece.integral(0.1 * length));
        EXPECT_NEAR(x, 0.7 * length, 1e-6 * length);
        at = piece.endNs;
    }
}

TEST(Processes, LumpsComeTogetherAndRepeat) {
    TrafficSpec spec = specOf(LumpProcess{{{5, 2}, {1, 3}}, 10});
    spec.stopSeconds = 20;
    std::vector<std::int64_t> times;
    for (const Arrival& a : arrivals(spec, 100))
        times.push_back(a.offsetNs / 1'000'000'000);
    EXPECT_EQ(times, (std::vector<std::int64_t>{1, 1, 1, 5, 5, 11, 11, 11, 15, 15}));
}

TEST(Processes, StopsStartsAndLimits) {
    TrafficSpec spec = specOf(PoissonProcess{100});
    spec.startSeconds = 10;
    spec.stopSeconds = 20;
    const auto all = arrivals(spec, 1'000'000);
    EXPECT_NEAR(static_cast<double>(all.size()), 1000, 130);
    EXPECT_GE(all.front().offsetNs, 10'000'000'000);
    EXPECT_LT(all.back().offsetNs, 20'000'000'000);
    spec.maxArrivals = 17;
    EXPECT_EQ(arrivals(spec, 1'000'000).size(), 17U);
    // A finite list of steps ends; so does a rate that falls to nothing.
    EXPECT_NEAR(static_cast<double>(arrivals(specOf(StepsProcess{{{100, 10}}, false}), 1e6).size()),
                1000, 130);
    TrafficSpec dying = specOf(PoissonProcess{100});
    dying.modulations = {RampModulation{0, 10, 1, 0}};
    EXPECT_NEAR(static_cast<double>(arrivals(dying, 1e6).size()), 500, 90);
}

TEST(Processes, PeekNeverLies) {
    TrafficSpec spec = specOf(GammaProcess{100, 2});
    auto stream = makeStream(spec, 3, 0);
    ASSERT_TRUE(stream);
    Arrival a;
    for (int i = 0; i < 1000; ++i) {
        const std::int64_t at = (*stream)->peekNs();
        EXPECT_EQ(at, (*stream)->peekNs());
        ASSERT_TRUE((*stream)->next(a));
        EXPECT_EQ(a.offsetNs, at);
    }
}

TEST(Determinism, SameSeedSameTrafficOtherSeedOrLaneOther) {
    TrafficSpec spec = specOf(OnOffProcess{100, ExponentialSeconds{2}, ExponentialSeconds{3}, 2});
    spec.lengths = DrawnLengths{logNormalLength(500, 1), ExponentialLength{100, 0}, 0.5};
    const auto hash = [&](std::uint64_t seed, std::uint32_t lane) {
        auto stream = makeStream(spec, seed, lane);
        test::drain(**stream, 20'000);
        return (*stream)->tally().hash;
    };
    EXPECT_EQ(hash(1, 0), hash(1, 0));
    EXPECT_NE(hash(1, 0), hash(2, 0));
    EXPECT_NE(hash(1, 0), hash(1, 1));
}

TEST(Determinism, AChangeInOnePurposeMovesNoOther) {
    TrafficSpec base = specOf(PoissonProcess{100});
    base.lengths = DrawnLengths{logNormalLength(500, 1), logNormalLength(100, 1), 0};
    base.deadlineAfter = ExponentialSeconds{60};
    base.tenants = zipfTenants(5, 1);
    const auto reference = arrivals(base, 2000);

    TrafficSpec other = base;
    other.lengths = DrawnLengths{ConstantLength{7}, logNormalLength(100, 1), 0};
    other.tiers = {{"a", 1, {}}, {"b", 1, {}}};
    other.cancellation = {0.5, ExponentialSeconds{5}};
    other.poisonProbability = 0.1;
    const auto changed = arrivals(other, 2000);
    TrafficSpec slower = base;
    slower.process = ConstantProcess{3};
    const auto slow = arrivals(slower, 2000);
    for (std::size_t i = 0; i < reference.size(); ++i) {
        EXPECT_EQ(changed[i].offsetNs, reference[i].offsetNs);
        EXPECT_EQ(changed[i].promptTokens, 7U);
        EXPECT_EQ(changed[i].outputTokens, reference[i].outputTokens);
        EXPECT_EQ(changed[i].deadlineNs, reference[i].deadlineNs);
        EXPECT_EQ(changed[i].tenant, reference[i].tenant);
        EXPECT_EQ(slow[i].promptTokens, reference[i].promptTokens);
        EXPECT_EQ(slow[i].tenant, reference[i].tenant);
        EXPECT_EQ(slow[i].deadlineNs - slow[i].offsetNs,
                  reference[i].deadlineNs - reference[i].offsetNs);
    }
}

TEST(PoissonControl, SameMeanWithoutTheBursts) {
    TrafficSpec spec = specOf(OnOffProcess{50, ConstantSeconds{2}, ConstantSeconds{8}, 1});
    auto control = poissonControl(spec, 1000);
    ASSERT_TRUE(control);
    const auto gaps = gapStatistics(arrivals(*control, 100'000));
    EXPECT_NEAR(gaps.perSecond, 10, 0.15);
    EXPECT_NEAR(gaps.cv, 1, 0.02);

    TrafficSpec jobs = specOf(LumpProcess{{{0, 3}}, 0});
    jobs.job = Job{ConstantLength{1000}, 0, CycleSeconds{{1800, 7200, 86400}}};
    auto spread = poissonControl(jobs, 300);
    ASSERT_TRUE(spread);
    EXPECT_NEAR(std::get<PoissonProcess>(spread->process).perSecond, 10, 1e-9);
    EXPECT_FALSE(spread->job.has_value());
    EXPECT_TRUE(spread->deadlineAfter.has_value());

    const TrafficSpec closed = specOf(ClosedLoopProcess{5, ConstantSeconds{1}, 0});
    auto same = poissonControl(closed, 300);
    ASSERT_TRUE(same);
    EXPECT_TRUE(std::holds_alternative<ClosedLoopProcess>(same->process));
    EXPECT_FALSE(poissonControl(jobs, 0).has_value());
}

} // namespace
} // namespace penstock::sim

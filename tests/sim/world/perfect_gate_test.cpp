// SPDX-License-Identifier: Apache-2.0
// Goal: the perfect gate is a fixed mark (it does not move with the policy that is measured against
// it), knows the present, and is worth more the later the metrics are. Method: shipped scenarios
// with and without it, gate parameters and scrape intervals turned.
#include "tests/sim/world/scenario_support.h"

namespace penstock::sim {
namespace {

using namespace std::chrono_literals;

constexpr WorldOptions kPerfect{.perfectGate = true};

Report runOf(const std::string& name, std::vector<std::string> overrides,
             const WorldOptions& options = {}, std::optional<std::uint64_t> seed = {}) {
    ScenarioOptions o = test::options(std::move(overrides));
    o.seed = seed;
    auto world = test::make(test::shipped(name), o, options);
    return world == nullptr ? Report{} : test::run(*world);
}

ScoreReport scoreOf(const std::string& name, const std::vector<std::string>& overrides,
                    std::optional<std::uint64_t> seed = {}) {
    return scoreAgainst(runOf(name, overrides, {}, seed), runOf(name, overrides, kPerfect, seed));
}

TEST(PerfectGate, doesNotMoveWithThePolicy) {
    const Report base = runOf("code-onoff", {}, kPerfect);
    for (const char* override :
         {"engine.transport.queues[batch].gate_params.threshold=0.3",
          "engine.pools[default].workers=16", "engine.semantics=llm-d-async-0.9",
          "metrics.router_scrape=60s", "engine.transport.queues[batch].gate_type=constant"}) {
        std::vector<std::string> overrides{override};
        if (std::string(override).find("constant") != std::string::npos) {
            overrides.push_back("engine.transport.queues[batch].gate_params={}");
        }
        const Report moved = runOf("code-onoff", overrides, kPerfect);
        EXPECT_EQ(base.fingerprint, moved.fingerprint) << override;
    }
    EXPECT_EQ(base.gates.front().type, "perfect");
    EXPECT_EQ(base.gates.front().owner, "queue:batch") << "where the scenario's gate was";
}

TEST(PerfectGate, seesTheSameTraffic) {
    EXPECT_EQ(runOf("code-onoff", {}).trafficFingerprint,
              runOf("code-onoff", {}, kPerfect).trafficFingerprint);
}

TEST(PerfectGate, isNoWorseInformedThanARealOne) {
    const Report late = runOf("code-onoff", {});
    const Report seeing = runOf("code-onoff", {}, kPerfect);
    EXPECT_GT(late.gates.front().stats.ageMean, 5.0);
    EXPECT_LT(seeing.gates.front().stats.ageMean, 0.1);
    EXPECT_LT(seeing.gates.front().stats.trackingError, late.gates.front().stats.trackingError);
}

TEST(PerfectGate, guardsWhatHadNoGate) {
    const Report open = runOf("router-429-and-503", {});
    const Report guarded = runOf("router-429-and-503", {}, kPerfect);
    EXPECT_GT(open.retryAmplification, 5.0);
    EXPECT_LT(guarded.retryAmplification, 1.3);
}

// The later the metrics, the more there is to be gained: over four seeds, so that it is no
// accident.
TEST(PerfectGate, advantageGrowsWithTheScrapeInterval) {
    const auto mean = [](const char* scrape) {
        double sum = 0.0;
        for (std::uint64_t seed = 1; seed <= 4; ++seed) {
            sum +=
                scoreOf("code-onoff", {std::string("metrics.router_scrape=") + scrape}, seed).value;
        }
        return sum / 4;
    };
    const double quick = mean("1s");
    const double usual = mean("15s");
    const double slow = mean("60s");
    EXPECT_LT(quick, usual);
    EXPECT_LT(usual, slow);
    EXPECT_GT(slow, quick + 0.1);
}

// What a person is meant to do with it: turn the gate and see the number fall. A gate that does
// nothing for the batch, or everything, scores worse than one between them.
TEST(Score, hasItsBestBetweenTheExtremes) {
    const std::string path = "engine.transport.queues[batch].gate_params.threshold=";
    const double shut = scoreOf("code-onoff", {path + "0.02"}).value;
    const double open = scoreOf("code-onoff", {path + "2"}).value;
    const double between = scoreOf("code-onoff", {path + "0.6"}).value;
    EXPECT_GT(shut, 0.9);
    EXPECT_GT(open, between + 0.2);
    EXPECT_LT(between, 0.3);
}

TEST(Score, isZeroAgainstItself) {
    const Report perfect = runOf("code-onoff", {}, kPerfect);
    EXPECT_EQ(scoreAgainst(perfect, perfect).value, 0.0);
    auto world = test::make(test::shipped("code-onoff"), test::options(), kPerfect);
    ASSERT_NE(world, nullptr);
    world->runUntil(world->end());
    const auto report = world->report(0.0, &perfect);
    ASSERT_TRUE(report.has_value());
    ASSERT_TRUE(report->score.has_value());
    EXPECT_EQ(report->score->value, 0.0);
}

} // namespace
} // namespace penstock::sim

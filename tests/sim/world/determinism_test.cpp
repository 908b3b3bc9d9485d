// SPDX-License-Identifier: Apache-2.0
// A run is a function of scenario, seed and moves alone: the same fingerprint whatever portions it is
// run in, another for another seed, the same traffic whatever the policy, and one value per scenario
// kept in a file, so that a change of behaviour is seen and decided, never slipped in.
#include "tests/sim/world/scenario_support.h"

#include <fstream>
#include <map>
#include <sstream>

namespace penstock::sim {
namespace {

using namespace std::chrono_literals;

const std::vector<std::string> kScenarios{"code-onoff", "gate-that-cannot-close",
                                          "reopen-stampede", "floor-of-the-poll"};

Report shortRun(const std::string& name, std::vector<std::string> overrides = {},
                std::optional<std::uint64_t> seed = {}) {
    ScenarioOptions o = test::options(std::move(overrides));
    o.until = 5min;
    o.seed = seed;
    auto world = test::make(test::shipped(name), o);
    return world == nullptr ? Report{} : test::run(*world);
}

TEST(Determinism, sameSeedSameFingerprint) {
    for (const std::string& name : kScenarios) {
        const Report a = shortRun(name);
        EXPECT_EQ(a.fingerprint, shortRun(name).fingerprint) << name;
        EXPECT_NE(a.fingerprint, shortRun(name, {}, 987654).fingerprint) << name;
    }
}

TEST(Determinism, portionsDoNotMatter) {
    ScenarioOptions o = test::options();
    o.until = 5min;
    auto whole = test::make(test::shipped("reopen-stampede"), o);
    auto stepped = test::make(test::shipped("reopen-stampede"), o);
    auto sliced = test::make(test::shipped("reopen-stampede"), o);
    const Report a = test::run(*whole);
    while (stepped->step()) {
    }
    const Report b = test::run(*stepped);
    for (Time t = sliced->start(); t < sliced->end(); t += 1234567us) sliced->runUntil(t);
    const Report c = test::run(*sliced);
    EXPECT_EQ(a.fingerprint, b.fingerprint);
    EXPECT_EQ(a.fingerprint, c.fingerprint);
}

TEST(Determinism, policyDoesNotChangeTheTraffic) {
    const auto hashes = [](const std::string& override) {
        ScenarioOptions o = test::options({override});
        o.until = 5min;
        auto world = test::make(test::shipped("floor-of-the-poll"), o);
        const Report report = test::run(*world);
        return std::pair{world->trafficHashes(), report.fingerprint};
    };
    const auto base = hashes("engine.transport.queues[batch].gate_params.threshold=0.8");
    const auto moved = hashes("engine.transport.queues[batch].gate_params.threshold=0.5");
    EXPECT_EQ(base.first, moved.first);
    EXPECT_NE(base.second, moved.second);
}

TEST(Determinism, movesArePartOfTheRun) {
    const auto moved = [](double value) {
        ScenarioOptions o = test::options();
        o.until = 5min;
        auto world = test::make(test::shipped("code-onoff"), o);
        world->runUntil(world->start() + 100s);
        const auto done = world->move("engine.transport.queues[batch].gate_params.threshold", value);
        EXPECT_TRUE(done.has_value()) << (done ? "" : done.error().text());
        return test::run(*world).fingerprint;
    };
    EXPECT_EQ(moved(0.4), moved(0.4));
    EXPECT_NE(moved(0.4), moved(0.3));
}

// tests/sim/world/fingerprints.txt has a line "name fingerprint" a scenario, of its first five
// minutes. The same file serves every preset and sanitizer: optimisation changes no decision.
TEST(Determinism, fingerprintsAreTheReviewedOnes) {
    std::ifstream in{std::string(PENSTOCK_SOURCE_DIR) + "/tests/sim/world/fingerprints.txt"};
    std::map<std::string, std::string> reviewed;
    std::string name;
    std::string fingerprint;
    while (in >> name >> fingerprint) reviewed[name] = fingerprint;
    for (const std::string& scenario : kScenarios) {
        EXPECT_EQ(reviewed[scenario], shortRun(scenario).fingerprint) << scenario;
    }
}

} // namespace
} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
// A run is a function of scenario, seed and moves alone: the same fingerprint whatever portions it
// is run in, another for another seed, the same traffic whatever the policy, and one value per
// scenario kept in a file, so that a change of behaviour is seen and decided, never slipped in.
// Method: the beginning of every shipped scenario, and of one that has every part of the world in
// it.
#include "tests/sim/world/scenario_support.h"

#include <fstream>
#include <map>
#include <sstream>

namespace penstock::sim {
namespace {

using namespace std::chrono_literals;

const std::string kEverything = "everything-on";

std::set<std::string> all() {
    std::set<std::string> names = test::allShipped();
    names.insert(kEverything);
    return names;
}

std::unique_ptr<World> worldOf(const std::string& name, Duration until,
                               std::optional<std::uint64_t> seed = {}) {
    ScenarioOptions o = test::options(test::standIns(name));
    o.until = until;
    o.seed = seed;
    const std::string own =
        std::string(PENSTOCK_SOURCE_DIR) + "/tests/sim/world/" + kEverything + ".yaml";
    return test::make(name == kEverything ? own : test::shipped(name), o);
}

std::string fingerprint(const std::string& name, Duration until,
                        std::optional<std::uint64_t> seed = {}) {
    auto world = worldOf(name, until, seed);
    return world == nullptr ? "no world" : test::run(*world).fingerprint;
}

TEST(Determinism, sameSeedSameFingerprint) {
    for (const std::string& name : all()) {
        const std::string once = fingerprint(name, 2min);
        EXPECT_EQ(once, fingerprint(name, 2min)) << name;
        // What comes all at once and is all alike leaves nothing to chance.
        if (name == "bench-5000" || name == "batching-pays") continue;
        EXPECT_NE(once, fingerprint(name, 2min, 987654)) << name;
    }
}

TEST(Determinism, portionsDoNotMatter) {
    for (const std::string& name : all()) {
        const std::string whole = fingerprint(name, 2min);
        auto stepped = worldOf(name, 2min);
        while (stepped->step()) {}
        EXPECT_EQ(test::run(*stepped).fingerprint, whole) << name;
        auto sliced = worldOf(name, 2min);
        for (Time t = sliced->start(); t < sliced->end(); t += 1234567us)
            sliced->runUntil(t);
        EXPECT_EQ(test::run(*sliced).fingerprint, whole) << name;
    }
}

// Whoever asks for reports and gauges in the middle leaves no trace, and every law of conservation
// holds at whatever instant it is asked for.
TEST(Determinism, lookingDoesNotMatter) {
    for (const std::string& name : all()) {
        auto world = worldOf(name, 2min);
        for (Time t = world->start(); t < world->end(); t += 777777777ns) {
            world->runUntil(t);
            world->look();
            const auto report = world->report(1.0);
            ASSERT_TRUE(report.has_value()) << name << ": " << report.error().text();
        }
        EXPECT_EQ(test::run(*world).fingerprint, fingerprint(name, 2min)) << name;
    }
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
        const auto done =
            world->move("engine.transport.queues[batch].gate_params.threshold", value);
        EXPECT_TRUE(done.has_value()) << (done ? "" : done.error().text());
        return test::run(*world).fingerprint;
    };
    EXPECT_EQ(moved(0.4), moved(0.4));
    EXPECT_NE(moved(0.4), moved(0.3));
}

// tests/sim/world/fingerprints.txt has a line "name fingerprint" a scenario, of its first five
// minutes. The same file serves every preset and sanitizer: optimisation changes no decision. A
// failure prints the file as it would be now.
TEST(Determinism, fingerprintsAreTheReviewedOnes) {
    std::ifstream in{std::string(PENSTOCK_SOURCE_DIR) + "/tests/sim/world/fingerprints.txt"};
    std::map<std::string, std::string> reviewed;
    std::string name;
    std::string value;
    while (in >> name >> value)
        reviewed[name] = value;
    std::map<std::string, std::string> now;
    std::string file;
    for (const std::string& scenario : all()) {
        now[scenario] = fingerprint(scenario, 5min);
        file += scenario + " " + now[scenario] + "\n";
    }
    for (const auto& [scenario, seen] : now)
        EXPECT_EQ(reviewed[scenario], seen) << scenario;
    EXPECT_EQ(reviewed.size(), now.size()) << "one of them is no scenario";
    if (HasFailure()) std::cout << file;
}

} // namespace
} // namespace penstock::sim

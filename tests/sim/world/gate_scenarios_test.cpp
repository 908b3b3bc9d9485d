// SPDX-License-Identifier: Apache-2.0
// Each adaptive gate has a scenario in scenarios/gates where it wins and one where it loses.
// Method: each runs as it is, where its expectations must hold, and then with either in the gate's
// place under the same three seeds; the ratios of their mean batch goodput and interactive p99 TTFT
// say who won.
#include "tests/sim/world/scenario_support.h"

#include <algorithm>
#include <filesystem>
#include <set>

namespace penstock::sim {
namespace {

struct Numbers {
    double p99Ms = 0.0;
    double goodput = 0.0;
};

const std::string kFolder = "gates/";

void expectWhatItSays(const std::string& name) {
    auto world = test::make(test::shipped(kFolder + name), test::options());
    ASSERT_NE(world, nullptr);
    EXPECT_FALSE(world->scenario().lesson.empty()) << name;
    for (const ExpectationResult& e : test::run(*world).expectations)
        EXPECT_TRUE(e.pass) << name << ": " << e.expr << " is " << e.value;
}

// Sums over the seeds.
Numbers numbersOf(const std::string& name, const std::vector<std::string>& overrides) {
    Numbers out;
    for (const std::uint64_t seed : {1, 2, 3}) {
        ScenarioOptions options = test::options(overrides);
        options.seed = seed;
        auto world = test::make(test::shipped(kFolder + name), options);
        if (world == nullptr) return {};
        const Report report = test::run(*world);
        for (const SourceReport& s : report.sources) {
            if (s.interactive) out.p99Ms += s.ttftMs.p99;
        }
        out.goodput += report.queues.front().goodputPerSecond;
    }
    return out;
}

struct Rival {
    std::vector<std::string> overrides;
    // The scenario's gate against this one.
    double goodputAtLeast = 0.0;
    double goodputAtMost = 1e9;
    double p99AtLeast = 0.0;
    double p99AtMost = 1e9;
};

struct Duel {
    std::string name;
    std::vector<Rival> rivals;
};

std::vector<std::string> onQueue(const std::string& type, const std::string& params) {
    return {"engine.transport.queues[batch].gate_type=" + type,
            "engine.transport.queues[batch].gate_params={" + params + "}"};
}
std::vector<std::string> onPool(const std::string& type, const std::string& params) {
    return {"engine.pools[default].gate_type=" + type,
            "engine.pools[default].gate_params={" + params + "}"};
}
std::vector<std::string> inWait(const std::string& type, const std::string& params) {
    return {"engine.pools[default].gate_params={gate: {gate_type: " + type + ", gate_params: {" +
            params + "}}}"};
}

constexpr const char* kThreshold = "prometheus-saturation";

std::vector<Duel> duels() {
    return {
        // headroom wins: a limit as kind to chat manages less, a threshold is no kindness at all.
        {"tide",
         {{.overrides = inWait("local-max-concurrency", "limit: 8"),
           .goodputAtLeast = 1.3,
           .p99AtMost = 1.3},
          {.overrides = inWait(kThreshold, "pool: pool, threshold: 0.8"), .p99AtMost = 0.1},
          // pi wins as well.
          {.overrides = inWait("pi", "pool: pool, target: 0.6"),
           .goodputAtLeast = 0.85,
           .goodputAtMost = 1.1,
           .p99AtLeast = 0.8,
           .p99AtMost = 1.25}}},
        // gradient wins, headroom and pi stand still.
        {"metrics-away",
         {{.overrides = onQueue("headroom", "pool: pool, target: 0.25"),
           .goodputAtLeast = 2.0,
           .p99AtMost = 1.5},
          {.overrides = onQueue("pi", "pool: pool, target: 0.25"),
           .goodputAtLeast = 2.0,
           .p99AtMost = 1.5},
          {.overrides = onQueue(kThreshold, "pool: pool, threshold: 0.5"), .p99AtMost = 0.5}}},
        // headroom and pi lose.
        {"mixed-sizes",
         {{.overrides = onPool("gradient", ""), .goodputAtMost = 1.1, .p99AtLeast = 4.0},
          {.overrides = onPool("pi", "pool: pool, target: 0.8"),
           .p99AtLeast = 0.4,
           .p99AtMost = 2.7}}},
        // gradient loses.
        {"full-kv",
         {{.overrides = onPool("headroom", "pool: pool, target: 0.8"),
           .goodputAtMost = 1.5,
           .p99AtLeast = 5.0}}},
        // aimd wins.
        {"sheddable",
         {{.overrides = onQueue(kThreshold, "pool: pool, threshold: 0.8"),
           .goodputAtLeast = 1.3,
           .p99AtMost = 1.2}}},
        // aimd loses.
        {"never-sheds",
         {{.overrides = onQueue("headroom", "pool: pool, target: 0.25"), .p99AtLeast = 3.0}}},
        // deadline-floor wins.
        {"deadline-in-sight",
         {{.overrides = onQueue(kThreshold, "pool: pool, threshold: 0.2, fallback: 1"),
           .goodputAtLeast = 3.0,
           .p99AtMost = 1.15}}},
        // deadline-floor loses.
        {"deadline-past-hope",
         {{.overrides = onQueue(kThreshold, "pool: pool, threshold: 0.5, fallback: 1"),
           .p99AtLeast = 5.0}}},
    };
}

TEST(GateScenarios, showWhereAGateWinsAndWhereItLoses) {
    for (const Duel& duel : duels()) {
        expectWhatItSays(duel.name);
        const Numbers own = numbersOf(duel.name, {});
        for (const Rival& rival : duel.rivals) {
            const Numbers other = numbersOf(duel.name, rival.overrides);
            const std::string against = duel.name + " against " + rival.overrides.back();
            ASSERT_GT(other.p99Ms, 0.0) << against;
            const double goodput = own.goodput / std::max(1e-9, other.goodput);
            const double p99 = own.p99Ms / other.p99Ms;
            EXPECT_GE(goodput, rival.goodputAtLeast) << against;
            EXPECT_LE(goodput, rival.goodputAtMost) << against;
            EXPECT_GE(p99, rival.p99AtLeast) << against;
            EXPECT_LE(p99, rival.p99AtMost) << against;
        }
    }
}

TEST(GateScenarios, areAllHere) {
    std::set<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(std::string(PENSTOCK_SOURCE_DIR) +
                                                                 "/scenarios/gates")) {
        files.insert(entry.path().stem());
    }
    std::set<std::string> known;
    for (const Duel& duel : duels())
        known.insert(duel.name);
    EXPECT_EQ(files, known);
}

} // namespace
} // namespace penstock::sim

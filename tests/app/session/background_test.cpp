// SPDX-License-Identifier: Apache-2.0
// Runs beside the one on the screen: the perfect gate, the parameters as they were, other seeds.
#include "app/session/run/background_run.h"
#include "tests/app/session/session_support.h"

namespace penstock::app {
namespace {

using namespace test;

TEST(Beside, thePerfectGateIsTheSameSeedBehindAnotherGate) {
    auto run = runBeside(Beside::perfectGate, scenario("code-onoff", 3min));
    EXPECT_FALSE(run->info().can.steer);
    ASSERT_EQ(run->info().gates.size(), 1u);
    EXPECT_EQ(run->info().gates[0].type, "perfect");
    Seen seen;
    ASSERT_TRUE(watch(*run, seen, over));
    EXPECT_EQ(seen.last.status, RunStatus::finished) << seen.last.error;
    sim::WorldOptions perfect;
    perfect.perfectGate = true;
    EXPECT_EQ(seen.last.fingerprint, headless(scenario("code-onoff", 3min), perfect));
    ASSERT_FALSE(seen.gauges.empty());
    // What it reads is the truth.
    for (const GaugeSample& g : seen.gauges)
        ASSERT_EQ(g.gateTruth.size(), 1u);
    ASSERT_EQ(seen.last.gates.size(), 1u);
    EXPECT_NEAR(seen.last.gates[0].threshold, 0.8, 1e-9);
}

TEST(Beside, theBaselineHasNoMoves) {
    RunLog log;
    log.moves = {{sim::World::epoch() + 30s, kThreshold, "0.3"}};
    auto base = runBeside(Beside::baseline, scenario("code-onoff", 3min), {}, log);
    auto moved = runBeside(Beside::asMoved, scenario("code-onoff", 3min), {}, log);
    auto perfect = runBeside(Beside::perfectGate, scenario("code-onoff", 3min), {}, log);
    Seen a, b, c;
    ASSERT_TRUE(watch(*base, a, over));
    ASSERT_TRUE(watch(*moved, b, over));
    ASSERT_TRUE(watch(*perfect, c, over));
    EXPECT_EQ(a.last.fingerprint, headless(scenario("code-onoff", 3min)));
    EXPECT_NE(b.last.fingerprint, a.last.fingerprint);
    EXPECT_EQ(b.marks.size(), 1u);
    EXPECT_TRUE(c.errors.empty()) << c.errors[0]; // it has no such knob, and needs none
}

TEST(Beside, isCancelledByLeavingIt) {
    const auto before = std::chrono::steady_clock::now();
    for (int i = 0; i < 4; ++i) {
        auto run = runBeside(Beside::baseline, scenario("code-onoff"));
        std::this_thread::sleep_for(5ms);
    }
    Replications more(scenario("code-onoff"), {}, {1, 2, 3, 4, 5, 6, 7, 8});
    std::this_thread::sleep_for(5ms);
    EXPECT_LT(std::chrono::steady_clock::now() - before, 20s);
}

TEST(Replications, tellWhatIsNoise) {
    Replications runs(scenario("code-onoff", 3min), {}, {1, 2, 3, 4},
                      {{sim::World::epoch() + 10s, kThreshold, "0.6", 12345}});
    double last = 0;
    for (int i = 0; i < 6000 && !runs.done(); ++i) {
        EXPECT_GE(runs.progress(), last);
        last = runs.progress();
        std::this_thread::sleep_for(5ms);
    }
    ASSERT_TRUE(runs.done());
    EXPECT_EQ(runs.progress(), 1.0);
    EXPECT_EQ(runs.error(), "");
    const auto reports = runs.reports();
    ASSERT_EQ(reports.size(), 4u);
    EXPECT_NE(reports[0]["fingerprint"], reports[1]["fingerprint"]);
    const Noise noise = runs.noise();
    EXPECT_GT(noise.halfWidth.at("sources.code.ttft_ms.p99"), 0);
    // Two of them differ by chance alone: hardly anything is marked.
    int marked = 0;
    int rows = 0;
    for (const CompareRow& row : compare(reports[0], reports[1], noise)) {
        marked += row.beyondNoise;
        ++rows;
    }
    EXPECT_LT(marked, rows / 5);
}

TEST(Replications, sayWhatIsWrong) {
    Replications runs(scenario("code-onoff", 1min), {}, {1, 2},
                      {{sim::World::epoch() + 10s, "engine.nothing", "1"}});
    for (int i = 0; i < 2000 && !runs.done(); ++i)
        std::this_thread::sleep_for(5ms);
    ASSERT_TRUE(runs.done());
    EXPECT_NE(runs.error().find("engine.nothing"), std::string::npos);
    EXPECT_TRUE(runs.reports().empty());
}

} // namespace
} // namespace penstock::app

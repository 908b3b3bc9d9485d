// SPDX-License-Identifier: Apache-2.0
// Goal: runs beside the one on the screen are the same seed, behind the perfect gate or with the
// parameters as they were, and are cancelled by letting them go. Method: the same run headless.
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

TEST(Beside, theBaselineIsTheScenarioAsItIs) {
    auto base = runBeside(Beside::baseline, scenario("code-onoff", 3min));
    EXPECT_FALSE(base->info().can.knobs);
    Seen seen;
    ASSERT_TRUE(watch(*base, seen, over));
    EXPECT_EQ(seen.last.fingerprint, headless(scenario("code-onoff", 3min)));
    EXPECT_EQ(seen.last.storedAs, 0) << "recorded nowhere";
}

TEST(Beside, isCancelledByLeavingIt) {
    const auto before = std::chrono::steady_clock::now();
    for (int i = 0; i < 4; ++i) {
        auto run = runBeside(Beside::baseline, scenario("code-onoff"));
        std::this_thread::sleep_for(5ms);
    }
    EXPECT_LT(std::chrono::steady_clock::now() - before, 20s);
}

} // namespace
} // namespace penstock::app

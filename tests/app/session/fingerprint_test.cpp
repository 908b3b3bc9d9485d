// SPDX-License-Identifier: Apache-2.0
// A run is the same run however it is paced and however often it is looked at: stepped, paced,
// fast, with its frames taken or left, recorded or not, it ends with the fingerprint that it has
// headless. One scenario per kind of fault that makes the router's knowledge grow stale is among
// them, because that is where only looking could leave a trace.
#include "engine/record/report/report.h"
#include "tests/app/session/session_support.h"

#include <filesystem>
#include <fstream>
#include <iterator>

namespace penstock::app {
namespace {

using namespace test;

std::string finishedFingerprint(SimulatedRun& run, const std::string& what) {
    Seen seen;
    EXPECT_TRUE(watch(run, seen, over)) << what;
    EXPECT_EQ(seen.last.status, RunStatus::finished) << what << ": " << seen.last.error;
    return seen.last.fingerprint;
}

TEST(SessionFingerprint, fastIsHeadless) {
    for (const char* name : {"code-onoff", "reopen-stampede", "floor-of-the-poll"}) {
        auto run = begin(scenario(name, 2min));
        run->send(RunFast{});
        EXPECT_EQ(finishedFingerprint(*run, name), headless(scenario(name, 2min))) << name;
    }
}

TEST(SessionFingerprint, pacedAndSteppedIsHeadless) {
    auto run = begin(scenario("reopen-stampede", 90s));
    Seen seen;
    run->send(RunPaced{20});
    ASSERT_TRUE(watch(*run, seen, [](const Seen& s) { return s.gauges.size() > 10; }));
    for (int i = 0; i < 500; ++i)
        run->send(StepOne{});
    ASSERT_TRUE(
        watch(*run, seen, [](const Seen& s) { return s.last.status == RunStatus::paused; }));
    run->send(RunUntil{run->info().start + 40s, {}});
    ASSERT_TRUE(watch(*run, seen, [&](const Seen& s) {
        return s.last.status == RunStatus::paused && s.last.head == run->info().start + 40s;
    }));
    run->send(RunPaced{1000});
    EXPECT_EQ(finishedFingerprint(*run, "mixed"), headless(scenario("reopen-stampede", 90s)));
}

TEST(SessionFingerprint, framesMayBeLeft) {
    auto run = begin(scenario("reopen-stampede", 2min));
    run->send(RunFast{});
    Frame frame;
    bool any = false;
    for (int i = 0; i < 6000; ++i) { // only the end is looked at
        std::this_thread::sleep_for(10ms);
        if (i % 50 != 49 || !run->take(frame)) continue;
        any = true;
        if (frame.status == RunStatus::finished) break;
    }
    ASSERT_TRUE(any);
    EXPECT_EQ(frame.fingerprint, headless(scenario("reopen-stampede", 2min)));
}

TEST(SessionFingerprint, recordedOrNot) {
    const auto store = std::filesystem::path(::testing::TempDir()) / "session-fingerprint.db";
    std::filesystem::remove(store);
    auto run = begin(scenario("code-onoff", 2min), store.string());
    run->send(RunFast{});
    EXPECT_EQ(finishedFingerprint(*run, "recorded"), headless(scenario("code-onoff", 2min)));
}

// A world with partitions, slow and killed replicas and flow control: what the router believes
// depends there on when it last asked.
TEST(SessionFingerprint, aWorldInTroubleIsLeftAloneToo) {
    std::ifstream in{shipped("reopen-stampede")};
    std::string text{std::istreambuf_iterator<char>(in), {}};
    text += R"(
faults:
  - {kind: replica-partition, at: 20s, for: 15s, replica: 0}
  - {kind: replica-slow, at: 50s, for: 10s, replica: 0, factor: 3}
  - {kind: replica-killed, at: 70s, for: 5s, replica: 0}
)";
    const auto read = [&] {
        auto o = options(2min);
        auto s = sim::parseScenario(text, "trouble.yaml", o);
        EXPECT_TRUE(s.has_value()) << (s ? "" : s.error().text());
        return s ? *s : sim::Scenario{};
    };
    auto run = begin(read());
    run->send(RunPaced{60});
    EXPECT_EQ(finishedFingerprint(*run, "trouble"), headless(read()));
}

// Not only the decisions: the report is the same whether frames are taken or not.
TEST(SessionFingerprint, theReportIsTheSame) {
    const auto bare = [](nlohmann::ordered_json report) {
        report.erase("wall_seconds");
        report.erase("simulated_requests_per_second");
        return report;
    };
    auto run = begin(scenario("code-onoff", 2min));
    run->send(RunPaced{100});
    Seen seen;
    ASSERT_TRUE(watch(*run, seen, over));
    run->ask(ExportKind::reportJson);
    ASSERT_TRUE(watch(*run, seen, [](const Seen& s) { return !s.exported.empty(); }));
    ASSERT_EQ(seen.exported[0].files.size(), 1u) << seen.exported[0].error;
    auto world = sim::World::make(scenario("code-onoff", 2min));
    (*world)->runUntil((*world)->end());
    const auto report = (*world)->report(1.0);
    ASSERT_TRUE(report.has_value());
    EXPECT_EQ(bare(nlohmann::ordered_json::parse(seen.exported[0].files[0].text)),
              bare(toJson(*report)));
}

} // namespace
} // namespace penstock::app

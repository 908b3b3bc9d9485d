// SPDX-License-Identifier: Apache-2.0
// Runs in a store: shown through the same frames as living ones, listed, tagged and deleted, and
// still there after their process has been killed, up to its last second, as recovered runs that
// replay to the fingerprints they left.
#include "app/session/host/simulated_host.h"
#include "app/session/replay/run_log.h"
#include "app/session/stored/run_history.h"
#include "tests/app/session/session_support.h"

#include <algorithm>
#include <cmath>
#include <csignal>
#include <filesystem>
#include <sys/wait.h>
#include <unistd.h>

namespace penstock::app {
namespace {

using namespace test;

// Runs one to its end with one move in it.
Seen recorded(const std::string& store, RunSetup setup = {}) {
    if (setup.scenario.name.empty()) setup.scenario = scenario("code-onoff", 5min);
    setup.store = store;
    SimulatedRun run(std::move(setup));
    Seen seen;
    run.send(RunUntil{run.info().start + 2min, {}});
    EXPECT_TRUE(watch(run, seen, [&](const Seen& s) {
        return s.last.head == run.info().start + 2min && s.last.status == RunStatus::paused;
    }));
    run.send(SetParameter{kThreshold, 0.5});
    run.send(RunFast{});
    EXPECT_TRUE(watch(run, seen, over));
    EXPECT_TRUE(seen.errors.empty()) << seen.errors.front();
    return seen;
}

bool told(const Seen& seen) {
    return seen.last.progress >= 1 && !seen.last.gates.empty();
}

TEST(StoredRuns, areShownAsTheyWere) {
    const std::string store = freshStore("session-stored.db");
    const Seen was = recorded(store);
    EXPECT_GT(was.last.storedAs, 0);
    auto opened = RunHistory(store).open(was.last.storedAs);
    ASSERT_TRUE(opened.has_value()) << opened.error().text();
    RunView& run = **opened;
    EXPECT_FALSE(run.info().can.steer);
    EXPECT_FALSE(run.info().can.knobs);
    EXPECT_EQ(run.info().scenario, "code-onoff");
    EXPECT_EQ(run.info().gates.size(), 1u);
    EXPECT_EQ(run.info().gates[0].owner, "queue batch");
    EXPECT_FALSE(run.info().parameters.empty());
    Seen seen;
    ASSERT_TRUE(watch(run, seen, told));
    EXPECT_EQ(seen.last.status, RunStatus::finished);
    EXPECT_EQ(seen.last.fingerprint, was.last.fingerprint);
    // Every reading of a run of this length is kept.
    ASSERT_EQ(seen.readings.size(), was.readings.size());
    for (std::size_t i = 0; i < seen.readings.size(); ++i) {
        EXPECT_EQ(seen.readings[i].at, was.readings[i].at);
        EXPECT_DOUBLE_EQ(seen.readings[i].value, was.readings[i].value);
        EXPECT_EQ(seen.readings[i].budget, was.readings[i].budget);
    }
    EXPECT_FALSE(seen.turns.empty());
    ASSERT_EQ(seen.marks.size(), 1u);
    EXPECT_EQ(seen.marks[0].at, was.marks[0].at);
    EXPECT_NE(seen.marks[0].text.find("threshold = 0.5"), std::string::npos) << seen.marks[0].text;
    // The gauges agree with those of the living run where both were sampled.
    ASSERT_GT(seen.gauges.size(), 500u);
    int compared = 0;
    for (const GaugeSample& g : was.gauges) {
        const auto same = std::find_if(seen.gauges.begin(), seen.gauges.end(),
                                       [&](const GaugeSample& s) { return s.at == g.at; });
        if (same == seen.gauges.end()) continue;
        ++compared;
        EXPECT_EQ(same->queues[0].depth, g.queues[0].depth);
        EXPECT_EQ(same->pools[0].busy, g.pools[0].busy);
        EXPECT_FLOAT_EQ(same->saturation, g.saturation);
        if (!std::isnan(g.gateTruth[0])) {
            EXPECT_NEAR(same->gateTruth[0], g.gateTruth[0], 1e-5);
        }
    }
    EXPECT_GT(compared, 10);
    EXPECT_FALSE(seen.latencies.empty());
    EXPECT_FALSE(seen.outcomes.empty());
    // One request, in full.
    const auto row = std::find_if(seen.requests.begin(), seen.requests.end(),
                                  [](const auto& r) { return r.queue == "batch"; });
    ASSERT_NE(row, seen.requests.end());
    run.find(row->id);
    run.find("nobody-3");
    ASSERT_TRUE(watch(run, seen, [](const Seen& s) { return s.found.has_value(); }));
    run.find(row->id);
    ASSERT_TRUE(watch(run, seen, [&](const Seen& s) { return s.found && s.found->id == row->id; }));
    EXPECT_FALSE(seen.found->stages.empty());
    EXPECT_EQ(seen.found->stages.back().to, seen.found->finished);
    // And its files.
    run.ask(ExportKind::reportJson);
    run.ask(ExportKind::documents);
    run.ask(ExportKind::moves);
    run.ask(ExportKind::reportHtml);
    ASSERT_TRUE(watch(run, seen, [](const Seen& s) { return s.exported.size() == 4; }));
    EXPECT_NE(seen.exported[0].files.at(0).text.find(was.last.fingerprint), std::string::npos);
    EXPECT_NE(seen.exported[1].files.at(0).text.find("\"threshold\": 0.5"), std::string::npos);
    EXPECT_NE(seen.exported[2].files.at(0).text.find("penstock.moves/1"), std::string::npos);
    EXPECT_NE(seen.exported[3].error.find("--replay"), std::string::npos);
}

TEST(StoredRuns, areListedTaggedAndDeleted) {
    const std::string store = freshStore("session-history.db");
    RunHistory history(store);
    auto none = history.runs();
    ASSERT_TRUE(none.has_value());
    EXPECT_TRUE(none->empty());
    RunSetup setup;
    setup.scenario = scenario("code-onoff", 5min, 7);
    setup.tags = "first";
    recorded(store, std::move(setup));
    {
        auto run = begin(scenario("reopen-stampede", 5min), store);
        Seen seen;
        run->send(RunUntil{run->info().start + 20s, {}});
        ASSERT_TRUE(watch(*run, seen,
                          [&](const Seen& s) { return s.last.head == run->info().start + 20s; }));
        const auto living = history.runs();
        ASSERT_TRUE(living.has_value()) << living.error().text();
        EXPECT_EQ(living->front().status, RunStatus::running);
        run->send(Stop{});
        ASSERT_TRUE(watch(*run, seen, over));
    }
    auto runs = history.runs();
    ASSERT_TRUE(runs.has_value()) << runs.error().text();
    ASSERT_EQ(runs->size(), 2u);
    EXPECT_EQ((*runs)[0].scenario, "reopen-stampede");
    EXPECT_EQ((*runs)[0].status, RunStatus::stopped);
    EXPECT_NEAR((*runs)[0].virtualSeconds, 20, 1);
    EXPECT_EQ((*runs)[1].status, RunStatus::finished);
    EXPECT_EQ((*runs)[1].seed, 7u);
    EXPECT_EQ((*runs)[1].tags, "first");
    EXPECT_EQ((*runs)[1].virtualSeconds, 300);
    EXPECT_EQ((*runs)[1].fingerprint.size(), 16u);
    const RunId id = (*runs)[1].id;
    ASSERT_TRUE(history.annotate(id, "base", "the threshold is too high"));
    EXPECT_EQ(history.runs()->at(1).notes, "the threshold is too high");
    ASSERT_TRUE(history.report(id).has_value());
    ASSERT_TRUE(history.erase(id));
    EXPECT_EQ(history.runs()->size(), 1u);
    EXPECT_FALSE(history.erase(id));
    EXPECT_FALSE(history.open(id).has_value());
}

TEST(StoredRuns, haveADefaultPlace) {
    const auto folder = std::filesystem::path(::testing::TempDir()) / "session-xdg";
    std::filesystem::remove_all(folder);
    ::setenv("XDG_DATA_HOME", folder.c_str(), 1);
    const auto store = RunHistory::defaultStore();
    ::unsetenv("XDG_DATA_HOME");
    ASSERT_TRUE(store.has_value()) << store.error().text();
    EXPECT_EQ(*store, (folder / "penstock" / "runs.db").string());
    EXPECT_TRUE(std::filesystem::is_directory(folder / "penstock"));
}

TEST(StoredRuns, aStoreThatCannotBeUsedDoesNotStopARun) {
    RunSetup setup;
    setup.scenario = scenario("code-onoff", 10s);
    setup.store = "/proc/no/such/place.db";
    SimulatedRun run(std::move(setup));
    run.send(RunFast{});
    Seen seen;
    ASSERT_TRUE(watch(run, seen, over));
    EXPECT_EQ(seen.last.status, RunStatus::finished);
    ASSERT_FALSE(seen.errors.empty());
    EXPECT_NE(seen.errors[0].find("not recorded"), std::string::npos) << seen.errors[0];
    EXPECT_EQ(seen.last.storedAs, 0);
}

// A process of its own records a run, moves a knob, and is killed without a word.
TEST(StoredRuns, surviveTheirProcess) {
#ifdef __SANITIZE_THREAD__
    GTEST_SKIP() << "ThreadSanitizer cannot follow a fork of a process with threads";
#endif
    const std::string store = freshStore("session-killed.db");
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        auto run = begin(scenario("code-onoff"), store);
        run->send(RunPaced{30});
        Seen seen;
        bool moved = false;
        (void)watch(*run, seen, [&](const Seen& s) {
            if (!moved && s.last.head > run->info().start + 20s) {
                run->send(SetParameter{kThreshold, 0.6});
                moved = true;
            }
            return false;
        });
        ::_exit(1);
    }
    // Until it has moved its knob, left a report after that, and gone on a while.
    RunHistory history(store);
    bool ready = false;
    for (int i = 0; i < 400 && !ready; ++i) {
        std::this_thread::sleep_for(50ms);
        if (!std::filesystem::exists(store)) continue;
        const auto log = readLog(store);
        ready = log && std::any_of(log->moves.begin(), log->moves.end(), [](const Move& m) {
                    return m.path == kCheckpointMove && m.t > sim::World::epoch() + 40s;
                });
    }
    std::this_thread::sleep_for(600ms);
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    ASSERT_TRUE(ready);

    const auto runs = history.runs();
    ASSERT_TRUE(runs.has_value()) << runs.error().text();
    ASSERT_EQ(runs->size(), 1u);
    EXPECT_EQ(runs->front().status, RunStatus::recovered);
    EXPECT_GT(runs->front().virtualSeconds, 40);

    auto opened = history.open(runs->front().id);
    ASSERT_TRUE(opened.has_value()) << opened.error().text();
    Seen seen;
    ASSERT_TRUE(watch(**opened, seen, told));
    EXPECT_EQ(seen.last.status, RunStatus::recovered);
    ASSERT_FALSE(seen.gauges.empty());
    // Within a second of wall time, that is thirty of engine time, and what the samples are apart.
    const double known = runs->front().virtualSeconds;
    EXPECT_GT(toSeconds(seen.gauges.back().at - sim::World::epoch()), known - 33);
    EXPECT_EQ(seen.marks.size(), 1u);

    // It replays as far as it is known, past the fingerprint of its last report.
    const auto log = history.log(runs->front().id);
    ASSERT_TRUE(log.has_value());
    EXPECT_TRUE(log->recovered);
    EXPECT_EQ(log->moves.size(), 2u); // the knob and the checkpoint
    auto world = sim::World::make(*scenarioOf(*log), optionsOf(*log));
    ASSERT_TRUE(world.has_value());
    SimulatedHost host(**world);
    Replay replay(*log);
    const std::atomic<bool> never{false};
    Result<bool> end = false;
    while (end && !*end)
        end = runLog(host, *log, replay, 1s, never);
    ASSERT_TRUE(end.has_value()) << end.error().text();
    EXPECT_EQ((*world)->now(), *log->end);
}

} // namespace
} // namespace penstock::app

// SPDX-License-Identifier: Apache-2.0
// Moves made by hand are part of a run: recorded with their place, they give the same run again. A
// person is played by a random one, who steps, runs, pauses and turns knobs; the store and the log
// are then replayed headless and by a session, and a log that does not fit is refused in words.
#include "app/session/host/simulated_host.h"
#include "app/session/replay/run_log.h"
#include "app/session/stored/run_history.h"
#include "tests/app/session/session_support.h"

#include <cmath>
#include <filesystem>
#include <fstream>
#include <random>

namespace penstock::app {
namespace {

using namespace test;

// Runs a log headless; its fingerprint, or what went wrong.
std::string replayed(const RunLog& log) {
    auto scenario = scenarioOf(log);
    if (!scenario) return scenario.error().text();
    auto world = sim::World::make(std::move(*scenario), optionsOf(log));
    if (!world) return world.error().text();
    SimulatedHost host(**world);
    Replay replay(log);
    const std::atomic<bool> never{false};
    for (;;) {
        const auto over = runLog(host, log, replay, 50ms, never);
        if (!over) return over.error().text();
        if (*over) return (*world)->recorder().fingerprint().text();
    }
}

// Moves and pauses at random for a while; then lets the run go to its end, or stops it.
void fiddle(SimulatedRun& run, Seen& seen, std::uint64_t seed, bool stop) {
    std::mt19937_64 random(seed);
    const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    int moves = 0;
    for (int i = 0; i < 60; ++i) {
        switch (pick(8)) {
        case 0:
            run.send(RunPaced{std::pow(10.0, pick(4))});
            break;
        case 1:
            run.send(RunFast{});
            break;
        case 2:
            run.send(Pause{});
            break;
        case 3:
            for (int k = pick(20); k >= 0; --k)
                run.send(StepOne{});
            break;
        case 4:
            run.send(PauseQueue{"batch", pick(2) == 0});
            ++moves;
            break;
        default:
            run.send(SetParameter{kThreshold, 0.2 + 0.1 * pick(9) + 1e-3 * pick(10)});
            ++moves;
            break;
        }
        if (pick(3) != 0) std::this_thread::sleep_for(std::chrono::microseconds(pick(3000)));
        Frame frame;
        if (run.take(frame)) seen.add(std::move(frame));
        if (over(seen)) return;
    }
    EXPECT_GT(moves, 10);
    run.send(PauseQueue{"batch", false});
    if (stop) {
        run.send(Stop{});
    } else {
        run.send(RunFast{});
    }
    EXPECT_TRUE(watch(run, seen, over));
}

TEST(Replay, randomHandsReplayHeadless) {
    const std::string store = freshStore("session-replay.db");
    std::vector<std::string> fingerprints;
    for (const std::uint64_t seed : {1u, 2u, 3u, 4u}) {
        auto run = begin(scenario("code-onoff", 10min), store);
        Seen seen;
        fiddle(*run, seen, seed, seed % 2 == 0);
        EXPECT_FALSE(seen.marks.empty());
        fingerprints.push_back(seen.last.fingerprint);
    }
    // Four hands, four runs; none is the run without a hand.
    fingerprints.push_back(headless(scenario("code-onoff", 10min)));
    for (std::size_t a = 0; a < fingerprints.size(); ++a) {
        for (std::size_t b = a + 1; b < fingerprints.size(); ++b) {
            EXPECT_NE(fingerprints[a], fingerprints[b]) << a << " " << b;
        }
    }
    for (RunId id = 1; id <= 4; ++id) {
        const auto log = readLog(store + "#" + std::to_string(id));
        ASSERT_TRUE(log.has_value()) << log.error().text();
        const std::string& was = fingerprints[static_cast<std::size_t>(id - 1)];
        EXPECT_EQ(log->fingerprint, was);
        EXPECT_EQ(replayed(*log), was) << "run " << id;
        // The same by way of a JSON log.
        const auto again = logFromJson(toJson(*log), "moves.json");
        ASSERT_TRUE(again.has_value()) << again.error().text();
        EXPECT_EQ(replayed(*again), was);
    }
    // The latest is the default.
    const auto latest = readLog(store);
    ASSERT_TRUE(latest.has_value());
    EXPECT_EQ(latest->fingerprint, fingerprints[3]);
}

TEST(Replay, aSessionReplaysWhatASessionDid) {
    const std::string store = freshStore("session-replay-session.db");
    std::string was;
    {
        auto run = begin(scenario("reopen-stampede", 3min), store);
        Seen seen;
        run->send(RunUntil{run->info().start + 30s, {}});
        ASSERT_TRUE(watch(*run, seen, [](const Seen& s) {
            return s.last.status == RunStatus::paused && s.frames > 1;
        }));
        for (int i = 0; i < 7; ++i)
            run->send(StepOne{});
        run->send(SetParameter{"engine.pools[default].workers", 12});
        run->send(RunFast{});
        ASSERT_TRUE(watch(*run, seen, over));
        was = seen.last.fingerprint;
        EXPECT_NE(was, headless(scenario("reopen-stampede", 3min)));
    }
    RunHistory history(store);
    auto log = history.log(1);
    ASSERT_TRUE(log.has_value()) << log.error().text();
    RunSetup setup;
    setup.scenario = *scenarioOf(*log);
    setup.options = optionsOf(*log);
    setup.log = *log;
    SimulatedRun again(std::move(setup));
    EXPECT_FALSE(again.info().can.knobs);
    Seen seen;
    again.send(RunPaced{200}); // at whatever pace
    again.send(SetParameter{"engine.pools[default].workers", 1});
    ASSERT_TRUE(watch(again, seen, over));
    EXPECT_EQ(seen.last.fingerprint, was);
    ASSERT_EQ(seen.marks.size(), 1u);
    EXPECT_NE(seen.marks[0].text.find("workers = 12"), std::string::npos) << seen.marks[0].text;
    ASSERT_FALSE(seen.errors.empty());
    EXPECT_NE(seen.errors[0].find("replay"), std::string::npos);
}

TEST(Replay, whatTheWindowExportsIsALog) {
    auto run = begin(scenario("code-onoff", 5min));
    Seen seen;
    run->send(RunUntil{run->info().start + 100s, {}});
    ASSERT_TRUE(watch(*run, seen, [&](const Seen& s) {
        return s.last.status == RunStatus::paused && s.last.head == run->info().start + 100s;
    }));
    run->send(SetParameter{kThreshold, 0.45});
    run->ask(ExportKind::moves);
    ASSERT_TRUE(watch(*run, seen, [](const Seen& s) { return !s.exported.empty(); }));
    ASSERT_EQ(seen.exported[0].files.size(), 1u);
    const auto file = std::filesystem::path(::testing::TempDir()) / "session-moves.json";
    std::ofstream(file) << seen.exported[0].files[0].text;
    const auto log = readLog(file.string());
    ASSERT_TRUE(log.has_value()) << log.error().text();
    EXPECT_EQ(replayed(*log), seen.last.fingerprint);
    EXPECT_EQ(log->moves.size(), 2u); // the move, and the end of the log
}

TEST(Replay, aLogThatDoesNotFitIsRefused) {
    auto scenario = test::scenario("code-onoff", 2min);
    RunLog log;
    log.scenario = scenario.name;
    log.document = scenario.text;
    log.origin.file = scenario.file;
    log.origin.seed = scenario.seed;
    log.origin.horizon = scenario.horizon;
    log.start = sim::World::epoch();
    log.moves = {{log.start + 10s, kThreshold, "0.5", 100'000'000}};
    EXPECT_NE(replayed(log).find("another version"), std::string::npos) << replayed(log);
    log.moves = {{log.start + 10s, "engine.no.such", "0.5"}};
    EXPECT_NE(replayed(log).find("engine.no.such"), std::string::npos);
    log.moves = {{log.start + 10s, kThreshold, "wide"}};
    EXPECT_NE(replayed(log).find("wide"), std::string::npos);
    log.moves = {{log.start + 10s, kCheckpointMove, "0000000000000000", 1}};
    EXPECT_NE(replayed(log).find("another version"), std::string::npos);
    // By its time alone, as in a log written by hand, a move is made all the same.
    log.moves = {{log.start + 10s, kThreshold, "0.5"}};
    EXPECT_EQ(replayed(log).size(), 16u);
}

TEST(Replay, badNamesAreErrorsInWords) {
    const std::string store = freshStore("session-replay-none.db");
    struct Case {
        std::string run, says;
    };
    const auto json = std::filesystem::path(::testing::TempDir()) / "session-not-a-log.json";
    std::ofstream(json) << "{\"schema\": \"other\"}";
    for (const Case& c :
         {Case{store, "no such run"}, Case{store + "#1", "no such run store"},
          Case{"nowhere.db#x", "number"}, Case{json.string(), "penstock.moves/1"}}) {
        const auto log = readLog(c.run);
        ASSERT_FALSE(log.has_value()) << c.run;
        EXPECT_NE(log.error().text().find(c.says), std::string::npos) << log.error().text();
    }
    {
        auto run = begin(scenario("code-onoff", 10s), store);
        run->send(Stop{});
        Seen seen;
        ASSERT_TRUE(watch(*run, seen, over));
    }
    const auto log = readLog(store + "#99");
    ASSERT_FALSE(log.has_value());
    EXPECT_NE(log.error().text().find("there is no run 99"), std::string::npos);
}

} // namespace
} // namespace penstock::app

// SPDX-License-Identifier: Apache-2.0
// Commands act between two events and at once: a fat scenario is stopped and paused within five
// milliseconds, steps are single events, a condition ends a run where it first holds. And one
// request is found wherever it is in its life, with the stages of it.
#include "tests/app/session/session_support.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>

namespace penstock::app {
namespace {

using namespace test;

// 64 replicas under 2,560 requests a second, the most that one event may find to do.
sim::Scenario fat() {
    auto read = sim::readScenario(
        std::string(PENSTOCK_SOURCE_DIR) + "/tests/bench/64-replicas.yaml", options());
    EXPECT_TRUE(read.has_value()) << (read ? "" : read.error().text());
    return read ? *read : sim::Scenario{};
}

// From the moment a command is sent until a frame tells that it has been obeyed. The best of
// several tries: what the machine's other work adds is not ours.
TEST(Control, stopAndPauseAreObeyedWithinFiveMilliseconds) {
    auto best = std::chrono::nanoseconds::max();
    for (int i = 0; i < 8; ++i) {
        auto run = begin(fat());
        Seen seen;
        run->send(RunFast{});
        ASSERT_TRUE(
            watch(*run, seen, [&](const Seen& s) { return s.last.head > run->info().start + 2s; }));
        const auto asked = std::chrono::steady_clock::now();
        if (i % 2 == 0) {
            run->send(Stop{});
        } else {
            run->send(Pause{});
        }
        Frame frame;
        frame.status = RunStatus::running;
        const auto patience = asked + 10s;
        do {
            if (!run->take(frame)) std::this_thread::yield();
        } while (frame.status == RunStatus::running && std::chrono::steady_clock::now() < patience);
        EXPECT_EQ(frame.status, i % 2 == 0 ? RunStatus::stopped : RunStatus::paused);
        best = std::min<std::chrono::nanoseconds>(best, std::chrono::steady_clock::now() - asked);
    }
    EXPECT_LE(best, 5ms);
}

TEST(Control, aPausedRunStandsStill) {
    auto run = begin(scenario("code-onoff", 10min));
    Seen seen;
    run->send(RunPaced{50});
    ASSERT_TRUE(
        watch(*run, seen, [&](const Seen& s) { return s.last.head > run->info().start + 5s; }));
    run->send(Pause{});
    ASSERT_TRUE(
        watch(*run, seen, [](const Seen& s) { return s.last.status == RunStatus::paused; }));
    const Time head = seen.last.head;
    EXPECT_EQ(seen.gauges.back().at, head); // what is shown is what is
    std::this_thread::sleep_for(60ms);
    Frame frame;
    EXPECT_FALSE(run->take(frame));
    // A move while it is paused acts at once, at this engine time.
    run->send(SetParameter{kThreshold, 0.33});
    ASSERT_TRUE(watch(*run, seen, [](const Seen& s) { return !s.moved.empty(); }));
    EXPECT_EQ(seen.last.head, head);
    EXPECT_EQ(seen.marks.back().at, head);
    EXPECT_EQ(seen.marks.back().kind, MarkNote::Kind::move);
    EXPECT_EQ(seen.marks.back().text, "queue batch: threshold = 0.33");
    ASSERT_FALSE(seen.last.gates.empty());
    const auto moved = std::find_if(seen.events.rbegin(), seen.events.rend(),
                                    [](const auto& e) { return e.kind == EventKind::parameter; });
    ASSERT_NE(moved, seen.events.rend());
    EXPECT_EQ(moved->at, head);
}

TEST(Control, aStepIsOneEvent) {
    auto world = sim::World::make(scenario("reopen-stampede", 1min));
    ASSERT_TRUE(world.has_value());
    auto run = begin(scenario("reopen-stampede", 1min));
    Seen seen;
    for (int i = 0; i < 40; ++i) {
        run->send(StepOne{});
        (*world)->step();
        ASSERT_TRUE(watch(*run, seen, [&](const Seen& s) {
            return s.last.status == RunStatus::paused && s.last.head == (*world)->now() &&
                   s.last.fingerprint == (*world)->recorder().fingerprint().text();
        })) << i;
    }
}

TEST(Control, pausedQueuesTakeNothing) {
    auto run = begin(scenario("code-onoff", 5min));
    Seen seen;
    run->send(PauseQueue{"batch", true});
    run->send(RunUntil{run->info().start + 60s, {}});
    ASSERT_TRUE(watch(*run, seen, [&](const Seen& s) {
        return s.last.head == run->info().start + 60s && s.last.status == RunStatus::paused;
    }));
    EXPECT_TRUE(seen.last.queues[0].paused);
    EXPECT_EQ(seen.last.queues[0].depth, 16000);
    run->send(PauseQueue{"batch", false});
    run->send(RunFast{});
    ASSERT_TRUE(watch(*run, seen, over));
    EXPECT_FALSE(seen.last.queues[0].paused);
    EXPECT_LT(seen.last.queues[0].depth, 16000);
}

// The condition is looked at for each `sampleEvery` of engine time: the run ends at the first of
// these at which it holds, whatever the speed of the machine.
TEST(Control, aConditionEndsItWhereItFirstHolds) {
    const char* condition = "sources.code.arrivals >= 300";
    auto world = sim::World::make(scenario("code-onoff", 10min));
    ASSERT_TRUE(world.has_value());
    Time expected{};
    for (Time t = (*world)->start(); t < (*world)->end(); t += (*world)->scenario().sampleEvery) {
        (*world)->runUntil(t);
        if ((*world)->recorder().arrivals() < 300 + 16000) continue;
        expected = t;
        break;
    }
    ASSERT_NE(expected, Time{});
    auto run = begin(scenario("code-onoff", 10min));
    Seen seen;
    run->send(RunUntil{kNever, condition});
    ASSERT_TRUE(watch(*run, seen, [](const Seen& s) {
        return s.last.status == RunStatus::paused && s.frames > 1 && !s.marks.empty();
    }));
    EXPECT_EQ(seen.last.head, expected);
    EXPECT_NE(seen.marks.back().text.find(condition), std::string::npos);
    // Nothing of it is left over.
    run->send(RunFast{});
    ASSERT_TRUE(watch(*run, seen, over));
    EXPECT_EQ(seen.last.status, RunStatus::finished);
}

TEST(Control, progressAndTimesAreTold) {
    auto run = begin(scenario("code-onoff", 2min));
    Seen seen;
    run->send(RunPaced{100});
    bool ahead = false;
    ASSERT_TRUE(watch(*run, seen, [&](const Seen& s) {
        if (s.last.remainingSeconds && s.last.progress > 0.2 && s.last.progress < 1) ahead = true;
        EXPECT_TRUE(s.last.targetSpeed == 100 || s.last.status != RunStatus::running);
        return over(s);
    }));
    EXPECT_TRUE(ahead);
    EXPECT_EQ(seen.last.progress, 1);
}

TEST(Control, aRunThatIsLeftComesToAnEnd) {
    for (int i = 0; i < 5; ++i) {
        auto run = begin(fat());
        run->send(RunFast{});
        std::this_thread::sleep_for(std::chrono::milliseconds(i * 3));
    }
}

double total(const RequestRow& row) {
    double ms = 0;
    for (const StageRow& stage : row.stages)
        ms += toMillis(stage.to - stage.from);
    return ms;
}

TEST(Find, aFinishedRequestIsShownInFull) {
    auto run = begin(scenario("code-onoff", 5min));
    Seen seen;
    run->send(RunFast{});
    ASSERT_TRUE(watch(*run, seen, over));
    int batch = 0;
    int interactive = 0;
    for (auto row = seen.requests.rbegin(); row != seen.requests.rend(); ++row) {
        int& count = row->queue == "batch" ? batch : interactive;
        if (++count > 20) continue;
        seen.found.reset();
        run->find(row->id);
        ASSERT_TRUE(watch(*run, seen, [](const Seen& s) { return s.found.has_value(); }));
        const RequestRow& found = *seen.found;
        EXPECT_EQ(found.id, row->id);
        EXPECT_EQ(found.queue, row->queue);
        EXPECT_EQ(found.outcome, row->outcome);
        ASSERT_FALSE(found.stages.empty());
        // Without gaps, from its arrival to its end.
        EXPECT_EQ(found.stages.front().from, found.arrived);
        EXPECT_EQ(found.stages.back().to, found.finished);
        for (std::size_t i = 1; i < found.stages.size(); ++i) {
            EXPECT_EQ(found.stages[i].from, found.stages[i - 1].to);
        }
        EXPECT_NEAR(total(found), found.endToEndMs, 1e-6);
        const auto has = [&](Stage stage) {
            return std::any_of(found.stages.begin(), found.stages.end(),
                               [&](const StageRow& s) { return s.stage == stage; });
        };
        EXPECT_TRUE(has(Stage::prefill));
        EXPECT_TRUE(has(Stage::decode) || found.outputTokens <= 1);
        if (found.queue == "batch" && found.waitMs > 1) {
            EXPECT_TRUE(has(Stage::queue));
        }
    }
    EXPECT_GT(batch, 20);
    EXPECT_GT(interactive, 20);
}

TEST(Find, aLivingRequestIsFoundWhereItIs) {
    auto run = begin(scenario("code-onoff", 30min));
    Seen seen;
    run->send(RunUntil{run->info().start + 4min, {}});
    ASSERT_TRUE(watch(*run, seen, [&](const Seen& s) {
        return s.last.head == run->info().start + 4min && s.last.status == RunStatus::paused;
    }));
    // The last of the lump waits, source 1.
    run->find("backlog-" + std::to_string((std::uint64_t{1} << 40) + 15999));
    ASSERT_TRUE(watch(*run, seen, [](const Seen& s) { return s.found.has_value(); }));
    EXPECT_EQ(seen.found->queue, "batch");
    EXPECT_EQ(seen.found->outcome, Outcome::waiting);
    EXPECT_EQ(seen.found->finished, kNever);
    EXPECT_NEAR(total(*seen.found), 240e3, 1e3);
    EXPECT_EQ(seen.found->stages.back().stage, Stage::queue);
    for (const char* id :
         {"backlog-12", "nobody-1", "", "backlog-", "code-99999999999999999999", "-5", "💥"}) {
        seen.found.reset();
        run->find(id);
        ASSERT_TRUE(watch(*run, seen, [](const Seen& s) { return s.found.has_value(); })) << id;
        EXPECT_TRUE(seen.found->queue.empty()) << id;
        EXPECT_EQ(seen.found->id, id);
    }
}

// Retries show their attempts and their backoff.
TEST(Find, retriesAreStagesToo) {
    std::ifstream in{shipped("code-onoff")};
    std::string text{std::istreambuf_iterator<char>(in), {}};
    text +=
        "\nfaults:\n  - {kind: router-errors, at: 0s, for: 3m, status: 503, probability: 0.5}\n";
    auto read = sim::parseScenario(text, "errors.yaml", options(4min));
    ASSERT_TRUE(read.has_value()) << read.error().text();
    auto run = begin(std::move(*read));
    Seen seen;
    run->send(RunPaced{50});
    ASSERT_TRUE(watch(*run, seen, over));
    int checked = 0;
    for (const RequestRow& row : seen.requests) {
        if (row.queue != "batch" || row.attempts < 3 || checked == 10) continue;
        ++checked;
        EXPECT_GE(row.waitMs, 0);
        seen.found.reset();
        run->find(row.id);
        ASSERT_TRUE(watch(*run, seen, [](const Seen& s) { return s.found.has_value(); }));
        int backoffs = 0;
        for (const StageRow& stage : seen.found->stages)
            backoffs += stage.stage == Stage::backoff;
        EXPECT_EQ(backoffs, row.attempts - 1);
        EXPECT_EQ(seen.found->stages.back().attempt, row.attempts);
        EXPECT_NEAR(total(*seen.found), seen.found->endToEndMs,
                    seen.found->endToEndMs * 1e-6 + 1e-3);
        EXPECT_NEAR(seen.found->waitMs, row.waitMs, 1e-9);
    }
    EXPECT_EQ(checked, 10);
}

} // namespace
} // namespace penstock::app

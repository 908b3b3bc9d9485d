// SPDX-License-Identifier: Apache-2.0
// What a window may rely on in frames: order and completeness of what is told, bounds of what is
// too much, rows that agree with the run, words that send a person to the right knob.
#include "app/session/run/frame_feed.h"
#include "tests/app/session/session_support.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace penstock::app {
namespace {

using namespace test;

// Hears what a headless run's recorder says, to compare frames with.
class Witness final : public RecordSink {
  public:
    std::vector<Event> readings;
    std::vector<std::tuple<std::uint16_t, Time, bool>> turns;
    std::uint64_t count = 0, interactive = 0; // requests that have ended

    void event(const Event& e) override {
        if (e.kind == penstock::EventKind::gateRead) readings.push_back(e);
        if (e.kind == penstock::EventKind::completed && e.queue == 0) ++interactive;
    }
    void ended(const End&) override { ++count; }
    void sample(Time, const Sample&) override {}
    void turned(std::uint16_t gate, Time t, bool closed, std::uint8_t) override {
        turns.emplace_back(gate, t, closed);
    }
};

TEST(Frames, tellEveryReadingTurnAndGaugeInOrder) {
    for (const char* name : {"code-onoff", "reopen-stampede"}) {
        SCOPED_TRACE(name);
        auto world = sim::World::make(scenario(name, 4min));
        ASSERT_TRUE(world.has_value());
        Witness witness;
        (*world)->recorder().addSink(witness);
        (*world)->runUntil((*world)->end());

        auto run = begin(scenario(name, 4min));
        Seen seen;
        run->send(RunPaced{100});
        ASSERT_TRUE(watch(*run, seen, over));

        ASSERT_EQ(seen.readings.size(), witness.readings.size());
        for (std::size_t i = 0; i < seen.readings.size(); ++i) {
            const Event& e = witness.readings[i];
            EXPECT_EQ(seen.readings[i].at, e.at);
            EXPECT_EQ(seen.readings[i].age, e.age);
            EXPECT_EQ(seen.readings[i].budget, e.budget);
            // Both gates read a free share: frames speak of load.
            EXPECT_DOUBLE_EQ(seen.readings[i].value, 1.0 - e.value);
            EXPECT_NEAR(seen.readings[i].threshold, 0.8, 1e-9);
        }
        ASSERT_EQ(seen.turns.size(), witness.turns.size());
        EXPECT_GT(seen.turns.size(), 2u);
        for (std::size_t i = 0; i < seen.turns.size(); ++i) {
            EXPECT_EQ(seen.turns[i].gate, std::get<0>(witness.turns[i]));
            EXPECT_EQ(seen.turns[i].at, std::get<1>(witness.turns[i]));
            EXPECT_EQ(!seen.turns[i].reason.empty(), std::get<2>(witness.turns[i]));
        }
        // Gauges: from the start on, in order, at ×100 no more than some 100 ms × 2^k apart.
        ASSERT_GT(seen.gauges.size(), 100u);
        EXPECT_EQ(seen.gauges.front().at, run->info().start);
        EXPECT_EQ(seen.gauges.back().at, run->info().end);
        for (std::size_t i = 1; i < seen.gauges.size(); ++i) {
            EXPECT_LT(seen.gauges[i - 1].at, seen.gauges[i].at);
        }
        EXPECT_EQ(seen.gaugesLeftOut, 0u);
        EXPECT_EQ(seen.requests.size() + seen.requestsLeftOut, witness.count + witness.interactive);
    }
}

TEST(Frames, gaugesAreDenseWhenPacedSlowly) {
    auto run = begin(scenario("code-onoff", 5s));
    Seen seen;
    run->send(RunPaced{10});
    ASSERT_TRUE(watch(*run, seen, over));
    Duration widest{0};
    for (std::size_t i = 1; i < seen.gauges.size(); ++i) {
        widest = std::max<Duration>(widest, seen.gauges[i].at - seen.gauges[i - 1].at);
    }
    EXPECT_LE(widest, 100ms);
    EXPECT_GE(seen.gauges.size(), 50u);
    const GaugeSample& g = seen.gauges.back();
    EXPECT_EQ(g.queues.size(), run->info().queues.size());
    EXPECT_EQ(g.pools.size(), run->info().pools.size());
    EXPECT_EQ(g.gateTruth.size(), run->info().gates.size());
    EXPECT_EQ(g.replicas.size(), run->info().replicas.size());
    EXPECT_GT(g.queues[0].depth, 0);
    EXPECT_GT(g.batchShare, 0);
}

TEST(Frames, areBoundedWhenNobodyTakesThem) {
    auto run = begin(scenario("code-onoff"));
    run->send(RunFast{});
    std::this_thread::sleep_for(10ms);
    Frame frame;
    // The whole run, and only then a look.
    for (int i = 0; i < 6000 && frame.status != RunStatus::finished; ++i) {
        std::this_thread::sleep_for(20ms);
        if (i < 100 && i % 100 != 99) continue;
        if (!run->take(frame)) continue;
        EXPECT_LE(frame.gauges.size(), kMaxGauges);
        EXPECT_LE(frame.readings.size(), kMaxReadings);
        EXPECT_LE(frame.turns.size(), kMaxReadings);
        EXPECT_LE(frame.events.size(), kMaxRows);
        EXPECT_LE(frame.requests.size(), kMaxRows);
        EXPECT_LE(frame.decisions.size(), kMaxRows);
        EXPECT_TRUE(std::is_sorted(frame.gauges.begin(), frame.gauges.end(),
                                   [](const auto& a, const auto& b) { return a.at < b.at; }));
        EXPECT_TRUE(std::is_sorted(frame.decisions.begin(), frame.decisions.end()));
    }
    EXPECT_EQ(frame.status, RunStatus::finished);
    // What its thread still had to say of the end.
    do
        std::this_thread::sleep_for(100ms);
    while (run->take(frame));
    Frame untouched;
    untouched.error = "mine";
    EXPECT_FALSE(run->take(untouched));
    EXPECT_EQ(untouched.error, "mine");
}

TEST(Frames, rowsAgreeWithTheRun) {
    auto run = begin(scenario("code-onoff", 6min));
    Seen seen;
    run->send(RunPaced{60});
    ASSERT_TRUE(watch(*run, seen, over));
    ASSERT_EQ(seen.last.queues.size(), 1u);
    const QueueRow& queue = seen.last.queues[0];
    EXPECT_EQ(queue.id, "batch");
    EXPECT_NEAR(static_cast<double>(queue.depth),
                static_cast<double>(seen.gauges.back().queues[0].depth), 0.5);
    EXPECT_NEAR(queue.oldestAgeSeconds, 360, 1); // the lump came at the start
    EXPECT_GT(queue.waitP95Ms, 0);
    std::set<std::string> ids;
    std::map<Outcome, int> outcomes;
    for (const RequestRow& row : seen.requests) {
        EXPECT_TRUE(ids.insert(row.id).second) << row.id;
        ++outcomes[row.outcome];
        EXPECT_GE(row.finished, row.arrived);
        EXPECT_NEAR(row.endToEndMs, toMillis(row.finished - row.arrived), 1e-6);
        if (row.queue == "batch") {
            EXPECT_EQ(row.attempts, 1);
            EXPECT_GE(row.waitMs, 0);
            EXPECT_LE(row.waitMs, row.endToEndMs);
            EXPECT_GE(row.ttftMs, row.waitMs);
            EXPECT_GT(row.slackSeconds, 0);
        } else {
            EXPECT_EQ(row.queue, "code");
        }
        EXPECT_GT(row.promptTokens, 0);
        EXPECT_GT(row.outputTokens, 0);
    }
    EXPECT_GT(outcomes[Outcome::succeeded], 100);
    double rated = 0;
    Time before = run->info().start;
    for (const OutcomeRates& rates : seen.outcomes) {
        rated += static_cast<double>(rates.ok) * toSeconds(rates.at - before);
        before = rates.at;
    }
    const auto ok = std::count_if(seen.requests.begin(), seen.requests.end(), [](const auto& r) {
        return r.queue == "batch" && r.outcome == Outcome::succeeded;
    });
    EXPECT_NEAR(rated, static_cast<double>(ok), 0.02 * static_cast<double>(ok) + 30);
    ASSERT_FALSE(seen.latencies.empty());
    for (const Latencies& l : seen.latencies) {
        EXPECT_GT(l.ttftP50, 0);
        EXPECT_LE(l.ttftP50, l.ttftP95);
        EXPECT_LE(l.ttftP95, l.ttftP99);
    }
    // Events are numbered in order and speak of what happened.
    for (std::size_t i = 1; i < seen.events.size(); ++i) {
        EXPECT_LT(seen.events[i - 1].sequence, seen.events[i].sequence);
        EXPECT_LE(seen.events[i - 1].at, seen.events[i].at);
        EXPECT_FALSE(seen.events[i].text.empty());
    }
}

TEST(Frames, aClosedGateSaysWhyAndWhatToMove) {
    auto run = begin(scenario("code-onoff", 10min));
    Seen seen;
    run->send(RunPaced{100});
    std::optional<GateRow> closed, open;
    ASSERT_TRUE(watch(*run, seen, [&](const Seen& s) {
        if (s.last.gates.empty()) return false;
        const GateRow& row = s.last.gates[0];
        if (!std::isnan(row.read) && row.fallback.empty()) (row.open ? open : closed) = row;
        return (closed && open) || over(s);
    }));
    ASSERT_TRUE(closed && open);
    EXPECT_EQ(closed->owner, "queue batch");
    EXPECT_EQ(closed->type, "prometheus-saturation");
    EXPECT_NEAR(closed->threshold, 0.8, 1e-9);
    if (closed->reason == "gate_closed") {
        EXPECT_GE(closed->read, 0.8);
    }
    EXPECT_GE(closed->readAgeSeconds, 0);
    EXPECT_FALSE(std::isnan(closed->truth));
    EXPECT_NE(closed->source.find("pool_saturation"), std::string::npos);
    EXPECT_NE(closed->remedy.find("opens"), std::string::npos) << closed->remedy;
    EXPECT_EQ(closed->parameterPath, kThreshold);
    EXPECT_TRUE(open->reason.empty());
    EXPECT_NE(open->remedy.find("closes when the reading reaches 0.80"), std::string::npos)
        << open->remedy;
}

TEST(Frames, aPoolGateWithinAGateSpeaksOfLoadToo) {
    auto run = begin(scenario("reopen-stampede", 3min));
    ASSERT_EQ(run->info().gates.size(), 1u);
    EXPECT_EQ(run->info().gates[0].owner, "pool default");
    EXPECT_EQ(run->info().gates[0].type, "wait-on-refuse");
    Seen seen;
    run->send(RunPaced{100});
    std::optional<GateRow> closed;
    ASSERT_TRUE(watch(*run, seen, [&](const Seen& s) {
        if (!s.last.gates.empty() && !s.last.gates[0].open) closed = s.last.gates[0];
        return over(s);
    }));
    ASSERT_TRUE(closed);
    EXPECT_GE(closed->read, 0.8);
    EXPECT_NE(closed->parameterPath.find("gate_params.gate.gate_params.threshold"),
              std::string::npos);
}

TEST(Frames, infoIsThereAtOnce) {
    auto run = begin(scenario("code-onoff"));
    const RunInfo& info = run->info();
    EXPECT_EQ(info.scenario, "code-onoff");
    EXPECT_FALSE(info.lesson.empty());
    EXPECT_EQ(info.seed, 42u);
    EXPECT_EQ(info.queues, std::vector<std::string>{"batch"});
    EXPECT_EQ(info.sources, (std::vector<std::string>{"code", "backlog"}));
    EXPECT_EQ(info.replicas.size(), 1u);
    EXPECT_EQ(info.end - info.start, Duration(40min));
    EXPECT_TRUE(info.can.steer && info.can.knobs && !info.can.armFirst);
    const auto row = std::find_if(info.parameters.begin(), info.parameters.end(),
                                  [](const auto& p) { return p.path == kThreshold; });
    ASSERT_NE(row, info.parameters.end());
    EXPECT_EQ(row->value, 0.8);
    EXPECT_FALSE(row->help.empty());
    EXPECT_EQ(row->value, row->fallback);
}

// What a person sees who sets an impossible value, names what is not there, or asks too late.
TEST(Frames, errorsAreWords) {
    auto run = begin(scenario("code-onoff", 1min));
    Seen seen;
    const auto told = [&](const Command& command) {
        seen.errors.clear();
        run->send(command);
        EXPECT_TRUE(watch(*run, seen, [](const Seen& s) { return !s.errors.empty(); }));
        return seen.errors.empty() ? std::string() : seen.errors.back();
    };
    EXPECT_NE(told(SetParameter{kThreshold, 7}).find("out of range"), std::string::npos);
    ASSERT_FALSE(seen.moved.empty()); // the knob goes back
    EXPECT_EQ(seen.moved.back(), (std::pair<std::string, double>(kThreshold, 0.8)));
    EXPECT_NE(told(SetParameter{"engine.transport.queues[batch].gate_params.treshold", 1})
                  .find("threshold"),
              std::string::npos);
    EXPECT_NE(told(PauseQueue{"bulk", true}).find("bulk"), std::string::npos);
    EXPECT_NE(told(RunUntil{kNever, "sources.code.arrivals"}).find("sources.code.arrivals"),
              std::string::npos);
    EXPECT_NE(told(RunUntil{kNever, "sources.nobody.arrivals > 3"}).find("nobody"),
              std::string::npos);
    // The condition is looked at while the run goes, so its error may come before the pause.
    const auto paused = [](const Seen& s) { return s.last.status == RunStatus::paused; };
    EXPECT_TRUE(paused(seen) || watch(*run, seen, paused));
    run->send(RunFast{});
    ASSERT_TRUE(watch(*run, seen, over));
    EXPECT_NE(told(RunFast{}).find("over"), std::string::npos);
}

TEST(Frames, aWorldThatCannotBeMadeSaysSo) {
    auto broken = scenario("azure-code", 1min);
    auto& trace = std::get<sim::TraceProcess>(broken.sources.front().traffic.process);
    trace.source.path = "no such file.csv";
    auto run = begin(std::move(broken));
    Seen seen;
    ASSERT_TRUE(watch(*run, seen, over));
    EXPECT_EQ(seen.last.status, RunStatus::failed);
    EXPECT_FALSE(seen.last.error.empty());
    EXPECT_EQ(run->info().scenario, "azure-code");
    run->send(RunFast{});
    run->find("code-1");
    run->ask(ExportKind::reportJson);
    ASSERT_TRUE(watch(*run, seen, [](const Seen& s) { return s.found && !s.exported.empty(); }));
    EXPECT_TRUE(seen.found->queue.empty());
    EXPECT_FALSE(seen.exported[0].error.empty());
}

} // namespace
} // namespace penstock::app

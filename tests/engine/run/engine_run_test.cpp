// SPDX-License-Identifier: Apache-2.0
// Goal: EngineRun needs no simulated world. Method: a world of a few lines owns one, built from a
// document, and everything that the engine promises is asked of it: every request answered once,
// knobs and pauses that act and are told, gates that close, crashes that lose nothing, each start
// and end of the engine told once, a report whose laws hold, and a fingerprint that is the same
// twice and another after a move.
#include "tests/engine/run/scripted_world.h"

#include <gmock/gmock.h>

namespace penstock::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

EngineDocument document(const std::string& semantics = "penstock") {
    const std::string text = "semantics: " + semantics + R"(
prometheus_url: "http://prometheus:9090"
prometheus_cache_ttl: 1s
transport:
  url: redis://redis:6379
  queues:
    - {queue_name: urgent, igw_base_url: "http://router", worker_pool_id: pool}
    - queue_name: batch
      igw_base_url: "http://router"
      worker_pool_id: pool
      gate_type: prometheus-saturation
      gate_params: {pool: pool, threshold: 0.8}
pools: [{id: pool, workers: 8}]
)";
    auto tree = Document::parse(text, "engine.yaml");
    if (!tree) {
        ADD_FAILURE() << tree.error().text();
        return {};
    }
    auto read = readEngine(*tree);
    if (!read) {
        ADD_FAILURE() << read.error().text();
        return {};
    }
    return *read;
}

std::string thresholdOf(ScriptedWorld& world) {
    for (const ParameterEntry& entry : world.engine().parameters().entries()) {
        if (entry.name == "threshold") return entry.path;
    }
    ADD_FAILURE() << "the document's gate has a threshold";
    return {};
}

// What was told of the engine itself, in order: Event::code of kind `engine`.
class EngineCodes final : public RecordSink {
  public:
    std::vector<int> codes;
    void event(const Event& event) override {
        if (event.kind == EventKind::engine) codes.push_back(event.code);
    }
    void ended(const End&) override {}
    void sample(Time, const Sample&) override {}
};

class EngineRuns : public ::testing::TestWithParam<const char*> {};

TEST_P(EngineRuns, AnswerEveryRequestOnce) {
    ScriptedWorld world(document(GetParam()));
    world.status = [](const Request& r) { return r.number % 5 == 0 && r.retries == 0 ? 503 : 200; };
    for (int i = 0; i < 50; ++i)
        world.push(1h, static_cast<std::size_t>(i % 2));
    world.run(10min);
    EXPECT_EQ(world.ends.size(), 50U);
    for (const auto& [number, count] : world.ends)
        EXPECT_EQ(count, 1) << number;
    EXPECT_EQ(world.results.size(), 50U);
    const auto report = world.report();
    ASSERT_TRUE(report.has_value()) << report.error().text();
    ASSERT_EQ(report->queues.size(), 2U);
    EXPECT_EQ(report->queues[0].name, "urgent");
    EXPECT_EQ(report->queues[1].enqueued, 25U);
    EXPECT_EQ(report->queues[1].succeeded, 25U);
}

TEST_P(EngineRuns, AreTheSameTwice) {
    const auto fingerprint = [this] {
        ScriptedWorld world(document(GetParam()));
        for (int i = 0; i < 40; ++i) {
            world.push(10min, static_cast<std::size_t>(i % 2));
            world.run(700ms);
            world.reading = (i % 10) / 10.0;
        }
        world.run(20min);
        return world.engine().recorder().fingerprint().text();
    };
    EXPECT_EQ(fingerprint(), fingerprint());
}

INSTANTIATE_TEST_SUITE_P(Presets, EngineRuns,
                         ::testing::Values("llm-d-async-0.9", "llm-d-async-0.10", "penstock"));

TEST(EngineRun, AMovedKnobActsAndIsTold) {
    ScriptedWorld world(document());
    world.reading = 0.5; // what is free, above 1 - threshold: open
    world.push(1h, 1);
    world.run(5s);
    EXPECT_EQ(world.results.size(), 1U);
    const std::string threshold = thresholdOf(world);
    const auto moved = world.engine().move(threshold, 0.3);
    ASSERT_TRUE(moved.has_value()) << moved.error().text();
    world.push(1h, 1);
    world.run(1min);
    EXPECT_EQ(world.results.size(), 1U);
    const QueueView view = world.engine().dispatcher().queueView(1);
    EXPECT_EQ(view.reason.code, ReasonCode::closedByThreshold);
    const auto chart = world.engine().recorder().charts(world.now());
    ASSERT_EQ(chart.marks.size(), 1U);
    EXPECT_THAT(chart.marks[0].text, HasSubstr(threshold + " = 0.3"));
    const auto wrong = world.engine().move("no.such.knob", 0.3);
    ASSERT_FALSE(wrong.has_value());
    EXPECT_THAT(wrong.error().text(), HasSubstr("no.such.knob"));
}

// Of a run in which nothing waits, so that the move itself is all that differs.
TEST(EngineRun, AMoveIsPartOfItsIdentity) {
    const auto fingerprint = [](double threshold) {
        ScriptedWorld world(document());
        world.run(10s);
        if (threshold > 0.0) {
            EXPECT_TRUE(world.engine().move(thresholdOf(world), threshold).has_value());
        }
        world.run(10s);
        return world.engine().recorder().fingerprint().text();
    };
    EXPECT_EQ(fingerprint(0.4), fingerprint(0.4));
    EXPECT_NE(fingerprint(0.4), fingerprint(0.5));
    EXPECT_NE(fingerprint(0.4), fingerprint(0.0));
}

// Started by its world, killed, started again, then drained with one request still at the router.
TEST(EngineRun, EachStartAndEndOfTheEngineIsToldOnce) {
    EngineCodes told; // from the second life on: the world has started the first
    ScriptedWorld world(document());
    world.engine().recorder().addSink(told);
    world.serviceTime = [](const Request&) { return 30s; };
    world.crashAndRestart();
    EXPECT_THAT(told.codes, ElementsAre(1, 0));
    world.push(1h, 0);
    world.run(10s);
    world.engine().stop(5s);
    world.engine().stop(5s); // it is stopping already
    EXPECT_FALSE(world.engine().stopped());
    world.run(10s);
    EXPECT_TRUE(world.engine().stopped());
    EXPECT_THAT(told.codes, ElementsAre(1, 0, 2, 3));
    EXPECT_TRUE(world.results.empty());
    EXPECT_EQ(world.broker().queue(0).depth().pending, 1); // given back, not lost
    world.broker().checkConservation();
    EXPECT_TRUE(world.report().has_value());
}

// Owners may let go of a run at any moment, with requests at the router and in hand.
TEST(EngineRun, EndsInMidFlight) {
    ScriptedWorld world(document());
    world.reading = 0.0; // the batch queue's gate is shut
    world.serviceTime = [](const Request&) { return 1h; };
    for (int i = 0; i < 40; ++i)
        world.push(2h, static_cast<std::size_t>(i % 2));
    world.run(1min);
    EXPECT_EQ(world.engine().dispatcher().poolView(0).busy, 8);
    EXPECT_TRUE(world.ends.empty());
}

TEST(EngineRun, APausedQueueTakesNothingNew) {
    ScriptedWorld world(document());
    world.reading = 1.0;
    ASSERT_TRUE(world.engine().pauseQueue("urgent", true).has_value());
    world.push(1h, 0);
    world.push(1h, 1);
    world.run(1min);
    EXPECT_EQ(world.results.size(), 1U);
    ASSERT_TRUE(world.engine().pauseQueue("urgent", false).has_value());
    world.run(1min);
    EXPECT_EQ(world.results.size(), 2U);
    EXPECT_FALSE(world.engine().pauseQueue("none", true).has_value());
}

TEST(EngineRun, ACrashLosesNothingUnderLeases) {
    ScriptedWorld world(document());
    world.serviceTime = [](const Request&) { return 7s; };
    for (int i = 0; i < 30; ++i)
        world.push(2h, 0);
    for (int i = 0; i < 3; ++i) {
        world.run(5s);
        world.crashAndRestart();
    }
    world.run(1h);
    EXPECT_EQ(world.ends.size(), 30U);
    EXPECT_EQ(world.results.size(), 30U);
    for (const auto& [number, count] : world.ends)
        EXPECT_EQ(count, 1) << number;
    for (const auto& [number, count] : world.results)
        EXPECT_EQ(count, 1) << number;
    world.broker().checkConservation();
    EXPECT_TRUE(world.report().has_value());
}

} // namespace
} // namespace penstock::testing

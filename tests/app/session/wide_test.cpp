// SPDX-License-Identifier: Apache-2.0
// Goal: three hundred queues and three hundred replicas are told apart, beyond what 8 bits hold.
// Method: a run in which only the last of each does anything or has anything done to it; every text
// about it, in events, marks, rows and the report, must name that one.
#include "app/session/stored/run_history.h"
#include "app/session/view/life.h"
#include "app/session/view/run_info.h"
#include "tests/app/session/session_support.h"
#include "tests/sim/world/scenario_support.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace penstock::app {
namespace {

using namespace test;
using testing::HasSubstr;

constexpr int kMany = 300;

std::string wide() {
    std::string text = R"(
scenario: {name: wide, about: "Three hundred of each.", lesson: "Each has its name.", seed: 1,
           horizon: 2m, warmup: 0s}
pool:
  replicas:
    - {count: 300, gpu: H100, model: Llama-3.1-8B, max_num_seqs: 4}
sources:
  - {name: backlog, to: "queue:q299", arrivals: {process: poisson, rate: 2}, prompt_tokens: 100,
     output_tokens: 20, deadline: 1h}
engine:
  semantics: penstock
  transport:
    queues:
)";
    for (int i = 0; i < kMany; ++i) {
        text += fmt::format("      - {{id: q{0}, queue_name: q{0}, worker_pool_id: default, "
                            "igw_base_url: http://router, gate_type: local-max-concurrency, "
                            "gate_params: {{limit: 3}}}}\n",
                            i);
    }
    return text + R"(
  pools: [{id: default, workers: 64}]
faults:
  - {kind: replica-slow, replica: 299, at: 30s, for: 20s, factor: 4}
)";
}

class EventsOf final : public RecordSink {
  public:
    void event(const Event& event) override { events.push_back(BriefEvent::of(event)); }
    void ended(const End&) override {}
    void sample(Time, const Sample&) override {}
    std::vector<BriefEvent> events;
};

TEST(Wide, theLastOfThreeHundredIsNamedEverywhere) {
    auto world = sim::test::makeText(wide());
    ASSERT_NE(world, nullptr);
    EventsOf told;
    world->recorder().addSink(told);
    const std::string knob = "engine.transport.queues[q299].gate_params.limit";
    std::string path;
    for (const ParameterEntry& entry : world->parameters().entries()) {
        if (entry.path.find("[q299]") != std::string::npos) path = entry.path;
    }
    ASSERT_THAT(path, HasSubstr("limit")) << knob;
    world->runUntil(world->start() + 10s);
    ASSERT_TRUE(world->move(path, 2.0).has_value());
    world->runUntil(world->start() + 60s);
    ASSERT_TRUE(world->pauseQueue("q299", true).has_value());
    world->runUntil(world->start() + 70s);
    ASSERT_TRUE(world->pauseQueue("q299", false).has_value());
    world->runUntil(world->end());

    const auto charts = world->recorder().charts(world->now());
    std::vector<std::string> marks;
    for (const auto& mark : charts.marks)
        marks.push_back(mark.text);
    EXPECT_THAT(marks, testing::ElementsAre(HasSubstr(path + " = 2"), HasSubstr("on replica 299"),
                                            HasSubstr("on replica 299"), "queue q299 paused",
                                            "queue q299 taken up again"));

    auto described = describe(world->scenario());
    ASSERT_TRUE(described.has_value());
    Names names;
    names.queues = described->info.queues;
    names.pools = described->info.pools;
    names.sources = described->info.sources;
    names.interactive = {false};
    for (const ParameterEntry& entry : world->parameters().entries())
        names.parameters.push_back(entry.path);
    int requests = 0, moves = 0, pauses = 0;
    for (const BriefEvent& event : told.events) {
        const EventRow row = rowOf(event, 0, names);
        if (event.kind == penstock::EventKind::sent ||
            event.kind == penstock::EventKind::finished) {
            ++requests;
            EXPECT_EQ(row.owner, "q299");
        } else if (event.kind == penstock::EventKind::parameter && event.code == 0) {
            ++moves;
            EXPECT_THAT(row.text, HasSubstr(path));
        } else if (event.kind == penstock::EventKind::parameter) {
            ++pauses;
            EXPECT_EQ(row.owner, "q299");
        }
    }
    EXPECT_GT(requests, 100);
    EXPECT_EQ(moves, 1);
    EXPECT_EQ(pauses, 2);

    const auto report = world->report(1.0);
    ASSERT_TRUE(report.has_value()) << report.error().text();
    ASSERT_EQ(report->queues.size(), 300U);
    for (const QueueReport& queue : report->queues)
        EXPECT_EQ(queue.attempts > 0, queue.name == "q299") << queue.name;
    EXPECT_EQ(described->info.replicas.size(), 300U);
    EXPECT_THAT(described->info.replicas.back(), HasSubstr("299"));
}

// What a window is told of that run, while it goes on and out of the store.
void expectTheLastAlone(const RunInfo& info, const Seen& seen) {
    constexpr std::size_t kLast = kMany - 1;
    ASSERT_EQ(info.queues.size(), kLast + 1);
    ASSERT_EQ(info.gates.size(), kLast + 1);
    EXPECT_EQ(info.queues[kLast], "q299");
    EXPECT_EQ(info.gates[kLast].owner, "queue q299");
    ASSERT_FALSE(seen.gauges.empty());
    float deepest = 0, others = 0;
    for (const GaugeSample& g : seen.gauges) {
        ASSERT_EQ(g.queues.size(), kLast + 1);
        for (std::size_t i = 0; i < kLast; ++i)
            others = std::max(others, g.queues[i].depth);
        deepest = std::max(deepest, g.queues[kLast].depth);
    }
    EXPECT_GT(deepest, 0);
    EXPECT_EQ(others, 0);
    int closed = 0;
    for (const GateTurn& turn : seen.turns) {
        if (turn.reason.empty()) continue;
        ++closed;
        EXPECT_EQ(turn.gate, kLast);
    }
    EXPECT_GT(closed, 0);
    ASSERT_FALSE(seen.requests.empty());
    for (const RequestRow& request : seen.requests)
        EXPECT_EQ(request.queue, "q299") << request.id;
    for (const EventRow& event : seen.events) {
        if (!event.request.empty()) {
            EXPECT_EQ(event.owner, "q299") << event.text;
        }
    }
    std::vector<std::string> marks;
    for (const MarkNote& mark : seen.marks)
        marks.push_back(mark.text);
    EXPECT_THAT(marks, testing::ElementsAre(HasSubstr("q299"), HasSubstr("on replica 299"),
                                            HasSubstr("on replica 299")));
    ASSERT_EQ(seen.last.gates.size(), kLast + 1);
    EXPECT_EQ(seen.last.gates[kLast].owner, "queue q299");
    EXPECT_THAT(seen.last.gates[kLast].parameterPath, HasSubstr("queues[q299]"));
    ASSERT_EQ(seen.last.queues.size(), kLast + 1);
    EXPECT_EQ(seen.last.queues[kLast].id, "q299");
}

TEST(Wide, framesNameTheLastWhileItRunsAndOutOfTheStore) {
    const std::string store = freshStore("session-wide.db");
    auto scenario = sim::parseScenario(wide(), "wide.yaml", options());
    ASSERT_TRUE(scenario.has_value()) << scenario.error().text();
    auto run = begin(std::move(*scenario), store);
    std::string path;
    for (const ParameterRow& row : run->info().parameters) {
        if (row.path.find("[q299]") != std::string::npos && row.name == "limit") path = row.path;
    }
    ASSERT_FALSE(path.empty());
    Seen live;
    const Time moved = run->info().start + 10s;
    run->send(RunUntil{moved, {}});
    ASSERT_TRUE(watch(*run, live, [&](const Seen& s) {
        return s.last.head == moved && s.last.status == RunStatus::paused;
    }));
    run->send(SetParameter{path, 1}); // from now on its gate closes time and again
    run->send(RunFast{});
    ASSERT_TRUE(watch(*run, live, over));
    EXPECT_TRUE(live.errors.empty()) << live.errors.front();
    expectTheLastAlone(run->info(), live);

    auto opened = RunHistory(store).open(live.last.storedAs);
    ASSERT_TRUE(opened.has_value()) << opened.error().text();
    Seen stored;
    ASSERT_TRUE(watch(**opened, stored, [](const Seen& seen) {
        return seen.last.progress >= 1 && !seen.last.gates.empty();
    }));
    expectTheLastAlone((*opened)->info(), stored);
}

} // namespace
} // namespace penstock::app

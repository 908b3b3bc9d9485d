// SPDX-License-Identifier: Apache-2.0
// Goal: the recorder's report is a faithful fold of the events it was given. Method: short scripted
// lives of requests whose totals can be told by hand, and the promised keys read back from JSON.
#include "engine/record/recorder/recorder.h"
#include "engine/record/report/expectation.h"
#include "tests/engine/record/allocations.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

namespace penstock {
namespace {

using namespace std::chrono_literals;

class RecorderTest : public testing::Test {
  protected:
    static RecorderSetup setup() {
        RecorderSetup s;
        s.workerPools = {{"default"}};
        s.queues = {{"batch", 0}, {"bulk", 0}};
        s.sources = {{"chat", true}, {"jobs", false}};
        s.gates = {{true, 0, "prometheus-saturation", true}};
        s.replicas = 2;
        s.warmup = 100s;
        return s;
    }

    Event event(EventKind kind, std::uint64_t request, Duration at, std::uint16_t queue = 0) {
        Event e;
        e.kind = kind;
        e.request = request;
        e.at = Time{at};
        e.queue = queue;
        e.pool = 0;
        return e;
    }
    Event last; // what end() is about
    void tell(EventKind kind, std::uint64_t request, Duration at, std::uint16_t queue = 0) {
        last = event(kind, request, at, queue);
        recorder.observe(last);
    }
    void send(std::uint64_t request, Duration at, Duration age, std::uint32_t attempt = 0) {
        Event e = event(EventKind::sent, request, at);
        e.age = age;
        e.attempt = attempt;
        recorder.observe(e);
    }
    void respond(std::uint64_t request, Duration at, int status, DroppedReason why = {}) {
        Event e = event(EventKind::response, request, at);
        e.status = status;
        e.code = static_cast<std::uint8_t>(why);
        recorder.observe(e);
    }
    void finish(std::uint64_t request, Duration at, Duration enqueued, Duration deadline,
                ResultCode code = ResultCode::http, int status = 200,
                ServiceTiming timing = {.promptTokens = 100, .outputTokens = 10}) {
        Event e = event(EventKind::finished, request, at);
        e.code = static_cast<std::uint8_t>(code);
        e.status = status;
        last = e;
        recorder.observe(last);
        end(request, enqueued, deadline, timing);
    }
    void end(std::uint64_t request, Duration enqueued, Duration deadline, ServiceTiming timing) {
        Request r;
        r.number = request;
        r.enqueued = Time{enqueued};
        r.deadline = Time{deadline};
        recorder.ended({r, last, timing});
    }
    RunFacts facts(Duration end) {
        RunFacts f;
        f.scenario = "scripted";
        f.semantics = "penstock";
        f.end = Time{end};
        f.queues.resize(2);
        return f;
    }

    Recorder recorder{setup()};
};

TEST_F(RecorderTest, aRequestsWholeLifeIsCounted) {
    tell(EventKind::enqueued, 1, 200s);
    tell(EventKind::claimed, 1, 201s);
    send(1, 202s, 2s);
    respond(1, 203s, 429, DroppedReason::rejectedSaturated);
    tell(EventKind::retry, 1, 203s);
    tell(EventKind::claimed, 1, 206s);
    send(1, 207s, 7s, 1);
    respond(1, 210s, 200);
    finish(1, 210s, 200s, 260s);
    const auto report = recorder.finish(facts(300s));
    ASSERT_TRUE(report) << report.error().text();
    const QueueReport& q = report->queues[0];
    EXPECT_EQ(q.enqueued, 1u);
    EXPECT_EQ(q.claimed, 2u);
    EXPECT_EQ(q.attempts, 2u);
    EXPECT_EQ(q.retries, 1u);
    EXPECT_EQ(q.shed, 1u);
    EXPECT_EQ(q.shedBy[static_cast<std::size_t>(DroppedReason::rejectedSaturated)], 1u);
    EXPECT_EQ(q.succeeded, 1u);
    EXPECT_DOUBLE_EQ(q.waitMs.mean, 2000);
    EXPECT_DOUBLE_EQ(q.e2eMs.mean, 10'000);
    EXPECT_DOUBLE_EQ(report->retryAmplification, 2.0);
    EXPECT_EQ(q.slack.met, 1u);
    EXPECT_NEAR(q.slack.p50, 50, 0.3);
    EXPECT_DOUBLE_EQ(q.littleLambdaW, 10.0 / 300);
}

TEST_F(RecorderTest, everyWayToEndHasItsCounter) {
    const std::vector<std::pair<ResultCode, int>> ends = {
        {ResultCode::http, 200},           {ResultCode::http, 404},
        {ResultCode::deadlineExceeded, 0}, {ResultCode::cancelled, 0},
        {ResultCode::gateDropped, 429},    {ResultCode::deliveryAttemptsExceeded, 0},
        {ResultCode::inferenceError, 0}};
    std::uint64_t number = 0;
    for (const auto& [code, status] : ends) {
        tell(EventKind::enqueued, ++number, 110s);
        finish(number, 120s, 110s, 500s, code, status, {});
    }
    // llm-d-async 0.9: expired and dropped in silence; then one lost for another reason.
    tell(EventKind::enqueued, ++number, 110s);
    tell(EventKind::expired, number, 130s);
    tell(EventKind::lost, number, 130s);
    end(number, 110s, 125s, {});
    tell(EventKind::enqueued, ++number, 110s);
    tell(EventKind::lost, number, 131s);
    end(number, 110s, 500s, {});
    const auto report = recorder.finish(facts(300s));
    ASSERT_TRUE(report) << report.error().text();
    const QueueReport& q = report->queues[0];
    EXPECT_EQ(q.succeeded, 1u);
    EXPECT_EQ(q.failed, 2u);
    EXPECT_EQ(q.deadlineExceeded, 2u);
    EXPECT_EQ(q.cancelled, 1u);
    EXPECT_EQ(q.dropped, 1u);
    EXPECT_EQ(q.dead, 1u);
    EXPECT_EQ(q.lost, 1u);
    EXPECT_EQ(q.withoutResult, 2u);
    EXPECT_EQ(q.ended, 9u);
    EXPECT_EQ(q.slack.missed, 1u);
}

TEST_F(RecorderTest, aLostOrDoubledRequestBreaksConservation) {
    tell(EventKind::enqueued, 1, 110s);
    tell(EventKind::enqueued, 2, 110s);
    auto f = facts(300s);
    f.queues[0].pending = 1;
    const auto report = recorder.finish(f);
    ASSERT_FALSE(report);
    EXPECT_NE(report.error().message.find("queue batch: 2 enqueued"), std::string::npos);
    f.queues[0].claimed = 1;
    f.queues[0].inFlight = 1;
    EXPECT_TRUE(recorder.finish(f));
}

TEST_F(RecorderTest, beforeWarmupCountersCountAndPercentilesDoNot) {
    tell(EventKind::enqueued, 1, 10s);
    send(1, 20s, 10s);
    respond(1, 90s, 200);
    finish(1, 90s, 10s, 500s);
    recorder.arrived(Time{97s}, 0, 1, 100, 10);
    recorder.completed({.at = Time{99s}, .source = 0, .status = 200, .ttft = 1s, .e2e = 2s});
    const auto report = recorder.finish(facts(300s));
    ASSERT_TRUE(report);
    EXPECT_EQ(report->queues[0].succeeded, 1u);
    EXPECT_EQ(report->queues[0].waitMs.count, 0u);
    EXPECT_EQ(report->queues[0].e2eMs.count, 0u);
    EXPECT_EQ(report->sources[0].completed, 1u);
    EXPECT_EQ(report->sources[0].ttftMs.count, 0u);
}

TEST_F(RecorderTest, promisedKeysAreThere) {
    recorder.arrived(Time{150s}, 0, 1, 100, 10);
    recorder.completed({.at = Time{152s},
                        .source = 0,
                        .status = 200,
                        .ttft = 1s,
                        .tpot = 7ms,
                        .e2e = 2s,
                        .promptTokens = 100,
                        .outputTokens = 10});
    auto f = facts(300s);
    f.wallSeconds = 2;
    f.limiter = {{"gate", 0.6}};
    f.advice = {{"code", "warning", "file", "finding", "remedy"}};
    f.expectations = {"sources.chat.completed == 1", "pool.busy_share > 2"};
    const auto report = recorder.finish(f);
    ASSERT_TRUE(report);
    const Json json = toJson(*report);
    const auto has = [&](const std::string& base, const std::vector<std::string>& keys) {
        for (const auto& key : keys) {
            const auto path = base.empty() ? key : base + "." + key;
            EXPECT_TRUE(lookUp(json, path)) << path;
        }
    };
    has("", {"schema", "scenario", "seed", "fingerprint", "engine_semantics", "virtual_seconds",
             "wall_seconds", "simulated_requests_per_second", "sources", "queues", "gates", "pool",
             "retry_amplification", "limiter", "advice", "expectations"});
    const std::vector<std::string> six = {"mean", "p50", "p90", "p95", "p99", "max"};
    has("sources.chat", {"arrivals", "completed", "failed"});
    for (const char* d : {"ttft_ms", "tpot_ms", "e2e_ms"})
        has(std::string("sources.chat.") + d, six);
    has("queues.batch",
        {"enqueued", "claimed", "attempts", "succeeded", "failed", "retries", "shed",
         "deadline_exceeded", "cancelled", "dropped", "dead", "depth.mean", "depth.max"});
    for (const char* d : {"wait_ms", "e2e_ms"})
        has(std::string("queues.batch.") + d, six);
    has("gates.pool:default",
        {"type", "closed_share", "budget.mean", "budget.p50", "verdict", "overshoot.max",
         "overshoot.integral", "decisions.gate_closed", "decisions.quota_exhausted",
         "decisions.dropped", "decisions.error", "source_available_share", "information_age_s.mean",
         "information_age_s.max"});
    has("pool",
        {"saturation.mean", "saturation.p99", "saturation.max", "busy_share", "kv_used.mean",
         "kv_used.max", "running.mean", "running.max", "waiting.mean", "waiting.max", "preemptions",
         "prompt_tokens", "generated_tokens", "tokens_per_second"});
    EXPECT_EQ(json["schema"], "penstock.report/1");
    EXPECT_TRUE(json["expectations"][0]["pass"]);
    EXPECT_FALSE(json["expectations"][1]["pass"]);
    EXPECT_DOUBLE_EQ(json["sources"]["chat"]["tpot_ms"]["mean"], 7.0);
    EXPECT_FALSE(toText(*report).empty());
}

TEST_F(RecorderTest, gateDecisionsGoToTheirOwner) {
    Event read = event(EventKind::gateRead, 0, 110s, kNoIndex);
    read.value = 0.9;
    read.threshold = 0.8;
    read.code = static_cast<std::uint8_t>(ReasonCode::closedByThreshold);
    recorder.observe(read);
    Event refused = event(EventKind::refused, 3, 111s);
    refused.detail = static_cast<std::uint8_t>(GateSide::poolGate);
    refused.code = static_cast<std::uint8_t>(ReasonCode::closedByThreshold);
    recorder.observe(refused);
    Event quota = refused;
    quota.code = static_cast<std::uint8_t>(ReasonCode::quotaExhausted);
    recorder.observe(quota);
    Event slot = event(EventKind::waiting, 3, 112s); // the lack of a slot is no gate's decision
    recorder.observe(slot);
    const auto report = recorder.finish(facts(200s));
    ASSERT_TRUE(report);
    EXPECT_EQ(report->gates[0].gateClosed, 1u);
    EXPECT_EQ(report->gates[0].quotaExhausted, 1u);
    EXPECT_EQ(report->gates[0].waiting, 0u);
    EXPECT_NEAR(report->gates[0].stats.closedShare, 0.9, 1e-9);
}

// A gauge is integrated over time: looks that are far apart, close together or missing at the end
// weigh by the time between them.
TEST_F(RecorderTest, gaugesAreIntegratedOverTime) {
    const std::vector<QueueSample> queues(2);
    const std::vector<WorkerPoolSample> pools = {{64, 3, 0}};
    const std::vector<GateSample> gates(1);
    FleetSample fleet;
    const auto look = [&](Duration at, double busy, std::int64_t running) {
        fleet.busyShare = busy;
        fleet.running = running;
        recorder.sample(Time{at}, {queues, pools, gates, fleet, {}});
    };
    look(0s, 0.0, 0);
    look(100s, 1.0, 10); // the warm-up ends
    look(101s, 1.0, 10);
    look(102s, 1.0, 10);
    look(110s, 0.25, 30);
    RunFacts f = facts(150s);
    f.fleet.busyShare = 0.75; // from 110 s on
    f.fleet.running = 30;
    const auto report = recorder.finish(f);
    ASSERT_TRUE(report) << report.error().text();
    EXPECT_NEAR(report->pool.busyShare, (2 * 1.0 + 8 * 0.25 + 40 * 0.75) / 50, 1e-12);
    EXPECT_NEAR(report->pool.runningMean, (2 * 10.0 + 8 * 20.0 + 40 * 30.0) / 50, 1e-12);
}

TEST_F(RecorderTest, whatWasNotMeasuredIsNull) {
    const Json json = toJson(recorder.report(facts(50s))); // it ends within the warm-up
    for (const char* path :
         {"sources.chat.ttft_ms.p99", "sources.chat.e2e_ms.mean", "queues.batch.wait_ms.max",
          "queues.batch.depth.mean", "queues.batch.deadline_slack_s.min", "pool.saturation.mean",
          "pool.busy_share", "pool.kv_used.max", "pool.running.max", "retry_amplification",
          "wasted_share", "fairness.jain_served", "fairness.jain_wait",
          "gates.pool:default.closed_share", "gates.pool:default.budget.p50",
          "gates.pool:default.information_age_s.max", "gates.pool:default.overshoot.max"}) {
        const auto value = lookUp(json, path);
        ASSERT_TRUE(value) << path;
        EXPECT_TRUE(value->is_null()) << path << " is " << *value;
    }
    EXPECT_EQ(lookUp(json, "sources.chat.completed")->get<int>(), 0); // counted, and none
    EXPECT_EQ(toText(recorder.report(facts(50s))).find("nan"), std::string::npos);
}

TEST_F(RecorderTest, littlesLawIsHeldTo) {
    tell(EventKind::enqueued, 1, 200s);
    tell(EventKind::claimed, 1, 201s);
    send(1, 202s, 2s);
    respond(1, 210s, 200);
    finish(1, 210s, 200s, 260s);
    RunFacts f = facts(300s);
    f.inSystemSeconds = {10.0, 0.0};
    EXPECT_TRUE(recorder.finish(f));
    f.inSystemSeconds = {13.0, 0.0};
    const auto broken = recorder.finish(f);
    ASSERT_FALSE(broken);
    EXPECT_NE(broken.error().message.find("queue batch"), std::string::npos);
    EXPECT_NE(broken.error().message.find("Little's law"), std::string::npos);
}

TEST_F(RecorderTest, secondsAreExact) {
    const Json json = toJson(recorder.report(facts(60s)));
    EXPECT_TRUE(evaluate(json, "virtual_seconds == 60").pass);
}

// A drop with a status is a drop of the gate that decided it, not a failure of the router's.
TEST_F(RecorderTest, aGatesDropWithAStatusIsADrop) {
    Event dropped = event(EventKind::finished, 3, 111s);
    dropped.code = static_cast<std::uint8_t>(ResultCode::http);
    dropped.status = 429;
    dropped.detail = static_cast<std::uint8_t>(GateSide::poolGate);
    recorder.observe(dropped);
    Event answered = dropped;
    answered.detail = static_cast<std::uint8_t>(GateSide::none);
    recorder.observe(answered);
    const Report report = recorder.report(facts(200s));
    EXPECT_EQ(report.gates[0].dropped, 1u);
    EXPECT_EQ(report.queues[0].dropped, 1u);
    EXPECT_EQ(report.queues[0].failed, 1u);
}

TEST_F(RecorderTest, samplesBecomeGaugesAndCurves) {
    for (int i = 0; i <= 300; ++i) {
        std::vector<QueueSample> queues(2);
        queues[0].pending = i < 200 ? 10 : 20;
        const std::vector<WorkerPoolSample> pools = {{64, 3, 0}};
        const std::vector<GateSample> gates(1);
        FleetSample fleet;
        fleet.saturation = 0.5;
        fleet.running = i;
        const std::vector<float> busy = {0.25f, 0.75f};
        recorder.sample(Time{i * 1s}, {queues, pools, gates, fleet, busy});
    }
    auto f = facts(301s);
    f.queues[0].pending = 0;
    f.fleet.saturation = 0.5;
    const auto report = recorder.finish(f);
    ASSERT_TRUE(report);
    // 10 from 100 s to 199 s, 20 from 200 s to 300 s, straight lines to the next look between.
    EXPECT_NEAR(report->queues[0].depthMean, (99 * 10.0 + 15.0 + 100 * 20.0 + 10.0) / 201, 1e-9);
    EXPECT_DOUBLE_EQ(report->queues[0].depthMax, 20);
    EXPECT_NEAR(report->pool.saturationMean, 0.5, 1e-6);
    EXPECT_DOUBLE_EQ(report->pool.runningMax, 300);
    const ChartData charts = recorder.charts(Time{301s});
    EXPECT_EQ(charts.queueDepth.size(), 2u);
    EXPECT_FLOAT_EQ(charts.queueDepth[0].mean[0], 10.0f);
    EXPECT_EQ(charts.heat.rows, 2);
    EXPECT_FLOAT_EQ(charts.heat.share[0], 0.25f);
}

TEST_F(RecorderTest, tenantsAreComparedFairly) {
    std::vector<Envelope> envelopes(2);
    envelopes[0].metadata = {{"userid", "a"}};
    envelopes[1].metadata = {{"userid", "b"}};
    std::uint64_t number = 0;
    for (int i = 0; i < 4; ++i) {
        tell(EventKind::enqueued, ++number, 110s);
        Event e = event(EventKind::finished, number, 120s);
        e.status = 200;
        recorder.observe(e);
        Request r;
        r.number = number;
        r.envelope = &envelopes[i == 3 ? 1 : 0];
        r.enqueued = Time{110s};
        r.deadline = kNever;
        recorder.ended({r, e, ServiceTiming{}});
    }
    const auto report = recorder.finish(facts(200s));
    ASSERT_TRUE(report);
    EXPECT_EQ(report->fairness.tenants, 2u);
    EXPECT_NEAR(report->fairness.jainServed, 16.0 / (2 * 10), 1e-12); // (3+1)^2 / (2 (9+1))
    EXPECT_DOUBLE_EQ(report->fairness.jainSatisfied, 1.0);
}

TEST_F(RecorderTest, trafficsOwnHashDoesNotHearTheEngine) {
    Recorder other(setup());
    for (Recorder* r : {&recorder, &other})
        r->arrived(Time{1s}, 0, 1, 100, 10);
    tell(EventKind::enqueued, 2, 2s);
    auto f = facts(10s);
    EXPECT_EQ(recorder.report(f).trafficFingerprint, other.report(f).trafficFingerprint);
    EXPECT_NE(recorder.report(f).fingerprint, other.report(f).fingerprint);
}

TEST_F(RecorderTest, noEventAllocatesInTheSteadyState) {
    const auto live = [this](std::uint64_t n) {
        const Duration t = n * 10ms;
        tell(EventKind::enqueued, n, t);
        tell(EventKind::claimed, n, t);
        send(n, t, 0s);
        respond(n, t, 200);
        finish(n, t, t, t + 60s);
        Event read = event(EventKind::gateRead, 0, t, kNoIndex);
        read.budget = n % 2 == 0 ? 0.0 : 0.5;
        recorder.observe(read);
        recorder.arrived(Time{t}, 0, n, 100, 10);
        recorder.completed({.at = Time{t}, .source = 0, .status = 200, .ttft = 1ms, .e2e = 2ms});
    };
    for (std::uint64_t n = 1; n < 5000; ++n)
        live(n);
    const std::size_t before = allocations();
    for (std::uint64_t n = 5000; n < 200'000; ++n)
        live(n);
    EXPECT_EQ(allocations() - before, 0u);
    EXPECT_LT(recorder.bytes(), 4u << 20);
}

} // namespace
} // namespace penstock

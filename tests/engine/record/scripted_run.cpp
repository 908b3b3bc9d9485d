// SPDX-License-Identifier: Apache-2.0
#include "tests/engine/record/scripted_run.h"

#include <algorithm>
#include <cmath>
#include <deque>

namespace penstock {

using namespace std::chrono_literals;

namespace {
// A cheap source of numbers in [0, 1) that is the same everywhere.
class Noise {
  public:
    double next() {
        state_ = state_ * 6364136223846793005ull + 1442695040888963407ull;
        return static_cast<double>(state_ >> 11) * 0x1p-53;
    }

  private:
    std::uint64_t state_ = 7;
};
} // namespace

ScriptedRun scriptedRun(int seconds, int replicas) {
    ScriptedRun run;
    run.setup.workerPools = {{"default"}};
    run.setup.queues = {{"batch", 0}};
    run.setup.sources = {{"code", true}, {"backlog", false}};
    run.setup.gates = {{true, 0, "prometheus-saturation", true}};
    run.setup.replicas = replicas;
    run.setup.warmup = 60s;
    run.setup.window = 10s;
    run.setup.parameterNames = {"pools.default.gate.threshold"};
    run.facts.scenario = "code-onoff";
    run.facts.about = "Interactive code completion in bursts, and a backlog of batch work that may "
                      "use what the bursts leave over.";
    run.facts.lesson = "A gate that reads the load every fifteen seconds is always wrong about "
                       "bursts of twenty: it opens into them and stays shut in the silence.";
    run.facts.semantics = "penstock";
    run.facts.seed = 42;
    run.facts.end = Time{seconds * 1s};
    run.facts.wallSeconds = 1.25;
    run.facts.queues.resize(1);
    run.facts.limiter = {{"deadline_order", .31}, {"poll_tick", .02},    {"gate", .38},
                         {"worker_slot", .11},    {"router_queue", .01}, {"replica_queue", .04},
                         {"prefill", .03},        {"decode", .08},       {"retry_backoff", .02}};
    run.facts.advice = {{"information-older-than-bursts", "warning", "engine.pools[0].gate_params",
                         "scrape 15 s + cache 5 s + poll 0.05 s is up to 20 s; bursts last 23 s.",
                         "Lower prometheus-cache-ttl to 1s, or use the headroom gate."}};
    run.facts.expectations = {"sources.code.ttft_ms.p99 <= 2500", "queues.batch.dead == 0",
                              "gates.pool:default.closed_share > 0.9"};
    return run;
}

void play(const ScriptedRun& run, Recorder& recorder, int upTo) {
    Noise noise;
    std::uint64_t number = 0;
    struct Open {
        std::uint64_t number;
        Time enqueued;
    };
    std::deque<Open> pending, inFlight;
    std::deque<double> past(15, 0.2);
    double budget = 1;
    std::uint64_t tokens = 0;
    for (int second = 0; second < upTo; ++second) {
        const Time now{second * 1s};
        const bool on = second % 76 < 23;
        const auto tell = [&](EventKind kind, std::uint64_t request, Time at) {
            Event e;
            e.kind = kind;
            e.at = at;
            e.request = request;
            e.queue = 0;
            e.pool = 0;
            recorder.observe(e);
        };
        const double load =
            std::min(2.2, (on ? 0.75 : 0.1) + 0.02 * static_cast<double>(inFlight.size()) +
                              0.1 * noise.next());
        past.push_back(load);
        past.pop_front();
        for (int i = 0; i < (second == 0 ? 400 : second % 3); ++i) {
            pending.push_back({++number, now});
            tell(EventKind::enqueued, number, now);
            recorder.arrived(now, 1, number, 500, 400);
        }
        if (second == upTo / 2) {
            Event e;
            e.kind = EventKind::parameter;
            e.at = now;
            e.value = 0.7;
            recorder.observe(e);
        }
        const double threshold = second < upTo / 2 ? 0.8 : 0.7;
        const double read = second % 15 == 0 ? past.front() : -1;
        if (read >= 0) {
            budget = read >= threshold ? 0.0 : 1.0 - read / threshold;
            Event e;
            e.kind = EventKind::gateRead;
            e.at = now;
            e.queue = kNoIndex;
            e.pool = 0;
            e.value = read;
            e.threshold = threshold;
            e.budget = budget;
            e.age = 15s;
            e.code = static_cast<std::uint8_t>(budget > 0 ? ReasonCode::open
                                                          : ReasonCode::closedByThreshold);
            recorder.observe(e);
        }
        const auto capacity = static_cast<std::size_t>(64 * budget);
        for (int i = 0; i < 6 && inFlight.size() < capacity && !pending.empty(); ++i) {
            const Open open = pending.front();
            pending.pop_front();
            tell(EventKind::claimed, open.number, now);
            Event e;
            e.kind = EventKind::sent;
            e.at = now + 1ms;
            e.request = open.number;
            e.queue = 0;
            e.pool = 0;
            e.age = e.at - open.enqueued;
            recorder.observe(e);
            inFlight.push_back(open);
        }
        for (int i = 0; i < 3 && !inFlight.empty() && noise.next() < 0.6; ++i) {
            const Open open = inFlight.front();
            inFlight.pop_front();
            const Time at = now + 500ms;
            Event e;
            e.at = at;
            e.request = open.number;
            e.queue = 0;
            e.pool = 0;
            e.kind = EventKind::response;
            e.status = load > 1.4 && noise.next() < 0.4 ? 429 : 200;
            recorder.observe(e);
            if (e.status == 429) {
                e.kind = EventKind::retry;
                recorder.observe(e);
                pending.push_front(open);
                continue;
            }
            const bool late = at - open.enqueued > 900s;
            e.kind = EventKind::finished;
            e.status = late ? 0 : 200;
            e.code =
                static_cast<std::uint8_t>(late ? ResultCode::deadlineExceeded : ResultCode::http);
            recorder.observe(e);
            Request r;
            r.number = open.number;
            r.enqueued = open.enqueued;
            r.deadline = open.enqueued + 900s;
            const ServiceTiming timing{.promptTokens = 500, .outputTokens = 400};
            recorder.ended({r, e, timing});
            recorder.completed({.at = at,
                                .request = open.number,
                                .source = 1,
                                .status = late ? 0 : 200,
                                .ttft = 400ms,
                                .tpot = 12ms,
                                .e2e = at - open.enqueued,
                                .promptTokens = 500,
                                .outputTokens = 400});
            tokens += 400;
        }
        for (int i = 0; i < (on ? 8 : 0); ++i) {
            recorder.arrived(now + 600ms, 0, ++number, 2048, 30);
            const Duration ttft =
                fromSeconds(0.05 * (1 + 3 * std::max(0.0, load - 0.5)) / (0.05 + noise.next()));
            recorder.completed({.at = now + 700ms,
                                .request = number,
                                .source = 0,
                                .status = 200,
                                .ttft = ttft,
                                .tpot = 9ms,
                                .e2e = std::min(ttft + 270ms, Duration{now.time_since_epoch()}),
                                .promptTokens = 2048,
                                .outputTokens = 30});
            tokens += 30;
        }
        std::vector<QueueSample> queues(1);
        queues[0].pending = static_cast<std::int64_t>(pending.size());
        queues[0].claimed = queues[0].inFlight = static_cast<std::int64_t>(inFlight.size());
        const std::vector<WorkerPoolSample> pools = {
            {64, static_cast<std::int32_t>(inFlight.size()), 0}};
        std::vector<GateSample> gates(1);
        gates[0].reason = {.value = past.front(),
                           .threshold = threshold,
                           .age = (second % 15) * 1s + 15s,
                           .source = {}};
        gates[0].budget = budget;
        gates[0].trueKnown = true;
        gates[0].trueValue = load;
        gates[0].inFlight = static_cast<std::int64_t>(inFlight.size());
        FleetSample fleet;
        fleet.saturation = load;
        fleet.busyShare = std::min(1.0, load);
        fleet.kvUsed = std::min(1.0, 0.7 * load);
        fleet.running = static_cast<std::int64_t>(40 * load);
        fleet.waiting = load > 1 ? static_cast<std::int64_t>(30 * (load - 1)) : 0;
        std::vector<float> busy;
        for (int i = 0; i < run.setup.replicas; ++i) {
            busy.push_back(
                static_cast<float>(std::clamp(load * (0.6 + 0.8 * noise.next()), 0., 1.)));
        }
        recorder.sample(now + 999ms, {queues, pools, gates, fleet, busy});
    }
    (void)tokens;
}

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
// What recording costs: a request's whole life as events, a histogram record, a fingerprint step.
// The whole simulator has some 3 µs a request; recording may take a twentieth of it.
#include "engine/record/recorder/recorder.h"

#include <benchmark/benchmark.h>

#include <vector>

namespace penstock {
namespace {

RecorderSetup setupOf(int queues) {
    RecorderSetup setup;
    setup.workerPools = {{"default"}};
    setup.sources = {{"chat", true}, {"bulk", false}};
    for (int i = 0; i < queues; ++i)
        setup.queues.push_back({"queue-" + std::to_string(i), 0});
    setup.gates = {{true, 0, "prometheus-saturation", true}};
    setup.replicas = 64;
    return setup;
}

void histogramRecord(benchmark::State& state) {
    Histogram histogram;
    std::uint64_t x = 88172645463325252ull;
    for (auto _ : state) {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        histogram.record(static_cast<std::int64_t>(x >> 30));
    }
    benchmark::DoNotOptimize(histogram.count());
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(histogramRecord);

void fingerprintAdd(benchmark::State& state) {
    Fingerprint fingerprint;
    Event event;
    for (auto _ : state) {
        event.at += Duration{1000};
        ++event.request;
        fingerprint.add(event);
    }
    benchmark::DoNotOptimize(fingerprint.value());
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(fingerprintAdd);

// enqueued, claimed, sent, response, finished and the end of a request; an arrival and a completion
// of an interactive one. Eight calls an iteration.
void recordLives(benchmark::State& state) {
    Recorder recorder(setupOf(static_cast<int>(state.range(0))));
    const auto queues = static_cast<std::uint16_t>(state.range(0));
    Envelope envelope;
    envelope.shared = true;
    envelope.metadata = {{"userid", "tenant-1"}};
    Time now{};
    std::uint64_t number = 0;
    for (auto _ : state) {
        now += std::chrono::microseconds{100};
        Event e;
        e.request = ++number;
        e.queue = static_cast<std::uint16_t>(number % queues);
        e.pool = 0;
        const auto tell = [&](EventKind kind, int micros) {
            e.kind = kind;
            e.at = now + std::chrono::microseconds{micros};
            recorder.observe(e);
        };
        tell(EventKind::enqueued, 0);
        tell(EventKind::claimed, 10);
        e.age = std::chrono::microseconds{20};
        tell(EventKind::sent, 20);
        e.status = 200;
        tell(EventKind::response, 50);
        tell(EventKind::finished, 50);
        Request request;
        request.number = number;
        request.queue = e.queue;
        request.envelope = &envelope;
        request.enqueued = now;
        request.deadline = now + std::chrono::seconds{60};
        recorder.ended(request, {.promptTokens = 256, .outputTokens = 128});
        recorder.arrived(now + std::chrono::microseconds{60}, 0, number, 256, 128);
        recorder.completed({.at = now + std::chrono::microseconds{70},
                            .request = number,
                            .status = 200,
                            .ttft = std::chrono::milliseconds{30},
                            .tpot = std::chrono::milliseconds{7},
                            .e2e = std::chrono::milliseconds{900},
                            .promptTokens = 256,
                            .outputTokens = 128});
    }
    state.SetItemsProcessed(8 * state.iterations());
    state.counters["bytes"] = static_cast<double>(recorder.bytes());
}
BENCHMARK(recordLives)->Arg(1)->Arg(8);

void recordSample(benchmark::State& state) {
    Recorder recorder(setupOf(2));
    std::vector<QueueSample> queues(2);
    std::vector<WorkerPoolSample> pools(1);
    std::vector<GateSample> gates(1);
    std::vector<float> busy(64, 0.5f);
    Time now{};
    for (auto _ : state) {
        now += std::chrono::seconds{1};
        recorder.sample(now, {queues, pools, gates, {}, busy});
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(recordSample);

} // namespace
} // namespace penstock

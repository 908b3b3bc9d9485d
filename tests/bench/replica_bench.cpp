// SPDX-License-Identifier: Apache-2.0
// What one replica costs: requests per wall second through submit, nextEvent and advance, driven as
// a world drives it (one timer, woken at every event), on an 8B model and an H100. Counters: the
// events woken for per request, and the mean batch.
#include "sim/fleet/replica.h"
#include "sim/kernel/random.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <vector>

namespace penstock::sim {
namespace {

struct Arrival {
    std::int64_t at;
    std::int32_t prompt, output;
};

std::vector<Arrival> poisson(double perSecond, double meanPrompt, double meanOutput, int count) {
    RandomSequence draw(1, 1, 0);
    std::vector<Arrival> out;
    double t = 0.0;
    for (int i = 0; i < count; ++i) {
        t += 1e9 * draw.exponential() / perSecond;
        const auto length = [&](double mean) {
            return static_cast<std::int32_t>(1 + std::min(8.0 * mean, mean * draw.exponential()));
        };
        out.push_back({static_cast<std::int64_t>(t), length(meanPrompt), length(meanOutput)});
    }
    return out;
}

ReplicaConfig h100() {
    const GpuSpec gpu{989e12, 3.35e12, 80.0 * 1024 * 1024 * 1024, 450e9};
    const ModelSpec model{32, 4096, 32, 8, 128, 14336, 128256};
    ReplicaConfig config;
    config.cost = deriveStepCost(gpu, model, 1, StepConstants{});
    config.kvBlocks = 27'000;
    config.apiDelayNs = 18'400'000;
    return config;
}

void play(benchmark::State& state, ReplicaConfig config, double perSecond, double meanPrompt,
          double meanOutput, int prefixGroups = 0) {
    const std::vector<Arrival> arrivals = poisson(perSecond, meanPrompt, meanOutput, 20'000);
    config.prefixCache = prefixGroups > 0;
    std::int64_t woken = 0, running = 0, looked = 0;
    for (auto _ : state) {
        Replica<> replica(config);
        IgnoreEvents sink;
        std::uint64_t id = 0;
        for (const Arrival& a : arrivals) {
            while (replica.nextEvent() < a.at) {
                replica.advance(replica.nextEvent(), sink);
                ++woken;
            }
            Sequence s;
            s.id = id++;
            s.promptTokens = a.prompt;
            s.outputTokens = a.output;
            if (prefixGroups > 0) {
                s.prefix.groups[0] = {1 + id % static_cast<std::uint64_t>(prefixGroups), 512};
                s.prefix.groups[1] = {1000 + id, a.prompt};
            }
            replica.submit(a.at, s);
            if (id % 16 == 0) {
                running += replica.observe(a.at).running;
                ++looked;
            }
        }
    }
    const double requests =
        static_cast<double>(state.iterations()) * static_cast<double>(arrivals.size());
    state.counters["requests/s"] = benchmark::Counter(requests, benchmark::Counter::kIsRate);
    state.counters["events/request"] = static_cast<double>(woken) / requests;
    state.counters["batch"] = static_cast<double>(running) / static_cast<double>(looked);
}

void replicaShort(benchmark::State& state) {
    play(state, h100(), 40, 256, 128);
}
void replicaConversation(benchmark::State& state) {
    play(state, h100(), 14, 1155, 211);
}
void replicaCachedConversation(benchmark::State& state) {
    play(state, h100(), 16, 1155, 211, 32);
}
void replicaLittleMemory(benchmark::State& state) {
    ReplicaConfig config = h100();
    config.kvBlocks = 2'588;
    play(state, config, 10, 1155, 211);
}
BENCHMARK(replicaShort)->Unit(benchmark::kMillisecond);
BENCHMARK(replicaConversation)->Unit(benchmark::kMillisecond);
BENCHMARK(replicaCachedConversation)->Unit(benchmark::kMillisecond);
BENCHMARK(replicaLittleMemory)->Unit(benchmark::kMillisecond);

} // namespace
} // namespace penstock::sim

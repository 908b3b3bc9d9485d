// SPDX-License-Identifier: Apache-2.0
// Whole runs of the scenarios in this folder: engine, router, metrics and recording on. The
// counters are per second of processor time, so that a shared machine measures the same: requests,
// events (timers fired), and what the event loop alone could do with as many timers armed, the hold
// model of event_loop_bench.cpp, which is the limit of any discrete-event simulator.
#include "sim/scenario/scenario_reader.h"
#include "sim/world/world.h"

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>

namespace {

using namespace penstock;

void run(benchmark::State& state, const std::string& name) {
    std::uint64_t requests = 0;
    std::uint64_t events = 0;
    for (auto _ : state) {
        auto scenario = sim::readScenario(PENSTOCK_SOURCE_DIR "/tests/bench/" + name + ".yaml");
        if (!scenario) return state.SkipWithError(scenario.error().text().c_str());
        auto world = sim::World::make(std::move(*scenario));
        if (!world) return state.SkipWithError(world.error().text().c_str());
        (*world)->runUntil((*world)->end());
        const auto report = (*world)->report(1.0); // checks conservation
        if (!report) return state.SkipWithError(report.error().text().c_str());
        requests += (*world)->recorder().arrivals();
        events += (*world)->loop().fired();
    }
    using Counter = benchmark::Counter;
    state.counters["requests_per_s"] = Counter(static_cast<double>(requests), Counter::kIsRate);
    state.counters["events_per_s"] = Counter(static_cast<double>(events), Counter::kIsRate);
    state.counters["events_per_request"] =
        static_cast<double>(events) / static_cast<double>(requests);
}

BENCHMARK_CAPTURE(run, one_replica, "one-replica")->Unit(benchmark::kSecond)->Iterations(1);
BENCHMARK_CAPTURE(run, replicas_64, "64-replicas")->Unit(benchmark::kSecond)->Iterations(1);
BENCHMARK_CAPTURE(run, conversation_64, "conversation-64")->Unit(benchmark::kSecond)->Iterations(1);
BENCHMARK_CAPTURE(run, conversation_64_prefix, "conversation-64-prefix")
    ->Unit(benchmark::kSecond)
    ->Iterations(1);
BENCHMARK_CAPTURE(run, week, "week")->Unit(benchmark::kSecond)->Iterations(1);

} // namespace

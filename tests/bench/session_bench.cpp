// SPDX-License-Identifier: Apache-2.0
// What it costs to be watched: a run in fast mode whose frames are taken every 33 ms, as a window
// does, against the same run headless. `share` is the speed that is left; `same` is 1 when both had
// the same fingerprint. Speeds are by processor time of the run's own thread, so that a busy
// machine does not change them; `wall_share` is by the clock on the wall.
#include "app/session/run/simulated_run.h"
#include "sim/scenario/scenario_reader.h"

#include <benchmark/benchmark.h>

#include <chrono>
#include <fstream>
#include <string>
#include <sys/resource.h>
#include <thread>

namespace {

using namespace penstock;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

double seconds(const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
}

double cpu(int who) {
    rusage usage{};
    ::getrusage(who, &usage);
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Kibibytes now, not the most there ever were.
double memory() {
    std::ifstream statm{"/proc/self/statm"};
    double pages = 0;
    statm >> pages >> pages;
    return pages * 4.0;
}

struct Timed {
    double cpu = 0, wall = 0;
    std::string fingerprint;
    double frames = 0, grown = 0;
};

sim::Scenario read(const std::string& path) {
    auto scenario = sim::readScenario(std::string(PENSTOCK_SOURCE_DIR) + path);
    if (!scenario) throw std::runtime_error(scenario.error().text());
    return *scenario;
}

Timed headless(const std::string& path) {
    auto world = sim::World::make(read(path));
    const auto began = Clock::now();
    const double before = cpu(RUSAGE_THREAD);
    while (!(*world)->runFor(20ms)) {}
    Timed timed;
    timed.cpu = cpu(RUSAGE_THREAD) - before;
    timed.wall = std::chrono::duration<double>(Clock::now() - began).count();
    timed.fingerprint = (*world)->recorder().fingerprint().text();
    return timed;
}

Timed watched(const std::string& path) {
    app::RunSetup setup;
    setup.scenario = read(path);
    app::SimulatedRun run(std::move(setup));
    app::Frame frame;
    while (!run.take(frame))
        std::this_thread::sleep_for(1ms); // it has been made
    const auto began = Clock::now();
    const double all = cpu(RUSAGE_SELF);
    const double mine = cpu(RUSAGE_THREAD);
    Timed timed;
    double early = 0;
    run.send(app::RunFast{});
    auto next = began;
    while (frame.status != app::RunStatus::finished && frame.status != app::RunStatus::failed) {
        next += 33ms;
        std::this_thread::sleep_until(next);
        if (!run.take(frame)) continue;
        if (++timed.frames == 20) early = memory();
    }
    timed.cpu = cpu(RUSAGE_SELF) - all - (cpu(RUSAGE_THREAD) - mine);
    timed.wall = std::chrono::duration<double>(Clock::now() - began).count();
    timed.fingerprint = frame.fingerprint;
    timed.grown = early > 0 ? memory() - early : 0;
    return timed;
}

void beingWatched(benchmark::State& state, const std::string& path) {
    for (auto _ : state) {
        const Timed alone = headless(path);
        const Timed seen = watched(path);
        state.SetIterationTime(seen.wall);
        state.counters["share"] = alone.cpu / seen.cpu;
        state.counters["wall_share"] = alone.wall / seen.wall;
        state.counters["headless_s"] = alone.cpu;
        state.counters["frames"] = seen.frames;
        state.counters["grown_MiB"] = seen.grown / 1024.0;
        state.counters["same"] = alone.fingerprint == seen.fingerprint ? 1 : 0;
    }
}

BENCHMARK_CAPTURE(beingWatched, replicas64, std::string("/tests/bench/64-replicas.yaml"))
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(beingWatched, codeOnOff, std::string("/scenarios/code-onoff.yaml"))
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

} // namespace

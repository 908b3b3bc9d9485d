// SPDX-License-Identifier: Apache-2.0
#pragma once

// Runs under test: a small scenario of text, everything its frames say gathered up, and the same
// run headless to compare with.
#include "app/session/run/simulated_run.h"
#include "sim/scenario/scenario_reader.h"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace penstock::app::test {

using namespace std::chrono_literals;

inline constexpr const char* kThreshold = "engine.transport.queues[batch].gate_params.threshold";

inline std::string shipped(const std::string& name) {
    return std::string(PENSTOCK_SOURCE_DIR) + "/scenarios/" + name + ".yaml";
}

inline sim::ScenarioOptions options(std::optional<Duration> until = {}) {
    sim::ScenarioOptions o;
    o.resources = std::string(PENSTOCK_SOURCE_DIR) + "/resources";
    o.until = until;
    return o;
}

inline sim::Scenario scenario(const std::string& name, std::optional<Duration> until = {},
                              std::optional<std::uint64_t> seed = {}) {
    auto o = options(until);
    o.seed = seed;
    auto read = sim::readScenario(shipped(name), o);
    EXPECT_TRUE(read.has_value()) << (read ? "" : read.error().text());
    return read ? *read : sim::Scenario{};
}

inline std::unique_ptr<SimulatedRun> begin(sim::Scenario scenario, std::string store = {}) {
    RunSetup setup;
    setup.scenario = std::move(scenario);
    setup.store = std::move(store);
    return std::make_unique<SimulatedRun>(std::move(setup));
}

// The fingerprint of the same scenario run in one go, without frames.
inline std::string headless(sim::Scenario scenario, const sim::WorldOptions& options = {}) {
    auto world = sim::World::make(std::move(scenario), options);
    EXPECT_TRUE(world.has_value()) << (world ? "" : world.error().text());
    if (!world) return {};
    (*world)->runUntil((*world)->end());
    return (*world)->recorder().fingerprint().text();
}

// All that a run's frames have said.
struct Seen {
    Frame last;
    std::vector<GaugeSample> gauges;
    std::vector<GateReading> readings;
    std::vector<GateTurn> turns;
    std::vector<MarkNote> marks;
    std::vector<OutcomeRates> outcomes;
    std::vector<Latencies> latencies;
    std::vector<EventRow> events;
    std::vector<RequestRow> requests;
    std::vector<std::pair<std::string, double>> moved;
    std::vector<std::string> errors;
    std::vector<ExportAnswer> exported;
    std::optional<RequestRow> found;
    std::uint64_t eventsLeftOut = 0, requestsLeftOut = 0, gaugesLeftOut = 0;
    int frames = 0;

    void add(Frame&& f) {
        const auto join = [](auto& into, auto& from) {
            into.insert(into.end(), from.begin(), from.end());
        };
        join(gauges, f.gauges);
        join(readings, f.readings);
        join(turns, f.turns);
        join(marks, f.marks);
        join(outcomes, f.outcomes);
        join(latencies, f.latencies);
        join(events, f.events);
        join(requests, f.requests);
        join(moved, f.moved);
        join(exported, f.exported);
        if (!f.error.empty()) errors.push_back(f.error);
        if (f.found) found = f.found;
        eventsLeftOut += f.eventsLeftOut;
        requestsLeftOut += f.requestsLeftOut;
        gaugesLeftOut += f.gaugesLeftOut;
        ++frames;
        last = std::move(f);
    }
};

// Takes frames until `enough` says so of what was seen; false if that does not come in time.
inline bool watch(RunView& run, Seen& seen, const std::function<bool(const Seen&)>& enough,
                  std::chrono::milliseconds patience = 60s) {
    const auto until = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < until) {
        Frame frame;
        if (run.take(frame)) {
            seen.add(std::move(frame));
            if (enough(seen)) return true;
            continue;
        }
        std::this_thread::sleep_for(1ms);
    }
    return false;
}

// Ended, and everything about it is written.
inline bool over(const Seen& seen) {
    return seen.last.settled;
}

// An empty run store of this name.
inline std::string freshStore(const std::string& name) {
    const auto store = std::filesystem::path(::testing::TempDir()) / name;
    for (const char* suffix : {"", "-wal", "-shm"})
        std::filesystem::remove(store.string() + suffix);
    return store.string();
}

} // namespace penstock::app::test

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Runs beside the one on the screen: the same seed under the perfect gate or with the parameters it
// began with, as an overlay; and the same scenario under other seeds, to know what is noise. Each
// has a thread of its own at a lower priority; destroying one cancels it.
#include "app/session/run/simulated_run.h"
#include "engine/record/report/compare.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace penstock::app {

enum class Beside {
    perfectGate, // metric gates see the true load without delay
    baseline,    // the parameters as the scenario has them, without the moves made by hand
    asMoved,     // the scenario with the moves of a log: what an overlay is compared with
};

// Begins at once, as fast as it goes. Its frames are those of any run (progress, ETA, gauges,
// latencies); it cannot be steered and is recorded nowhere. `log` holds the moves to be made, and
// may be absent; under the perfect gate, which has no parameters, only its pauses of queues are.
std::unique_ptr<RunView> runBeside(Beside what, sim::Scenario scenario,
                                   sim::WorldOptions options = {}, std::optional<RunLog> log = {});

// The reports of one scenario under `seeds`, one after the other.
class Replications {
  public:
    // Moves are made at their times; their places between events mean nothing under another seed.
    Replications(sim::Scenario scenario, sim::WorldOptions options,
                 std::vector<std::uint64_t> seeds, std::vector<Move> moves = {});
    ~Replications();

    double progress() const; // of all, in [0, 1]
    bool done() const { return done_; }
    // In words, of the first run that failed; empty if all is well.
    std::string error() const;
    // Of those that have ended so far, in the order of the seeds.
    std::vector<nlohmann::ordered_json> reports() const;
    // From two or more; what one run differs from another by chance alone.
    Noise noise() const;

  private:
    void run();

    sim::Scenario scenario_;
    sim::WorldOptions options_;
    std::vector<std::uint64_t> seeds_;
    RunLog log_;
    mutable std::mutex mutex_;
    std::vector<nlohmann::ordered_json> reports_; // under the mutex
    std::string error_;                           // under the mutex
    std::atomic<double> progress_{0.0};
    std::atomic<bool> done_{false};
    std::atomic<bool> cancel_{false};
    std::jthread thread_;
};

} // namespace penstock::app

// SPDX-License-Identifier: Apache-2.0
#include "app/session/run/background_run.h"

#include "app/session/host/simulated_host.h"
#include "app/session/run/step_back.h"

namespace penstock::app {

using namespace std::chrono_literals;

namespace {
std::vector<Move> byTime(std::vector<Move> moves) {
    std::erase_if(moves, [](const Move& move) {
        return move.path == kStopMove || move.path == kCheckpointMove;
    });
    for (Move& move : moves)
        move.event = Move::kAnyEvent;
    return moves;
}
} // namespace

std::unique_ptr<RunView> runBeside(Beside what, sim::Scenario scenario, sim::WorldOptions options,
                                   std::optional<RunLog> log) {
    RunSetup setup;
    setup.scenario = std::move(scenario);
    setup.options = options;
    setup.background = true;
    if (what == Beside::perfectGate) setup.options.perfectGate = true;
    if (what != Beside::baseline && log) {
        // Under another gate other events happen: only the times mean the same. It has no knobs.
        if (what == Beside::perfectGate) {
            log->moves = byTime(std::move(log->moves));
            std::erase_if(log->moves,
                          [](const Move& move) { return pausedQueue(move.path).empty(); });
        }
        setup.log = std::move(log);
    }
    auto run = std::make_unique<SimulatedRun>(std::move(setup));
    run->send(RunFast{});
    return run;
}

Replications::Replications(sim::Scenario scenario, sim::WorldOptions options,
                           std::vector<std::uint64_t> seeds, std::vector<Move> moves)
    : scenario_(std::move(scenario)), options_(options), seeds_(std::move(seeds)) {
    log_.moves = byTime(std::move(moves));
    thread_ = std::jthread([this] { run(); });
}

Replications::~Replications() {
    cancel_ = true;
}

void Replications::run() {
    stepBack();
    const double share = seeds_.empty() ? 1.0 : 1.0 / static_cast<double>(seeds_.size());
    const auto failed = [&](const Error& error) {
        const std::lock_guard lock(mutex_);
        error_ = error.text();
    };
    for (std::size_t i = 0; i < seeds_.size() && !cancel_; ++i) {
        sim::Scenario scenario = scenario_;
        scenario.seed = seeds_[i];
        auto made = sim::World::make(std::move(scenario), options_);
        if (!made) {
            failed(made.error());
            break;
        }
        SimulatedHost host(**made);
        Replay replay(log_);
        const double whole = toSeconds(host.end() - host.start());
        Result<bool> over = false;
        while (over && !*over && !cancel_) {
            over = runLog(host, log_, replay, 20ms, cancel_);
            const double part = toSeconds(host.now() - host.start()) / whole;
            progress_ = (static_cast<double>(i) + part) * share;
        }
        if (!over) {
            failed(over.error());
            break;
        }
        if (cancel_) return;
        const auto report = host.report(0.0);
        if (!report) {
            failed(report.error());
            break;
        }
        const std::lock_guard lock(mutex_);
        reports_.push_back(toJson(*report));
    }
    done_ = true;
}

double Replications::progress() const {
    return done_ ? 1.0 : progress_.load();
}

std::string Replications::error() const {
    const std::lock_guard lock(mutex_);
    return error_;
}

std::vector<nlohmann::ordered_json> Replications::reports() const {
    const std::lock_guard lock(mutex_);
    return reports_;
}

Noise Replications::noise() const {
    const auto all = reports();
    return noiseOf(all);
}

} // namespace penstock::app

// SPDX-License-Identifier: Apache-2.0
// What `penstock run` does: a scenario through the real engine, headless, with a report at the end.
// Its options are in run_command.cpp.
#include "app/cli/commands.h"
#include "app/cli/outputs.h"
#include "app/cli/progress.h"
#include "app/cli/run_arguments.h"
#include "app/cli/run_options.h"
#include "app/session/host/simulated_host.h"
#include "app/session/host/work_estimate.h"
#include "app/session/replay/run_log.h"
#include "app/session/replay/run_recording.h"
#include "engine/record/report/expectation.h"
#include "engine/record/report/html_report.h"
#include "sim/scenario/scenario_reader.h"
#include "sim/world/world.h"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <future>
#include <memory>
#include <optional>
#include <unistd.h>

namespace penstock::app {

namespace {

std::atomic<bool> interrupted{false};
volatile std::sig_atomic_t signalled = 0;
void onSignal(int number) {
    signalled = number;
    interrupted = true;
}

// While it lives, the run ends at the next event when it is told to, with its report.
class Interruptible {
  public:
    Interruptible() {
        interrupted = false;
        for (std::size_t i = 0; i < kSignals.size(); ++i)
            before_[i] = std::signal(kSignals[i], onSignal);
    }
    ~Interruptible() {
        for (std::size_t i = 0; i < kSignals.size(); ++i)
            std::signal(kSignals[i], before_[i]);
    }

  private:
    static constexpr std::array<int, 2> kSignals{SIGINT, SIGTERM};
    std::array<void (*)(int), 2> before_{};
};

Result<sim::ScenarioOptions> scenarioOptions(const RunArguments& arguments) {
    sim::ScenarioOptions options;
    options.overrides = arguments.overrides;
    if (!arguments.semantics.empty()) options.semantics = arguments.semantics;
    if (!arguments.seed.empty()) {
        const auto seed = seedOf(arguments.seed);
        if (!seed) return fail(seed.error());
        options.seed = *seed;
    }
    if (!arguments.until.empty()) {
        const auto until = untilOf(arguments.until);
        if (!until) return fail(until.error());
        options.until = *until;
    }
    return options;
}

// The scenario, and what is to be done to it at which moment.
struct Task {
    sim::Scenario scenario;
    sim::WorldOptions options;
    RunLog log; // empty unless it is a replay
};

Result<Task> read(const RunArguments& arguments) {
    Task task;
    if (!arguments.replay.empty()) {
        auto log = readLog(arguments.replay);
        if (!log) return fail(log.error());
        task.log = std::move(*log);
        auto scenario = scenarioOf(task.log);
        if (!scenario) return fail(scenario.error());
        task.scenario = std::move(*scenario);
        task.options = optionsOf(task.log);
        return task;
    }
    const auto options = scenarioOptions(arguments);
    if (!options) return fail(options.error());
    auto scenario = sim::readScenario(arguments.scenario, *options);
    if (!scenario) return fail(scenario.error());
    if (auto measured = checkMeasured(*scenario); !measured) return fail(measured.error());
    task.scenario = std::move(*scenario);
    task.options.perfectGate = arguments.perfectGate;
    task.options.poissonControl = arguments.poisson;
    return task;
}

// What a replay came to, on standard error.
int verdict(const RunLog& log, const std::string& fingerprint) {
    if (log.recovered) {
        tell(fmt::format("replayed a recovered run as far as it is known: fingerprint {}\n",
                         fingerprint));
        return kFine;
    }
    if (log.fingerprint.empty()) return kFine;
    if (log.fingerprint == fingerprint) {
        tell(fmt::format("replayed: fingerprint {}, as it was\n", fingerprint));
        return kFine;
    }
    return report({fmt::format("replayed to fingerprint {}, but the run had {}: it was made by "
                               "another version of this program, or with other input files",
                               fingerprint, log.fingerprint)},
                  kExpectationFailed);
}

// The same world behind the perfect gate, in a thread of its own: worlds share nothing.
class PerfectRun {
  public:
    static Result<PerfectRun> start(const sim::Scenario& scenario, sim::WorldOptions options) {
        options.perfectGate = true;
        auto world = sim::World::make(scenario, options);
        if (!world) return fail(world.error());
        PerfectRun run;
        run.report_ = std::async(std::launch::async, [world = std::move(*world)] {
            while (!world->runFor(std::chrono::milliseconds{20}) && !interrupted) {}
            if (auto status = world->status(); !status) return Result<Report>(fail(status.error()));
            return world->report(0.0);
        });
        return run;
    }
    Result<Report> wait() { return report_.get(); }

  private:
    std::future<Result<Report>> report_;
};

} // namespace

int run(const RunArguments& arguments) {
    for (const std::string& text : arguments.assertions) {
        if (auto parsed = parseExpectation(text); !parsed) {
            return report(Error{"--assert: " + parsed.error().message}, kBadInput);
        }
    }
    auto task = read(arguments);
    if (!task) return report(task.error(), kBadInput);
    sim::Scenario& scenario = task->scenario;
    // A scenario's expectations are its lesson: they are not about the controls.
    if (task->options.perfectGate || task->options.poissonControl) scenario.expect.clear();
    for (const std::string& text : arguments.assertions) {
        scenario.expect.push_back({text, "--assert", {}});
    }
    if (auto scored = checkScore(scenario, arguments.score); !scored) {
        return report(scored.error(), kBadInput);
    }
    std::optional<sim::Scenario> again;
    if (arguments.score) {
        again = scenario;
        again->expect.clear();
    }
    if (!arguments.large) {
        if (auto feasible = checkWork(scenario); !feasible) {
            return report(feasible.error(), kBadInput);
        }
    }
    Outputs outputs;
    outputs.reads(arguments.replay.substr(0, arguments.replay.rfind('#')));
    for (const std::string& input : scenario.inputs)
        outputs.reads(input);
    for (const Status& opened :
         {outputs.open("--json", arguments.json), outputs.open("--html", arguments.html),
          outputs.keep("--store", arguments.store)}) {
        if (!opened) return report(opened.error(), kBadInput);
    }
    auto made = sim::World::make(std::move(scenario), task->options);
    if (!made) return report(made.error(), kBadInput);
    sim::World& world = **made;
    SimulatedHost host(world);
    for (const std::string& warning : world.warnings())
        tell(fmt::format("warning: {}\n", warning));

    std::unique_ptr<RunRecording> recording;
    if (!arguments.store.empty()) {
        // Nobody steers it: it can wait for the disk, a second's worth of rows ahead of it at most.
        const StoreOptions patient{
            .bufferedEvents = 20'000, .bufferedRequests = 20'000, .waits = true};
        auto begun = RunRecording::begin(arguments.store, host, world.scenario(), task->options, {},
                                         {}, patient);
        if (!begun) return report(begun.error(), kBadInput);
        recording = std::move(*begun);
    }
    Interruptible interruptible;
    std::optional<PerfectRun> beside;
    if (again) {
        auto perfect = PerfectRun::start(*again, task->options);
        if (!perfect) return report(perfect.error(), kBadInput);
        beside = std::move(*perfect);
    }
    const auto started = std::chrono::steady_clock::now();
    const double horizon = toSeconds(world.end() - world.start());
    Replay replay(task->log);
    std::optional<Error> astray;
    {
        Progress progress;
        const auto move = [&](const Move& each) {
            if (recording != nullptr) recording->move(each);
        };
        auto checkpoint = started;
        while (!interrupted) {
            const auto over =
                runLog(host, task->log, replay, std::chrono::milliseconds{20}, interrupted, move);
            if (!over) astray = over.error();
            if (!over || *over) break;
            const double done = toSeconds(world.now() - world.start());
            progress.show(done / horizon, world.recorder().arrivals(), done);
            const auto now = std::chrono::steady_clock::now();
            if (recording == nullptr || now - checkpoint < std::chrono::seconds{1}) continue;
            checkpoint = now;
            const double wall = std::chrono::duration<double>(now - started).count();
            if (auto sofar = world.report(wall)) recording->checkpoint(*sofar, host);
        }
    }
    if (recording != nullptr && !world.done()) {
        recording->move({world.now(), kStopMove, "", world.eventsFired()});
    }
    const double wall =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    if (auto status = world.status(); !status) return report(status.error(), kBadInput);
    if (astray) return report(*astray, kWorldFailed);
    std::optional<Report> perfect;
    if (beside) {
        auto ran = beside->wait();
        if (!ran) return report(ran.error(), kWorldFailed);
        if (!interrupted) perfect = std::move(*ran); // else they were stopped at different moments
    }
    auto result = world.report(wall, perfect ? &*perfect : nullptr);
    if (!result) return report(result.error(), kWorldFailed);

    // Whatever becomes of one output, the others are written.
    int failed = kFine;
    const auto check = [&](const Status& status) {
        if (!status) failed = report(status.error(), kWorldFailed);
    };
    auto json = toJson(*result);
    if (recording != nullptr) {
        check(recording->finish(*result));
        const std::uint64_t dropped = recording->dropped();
        json["store"] = {{"run", recording->id()}, {"dropped", dropped}};
        if (dropped > 0) {
            check(fail(Error{
                fmt::format("{} rows of run {} could not be stored", dropped, recording->id()),
                arguments.store}));
        }
    }
    check(outputs.write("--json", json.dump(2) + "\n"));
    if (!arguments.html.empty()) {
        check(outputs.write("--html", toHtml(*result, world.recorder().charts(world.now()))));
    }
    if (arguments.json != "-" && arguments.html != "-" && !arguments.quiet) {
        say(toText(*result, isatty(fileno(stdout)) != 0));
    }
    if (failed != kFine) return failed;
    if (interrupted) return kSignalled + signalled;
    if (!arguments.replay.empty()) {
        if (const int code = verdict(task->log, result->fingerprint); code != kFine) return code;
    }
    for (const ExpectationResult& e : result->expectations) {
        if (!e.pass) return kExpectationFailed;
    }
    return kFine;
}

} // namespace penstock::app

// SPDX-License-Identifier: Apache-2.0
// `penstock run`: a scenario through the real engine, headless, with a report at the end.
#include "app/cli/commands.h"
#include "app/cli/progress.h"
#include "app/cli/run_options.h"
#include "app/session/host/simulated_host.h"
#include "app/session/replay/run_log.h"
#include "app/session/replay/run_recording.h"
#include "engine/record/report/expectation.h"
#include "engine/record/report/html_report.h"
#include "sim/scenario/scenario_reader.h"
#include "sim/world/world.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

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
void onInterrupt(int) {
    interrupted = true;
}

struct RunArguments {
    std::string scenario;
    std::vector<std::string> overrides;
    std::vector<std::string> assertions;
    std::string semantics;
    std::string seed;
    std::string until;
    std::string json;
    std::string html;
    std::string store;
    std::string replay;
    bool perfectGate = false;
    bool poisson = false;
    bool score = false;
    bool quiet = false;
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
    task.scenario = std::move(*scenario);
    task.options.perfectGate = arguments.perfectGate;
    task.options.poissonControl = arguments.poisson;
    return task;
}

// What a replay came to, on standard error.
int verdict(const RunLog& log, const std::string& fingerprint) {
    if (log.recovered) {
        fmt::print(stderr, "replayed a recovered run as far as it is known: fingerprint {}\n",
                   fingerprint);
        return kFine;
    }
    if (log.fingerprint.empty()) return kFine;
    if (log.fingerprint == fingerprint) {
        fmt::print(stderr, "replayed: fingerprint {}, as it was\n", fingerprint);
        return kFine;
    }
    fmt::print(stderr,
               "error: replayed to fingerprint {}, but the run had {}: it was made by another "
               "version of this program, or with other input files\n",
               fingerprint, log.fingerprint);
    return kExpectationFailed;
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
    auto made = sim::World::make(std::move(scenario), task->options);
    if (!made) return report(made.error(), kBadInput);
    sim::World& world = **made;
    SimulatedHost host(world);
    for (const std::string& warning : world.warnings()) {
        fmt::print(stderr, "warning: {}\n", warning);
    }

    std::unique_ptr<RunRecording> recording;
    if (!arguments.store.empty()) {
        auto begun = RunRecording::begin(arguments.store, host, world.scenario(), task->options);
        if (!begun) return report(begun.error(), kBadInput);
        recording = std::move(*begun);
    }
    interrupted = false;
    std::optional<PerfectRun> beside;
    if (again) {
        auto perfect = PerfectRun::start(*again, task->options);
        if (!perfect) return report(perfect.error(), kBadInput);
        beside = std::move(*perfect);
    }
    const auto before = std::signal(SIGINT, onInterrupt);
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
    std::signal(SIGINT, before);
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

    if (recording != nullptr) {
        if (auto stored = recording->finish(*result); !stored) {
            return report(stored.error(), kWorldFailed);
        }
    }
    if (!arguments.json.empty()) {
        const auto text = toJson(*result).dump(2) + "\n";
        if (auto wrote = writeText(arguments.json, text); !wrote) {
            return report(wrote.error(), kWorldFailed);
        }
    }
    if (!arguments.html.empty()) {
        if (auto wrote = writeHtml(*result, world.recorder().charts(world.now()), arguments.html);
            !wrote) {
            return report(wrote.error(), kWorldFailed);
        }
    }
    if (arguments.json != "-" && !arguments.quiet) {
        fmt::print("{}", toText(*result, isatty(fileno(stdout)) != 0));
    }
    if (interrupted) return kInterrupted;
    if (!arguments.replay.empty()) {
        if (const int code = verdict(task->log, result->fingerprint); code != kFine) return code;
    }
    for (const ExpectationResult& e : result->expectations) {
        if (!e.pass) return kExpectationFailed;
    }
    return kFine;
}

} // namespace

void addRun(CLI::App& app, int& code) {
    auto* command = app.add_subcommand("run", "Run a scenario through the real engine, headless.");
    auto arguments = std::make_shared<RunArguments>();
    auto* scenario = command->add_option("scenario", arguments->scenario, "Scenario file (YAML)");
    command->add_option("--seed", arguments->seed,
                        "Seed of every random stream, instead of the scenario's");
    command
        ->add_option("--set", arguments->overrides,
                     "PATH=VALUE: overrides a value of the scenario; repeatable")
        ->allow_extra_args(false)
        ->take_all();
    command->add_option("--until", arguments->until,
                        "Stop after this much simulated time: 90s, 2h");
    command
        ->add_option("--assert", arguments->assertions,
                     "METRIC OP VALUE over the report, for instance "
                     "\"sources.chat.ttft_ms.p99 <= 500\"; repeatable")
        ->allow_extra_args(false)
        ->take_all();
    command->add_option("--semantics", arguments->semantics,
                        fmt::format("Whose behaviour: {}", fmt::join(Semantics::names(), ", ")));
    command->add_option("--json", arguments->json,
                        "Write the report as JSON; - for standard output");
    command->add_option("--html", arguments->html, "Write the report with its charts as one page");
    command->add_option("--store", arguments->store,
                        "Record the run in this SQLite database as it goes");
    command->add_flag("--perfect-gate", arguments->perfectGate,
                      "One gate that sees the pool as it is, without delay, in place of the "
                      "scenario's: the best that could be done");
    command->add_flag("--poisson", arguments->poisson,
                      "Every source with its burstiness removed, at the same mean rate");
    command
        ->add_flag("--score", arguments->score,
                   "Run the perfect gate beside it and report the distance: lost goodput, "
                   "needless waiting and failures of users; 0 is perfect")
        ->excludes("--perfect-gate");
    // What a run was is in its log; to change it is another run.
    command
        ->add_option("--replay", arguments->replay,
                     "Run again what was run before, with every move made by hand: DB (its latest "
                     "run), DB#id, or a log of moves; its fingerprint must come out the same")
        ->excludes("scenario")
        ->excludes("--seed")
        ->excludes("--set")
        ->excludes("--until")
        ->excludes("--semantics")
        ->excludes("--perfect-gate")
        ->excludes("--poisson")
        ->excludes("--score");
    command->add_flag("-q,--quiet", arguments->quiet, "No report on standard output");
    command->footer(
        "Examples:\n"
        "  penstock run scenarios/code-onoff.yaml --html code.html\n"
        "  penstock run scenarios/floor-of-the-poll.yaml --set engine.transport.batch_size=100\n"
        "  penstock run scenarios/code-onoff.yaml --assert \"sources.code.ttft_ms.p99 <= 800\"\n"
        "  penstock run --replay runs.db#12\n"
        "  penstock run scenarios/code-onoff.yaml --score --assert \"score <= 0.5\"\n"
        "Exit codes: 0 fine; 1 an expectation failed; 2 bad input; 3 the world failed.");
    command->callback([arguments, scenario, &code] {
        if (scenario->count() == 0 && arguments->replay.empty()) {
            throw CLI::RequiredError("a scenario file, or --replay RUN");
        }
        code = run(*arguments);
    });
}

} // namespace penstock::app

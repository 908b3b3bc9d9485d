// SPDX-License-Identifier: Apache-2.0
// `penstock run`: a scenario through the real engine, headless, with a report at the end.
#include "app/cli/commands.h"
#include "app/cli/progress.h"
#include "engine/types/duration_text.h"
#include "engine/record/expectation.h"
#include "engine/record/html_report.h"
#include "engine/record/run_store.h"
#include "engine/record/store_feed.h"
#include "sim/world/scenario_reader.h"
#include "sim/world/world.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

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
void onInterrupt(int) { interrupted = true; }

struct RunArguments {
    std::string scenario;
    std::vector<std::string> overrides;
    std::vector<std::string> assertions;
    std::string semantics;
    std::uint64_t seed = 0;
    std::string until;
    std::string json;
    std::string html;
    std::string store;
    bool seedGiven = false;
    bool perfectGate = false;
    bool poisson = false;
    bool score = false;
    bool quiet = false;
};

sim::ScenarioOptions scenarioOptions(const RunArguments& arguments) {
    sim::ScenarioOptions options;
    options.overrides = arguments.overrides;
    if (!arguments.semantics.empty()) options.semantics = arguments.semantics;
    if (arguments.seedGiven) options.seed = arguments.seed;
    return options;
}

// The run in a store, as it goes.
struct Recording {
    std::unique_ptr<RunStore> store;
    std::unique_ptr<RunWriter> writer;
    std::unique_ptr<StoreFeed> feed;
};

Result<Recording> record(const std::string& file, sim::World& world) {
    Recording recording;
    auto store = RunStore::open(file);
    if (!store) return fail(store.error());
    recording.store = std::move(*store);
    RunHeader header = headerFor(world.recorder().setup());
    header.scenario = world.scenario().name;
    header.document = world.scenario().text;
    header.seed = world.scenario().seed;
    header.semantics = world.scenario().engine.semantics.name;
    header.start = world.start();
    auto writer = recording.store->begin(header);
    if (!writer) return fail(writer.error());
    recording.writer = std::move(*writer);
    recording.feed = std::make_unique<StoreFeed>(world.recorder().setup(), *recording.writer);
    world.recorder().addSink(*recording.feed);
    return recording;
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
            while (!world->runFor(std::chrono::milliseconds{20}) && !interrupted) {
            }
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
    sim::ScenarioOptions options = scenarioOptions(arguments);
    if (!arguments.until.empty()) {
        const auto until = goDuration(arguments.until);
        if (!until) return report(Error{"--until: " + until.error().message}, kBadInput);
        options.until = *until;
    }
    for (const std::string& text : arguments.assertions) {
        if (auto parsed = parseExpectation(text); !parsed) {
            return report(Error{"--assert: " + parsed.error().message}, kBadInput);
        }
    }
    auto scenario = sim::readScenario(arguments.scenario, options);
    if (!scenario) return report(scenario.error(), kBadInput);
    sim::WorldOptions worldOptions;
    worldOptions.perfectGate = arguments.perfectGate;
    worldOptions.poissonControl = arguments.poisson;
    // A scenario's expectations are its lesson: they are not about the controls.
    if (arguments.perfectGate || arguments.poisson) scenario->expect.clear();
    for (const std::string& text : arguments.assertions) {
        scenario->expect.push_back({text, "--assert", 0});
    }
    std::optional<sim::Scenario> again;
    if (arguments.score) again = *scenario;
    auto made = sim::World::make(std::move(*scenario), worldOptions);
    if (!made) return report(made.error(), kBadInput);
    sim::World& world = **made;
    for (const std::string& warning : world.warnings()) {
        fmt::print(stderr, "warning: {}\n", warning);
    }

    Recording recording;
    if (!arguments.store.empty()) {
        auto begun = record(arguments.store, world);
        if (!begun) return report(begun.error(), kBadInput);
        recording = std::move(*begun);
    }
    interrupted = false;
    std::optional<PerfectRun> beside;
    if (again) {
        auto perfect = PerfectRun::start(*again, worldOptions);
        if (!perfect) return report(perfect.error(), kBadInput);
        beside = std::move(*perfect);
    }
    const auto before = std::signal(SIGINT, onInterrupt);
    const auto started = std::chrono::steady_clock::now();
    const double horizon = toSeconds(world.end() - world.start());
    {
        Progress progress;
        while (!world.runFor(std::chrono::milliseconds{20}) && !interrupted) {
            const double done = toSeconds(world.now() - world.start());
            progress.show(done / horizon, world.recorder().arrivals(), done);
        }
    }
    std::signal(SIGINT, before);
    const double wall =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    if (auto status = world.status(); !status) return report(status.error(), kBadInput);
    std::optional<Report> perfect;
    if (beside) {
        auto ran = beside->wait();
        if (!ran) return report(ran.error(), kWorldFailed);
        if (!interrupted) perfect = std::move(*ran); // else they were stopped at different moments
    }
    auto result = world.report(wall, perfect ? &*perfect : nullptr);
    if (!result) return report(result.error(), kWorldFailed);

    if (recording.writer != nullptr) {
        auto stored = recording.writer->finish(toJson(*result), result->fingerprint);
        if (!stored) return report(stored.error(), kWorldFailed);
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
    for (const ExpectationResult& e : result->expectations) {
        if (!e.pass) return kExpectationFailed;
    }
    return kFine;
}

} // namespace

void addRun(CLI::App& app, int& code) {
    auto* command = app.add_subcommand("run", "Run a scenario through the real engine, headless.");
    auto arguments = std::make_shared<RunArguments>();
    command->add_option("scenario", arguments->scenario, "Scenario file (YAML)")->required();
    auto* seed = command->add_option("--seed", arguments->seed,
                                     "Seed of every random stream, instead of the scenario's");
    command
        ->add_option("--set", arguments->overrides,
                     "PATH=VALUE: overrides a value of the scenario; repeatable")
        ->allow_extra_args(false)
        ->take_all();
    command->add_option("--until", arguments->until, "Stop after this much simulated time: 90s, 2h");
    command
        ->add_option("--assert", arguments->assertions,
                     "METRIC OP VALUE over the report, for instance "
                     "\"sources.chat.ttft_ms.p99 <= 500\"; repeatable")
        ->allow_extra_args(false)
        ->take_all();
    command->add_option("--semantics", arguments->semantics,
                        "Whose behaviour: llm-d-async-0.9, llm-d-async-0.10 or penstock");
    command->add_option("--json", arguments->json, "Write the report as JSON; - for standard output");
    command->add_option("--html", arguments->html, "Write the report with its charts as one page");
    command->add_option("--store", arguments->store,
                        "Record the run in this SQLite database as it goes");
    command->add_flag("--perfect-gate", arguments->perfectGate,
                      "One gate that sees the pool as it is, without delay, in place of the "
                      "scenario's: the best that could be done");
    command->add_flag("--poisson", arguments->poisson,
                      "Every source with its burstiness removed, at the same mean rate");
    command->add_flag("--score", arguments->score,
                      "Run the perfect gate beside it and report the distance: lost goodput, "
                      "needless waiting and failures of users; 0 is perfect");
    command->add_flag("-q,--quiet", arguments->quiet, "No report on standard output");
    command->footer("Examples:\n"
                    "  penstock run scenarios/code-onoff.yaml --html code.html\n"
                    "  penstock run scenarios/floor-of-the-poll.yaml --set engine.transport.batch_size=100\n"
                    "  penstock run scenarios/code-onoff.yaml --assert \"sources.code.ttft_ms.p99 <= 800\"\n"
                    "  penstock run scenarios/code-onoff.yaml --score --assert \"score <= 0.5\"\n"
                    "Exit codes: 0 fine; 1 an expectation failed; 2 bad input; 3 the world failed.");
    command->callback([arguments, seed, &code] {
        arguments->seedGiven = seed->count() > 0;
        code = run(*arguments);
    });
}

} // namespace penstock::app

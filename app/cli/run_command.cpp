// SPDX-License-Identifier: Apache-2.0
// The options of `penstock run`.
#include "app/cli/commands.h"
#include "app/cli/run_arguments.h"
#include "engine/types/semantics.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <memory>

namespace penstock::app {

void addRun(CLI::App& app, int& code) {
    auto* command = app.add_subcommand("run", "Run a scenario through the real engine, headless.");
    auto arguments = std::make_shared<RunArguments>();
    auto* scenario = command->add_option("scenario", arguments->scenario, "Scenario file (YAML)");
    command
        ->add_option("--seed", arguments->seed,
                     "Seed of every random stream, instead of the scenario's")
        ->check(notEmpty());
    addSet(*command, arguments->overrides, "a value of the scenario");
    command->add_option("--until", arguments->until, "Stop after this much simulated time: 90s, 2h")
        ->check(notEmpty());
    command
        ->add_option("--assert", arguments->assertions,
                     "METRIC OP VALUE over the report, for instance "
                     "\"sources.chat.ttft_ms.p99 <= 500\"; repeatable")
        ->allow_extra_args(false)
        ->take_all();
    command
        ->add_option("--semantics", arguments->semantics,
                     fmt::format("Whose behaviour: {}", fmt::join(Semantics::names(), ", ")))
        ->check(notEmpty());
    command
        ->add_option("--json", arguments->json, "Write the report as JSON; - for standard output")
        ->check(notEmpty());
    command->add_option("--html", arguments->html, "Write the report with its charts as one page")
        ->check(notEmpty());
    command
        ->add_option("--store", arguments->store,
                     "Record the run in this SQLite database as it goes")
        ->check(notEmpty());
    command->add_flag("--yes-large", arguments->large,
                      "Run it although it takes hours, or more memory than most machines have");
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
        ->check(notEmpty())
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

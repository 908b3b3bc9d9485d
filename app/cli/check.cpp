// SPDX-License-Identifier: Apache-2.0
// `penstock check`: is this scenario, or are these documents, sound?
#include "app/cli/commands.h"
#include "sim/world/scenario_reader.h"
#include "sim/world/world.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <memory>

namespace penstock::app {

namespace {

int checkScenario(const std::string& file, const std::vector<std::string>& overrides,
                  bool showParameters) {
    sim::ScenarioOptions options;
    options.overrides = overrides;
    auto scenario = sim::readScenario(file, options);
    if (!scenario) return report(scenario.error(), kBadInput);
    auto world = sim::World::make(std::move(*scenario));
    if (!world) return report(world.error(), kBadInput);
    for (const std::string& warning : (*world)->warnings()) fmt::print("warning: {}\n", warning);
    if (showParameters) fmt::print("{}", parameterTable((*world)->parameters()));
    fmt::print("{}: fine\n", file);
    return kFine;
}

} // namespace

void addCheck(CLI::App& app, int& code) {
    auto* command = app.add_subcommand("check", "Check a scenario: syntax, ranges, names, gates.");
    auto files = std::make_shared<std::vector<std::string>>();
    auto overrides = std::make_shared<std::vector<std::string>>();
    auto parameters = std::make_shared<bool>(false);
    command->add_option("files", *files, "Scenario files")->required();
    command->add_option("--set", *overrides, "PATH=VALUE: overrides a value; repeatable")
        ->allow_extra_args(false)
        ->take_all();
    command->add_flag("--parameters", *parameters,
                      "List every parameter that can be moved during a run");
    command->callback([files, overrides, parameters, &code] {
        code = kFine;
        for (const std::string& file : *files) {
            code = std::max(code, checkScenario(file, *overrides, *parameters));
        }
    });
}

} // namespace penstock::app

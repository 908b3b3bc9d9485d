// SPDX-License-Identifier: Apache-2.0
// `penstock gates`: every gate with its law and parameters, from the catalogue that the gates
// themselves are made by.
#include "app/cli/commands.h"
#include "engine/gates/parts/catalogue.h"

#include <CLI/CLI.hpp>

namespace penstock::app {

void addGates(CLI::App& app, int& code) {
    auto* command =
        app.add_subcommand("gates", "Every gate with its law, parameters, defaults and ranges.");
    command->callback([&code] {
        say(gateTableMarkdown());
        code = kFine;
    });
}

} // namespace penstock::app

// SPDX-License-Identifier: Apache-2.0
// `penstock`: one file a command. Exit codes: 0 fine; 1 an expectation failed; 2 bad usage or
// input; 3 the world failed.
#include "app/cli/commands.h"

#include <CLI/CLI.hpp>
#include <fmt/color.h>

#include <cstdio>

int main(int argc, char** argv) {
    using namespace penstock::app;
    CLI::App app{"Penstock: tune the gates that let asynchronous work into an LLM inference pool.",
                 "penstock"};
    app.require_subcommand(1);
    app.set_version_flag("--version", "penstock " PENSTOCK_VERSION);
    app.footer("Examples:\n"
               "  penstock run scenarios/code-onoff.yaml\n"
               "  penstock run scenarios/reopen-stampede.yaml --semantics llm-d-async-0.9 --html "
               "out.html\n"
               "  penstock check values.yaml\n"
               "  penstock COMMAND --help");
    int code = kFine;
    addRun(app, code);
    addCheck(app, code);
    addImport(app, code);
    addCompare(app, code);
    addGates(app, code);
    addCalibrate(app, code);
    addValidate(app, code);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        const int said = app.exit(error);
        return said == 0 ? kFine : kBadInput;
    }
    return code;
}

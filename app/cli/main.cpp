// SPDX-License-Identifier: Apache-2.0
// `penstock`: one file a command. Exit codes: 0 fine; 1 an expectation failed; 2 bad usage or
// input; 3 the world failed.
#include "app/cli/commands.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <exception>
#include <new>
#include <sstream>

int main(int argc, char** argv) {
    using namespace penstock::app;
    holdStandardStreams();
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
    addServe(app, code);
    addQueueCommands(app, code);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        std::ostringstream help;
        std::ostringstream wrong;
        code = app.exit(error, help, wrong) == 0 ? kFine : kBadInput;
        say(help.str());
        tell(wrong.str());
    } catch (const std::bad_alloc&) {
        code = report({"out of memory: this needs more than the machine gives; make it smaller"},
                      kWorldFailed);
    } catch (const std::exception& error) {
        code = report({fmt::format("unexpected: {}; this is a fault of the program, please report "
                                   "it with its input",
                                   error.what())},
                      kWorldFailed);
    }
    return closeStandardOutput(code);
}

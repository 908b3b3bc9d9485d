// SPDX-License-Identifier: GPL-3.0-only
// `penstock-workbench`: reads the command line, opens the window, and lets it go.
#include "app/session/stored/run_history.h"
#include "app/workbench/look/theme.h"
#include "app/workbench/window/main_window.h"
#include "app/workbench/window/runs/simulated_runs.h"

#include <CLI/CLI.hpp>
#include <QApplication>
#include <QThreadPool>

namespace {

struct Arguments {
    std::string scenario;
    std::vector<std::string> overrides;
    std::uint64_t seed = 0;
    std::string store;
    bool noStore = false;
};

} // namespace

int main(int argc, char** argv) {
    using namespace penstock::app;
    Arguments arguments;
    CLI::App cli{"Penstock's workbench: see the gate, move it, see what happens.",
                 "penstock-workbench"};
    cli.add_option("scenario", arguments.scenario,
                   "Scenario file (YAML); code-onoff, which comes with the program, if none is "
                   "given");
    auto* seed = cli.add_option("--seed", arguments.seed, "Seed, instead of the scenario's")
                     ->check(CLI::Range(0.0, 9.2e18));
    cli.add_option("--set", arguments.overrides,
                   "PATH=VALUE: overrides a value of the scenario; repeatable")
        ->allow_extra_args(false)
        ->take_all();
    cli.add_option(
        "--store", arguments.store,
        "SQLite database of the history of runs; ~/.local/share/penstock/runs.db if none "
        "is given");
    cli.add_flag("--no-store", arguments.noStore, "Keep no history of runs");
    cli.set_version_flag("--version", "penstock-workbench " PENSTOCK_VERSION);
    cli.footer("Examples:\n"
               "  penstock-workbench\n"
               "  penstock-workbench scenarios/reopen-stampede.yaml --seed 7");
    try {
        cli.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return cli.exit(error) == 0 ? 0 : 2;
    }
    Opening opening;
    opening.order.scenario = arguments.scenario;
    opening.order.overrides = arguments.overrides;
    if (seed->count() > 0) opening.order.seed = arguments.seed;

    QApplication app(argc, argv);
    QApplication::setOrganizationName(QStringLiteral("penstock"));
    QApplication::setApplicationName(QStringLiteral("penstock-workbench"));
    QApplication::setApplicationDisplayName(QStringLiteral("Penstock"));
    QApplication::setApplicationVersion(QStringLiteral(PENSTOCK_VERSION));
    QApplication::setDesktopFileName(QStringLiteral("penstock"));
    applyTheme(Settings().theme());
    std::string store = arguments.store, unkept;
    if (store.empty() && !arguments.noStore) {
        if (auto standard = RunHistory::defaultStore()) {
            store = std::move(*standard);
        } else {
            unkept = standard.error().text();
        }
    }
    SimulatedRuns runs(std::move(store));
    int code = 0;
    {
        MainWindow window(runs);
        if (!unkept.empty()) window.say(Severity::warning, QString::fromStdString(unkept));
        // After the first picture, so that nothing stands before it.
        QObject::connect(&window, &MainWindow::painted, &window,
                         [&window, &opening] { window.begin(opening); });
        window.show();
        code = QApplication::exec();
    }
    // Runs that are being put away write their ends.
    QThreadPool::globalInstance()->waitForDone();
    return code;
}

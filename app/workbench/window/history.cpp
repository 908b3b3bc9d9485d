// SPDX-License-Identifier: GPL-3.0-only
// The history of runs: what the store has, what was cut off, and two runs side by side.
#include "app/workbench/docks/runs/compare_dock.h"
#include "app/workbench/docks/runs/runs_dock.h"
#include "app/workbench/models/text.h"
#include "app/workbench/window/main_window.h"
#include "app/workbench/window/parts/banner.h"
#include "app/workbench/window/parts/layout_keeper.h"
#include "app/workbench/window/runs/background.h"

#include <algorithm>

namespace penstock::app {

void MainWindow::connectHistory() {
    RunsDock* runs = docks_.runs;
    connect(runs, &RunsDock::opened, this, [this](qint64 run) { desk_.open(run); });
    connect(runs, &RunsDock::overlaid, this, [this](qint64 run) {
        if (desk_.hasRun()) overlays_.open(tr("run %1").arg(run), run, desk_.info().start);
    });
    connect(runs, &RunsDock::compared, this, &MainWindow::compareRuns);
    const auto afterwards = [this](const Status& done) {
        if (!done) say(Severity::error, text(done.error().text()));
        refreshHistory();
    };
    connect(runs, &RunsDock::deleted, this, [this, afterwards](const QList<qint64>& gone) {
        inBackground(
            this,
            [maker = &maker_, gone] {
                return maker->remove(std::vector<std::int64_t>(gone.begin(), gone.end()));
            },
            afterwards);
    });
    connect(runs, &RunsDock::described, this,
            [this, afterwards](qint64 run, const QString& tags, const QString& notes) {
                inBackground(
                    this,
                    [maker = &maker_, run, tags = tags.toStdString(), notes = notes.toStdString()] {
                        return maker->describe(run, tags, notes);
                    },
                    afterwards);
            });
}

void MainWindow::refreshHistory(bool offers) {
    if (maker_.store().empty()) return;
    inBackground(
        this, [maker = &maker_] { return maker->history(); },
        [this, offers](const Result<std::vector<RunRow>>& runs) {
            if (!runs) {
                say(Severity::warning, text(runs.error().text()));
                return;
            }
            docks_.runs->setRuns(*runs);
            if (offers) offerRecovered(*runs);
        });
}

// A run whose process died has everything but its last second; it is offered once.
void MainWindow::offerRecovered(const std::vector<RunRow>& runs) {
    const QString store = text(maker_.store());
    const qint64 offered = settings_.offeredUpTo(store);
    const RunRow* newest = nullptr;
    for (const RunRow& run : runs) {
        if (run.status != RunStatus::recovered || run.id <= offered) continue;
        if (!newest || run.id > newest->id) newest = &run;
    }
    if (!newest) return;
    settings_.setOfferedUpTo(store, newest->id);
    const qint64 id = newest->id;
    offer_ = tr("Run %1 of %2 was cut off when the program ended. All but its last second is in "
                "the history.")
                 .arg(id)
                 .arg(text(newest->scenario));
    banner_->say(Severity::warning, offer_,
                 {{tr("Show it"), [this, id] { desk_.open(id); }}, {tr("Not now"), {}}});
}

void MainWindow::compareRuns(std::int64_t a, std::int64_t b) {
    inBackground(
        this, [maker = &maker_, a, b] { return maker->compare(a, b); },
        [this](const Result<Comparison>& comparison) { showComparison(comparison); });
}

void MainWindow::showComparison(const Result<Comparison>& comparison) {
    if (!comparison) {
        say(Severity::error, text(comparison.error().text()));
        return;
    }
    docks_.compare->setComparison(*comparison);
    layouts_->bringUp(docks_.compare);
}

} // namespace penstock::app

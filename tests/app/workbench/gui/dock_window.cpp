// SPDX-License-Identifier: GPL-3.0-only
#include "tests/app/workbench/gui/dock_window.h"

#include "app/workbench/docks/parts/run_dock.h"

#include <QApplication>
#include <QGridLayout>

namespace penstock::app {

DockWindow::DockWindow(FakeRun::Options options) : run(options) {
    window.resize(1500, 1200);
    auto* grid = new QGridLayout(&window);
    int place = 0;
    for (RunDock* dock : docks.all()) {
        grid->addWidget(dock, place / 3, place % 3);
        dock->show();
        ++place;
    }
    docks.addActions(registry);
    QObject::connect(&docks, &DockSet::command, &window,
                     [this](const Command& command) { run.send(command); });
    QObject::connect(&docks, &DockSet::findRequest, &window,
                     [this](const QString& id) { run.find(id.toStdString()); });
    QObject::connect(&docks, &DockSet::raise, &window, [this](RunDock* dock) { raised = dock; });
    docks.begin(run.info());
    window.show();
    window.activateWindow();
    QApplication::processEvents();
    pull();
}

void DockWindow::play(Duration time, Duration perFrame) {
    for (Duration done{}; done < time; done += perFrame) {
        run.pass(std::min(perFrame, time - done));
        pull();
    }
    QApplication::processEvents();
}

void DockWindow::pull() {
    if (!run.take(frame)) return;
    docks.add(frame);
    QApplication::processEvents();
}

Comparison fakeComparison() {
    Comparison c;
    const auto runs = FakeRuns::history(2);
    c.a = runs[1];
    c.b = runs[0];
    c.noise = "the spread of 5 seeds";
    const auto row = [&](const char* path, double a, double b, bool beyond) {
        c.metrics.push_back({path, a, b, b - a, a != 0 ? (b - a) / a : 0, beyond});
    };
    row("sources.chat.ttft_ms.p99", 632, 484, true);
    row("sources.chat.ttft_ms.p50", 121, 119, false);
    row("queues.code.succeeded", 18230, 17110, true);
    row("queues.code.deadline_exceeded", 12, 15, false);
    row("gates.queue code.overshoot.max", 0.21, 0.08, true);
    row("pool.saturation.mean", 0.712, 0.703, false);
    c.parameters = {{"engine.transport.queues[code].gate_params.threshold",
                     "queue code, prometheus-saturation", "threshold", "", 0.8, 0.65},
                    {"engine.transport.queues[code].batch_size", "queue code", "batch_size",
                     "requests", 10, 40}};
    return c;
}

} // namespace penstock::app

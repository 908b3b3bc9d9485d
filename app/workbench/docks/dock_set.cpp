// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/docks/dock_set.h"

#include "app/workbench/actions/action_registry.h"
#include "app/workbench/docks/charts/charts_dock.h"
#include "app/workbench/docks/lives/events_dock.h"
#include "app/workbench/docks/lives/requests_dock.h"
#include "app/workbench/docks/runs/advice_dock.h"
#include "app/workbench/docks/runs/compare_dock.h"
#include "app/workbench/docks/runs/log_dock.h"
#include "app/workbench/docks/runs/runs_dock.h"
#include "app/workbench/docks/steering/gates_dock.h"
#include "app/workbench/docks/steering/parameters_dock.h"
#include "app/workbench/docks/steering/queues_dock.h"

namespace penstock::app {

DockSet::DockSet(QWidget* parent)
    : QObject(nullptr), charts(new ChartsDock(series_, axis_, parent)),
      gates(new GatesDock(knobs_, parent)), parameters(new ParametersDock(knobs_, parent)),
      queues(new QueuesDock(parent)), requests(new RequestsDock(axis_, parent)),
      events(new EventsDock(axis_, parent)), advice(new AdviceDock(parent)),
      runs(new RunsDock(parent)), compare(new CompareDock(parent)),
      log(new LogDock(parent)), all_{charts, gates,  parameters, queues,  requests,
                                     events, advice, runs,       compare, log} {
    for (RunDock* dock : all_)
        dock->hide();
    connectDocks();
}

DockSet::~DockSet() {
    for (RunDock* dock : all_)
        delete dock;
}

void DockSet::connectDocks() {
    for (RunDock* dock : all_) {
        connect(dock, &RunDock::command, this, &DockSet::command);
        connect(dock, &RunDock::said, this, &DockSet::said);
    }
    connect(&knobs_, &Knobs::command, this, &DockSet::command);
    connect(requests, &RequestsDock::wanted, this, &DockSet::findRequest);
    connect(requests, &RequestsDock::asked, this, [this] { Q_EMIT raise(requests); });
    connect(parameters, &ParametersDock::asked, this, [this] { Q_EMIT raise(parameters); });
    connect(gates, &GatesDock::asked, this, [this] { Q_EMIT raise(gates); });
    connect(gates, &GatesDock::gateChosen, charts, &ChartsDock::showGate);
    connect(charts, &ChartsDock::gateChosen, gates, &GatesDock::reveal);
    connect(events, &EventsDock::requestChosen, this, [this](const QString& id) {
        Q_EMIT raise(requests);
        requests->find(id);
    });
    const auto showParameter = [this](const QString& path) {
        Q_EMIT raise(parameters);
        if (!parameters->reveal(path)) {
            Q_EMIT said(tr("%1 is not a parameter of this run; it is in its documents.").arg(path));
        }
    };
    connect(gates, &GatesDock::parameterChosen, this, showParameter);
    connect(advice, &AdviceDock::parameterChosen, this, showParameter);
    connect(compare, &CompareDock::parameterChosen, this, showParameter);
}

void DockSet::begin(const RunInfo& info) {
    axis_.reset(info.start, info.start);
    series_.begin(info);
    knobs_.begin(info);
    for (RunDock* dock : all_)
        dock->begin(info);
}

void DockSet::add(const Frame& frame) {
    series_.add(frame);
    axis_.advance(frame.head);
    knobs_.add(frame);
    for (RunDock* dock : all_)
        dock->add(frame);
}

void DockSet::addActions(ActionRegistry& registry) {
    const auto step = [&](const char* id, const char* image, const QString& title,
                          const QString& help, QKeySequence::StandardKey keys, bool undo) {
        QAction* action =
            registry.add({QString::fromLatin1(id), tr("Edit"), title, help,
                          QString::fromLatin1(image), QKeySequence::keyBindings(keys)},
                         [this, undo](bool) {
                             const QString locked = knobs_.lockedBecause();
                             if (!locked.isEmpty()) {
                                 Q_EMIT said(locked);
                             } else if (undo) {
                                 Q_EMIT said(tr("Undone: %1").arg(knobs_.history().undoText()));
                                 knobs_.history().undo();
                             } else {
                                 Q_EMIT said(tr("Done again: %1").arg(knobs_.history().redoText()));
                                 knobs_.history().redo();
                             }
                         });
        action->setEnabled(false);
        connect(&knobs_.history(), undo ? &QUndoStack::canUndoChanged : &QUndoStack::canRedoChanged,
                action, &QAction::setEnabled);
    };
    step("edit.undo", "undo", tr("&Undo the last move"),
         tr("The run gets the earlier value as a move of its own"), QKeySequence::Undo, true);
    step("edit.redo", "redo", tr("&Redo the move"), tr("What was undone last"), QKeySequence::Redo,
         false);
    for (RunDock* dock : all_)
        dock->addActions(registry);
}

} // namespace penstock::app

// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// All docks of a window, with what they share (the time axis, the run's series, the knobs) and the
// ways from one to another. The window places them, hands frames in here, and passes on what comes
// out. Nothing here knows a QMainWindow. GUI thread only.
#include "app/workbench/docks/steering/knobs.h"
#include "app/workbench/models/run_series.h"
#include "app/workbench/series/time_axis.h"

#include <QObject>

#include <vector>

class QWidget;

namespace penstock::app {

class ActionRegistry;
class AdviceDock;
class ChartsDock;
class CompareDock;
class EventsDock;
class GatesDock;
class LogDock;
class ParametersDock;
class QueuesDock;
class RequestsDock;
class RunDock;
class RunsDock;

class DockSet : public QObject {
    Q_OBJECT

    // What the docks are made with, and therefore before them.
    TimeAxis axis_;
    RunSeries series_;
    Knobs knobs_;

  public:
    // The docks are children of `parent` and hidden until the window places and shows them. The set
    // owns them: it must be gone before the window deletes its children, so make it a member.
    explicit DockSet(QWidget* parent);
    ~DockSet() override;

    TimeAxis& axis() { return axis_; }
    Knobs& knobs() { return knobs_; }
    const RunSeries& series() const { return series_; }

    ChartsDock* const charts;
    GatesDock* const gates;
    ParametersDock* const parameters;
    QueuesDock* const queues;
    RequestsDock* const requests;
    EventsDock* const events;
    AdviceDock* const advice;
    RunsDock* const runs;
    CompareDock* const compare;
    LogDock* const log;
    // In the order above.
    const std::vector<RunDock*>& all() const { return all_; }

    // A new run, or none with an empty RunInfo. Overlays are taken away.
    void begin(const RunInfo& info);
    void add(const Frame& frame);
    // Everything that the docks can do, with undo and redo of moves, into the registry. Once.
    void addActions(ActionRegistry& registry);

  Q_SIGNALS:
    // RunView::send
    void command(const penstock::app::Command& command);
    // RunView::find
    void findRequest(const QString& id);
    // This dock should come to the front: the user was led to it.
    void raise(penstock::app::RunDock* dock);
    // A sentence for the status bar.
    void said(const QString& text);

  private:
    void connectDocks();

    std::vector<RunDock*> all_;
};

} // namespace penstock::app

// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// All docks of a window, with what they share (the time axis, the run's series, the knobs) and the
// ways from one to another. The window places them, hands frames in here, and passes on what comes
// out. Nothing here knows a QMainWindow. GUI thread only.
#include "app/workbench/docks/knobs.h"
#include "app/workbench/models/run_series.h"
#include "app/workbench/series/time_axis.h"

#include <QObject>
#include <QPointer>

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
  public:
    // The docks are children of `parent` until the window places them; the set goes with it.
    explicit DockSet(QWidget* parent);
    ~DockSet() override;

    ChartsDock* charts;
    GatesDock* gates;
    ParametersDock* parameters;
    QueuesDock* queues;
    RequestsDock* requests;
    EventsDock* events;
    AdviceDock* advice;
    RunsDock* runs;
    CompareDock* compare;
    LogDock* log;
    // In the order above.
    const std::vector<RunDock*>& all() const { return all_; }

    TimeAxis& axis() { return axis_; }
    Knobs& knobs() { return knobs_; }
    const RunSeries& series() const { return series_; }

    // A new run, or none with an empty RunInfo. `scenario`'s overlays are taken away.
    void begin(const RunInfo& info);
    void add(const Frame& frame);
    // Everything that the docks can do, and undo and redo, into the registry. Once.
    void addActions(ActionRegistry& registry);

  Q_SIGNALS:
    // RunView::send
    void command(const penstock::app::Command& command);
    // RunView::find
    void findRequest(const QString& id);
    // This dock should come to the front: the user was led to it.
    void raise(penstock::app::RunDock* dock);
    void said(const QString& text);

  private:
    TimeAxis axis_;
    RunSeries series_;
    Knobs knobs_;
    std::vector<RunDock*> all_;
};

} // namespace penstock::app

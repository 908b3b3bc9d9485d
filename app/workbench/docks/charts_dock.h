// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// The run as curves on one time axis: queues, the gate with what it read and why it was closed,
// requests in flight, outcomes, interactive latency, deadline slack, the pool, and a heat strip of
// replicas. Decisions, moves and faults are ticks on every chart. Another run may be laid over it
// as pale, dashed curves. What the mouse and keys do is in PlotView and in addActions().
#include "app/workbench/charts/heat_strip.h"
#include "app/workbench/charts/time_chart.h"
#include "app/workbench/docks/run_dock.h"
#include "app/workbench/models/run_series.h"

#include <memory>
#include <vector>

class QComboBox;
class QHBoxLayout;
class QLabel;
class QMenu;
class QScrollArea;
class QSplitter;
class QToolButton;

namespace penstock::app {

class ChartTable;
class EmptyState;

class ChartsDock : public RunDock {
    Q_OBJECT
  public:
    // `series` is what the run has left so far; begin() and add() are called after the series has
    // taken the same run or frame. Both must outlive the dock.
    ChartsDock(const RunSeries& series, TimeAxis& axis, QWidget* parent = nullptr);
    ~ChartsDock() override;

    void begin(const RunInfo& info) override;
    void add(const Frame& frame) override;
    void addActions(ActionRegistry& registry) override;
    QByteArray viewState() const override;
    void setViewState(const QByteArray& state) override;

    // Lays another run over this one, or, with null, takes it away. `name` is shown ("perfect
    // gate"); a name that is there already is replaced. `progress` in [0, 1] while the other run is
    // still being computed, 1 when it is complete. Curves grow as the series does.
    void setOverlay(const QString& name, std::shared_ptr<const RunSeries> other,
                    double progress = 1);
    QStringList overlays() const;

    // "queues", "gate", "flight", "outcomes", "ttft", "slack", "pool"
    const std::vector<TimeChart*>& charts() const { return charts_; }
    TimeChart* chart(const QString& id) const;
    HeatStrip& heat() const { return *heat_; }
    TimeAxis& axis() const { return axis_; }

    // Which gate the gate chart shows.
    int gate() const { return gate_; }
    void showGate(int gate);

    // The twin of a chart as a table, in a window of its own that follows the chart.
    ChartTable* showAsTable(TimeChart& chart);
    // What a context menu on a chart holds; for menus and tests.
    void fillMenu(QMenu& menu, TimeChart& chart);
    // Asks for a file name. The chart with the focus, else the gate's.
    void exportAs(const QString& suffix);

  Q_SIGNALS:
    // The user took an overlay away.
    void overlayClosed(const QString& name);

  protected:
    bool eventFilter(QObject* watched, QEvent* event) override;

  private:
    struct Overlay {
        QString name;
        std::shared_ptr<const RunSeries> series;
        double progress = 1;
    };

    TimeChart* focused() const;
    void buildCurves();
    void buildOverlayChips();
    void refresh();
    void showFollow();
    void setChartShown(const QString& id, bool shown);

    const RunSeries& series_;
    TimeAxis& axis_;
    int ticket_ = 0;
    RunInfo info_;
    std::vector<TimeChart*> charts_;
    HeatStrip* heat_;
    QSplitter* stack_;
    QScrollArea* scroll_;
    EmptyState* empty_;
    QWidget* content_;
    QHBoxLayout* chips_;
    QLabel* hint_;
    QComboBox* gates_;
    QToolButton* followButton_;
    std::vector<Overlay> overlays_;
    QList<ChartTable*> tables_;
    int gate_ = 0;
};

} // namespace penstock::app

// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// The run as curves on one time axis: queues, the gate with what it read and why it was closed,
// requests in flight, outcomes, interactive latency, deadline slack, the pool, and a heat strip of
// replicas; of many queues and pools, the few that have been fullest. Decisions, moves and faults
// are ticks on every chart. Another run may be laid over it as pale, dashed curves. What the mouse
// does is in PlotView; the keys are in addActions().
#include "app/workbench/charts/chart_export.h"
#include "app/workbench/charts/heat_strip.h"
#include "app/workbench/charts/time_chart.h"
#include "app/workbench/docks/charts/run_charts.h"
#include "app/workbench/docks/parts/run_dock.h"

#include <QElapsedTimer>
#include <QPointer>

#include <memory>
#include <vector>

class QComboBox;
class QHBoxLayout;
class QLabel;
class QMenu;
class QScrollArea;
class QSplitter;
class QTimer;
class QToolButton;

namespace penstock::app {

class ChartTable;
class EmptyState;

class ChartsDock : public RunDock {
    Q_OBJECT
  public:
    // `series` is what the run has left so far: begin() and add() are called after the series has
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
    // The user's wish; a chart for which the run has nothing stays hidden all the same.
    void setChartShown(const QString& id, bool shown);

    // Which gate the gate chart shows.
    int gate() const { return choice_.gate; }
    void showGate(int gate);

    // The twin of a chart as a table, in a window of its own that follows the chart.
    ChartTable* showAsTable(TimeChart& chart);
    // What the context menu of a chart holds.
    void fillMenu(QMenu& menu, TimeChart& chart);
    // Asks for a file name, unless one is given.
    void exportChart(TimeChart& chart, ChartFile kind, QString path = {});
    // The chart that keys and menus act on: that with the focus, else the first.
    TimeChart* current() const;

  Q_SIGNALS:
    // The user took an overlay away.
    void overlayClosed(const QString& name);
    void gateChosen(int gate);
    void chartShown(const QString& id, bool shown);

  protected:
    void resizeEvent(QResizeEvent*) override;
    void showEvent(QShowEvent*) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

  private:
    struct Overlay {
        QString name;
        std::shared_ptr<const RunSeries> series;
        double progress;
    };

    void addChartActions(ActionRegistry& registry);
    void addPointerActions(ActionRegistry& registry);
    QWidget* makeBar();
    void buildCurves();
    void setGates(const std::vector<RunInfo::Gate>& gates);
    void buildChips();
    void placeRuler();
    void refresh();
    void showView();
    void showPresence();
    bool has(const QString& chart) const;
    void movePointer(double share);
    void placeCursor(TimeAxis::Cursor which);

    const RunSeries& series_;
    TimeAxis& axis_;
    int ticket_ = 0;
    std::vector<TimeChart*> charts_;
    QStringList hidden_; // charts that the user does not want
    HeatStrip* heat_;
    QSplitter* stack_;
    QScrollArea* scroll_;
    QWidget *content_, *rulerRow_;
    EmptyState* empty_;
    QHBoxLayout* chips_;
    QLabel* view_;
    QComboBox* gates_;
    QToolButton *follow_, *back_, *forward_;
    QMenu* chartsMenu_;
    QTimer* soon_; // a change of the axis is shown with the next turn of the loop
    std::vector<Overlay> overlays_;
    std::vector<QPointer<ChartTable>> tables_;
    QString folder_; // where the last export went
    ChartChoice choice_;
    QElapsedTimer sinceChosen_;
};

} // namespace penstock::app

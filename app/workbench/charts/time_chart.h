// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// One chart on the shared time axis: a heading with title, unit, curves and their values, over a
// plot. The window adds samples to the SeriesBuffers and calls refresh() once a frame; nothing
// signals per sample. GUI thread.
#include "app/workbench/charts/plot_view.h"

#include <QElapsedTimer>

#include <vector>

class QHBoxLayout;
class QLabel;

namespace penstock::app {

class LegendEntry;
class ReasonEntry;

class TimeChart : public QWidget {
    Q_OBJECT
  public:
    // `id` names the chart in files and layouts. `axis` must outlive it.
    TimeChart(QString id, QString title, ValueAxisSpec values, TimeAxis& axis,
              QWidget* parent = nullptr);

    const QString& id() const { return id_; }
    const QString& title() const { return title_; }

    // The curves, replacing those before. What they point to must outlive them.
    void setSeries(std::vector<ChartSeries> series);
    // Marks and closed spans, either may be null.
    void setTracks(const MarkTrack* marks, const SpanTrack* spans);

    // A widget in the heading: after the title, or at its right end.
    void addTool(QWidget* tool, bool atEnd);
    void setTitle(const QString& title);
    // Hides or shows a curve, and with it those of other runs that are laid over it.
    void setCurveVisible(int series, bool visible);

    // Once a frame. Values in the heading follow at most ten times a second.
    void refresh();

    PlotView& view() { return *view_; }
    const PlotScene& scene() const { return view_->scene(); }
    TimeAxis& axis() const { return axis_; }
    // What the heading shows for a curve.
    QString shownValue(int series) const;
    // The values at the crosshair, or now, in a sentence: for screen readers.
    QString spoken() const;

  private:
    void buildLegend();
    void showValues();

    QString id_, title_, unit_;
    TimeAxis& axis_;
    QLabel* titleLabel_;
    QHBoxLayout* heading_;
    PlotView* view_;
    std::vector<LegendEntry*> entries_;
    std::vector<QWidget*> tools_; // at the right end of the heading
    std::vector<ReasonEntry*> reasons_;
    QElapsedTimer sinceValues_;
    std::optional<Time> shownAt_;
};

} // namespace penstock::app

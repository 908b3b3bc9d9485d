// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// A chart's picture without a widget: which curves, on which scale, drawn into an image for the
// screen or as vectors for a file. It redraws only what a change has made stale. GUI thread.
#include "app/workbench/charts/chart_frame.h"
#include "app/workbench/charts/chart_series.h"
#include "app/workbench/charts/value_map.h"
#include "app/workbench/series/time_scale.h"
#include "app/workbench/series/tracks.h"

#include <QElapsedTimer>

#include <vector>

namespace penstock::app {

class CurveRaster;

class PlotScene {
  public:
    // `axis` must outlive the scene.
    PlotScene(const TimeAxis& axis, ValueAxisSpec values);

    std::vector<ChartSeries>& series() { return series_; }
    const std::vector<ChartSeries>& series() const { return series_; }
    const ValueAxisSpec& valueAxis() const { return values_; }
    // Call after a change of series() (not of their samples).
    void touch() { drawn_ = {}; }
    // Fits the value axis to what is visible now; by itself it grows at once and shrinks lazily.
    void refit();
    // A curve's colour on the plot: that of another run is mixed with the ground.
    static QColor colorOf(const ChartSeries& series);
    void setTracks(const MarkTrack* marks, const SpanTrack* spans);
    const MarkTrack* marks() const { return marks_; }
    const SpanTrack* spans() const { return spans_; }

    void setGeometry(QSize size, qreal ratio);
    QRectF plot() const { return plot_; }
    static constexpr int kLeft = 58, kRight = 16, kTop = 9, kBottom = 9;

    // Brings scale, curves and image up to date with axis and samples; true if the picture changed.
    // Samples that only fill the newest pixel column wait up to a fifth of a second.
    bool update();
    const QImage& image() const { return image_; }
    // The whole picture as vectors, to the same geometry.
    void render(QPainter& painter);

    // As of the last update().
    const TimeScale& scale() const { return scale_; }
    double xAt(Time t) const { return plot_.left() + scale_.x(t); }
    Time timeAt(double x) const { return scale_.at(x - plot_.left()); }
    double yAt(double value) const { return map_.y(value); }
    double valueAt(double y) const { return map_.value(y); }
    // The recorded value in force at t; NaN if none.
    static double reading(const ChartSeries& series, Time t);

  private:
    struct Curve {
        std::vector<Column> columns, upper;
    };
    // Everything that the last image depended on.
    struct Drawn {
        TimeScale scale;
        std::int64_t appended = -1;
        std::uint64_t frame = 0, marks = 0, spans = 0;
        bool operator==(const Drawn&) const = default;
    };

    Drawn wanted();
    void decimate();
    void fitValues();
    void drawCurves();
    void drawMarks(CurveRaster& raster) const;
    void renderMarks(QPainter& painter) const;
    void renderCurve(QPainter& painter, const ChartSeries& series, const Curve& curve) const;
    double endColumn() const;
    std::vector<std::size_t> paintOrder() const;

    const TimeAxis& axis_;
    ValueAxisSpec values_;
    std::vector<ChartSeries> series_;
    std::vector<Curve> curves_;
    const MarkTrack* marks_ = nullptr;
    const SpanTrack* spans_ = nullptr;
    QSize size_;
    qreal ratio_ = 1;
    QRectF plot_;
    ChartFrame frame_;
    TimeScale scale_;
    ValueMap map_;
    double low_ = 0, high_ = 0;
    QImage image_;
    Drawn drawn_;
    QElapsedTimer sinceDrawn_;
};

} // namespace penstock::app

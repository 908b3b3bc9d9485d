// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// The still part of a chart: plot area, grid, value axis and its labels, laid out and drawn by Qt
// Charts. This is the one class that includes Qt Charts.
//
// Curves are not QXYSeries: with 24 curves of 1,000 points, QLineSeries::replace and the repaint
// took 19 to 33 ms a frame (Qt 6.4.2, two cores), of which the empty chart took 4. So the chart is
// drawn into an image when its axes change, and CurveRaster draws over a copy of it. GUI thread.
#include "app/workbench/charts/value_map.h"
#include "app/workbench/look/theme.h"

#include <QImage>
#include <QRectF>

#include <memory>

class QPainter;

namespace penstock::app {

class ChartFrame {
  public:
    ChartFrame();
    ~ChartFrame();
    ChartFrame(const ChartFrame&) = delete;
    ChartFrame& operator=(const ChartFrame&) = delete;

    // Size of the whole and the plot inside it, in device-independent pixels. All of these mark
    // the image as stale only if something changes.
    void setGeometry(QSize size, QRectF plot);
    void setTheme(const Theme& theme);
    void setValueAxis(double low, double high, double step, bool logarithmic);
    // Vertical grid lines at `anchor` + k · `interval` pixels from the plot's left edge.
    void setTimeGrid(double anchor, double interval);

    // Drawn anew only after a change; RGB32 at `ratio` device pixels a pixel.
    const QImage& image(qreal ratio);
    // Changes whenever image() would.
    std::uint64_t revision() const { return revision_; }
    // The same as vectors, for SVG.
    void render(QPainter& painter);

  private:
    struct Parts;
    void touch();

    std::unique_ptr<Parts> parts_;
    QImage image_;
    bool stale_ = true;
    std::uint64_t revision_ = 1;
};

} // namespace penstock::app

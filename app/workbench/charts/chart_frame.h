// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// The still part of a chart: plot area, value axis with its grid and labels, laid out and drawn by
// Qt Charts. This is the one class that includes Qt Charts.
//
// Curves are not QXYSeries: with 24 curves of 1,000 points, QLineSeries::replace and the repaint
// took 19 to 33 ms a frame (Qt 6.4.2, two cores), of which the empty charts took 4. So the chart is
// drawn into an image when its axis changes, and CurveRaster draws over a copy of it. Time is not
// an axis of the chart's own, because it moves: the grid of the shared axis is drawn with the
// curves. GUI thread.
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
    // Labels every `step`; on a logarithmic axis at its whole powers.
    void setValueAxis(double low, double high, double step, bool logarithmic);
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

// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// Draws decimated curves straight into an image, pixel column by pixel column, anti-aliased at
// both ends of each column's extent. A column is drawn once however many samples it stands for, so
// the cost has a bound that QPainter's strokers do not keep: 24 noisy curves of 1,000 columns and
// 130 pixels of height took QPainter 32 ms plain and 47 ms anti-aliased; these take a tenth.
#include "app/workbench/charts/value_map.h"
#include "app/workbench/series/series_buffer.h"

#include <QColor>
#include <QImage>
#include <QRect>

#include <vector>

namespace penstock::app {

class CurveRaster {
  public:
    // `plot` in device pixels of `image` (RGB32); what falls outside is clipped. The image must
    // outlive the raster. `perColumn` is device pixels a Column::x unit.
    CurveRaster(QImage& image, QRect plot, double perColumn);

    // `map` in device pixels. A step's last value is drawn up to `endX` (columns), where the run
    // has got to; a line ends at its last sample.
    void line(const std::vector<Column>& columns, const ValueMap& map, QColor color, double width,
              bool dashed);
    void step(const std::vector<Column>& columns, const ValueMap& map, QColor color, double width,
              bool dashed, double endX);
    // Fills between two step curves.
    void band(const std::vector<Column>& lower, const std::vector<Column>& upper,
              const ValueMap& map, QColor color, double endX);
    // A square of `size` pixels at each lone sample, unless they are closer than 2 · `size`.
    void dots(const std::vector<Column>& columns, const ValueMap& map, QColor color, double size);
    // Vertical strokes one `width` wide, `height` pixels up from the plot's bottom: grid lines and
    // marks. `every` > 0 draws it dashed.
    void stroke(double x, double width, double height, QColor color, int every = 0);
    // A translucent stripe over the full height.
    void shade(double fromX, double toX, QColor color);

  private:
    struct Extent {
        float low, high; // pixels, low above high: nothing here
    };

    void clearExtents();
    void extend(int x, double a, double b);
    void segment(double xa, double ya, double xb, double yb);
    void traceStep(const std::vector<Column>& columns, const ValueMap& map, double endX);
    void paintExtents(QColor color, double width, bool dashed);
    void fillColumn(int x, double from, double to, QRgb color, int alpha);

    QRgb* bits_; // the image's first pixel
    qsizetype stride_;
    QRect plot_;
    double perColumn_;
    std::vector<Extent> extents_; // one for each pixel column of the plot
};

} // namespace penstock::app

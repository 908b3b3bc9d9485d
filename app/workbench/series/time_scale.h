// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// How the shared time axis lies on a plot of a given width: which column a time falls in, where
// the grid lines are and what is written under them.
//
// While following, the right edge is held on the pixel grid and the labels count back from now, so
// that the grid stands still, and a chart changes only when a whole column has gone by.
#include "app/workbench/series/time_axis.h"

#include <string>
#include <vector>

namespace penstock::app {

struct TimeTick {
    double x = 0; // in pixels from the plot's left edge
    std::string text;
};

class TimeScale {
  public:
    TimeScale() = default;
    // `width` in pixels, at least 1; `perPixel` columns a pixel (the device's pixel ratio).
    TimeScale(const TimeAxis& axis, double width, double perPixel);

    TimeRange view() const { return view_; }
    double width() const { return width_; }
    int columns() const { return columns_; }
    // Time of one pixel.
    Duration pixel() const { return fromSeconds(toSeconds(view_.span()) / width_); }

    double x(Time t) const { return toSeconds(t - view_.from) * pixelsPerSecond_; }
    Time at(double x) const { return view_.from + fromSeconds(x / pixelsPerSecond_); }

    double gridAnchor() const { return anchor_; }
    double gridInterval() const { return interval_; }
    std::vector<TimeTick> ticks() const;
    // To the precision of the pixels: for the crosshair and the cursors.
    std::string label(Time t) const;

    bool operator==(const TimeScale&) const = default;

  private:
    TimeRange view_{};
    Time origin_{}; // what labels count from
    bool following_ = false;
    double width_ = 1;
    int columns_ = 1;
    double pixelsPerSecond_ = 1;
    Duration tick_{1};
    double anchor_ = 0, interval_ = 1;
};

} // namespace penstock::app

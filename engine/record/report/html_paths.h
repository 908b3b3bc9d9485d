// SPDX-License-Identifier: Apache-2.0
#pragma once

// Curves as SVG path data: the geometry of a chart, without its colours and words.
#include "engine/record/report/html_chart.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace penstock::html {

inline constexpr double kTop = 6; // above the plot

// A plot's mapping from values to pixels.
struct Scale {
    double low = 0, high = 1, step = 0.5;
    bool log = false;
    double cutOff = 0; // the highest value that is not shown; 0: all are
    double top = kTop, height = 132;
    double seconds = 1;

    double x(double t) const {
        return kLeft + std::clamp(t / seconds, 0.0, 1.0) * (kWidth - kLeft - kRight);
    }
    double y(double v) const {
        const double share = log ? (std::log10(std::max(v, low)) - std::log10(low)) /
                                       (std::log10(high) - std::log10(low))
                                 : (v - low) / (high - low);
        return top + height * (1 - std::clamp(share, 0.0, 1.0));
    }
};

bool hasValues(const Curve* curve);

// Neighbouring bins merged until there is at most one for two pixels.
Curve thinned(const Curve& curve);

std::string linePath(const Curve& c, const Scale& s);
std::string stepPath(const Curve& c, const Scale& s); // level along each bin
std::string bandPath(const Curve& c, const Scale& s); // from min to max
std::string areaPath(const Curve& c, const Scale& s); // down to the floor
// Elements, not path data: cells of equal shade are one path, runs of them one rectangle.
std::string heatCells(const ChartData::Heat& heat, const Scale& s);

} // namespace penstock::html

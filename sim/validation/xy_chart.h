// SPDX-License-Identifier: Apache-2.0
#pragma once

// A small chart of points against points, as an HTML figure with inline SVG: simulated lines behind
// measured dots. Colours are the CSS variables of the report page (engine/record/html_chart.h), so
// that it reads in light and dark.
#include <string>
#include <utility>
#include <vector>

namespace penstock::sim {

struct XyChart {
    struct Series {
        std::string label;
        int color = 0;                                 // 0 to 5
        bool dots = false;                             // measured; a line otherwise
        std::vector<std::pair<double, double>> points; // not finite: left out
    };
    std::string title;
    std::string note;
    std::string xLabel, yLabel;
    bool logX = false, logY = false; // needs positive values
    std::vector<Series> series;
};

// Empty when there is nothing to draw.
std::string toSvgFigure(const XyChart& chart);

// Style rules that the figures need beside the report page's own.
extern const char* const kXyChartStyle;

} // namespace penstock::sim

// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// Which charts a run has and which curves are on each: the one place to add a curve.
#include "app/workbench/charts/chart_series.h"
#include "app/workbench/models/run_series.h"

#include <QString>

#include <cstddef>
#include <vector>

namespace penstock::app {

struct ChartDesign {
    QString id, title;
    QString help; // what it answers, in a sentence
    ValueAxisSpec values;
};

// Which of a run's queues, pools and gates the charts show: of many, a few.
struct ChartChoice {
    std::vector<std::size_t> queues, pools;
    int gate = 0; // -1: none

    bool operator==(const ChartChoice&) const = default;
};

// In order from top to bottom.
const std::vector<ChartDesign>& chartDesigns();

// The queues that have been deepest so far and the pools that have been busiest: all of a few, of
// many as many as the heading of a chart of this width has room for. What `before` shows and stays
// keeps its colour; the gate is that of `before`.
ChartChoice choose(const RunSeries& run, const ChartChoice& before, int width);
// The queues, pools and gate of `other` that have the names of those chosen in `run`.
ChartChoice sameIn(const RunSeries& other, const RunSeries& run, const ChartChoice& choice);

// The curves of a chart; none if the run has nothing for it.
std::vector<ChartSeries> chartCurves(const QString& chart, const RunSeries& run,
                                     const ChartChoice& choice);
// The design's title, with how many of how many are shown where that is not all.
QString chartTitle(const ChartDesign& design, const RunSeries& run, const ChartChoice& choice);

// Adds `other`'s curves of the same names to `curves`, as overlays named after `name`.
void addOverlay(std::vector<ChartSeries>& curves, const std::vector<ChartSeries>& other,
                const QString& name);

} // namespace penstock::app

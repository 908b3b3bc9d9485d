// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// Which charts a run has and which curves are on each: the one place to add a curve.
#include "app/workbench/charts/chart_series.h"
#include "app/workbench/models/run_series.h"

#include <QString>

#include <vector>

namespace penstock::app {

struct ChartDesign {
    QString id, title;
    QString help; // what it answers, in a sentence
    ValueAxisSpec values;
};

// In order from top to bottom.
const std::vector<ChartDesign>& chartDesigns();

// The curves of a chart; none if the run has nothing for it. `gate`: which one the gate chart
// shows.
std::vector<ChartSeries> chartCurves(const QString& chart, const RunSeries& run, int gate);

// Adds `other`'s curves of the same names to `curves`, as overlays named after `name`.
void addOverlay(std::vector<ChartSeries>& curves, const std::vector<ChartSeries>& other,
                const QString& name);

} // namespace penstock::app

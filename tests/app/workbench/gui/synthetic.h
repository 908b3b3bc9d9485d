// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// A made-up run for tests of the window: bursts fill a queue, a metric lags behind the true load,
// a gate closes on what it reads. Same figures every time; nothing of the engine is needed.
#include "app/workbench/charts/heat_strip.h"
#include "app/workbench/charts/time_chart.h"

#include <QString>
#include <QWidget>

#include <array>
#include <memory>
#include <vector>

namespace penstock::app {

struct SyntheticRun {
    static constexpr int kCharts = 6, kCurves = 4;

    std::array<std::array<SeriesBuffer, kCurves>, kCharts> series;
    MarkTrack marks;
    SpanTrack spans;
    HeatBuffer heat;
    Time head{};
    int steps = 0;

    SyntheticRun();
    // Adds samples every `step` until `until`.
    void play(Time until, Duration step);
};

// Six charts of four curves over the run, as the window stacks them.
std::vector<TimeChart*> syntheticCharts(const SyntheticRun& run, TimeAxis& axis, QWidget* parent);

// Saves what `widget` looks like under build/screenshots as NAME[@2x].png; returns the path.
QString screenshot(QWidget& widget, const QString& name);

} // namespace penstock::app

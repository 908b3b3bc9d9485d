// SPDX-License-Identifier: GPL-3.0-only
// Goal: six charts of four curves with an hour of history at 1600 × 1000 take at most 16 ms a frame
// at the 99th percentile, while data stream in. Method: add a frame's worth of samples, refresh and
// paint every chart at once, 300 times, for each of several ways to look at the run. The clock is
// the processor time of this thread, so that other programs on the machine do not count.
#include "app/workbench/charts/time_ruler.h"
#include "tests/app/workbench/gui/frame_clock.h"
#include "tests/app/workbench/gui/synthetic.h"

#include <QApplication>
#include <QVBoxLayout>
#include <gtest/gtest.h>

#include <cstdio>

namespace penstock::app {
namespace {

using namespace std::chrono_literals;

TEST(FrameTime, SixChartsFourCurvesAnHourOfHistory) {
    SyntheticRun run;
    run.play(Time{1h}, 50ms);
    TimeAxis axis;
    axis.reset(Time{}, Time{});
    axis.advance(run.head);
    QWidget stack;
    stack.resize(1600, 1000);
    auto* layout = new QVBoxLayout(&stack);
    layout->setContentsMargins(0, 0, 0, 0);
    auto charts = syntheticCharts(run, axis, &stack);
    for (TimeChart* chart : charts)
        layout->addWidget(chart, 1);
    auto* heat = new HeatStrip(QStringLiteral("Replicas"), 1, axis, &stack);
    heat->setData(&run.heat, {});
    layout->addWidget(heat);
    layout->addWidget(new TimeRuler(axis, &stack));
    stack.show();
    QApplication::processEvents();

    // A frame of a run at ×50 covers 1.65 s of engine time; at ×1, 33 ms.
    const struct {
        const char* name;
        Duration window, perFrame;
        bool pan, hover;
    } cases[] = {{"hour, x50", 1h, 1650ms, false, false},
                 {"5 min, x50", 5min, 1650ms, false, false},
                 {"5 min, x1", 5min, 33ms, false, false},
                 {"20 s, x1", 20s, 33ms, false, false},
                 {"hour, x50, crosshair", 1h, 1650ms, false, true},
                 {"20 min, panning", 20min, 33ms, true, false}};
    for (const auto& c : cases) {
        axis.follow();
        axis.zoom(toSeconds(c.window) / toSeconds(axis.range().span()), axis.head());
        std::vector<double> ms;
        for (int frame = 0; frame < 300; ++frame) {
            run.play(run.head + c.perFrame, std::min<Duration>(50ms, c.perFrame));
            const double start = cpuMilliseconds();
            axis.advance(run.head);
            if (c.pan) axis.pan(frame < 150 ? -0.003 : 0.002);
            if (c.hover) axis.hover(axis.range().from + axis.range().span() / 300 * frame);
            for (TimeChart* chart : charts)
                chart->refresh();
            heat->refresh();
            QApplication::processEvents(); // paints all that asked for it
            ms.push_back(cpuMilliseconds() - start);
        }
        const Percentiles p = percentiles(ms);
        std::printf("  %-24s p50 %5.2f  p99 %5.2f  max %5.2f ms a frame\n", c.name, p.p50, p.p99,
                    p.max);
        EXPECT_LE(p.p99, 16) << c.name;
    }
}

} // namespace
} // namespace penstock::app

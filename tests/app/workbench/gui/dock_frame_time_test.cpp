// SPDX-License-Identifier: GPL-3.0-only
// Goal: taking a frame over and painting it takes at most 16 ms at the 99th percentile, with an
// hour of history in a window of 1600 × 1000. Method: frames of a made-up run at several speeds
// into the charts alone, and into all docks side by side; the clock is this thread's processor
// time, so that other programs on the machine do not count.
#include "app/workbench/docks/charts/charts_dock.h"
#include "app/workbench/docks/lives/requests_dock.h"
#include "app/workbench/docks/parts/filter_bar.h"
#include "tests/app/workbench/gui/dock_window.h"
#include "tests/app/workbench/gui/frame_clock.h"

#include <QApplication>
#include <gtest/gtest.h>

#include <cstdio>

namespace penstock::app {
namespace {

using namespace std::chrono_literals;

struct Speed {
    const char* name;
    Duration perFrame;
    Duration window;
};
// At ×1, ×50, and as fast as it goes with a thousand requests a frame.
constexpr Speed kSpeeds[] = {{"x1, 5 min shown", 33ms, 5min},
                             {"x50, 5 min shown", 1650ms, 5min},
                             {"x50, 1 h shown", 1650ms, 1h},
                             {"fast, 1 h shown", 25s, 1h}};

// A run that goes fast hands out about 32 samples a frame.
void thin(std::vector<GaugeSample>& gauges) {
    const std::size_t stride = std::max<std::size_t>(1, gauges.size() / 32);
    std::vector<GaugeSample> kept;
    for (std::size_t i = stride - 1; i < gauges.size(); i += stride)
        kept.push_back(std::move(gauges[i]));
    gauges = std::move(kept);
}

// Frames as a run hands them out, made before the clock starts.
void measure(DockWindow& w, const char* what, int frames) {
    for (const Speed& speed : kSpeeds) {
        TimeAxis& axis = w.docks.axis();
        axis.follow();
        axis.zoom(toSeconds(speed.window) / toSeconds(axis.range().span()), axis.head());
        std::vector<double> ms;
        for (int i = 0; i < frames; ++i) {
            w.run.pass(speed.perFrame);
            ASSERT_TRUE(w.run.take(w.frame));
            const auto cut = [](auto& rows) {
                if (rows.size() > 1000) rows.resize(1000);
            };
            cut(w.frame.requests);
            cut(w.frame.events);
            thin(w.frame.gauges);
            const double start = cpuMilliseconds();
            w.docks.add(w.frame);
            QApplication::processEvents(); // paints all that asked for it
            ms.push_back(cpuMilliseconds() - start);
        }
        const Percentiles p = percentiles(ms);
        std::printf("  %-12s %-18s p50 %5.2f  p99 %5.2f  max %5.2f ms a frame\n", what, speed.name,
                    p.p50, p.p99, p.max);
        EXPECT_LE(p.p99, 16) << what << ", " << speed.name;
    }
}

FakeRun::Options busy() {
    FakeRun::Options options;
    options.requestsPerSecond = 40;
    return options;
}

TEST(FrameTimeDocks, ChartsWithAnHourOfHistory) {
    DockWindow w(busy());
    w.docks.charts->setParent(nullptr);
    w.window.hide();
    w.docks.charts->resize(1600, 1000);
    w.docks.charts->show();
    w.play(1h, 1min);
    measure(w, "charts", 300);
}

TEST(FrameTimeDocks, AllDocksAtOnceWithAnHourOfHistory) {
    DockWindow w(busy());
    w.window.resize(1600, 1000);
    w.play(1h, 1min);
    w.docks.requests->filter().setText(QStringLiteral("code"));
    measure(w, "all docks", 200);
}

// Three hundred of each in the charts and in all docks, with a quarter of an hour of history.
TEST(FrameTimeDocks, ThreeHundredQueuesGatesAndReplicas) {
    FakeRun::Options options = busy();
    options.queues = options.gates = options.replicas = 300;
    options.loud = 299;
    const double start = cpuMilliseconds();
    DockWindow w(options);
    std::printf("  wide: all docks begin in %.0f ms\n", cpuMilliseconds() - start);
    w.window.resize(1600, 1000);
    w.play(15min, 1min);
    measure(w, "300 of each", 100);
}

} // namespace
} // namespace penstock::app

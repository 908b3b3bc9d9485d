// SPDX-License-Identifier: GPL-3.0-only
// Goal: the window answers at once while the simulation goes as fast as it can, and does not slow
// it: events are handled within 50 ms at the 99th percentile, no frame costs more than its share,
// and a run with a window reaches at least 80 % of the speed without one, with the same
// fingerprint. Method: an event posted every 5 ms while a week of seven million requests runs fast
// in a 1600 × 1000 window; the same run without a window. To be measured on a quiet machine.
#include "app/workbench/models/text.h"
#include "app/workbench/window/runs/simulated_runs.h"
#include "sim/scenario/scenario_reader.h"
#include "sim/world/world.h"
#include "tests/app/workbench/window/fake_maker.h"

#include <QApplication>
#include <QElapsedTimer>
#include <QSettings>
#include <QTest>
#include <QThreadPool>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <thread>
#include <unistd.h>

namespace penstock::app {
namespace {

using namespace std::chrono_literals;

const std::string kWeek = PENSTOCK_SOURCE_DIR "/scenarios/week-with-losses.yaml";

double percentile(std::vector<double> values, double share) {
    std::sort(values.begin(), values.end());
    return values[std::min(values.size() - 1,
                           static_cast<std::size_t>(share * static_cast<double>(values.size())))];
}

double threadMs() {
    timespec t{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return static_cast<double>(t.tv_sec) * 1e3 + static_cast<double>(t.tv_nsec) * 1e-6;
}

// Wall seconds that the whole run takes without a window, as `penstock run` does it, and its
// fingerprint.
std::pair<double, std::string> headless() {
    auto scenario = sim::readScenario(kWeek, {});
    EXPECT_TRUE(scenario);
    QElapsedTimer since;
    since.start();
    auto world = sim::World::make(std::move(*scenario));
    EXPECT_TRUE(world);
    (*world)->runUntil((*world)->end());
    return {static_cast<double>(since.elapsed()) / 1e3, (*world)->recorder().fingerprint().text()};
}

TEST(Latency, EventsAndFramesInFastMode) {
    QTemporaryDir folder;
    QSettings::setPath(QSettings::NativeFormat, QSettings::UserScope, folder.path());
    SimulatedRuns runs(folder.filePath(QStringLiteral("runs.db")).toStdString());
    const auto [alone, fingerprint] = headless();
    QElapsedTimer sinceMade;
    sinceMade.start();
    MainWindow window(runs);
    double paintedMs = 0;
    QObject::connect(&window, &MainWindow::painted,
                     [&] { paintedMs = static_cast<double>(sinceMade.elapsed()); });
    window.resize(1600, 1000);
    window.show();
    ASSERT_TRUE(QTest::qWaitFor([&] { return paintedMs > 0; }));
    Opening opening;
    opening.order.scenario = kWeek;
    opening.order.recorded = false;
    opening.offers = false;
    opening.start.pace = RunStart::Pace::paused;
    window.begin(opening);
    ASSERT_TRUE(QTest::qWaitFor([&] { return window.desk().hasRun(); }, 20000));
    QElapsedTimer since;
    since.start();
    window.desk().send(RunFast{});
    std::vector<double> latencies, turns;
    QElapsedTimer posted;
    bool waiting = false;
    while (!window.desk().ended() && since.elapsed() < 120000) {
        if (!waiting) {
            waiting = true;
            posted.start();
            QMetaObject::invokeMethod(
                qApp,
                [&] {
                    latencies.push_back(static_cast<double>(posted.nsecsElapsed()) * 1e-6);
                    waiting = false;
                },
                Qt::QueuedConnection);
        }
        const double before = threadMs();
        QApplication::processEvents();
        turns.push_back(threadMs() - before);
        std::this_thread::sleep_for(1ms);
    }
    const double watched = static_cast<double>(since.elapsed()) / 1e3;
    std::printf("  first paint %.0f ms after the window was made\n"
                "  event latency p50 %.2f  p99 %.2f  max %.2f ms\n"
                "  processor time of a turn of the loop p99 %.2f  max %.2f ms\n"
                "  whole run alone %.2f s, in the window %.2f s: %.0f %% of the speed\n",
                paintedMs, percentile(latencies, 0.5), percentile(latencies, 0.99),
                percentile(latencies, 1), percentile(turns, 0.99), percentile(turns, 1), alone,
                watched, 100 * alone / watched);
    EXPECT_LE(paintedMs, 1000);
    EXPECT_LE(percentile(latencies, 0.99), 50);
    EXPECT_EQ(window.desk().now().fingerprint, fingerprint);
    EXPECT_GE(alone / watched, 0.8);
}

double residentMiB() {
    std::ifstream statm("/proc/self/statm");
    long all = 0, resident = 0;
    statm >> all >> resident;
    return static_cast<double>(resident * sysconf(_SC_PAGESIZE)) / (1 << 20);
}

// What the window keeps of a run is bounded: once its rings are full, which takes most of a day
// here, another day needs no more.
TEST(Latency, MemoryIsFlatOverASimulatedDay) {
    QTemporaryDir folder;
    QSettings::setPath(QSettings::NativeFormat, QSettings::UserScope, folder.path());
    SimulatedRuns runs(folder.filePath(QStringLiteral("runs.db")).toStdString());
    MainWindow window(runs);
    window.resize(1600, 1000);
    window.show();
    Opening opening;
    opening.order.scenario = kWeek;
    opening.order.recorded = false;
    opening.offers = false;
    opening.start.pace = RunStart::Pace::paused;
    window.begin(opening);
    ASSERT_TRUE(QTest::qWaitFor([&] { return window.desk().hasRun(); }, 20000));
    const auto runTo = [&](Duration at) {
        const Time goal = window.desk().info().start + at;
        window.desk().send(RunUntil{goal, {}});
        ASSERT_TRUE(QTest::qWaitFor(
            [&] { return window.desk().now().head >= goal && !window.desk().running(); }, 300000));
    };
    std::vector<double> after;
    for (const auto hours : {12h, 24h, 36h, 48h}) {
        runTo(hours);
        after.push_back(residentMiB());
    }
    std::printf("  resident after 12, 24, 36 and 48 simulated hours: %.0f %.0f %.0f %.0f MiB\n",
                after[0], after[1], after[2], after[3]);
    EXPECT_LE(after[3], 1.05 * after[1]);
}

} // namespace
} // namespace penstock::app

// SPDX-License-Identifier: GPL-3.0-only
// Goal: a picture of every dock in both themes and at the sizes that it has in a window of 1280×800
// and of 2560×1440, to be looked at by a person. Method: a run of formulas; a second run of the
// program under QT_SCALE_FACTOR=2 makes the 2x set.
#include "app/workbench/docks/charts/chart_table.h"
#include "app/workbench/docks/charts/charts_dock.h"
#include "app/workbench/docks/lives/events_dock.h"
#include "app/workbench/docks/lives/requests_dock.h"
#include "app/workbench/docks/parts/table_view.h"
#include "app/workbench/docks/runs/advice_dock.h"
#include "app/workbench/docks/runs/compare_dock.h"
#include "app/workbench/docks/runs/log_dock.h"
#include "app/workbench/docks/runs/runs_dock.h"
#include "app/workbench/docks/steering/gates_dock.h"
#include "app/workbench/docks/steering/parameters_dock.h"
#include "app/workbench/docks/steering/queues_dock.h"
#include "app/workbench/look/theme.h"
#include "tests/app/workbench/gui/dock_window.h"
#include "tests/app/workbench/gui/synthetic.h"

#include <QApplication>
#include <gtest/gtest.h>

namespace penstock::app {
namespace {

using namespace std::chrono_literals;

struct Place {
    const char* id;
    QSize small, large; // in a window of 1280×800, of 2560×1440
};
// Charts in the middle, queues and runs at the left, gates and parameters at the right, the
// others below: as the window places them.
const Place kPlaces[] = {
    {"charts", {700, 470}, {1560, 980}},     {"gates", {300, 640}, {460, 1100}},
    {"parameters", {300, 640}, {460, 1100}}, {"queues", {270, 160}, {480, 220}},
    {"requests", {1270, 200}, {2550, 340}},  {"events", {1270, 200}, {2550, 340}},
    {"advice", {1270, 200}, {2550, 340}},    {"runs", {270, 300}, {480, 500}},
    {"compare", {1270, 200}, {2550, 340}},   {"log", {1270, 200}, {2550, 340}},
};

RunDock* dockOf(DockWindow& w, const char* id) {
    for (RunDock* dock : w.docks.all()) {
        if (dock->id() == QString::fromLatin1(id)) return dock;
    }
    return nullptr;
}

void shoot(DockWindow& w, const Place& place, const char* theme, const char* what) {
    RunDock* dock = dockOf(w, place.id);
    ASSERT_TRUE(dock);
    for (const bool large : {false, true}) {
        dock->resize(large ? place.large : place.small);
        QApplication::processEvents();
        if (dock == w.docks.charts) dock->add({});
        screenshot(*dock, QStringLiteral("dock-%1%2-%3-%4")
                              .arg(QString::fromLatin1(place.id), QString::fromLatin1(what),
                                   large ? QStringLiteral("2560") : QStringLiteral("1280"),
                                   QString::fromLatin1(theme)));
    }
}

class DockScreenshots : public testing::TestWithParam<ThemeKind> {};

TEST_P(DockScreenshots, EveryDock) {
    const char* theme = GetParam() == ThemeKind::light ? "light" : "dark";
    applyTheme(GetParam());
    {
        DockWindow w;
        for (RunDock* dock : w.docks.all()) {
            dock->setParent(nullptr); // of the size that the picture wants
            dock->show();
        }
        w.play(10min + 20s, 10min + 20s);
        w.docks.runs->setRuns(FakeRuns::history(8));
        w.docks.compare->setComparison(fakeComparison());
        w.docks.queues->table().chooseRow(0);
        w.docks.advice->table().chooseRow(0);
        w.docks.log->say(Severity::error, QStringLiteral("Cannot read scenarios/x.yaml: line 12: "
                                                         "“thresold” is not known; did you mean "
                                                         "“threshold”?"));
        w.docks.knobs().move(QStringLiteral("engine.transport.queues[code].gate_params.threshold"),
                             0.65);
        w.pull();
        w.docks.knobs().move(QStringLiteral("engine.transport.queues[code].gate_params.baseline"),
                             0.1);
        w.docks.requests->find(QStringLiteral("req-002383"));
        w.pull();
        w.docks.axis().unlockCrosshair();
        w.docks.axis().follow();
        for (const Place& place : kPlaces)
            shoot(w, place, theme, "");
        // A crosshair, cursors, a brush and another run on the charts.
        TimeAxis& axis = w.docks.axis();
        FakeRun other;
        other.send(SetParameter{"engine.transport.queues[code].gate_params.threshold", 0.6});
        other.pass(10min);
        Frame frame;
        other.take(frame);
        auto series = std::make_shared<RunSeries>();
        series->begin(other.info(), axis.start());
        series->add(frame);
        w.docks.charts->setOverlay(QStringLiteral("perfect gate"), series, 0.83);
        axis.setCursor(TimeAxis::Cursor::a, axis.head() - 4min);
        axis.setCursor(TimeAxis::Cursor::b, axis.head() - 150s);
        axis.lockCrosshair(axis.head() - 70s);
        shoot(w, kPlaces[0], theme, "-overlay");
        axis.setBrush(TimeRange{axis.head() - 3min, axis.head() - 2min});
        shoot(w, kPlaces[0], theme, "-brush");
        auto* table = w.docks.charts->showAsTable(*w.docks.charts->chart(QStringLiteral("gate")));
        screenshot(*table, QStringLiteral("dock-chart-table-%1").arg(QString::fromLatin1(theme)));
    }
    {
        FakeRun::Options options;
        options.armFirst = true;
        DockWindow w(options);
        w.docks.gates->setParent(nullptr);
        w.docks.gates->show();
        w.play(20s);
        shoot(w, kPlaces[1], theme, "-locked");
        w.docks.knobs().setArmed(true);
        shoot(w, kPlaces[1], theme, "-armed");
        for (RunDock* dock : w.docks.all()) {
            dock->setParent(nullptr);
            dock->show();
        }
        w.docks.begin({});
        for (const Place& place : kPlaces)
            shoot(w, place, theme, "-empty");
    }
    {
        FakeRun::Options options; // more of each than there is room for
        options.queues = options.gates = options.replicas = 300;
        options.loud = 299;
        DockWindow w(options);
        for (RunDock* dock : w.docks.all()) {
            dock->setParent(nullptr);
            dock->show();
        }
        w.play(5min, 5min);
        w.run.send(Pause{});
        w.pull();
        for (std::size_t i = 0; i < 5; ++i)
            shoot(w, kPlaces[i], theme, "-wide");
    }
    applyTheme(ThemeKind::light);
}

INSTANTIATE_TEST_SUITE_P(Themes, DockScreenshots,
                         testing::Values(ThemeKind::light, ThemeKind::dark));

} // namespace
} // namespace penstock::app

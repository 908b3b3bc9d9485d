// SPDX-License-Identifier: GPL-3.0-only
// Goal: the charts show what the run left, follow it or stand still as told, and everything the
// mouse does can be done with keys. Method: a run of formulas that streams on, QTest events, and
// the series themselves as the truth.
#include "app/workbench/docks/charts/chart_table.h"
#include "app/workbench/docks/charts/charts_dock.h"
#include "app/workbench/docks/steering/gates_dock.h"
#include "app/workbench/series/time_ticks.h"
#include "tests/app/workbench/gui/chart_hand.h"
#include "tests/app/workbench/gui/dock_window.h"

#include <QAbstractItemModelTester>
#include <QApplication>
#include <QFile>
#include <QMenu>
#include <QSignalSpy>
#include <QTemporaryDir>
#include <QTest>
#include <QToolButton>
#include <gtest/gtest.h>

namespace penstock::app {
namespace {

using namespace std::chrono_literals;

struct GateChart : DockWindow {
    GateChart() {
        play(10min, 10min);
        view().setFocus();
        refresh();
    }
    ChartsDock& dock() { return *docks.charts; }
    TimeAxis& axis() { return docks.axis(); }
    TimeChart& gate() { return *dock().chart(QStringLiteral("gate")); }
    PlotView& view() { return gate().view(); }
    void refresh() {
        dock().add({});
        QApplication::processEvents();
    }
    void key(int key, Qt::KeyboardModifiers with = Qt::NoModifier) {
        QTest::keyClick(&view(), static_cast<Qt::Key>(key), with);
    }
    ChartHand hand() { return ChartHand(gate()); }
};

TEST(ChartsDock, FollowEndsWithThePanAndEndBringsItBackWhileDataStream) {
    GateChart f;
    ASSERT_TRUE(f.axis().following());
    f.hand().drag(f.axis().head() - 3min, f.axis().head() - 2min, Qt::MiddleButton);
    EXPECT_FALSE(f.axis().following());
    const TimeRange still = f.axis().range();
    f.play(20s);
    EXPECT_EQ(f.axis().range(), still);
    f.key(Qt::Key_End);
    EXPECT_TRUE(f.axis().following());
    f.play(20s);
    EXPECT_EQ(f.axis().range().to, f.run.head());
    f.key(Qt::Key_Left);
    EXPECT_FALSE(f.axis().following()) << "a pan by key is a pan";
    f.key(Qt::Key_Backspace);
    EXPECT_TRUE(f.axis().following()) << "the view before was following";
}

TEST(ChartsDock, ZoomByKeysAndWheelWhileStreamingWithABackStack) {
    GateChart f;
    const Duration span = f.axis().range().span();
    f.key(Qt::Key_Plus);
    f.play(5s);
    f.key(Qt::Key_Plus);
    EXPECT_TRUE(f.axis().following());
    EXPECT_NEAR(toSeconds(f.axis().range().span()), toSeconds(span) / 1.5625, 0.1);
    f.key(Qt::Key_Home);
    EXPECT_EQ(f.axis().range().from, f.run.info().start);
    f.hand().wheel(f.axis().start() + 5min, 2);
    const TimeRange zoomed = f.axis().range();
    f.play(5s);
    EXPECT_EQ(f.axis().range(), zoomed) << "standing still while data stream in";
    f.key(Qt::Key_Backspace);
    EXPECT_EQ(f.axis().range().from, f.run.info().start);
    f.key(Qt::Key_Backspace, Qt::ShiftModifier);
    EXPECT_EQ(f.axis().range(), zoomed);
}

TEST(ChartsDock, TheCrosshairShowsTheValuesOfTheSeriesOnEveryChart) {
    GateChart f;
    const Time at = f.axis().head() - 90s;
    f.axis().lockCrosshair(at);
    QTest::qWait(110);
    f.refresh();
    int compared = 0;
    for (TimeChart* chart : f.dock().charts()) {
        const auto& series = chart->scene().series();
        for (std::size_t i = 0; i < series.size(); ++i) {
            const auto sample = series[i].data->at(at);
            ASSERT_TRUE(sample) << chart->id().toStdString() << i;
            EXPECT_EQ(chart->shownValue(static_cast<int>(i)).toStdString(),
                      numberLabel(sample->value))
                << chart->id().toStdString() << i;
            ++compared;
        }
    }
    EXPECT_GE(compared, 24);
    EXPECT_EQ(f.docks.series().gates[0]->threshold.at(at)->value, 0.8);
}

TEST(ChartsDock, WhatTheGateReadLagsBehindTheTruth) {
    GateChart f;
    const RunSeries::Gate& gate = *f.docks.series().gates[0];
    const Time reading = f.axis().start() + 485s;
    const double read = gate.read.at(reading)->value;
    EXPECT_NEAR(read, gate.truth.at(reading - 4s)->value, 1e-6) << "it read what was 4 s ago";
    const auto seconds = gate.closed.secondsByReason({f.axis().start(), f.axis().head()});
    ASSERT_EQ(gate.closed.reasons(), std::vector<std::string>{"gate_closed"});
    EXPECT_GT(seconds[0], 60);
}

TEST(ChartsDock, CursorsAndBrushByKeysAlone) {
    GateChart f;
    f.key(Qt::Key_L);
    ASSERT_TRUE(f.axis().crosshairLocked());
    const Time first = *f.axis().crosshair();
    f.key(Qt::Key_A);
    for (int i = 0; i < 10; ++i)
        f.key(Qt::Key_Right, Qt::ControlModifier);
    EXPECT_GT(*f.axis().crosshair(), first);
    f.key(Qt::Key_B);
    EXPECT_EQ(f.axis().cursor(TimeAxis::Cursor::a), first);
    EXPECT_NEAR(toSeconds(*f.axis().cursorDistance()), 0.05 * toSeconds(f.axis().range().span()),
                0.01);
    f.key(Qt::Key_S);
    ASSERT_TRUE(f.axis().brush());
    EXPECT_EQ(f.axis().brush()->from, first);
    f.key(Qt::Key_Z);
    EXPECT_EQ(f.axis().range().from, first);
    EXPECT_FALSE(f.axis().brush());
    f.key(Qt::Key_Escape);
    EXPECT_FALSE(f.axis().crosshairLocked());
    f.key(Qt::Key_Escape);
    EXPECT_FALSE(f.axis().cursor(TimeAxis::Cursor::a));
    EXPECT_FALSE(f.view().accessibleDescription().isEmpty()) << "the values were spoken";
}

TEST(ChartsDock, TheTableTwinEqualsTheChart) {
    GateChart f;
    f.key(Qt::Key_T);
    auto* table = f.dock().showAsTable(f.gate());
    ASSERT_TRUE(table->isVisible());
    EXPECT_EQ(&table->chart(), &f.gate()) << "the key opened the one of the chart with the focus";
    QAbstractItemModelTester tester(&table->model(),
                                    QAbstractItemModelTester::FailureReportingMode::Fatal);
    table->model().refresh();
    const auto& series = f.gate().scene().series();
    for (int part = 0; part < ChartTableModel::kParts; ++part) {
        const int row = ChartTableModel::kSummaries + part;
        const Time at = *table->model().timeOf(row);
        for (std::size_t i = 0; i < series.size(); ++i) {
            const QString cell =
                table->model().index(row, static_cast<int>(i) + 1).data().toString();
            EXPECT_EQ(cell.section(QLatin1Char(' '), 0, 0).toStdString(),
                      numberLabel(series[i].data->at(at)->value));
        }
    }
    const auto all = series[0].data->statistics(f.axis().range());
    EXPECT_EQ(table->model().index(3, 1).data().toString().toStdString(), numberLabel(all->max));
    table->close();
}

TEST(ChartsDock, AnotherRunIsLaidOverAsPaleDashedCurves) {
    GateChart f;
    FakeRun::Options options;
    options.start = Time{50h}; // another day: it is moved to start with this one
    FakeRun other(options);
    other.send(SetParameter{"engine.transport.queues[code].gate_params.threshold", 0.6});
    other.pass(10min);
    Frame frame;
    other.take(frame);
    auto series = std::make_shared<RunSeries>();
    series->begin(other.info(), f.axis().start());
    series->add(frame);
    const QImage before = f.view().grab().toImage();
    f.dock().setOverlay(QStringLiteral("threshold 0.6"), series, 0.5);
    f.refresh();
    const auto& curves = f.gate().scene().series();
    ASSERT_EQ(curves.size(), 8u);
    EXPECT_EQ(curves[6].name, QStringLiteral("threshold (threshold 0.6)"));
    EXPECT_TRUE(curves[6].dashed);
    EXPECT_EQ(curves[6].overlayOf, 2);
    const Time at = f.axis().head() - 1min;
    EXPECT_EQ(PlotScene::reading(curves[6], at), 0.6);
    EXPECT_EQ(PlotScene::reading(curves[2], at), 0.8);
    EXPECT_EQ(PlotScene::reading(curves[4], at), PlotScene::reading(curves[0], at))
        << "the same traffic at the same time since the start";
    EXPECT_NE(f.view().grab().toImage(), before);
    f.gate().setCurveVisible(2, false);
    EXPECT_FALSE(curves[6].visible) << "hidden with its twin";
    f.gate().setCurveVisible(2, true);
    f.dock().setOverlay(QStringLiteral("threshold 0.6"), series, 1);
    QToolButton* chip = nullptr;
    for (auto* button : f.dock().findChildren<QToolButton*>()) {
        if (button->text().contains(QStringLiteral("threshold 0.6"))) chip = button;
    }
    ASSERT_TRUE(chip);
    EXPECT_FALSE(chip->text().contains(QLatin1Char('%'))) << "complete";
    QSignalSpy closed(&f.dock(), &ChartsDock::overlayClosed);
    QTest::mouseClick(chip, Qt::LeftButton);
    EXPECT_EQ(closed.count(), 1);
    EXPECT_EQ(f.gate().scene().series().size(), 4u);
    EXPECT_TRUE(f.dock().overlays().isEmpty());
}

TEST(ChartsDock, OneOfSeveralGatesIsShown) {
    GateChart f;
    QSignalSpy chosen(&f.dock(), &ChartsDock::gateChosen);
    f.key(Qt::Key_G);
    EXPECT_EQ(f.dock().gate(), 1);
    EXPECT_EQ(f.gate().scene().series()[0].data, &f.docks.series().gates[1]->truth);
    EXPECT_EQ(chosen.count(), 1);
    Q_EMIT f.docks.gates->gateChosen(0);
    EXPECT_EQ(f.dock().gate(), 0);
}

TEST(ChartsDock, ChartsAreHiddenAndShownAndTheChoiceIsKept) {
    GateChart f;
    f.registry.find(QStringLiteral("chart.show.slack"))->trigger();
    EXPECT_FALSE(f.dock().chart(QStringLiteral("slack"))->isVisible());
    QMenu menu;
    f.dock().fillMenu(menu, f.gate());
    QStringList titles;
    for (const QAction* action : menu.actions())
        titles << action->text();
    for (const char* want : {"Show as table", "Save what is visible", "Fit the value axis",
                             "Curves", "Hide this chart"}) {
        EXPECT_TRUE(titles.contains(QString::fromLatin1(want))) << want;
    }
    GateChart again;
    again.dock().setViewState(f.dock().viewState());
    EXPECT_FALSE(again.dock().chart(QStringLiteral("slack"))->isVisible());
    EXPECT_FALSE(again.registry.find(QStringLiteral("chart.show.slack"))->isChecked());
    EXPECT_TRUE(again.gate().isVisible());
}

TEST(ChartsDock, ARunWithoutQueuesShowsWhatItHas) {
    FakeRun::Options options;
    options.queues = options.gates = options.replicas = 0;
    DockWindow w(options);
    w.play(1min);
    ChartsDock& dock = *w.docks.charts;
    EXPECT_FALSE(dock.chart(QStringLiteral("queues"))->isVisible());
    EXPECT_FALSE(dock.chart(QStringLiteral("gate"))->isVisible());
    EXPECT_FALSE(dock.heat().isVisible());
    EXPECT_TRUE(dock.chart(QStringLiteral("ttft"))->isVisible());
}

TEST(ChartsDock, ReplicasThatComeLaterGetRowsOfTheirOwn) {
    GateChart f;
    const Time before = f.axis().head();
    Frame frame;
    frame.head = before + 1s;
    GaugeSample g;
    g.at = before + 1s;
    g.queues.resize(2);
    g.pools.resize(1);
    g.replicas.assign(11, 0.5f);
    frame.gauges = {g};
    f.docks.add(frame);
    const HeatBuffer& heat = f.docks.series().replicas;
    ASSERT_EQ(heat.rows(), 11u);
    EXPECT_TRUE(std::isnan(heat.at(10, before - 1min)));
    EXPECT_FALSE(std::isnan(heat.at(0, before - 1min)));
    std::vector<float> columns;
    heat.resample({before - 2min, before + 10s}, 100, columns);
    EXPECT_EQ(columns.size(), 1100u);
    frame.head = frame.gauges[0].at = before + 2s;
    frame.gauges[0].replicas.resize(4);
    f.docks.add(frame);
    EXPECT_EQ(heat.rows(), 11u) << "gone again, but remembered";
}

TEST(ChartsDock, ExportWritesTheVisibleRange) {
    GateChart f;
    QTemporaryDir folder;
    QSignalSpy said(&f.dock(), &RunDock::said);
    const QString csv = folder.filePath(QStringLiteral("gate.csv"));
    f.dock().exportChart(f.gate(), ChartFile::csv, csv);
    QFile file(csv);
    ASSERT_TRUE(file.open(QIODevice::ReadOnly));
    EXPECT_TRUE(QString::fromUtf8(file.readLine()).startsWith(QStringLiteral("time_s,true load")));
    EXPECT_TRUE(said.last()[0].toString().startsWith(QStringLiteral("Saved")));
    f.dock().exportChart(f.gate(), ChartFile::png, QStringLiteral("/nowhere/gate.png"));
    EXPECT_TRUE(said.last()[0].toString().contains(QStringLiteral("/nowhere/gate.png")));
}

} // namespace
} // namespace penstock::app

// SPDX-License-Identifier: GPL-3.0-only
// Goal: with three hundred queues, gates and replicas the window names the right ones, also beyond
// what 8 bits hold, and stays readable: a few of each are shown, and the others are found. Method:
// a made-up run in which the last of each alone is deep, closed or busy.
#include "app/workbench/charts/legend_entry.h"
#include "app/workbench/docks/charts/charts_dock.h"
#include "app/workbench/docks/lives/events_dock.h"
#include "app/workbench/docks/parts/filter_bar.h"
#include "app/workbench/docks/parts/table_view.h"
#include "app/workbench/docks/steering/gate_card.h"
#include "app/workbench/docks/steering/gates_dock.h"
#include "app/workbench/docks/steering/knob.h"
#include "app/workbench/docks/steering/parameters_dock.h"
#include "app/workbench/docks/steering/queues_dock.h"
#include "tests/app/workbench/gui/dock_window.h"

#include <QApplication>
#include <QComboBox>
#include <QLineEdit>
#include <QSignalSpy>
#include <QTest>
#include <gmock/gmock.h>

namespace penstock::app {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr int kMany = 300, kLast = 299;
const QString kLastThreshold =
    QStringLiteral("engine.transport.queues[q299].gate_params.threshold");

FakeRun::Options wide(int loud = kLast) {
    FakeRun::Options options;
    options.queues = options.gates = options.replicas = kMany;
    options.loud = loud;
    return options;
}

struct Wide : DockWindow {
    explicit Wide(int chartsWidth = 1200) : DockWindow(wide()) {
        docks.charts->setParent(nullptr); // of the size that the test wants
        docks.charts->resize(chartsWidth, 900);
        docks.charts->show();
        play(20s);
        run.send(Pause{}); // the frame before a pause is shown whole
        pull();
    }
    TimeChart& chart(const char* id) { return *docks.charts->chart(QString::fromLatin1(id)); }
};

TEST(Wide, TheQueueChartShowsTheDeepestOfMany) {
    Wide w;
    const auto& curves = w.chart("queues").scene().series();
    QStringList names;
    for (const ChartSeries& s : curves)
        names << s.name;
    EXPECT_EQ(names.size(), 7) << "five, the backlog and the retries";
    const auto last = names.indexOf(QStringLiteral("q299"));
    ASSERT_GE(last, 0) << names.join(QLatin1Char(' ')).toStdString();
    EXPECT_EQ(curves[static_cast<std::size_t>(last)].data->last()->value, 500);
    EXPECT_EQ(w.chart("queues").title(), QStringLiteral("Queues, 5 of 300"));
    EXPECT_EQ(w.chart("queues").findChildren<LegendEntry*>().size(), 7);
    EXPECT_EQ(w.chart("flight").title(), QStringLiteral("In flight")) << "there is one pool";
    Wide narrow(700);
    EXPECT_EQ(narrow.chart("queues").title(), QStringLiteral("Queues, 3 of 300"));
    EXPECT_EQ(narrow.chart("queues").scene().series()[0].name, QStringLiteral("q299"));
    for (LegendEntry* entry : narrow.chart("queues").findChildren<LegendEntry*>())
        EXPECT_GE(entry->width(), entry->minimumSizeHint().width()) << "no name is cut";
}

TEST(Wide, AnotherRunIsLaidOverByName) {
    Wide w;
    FakeRun other(wide(3)); // another queue is deep in it
    other.pass(20s);
    Frame frame;
    ASSERT_TRUE(other.take(frame));
    auto series = std::make_shared<RunSeries>();
    series->begin(other.info(), w.docks.axis().start());
    series->add(frame);
    w.docks.charts->setOverlay(QStringLiteral("other"), series);
    const auto& curves = w.chart("queues").scene().series();
    ASSERT_EQ(curves.size(), 14u);
    int compared = 0;
    for (const ChartSeries& s : curves) {
        if (s.name != QStringLiteral("q299 (other)")) continue;
        EXPECT_EQ(s.data, &series->queues[kLast]->depth);
        EXPECT_EQ(s.data->last()->value, kLast % 7);
        ++compared;
    }
    EXPECT_EQ(compared, 1);
}

TEST(Wide, TheGateChartFindsItsGateByTyping) {
    Wide w;
    ChartsDock& dock = *w.docks.charts;
    QSignalSpy chosen(&dock, &ChartsDock::gateChosen);
    auto* gates = w.chart("gate").findChild<QComboBox*>();
    ASSERT_TRUE(gates);
    ASSERT_TRUE(gates->isEditable());
    gates->lineEdit()->selectAll();
    QTest::keyClicks(gates->lineEdit(), QStringLiteral("queue q299"));
    QTest::keyClick(gates->lineEdit(), Qt::Key_Return);
    EXPECT_EQ(dock.gate(), kLast);
    ASSERT_EQ(chosen.count(), 1);
    EXPECT_EQ(chosen[0][0].toInt(), kLast);
    EXPECT_EQ(w.chart("gate").scene().series()[0].data, &w.docks.series().gates[kLast]->truth);
    EXPECT_FALSE(w.docks.series().gates[kLast]->closed.reasons().empty());
    EXPECT_TRUE(w.docks.series().gates[kLast - 256]->closed.reasons().empty())
        << "the one whose index is the same in 8 bits never closed";
    gates->lineEdit()->selectAll();
    QTest::keyClicks(gates->lineEdit(), QStringLiteral("nonsense"));
    QTest::keyClick(gates->lineEdit(), Qt::Key_Return);
    EXPECT_EQ(dock.gate(), kLast);
    EXPECT_EQ(gates->currentText(), QStringLiteral("queue q299"));
}

TEST(Wide, AFewGatesHaveCardsAndTheOthersAreFound) {
    Wide w;
    GatesDock& dock = *w.docks.gates;
    EXPECT_EQ(dock.cards().size(), GatesDock::kMostCards);
    EXPECT_EQ(dock.more(), QStringLiteral("and 288 more, 1 of them closed"));
    dock.filter().setText(QStringLiteral("closed"));
    ASSERT_EQ(dock.cards().size(), 1u);
    EXPECT_EQ(dock.cards()[0]->owner(), QStringLiteral("queue q299"));
    EXPECT_THAT(dock.cards()[0]->spoken().toStdString(), HasSubstr("Closed: gate closed"));
    EXPECT_EQ(dock.card(kLast), dock.cards()[0]);
    ASSERT_TRUE(dock.cards()[0]->knob(kLastThreshold));
    dock.filter().setText(QStringLiteral("no such gate"));
    EXPECT_TRUE(dock.cards().empty());
    EXPECT_EQ(dock.more(), QStringLiteral("No gate has these words."));
    QSignalSpy chosen(&dock, &GatesDock::gateChosen);
    QSignalSpy said(&w.docks, &DockSet::said);
    w.registry.find(QStringLiteral("gates.why"))->trigger();
    ASSERT_EQ(said.count(), 1);
    EXPECT_THAT(said[0][0].toString().toStdString(), HasSubstr("queue q299: Closed"));
    ASSERT_EQ(chosen.count(), 1);
    EXPECT_EQ(chosen[0][0].toInt(), kLast);
    EXPECT_EQ(w.docks.charts->gate(), kLast) << "the gate chart follows";
    dock.filter().clear();
    dock.reveal(256);
    ASSERT_TRUE(dock.card(256));
    EXPECT_EQ(dock.card(256)->owner(), QStringLiteral("queue q256"));
    EXPECT_EQ(dock.cards().size(), GatesDock::kMostCards);
    EXPECT_EQ(dock.cards().back(), dock.card(256)) << "cards are in the order of gates";
}

TEST(Wide, AKnobMovesTheParameterOfItsOwnGate) {
    Wide w;
    w.run.send(RunPaced{1});
    w.docks.gates->reveal(kLast);
    ASSERT_TRUE(w.docks.gates->card(kLast));
    ASSERT_TRUE(w.docks.gates->card(kLast)->knob(kLastThreshold));
    w.run.sent.clear();
    ASSERT_TRUE(w.docks.knobs().move(kLastThreshold, 0.5));
    ASSERT_EQ(w.run.sent.size(), 1u);
    EXPECT_EQ(std::get<SetParameter>(w.run.sent[0]).path, kLastThreshold.toStdString());
    w.pull();
    std::vector<std::string> moves;
    w.docks.series().marks.visit({w.docks.axis().start(), w.docks.axis().head() + 1s},
                                 [&](const Mark& mark) {
                                     if (mark.kind == MarkKind::move) moves.push_back(mark.text);
                                 });
    EXPECT_THAT(moves, testing::ElementsAre(kLastThreshold.toStdString() + " 0.8 → 0.5"));
    ASSERT_TRUE(w.docks.parameters->reveal(kLastThreshold));
    EXPECT_EQ(w.docks.parameters->current(), kLastThreshold);
}

TEST(Wide, QueuesAreFilteredAndSorted) {
    Wide w;
    QueuesDock& dock = *w.docks.queues;
    const QAbstractItemModel& rows = *dock.table().model();
    ASSERT_EQ(rows.rowCount(), kMany);
    EXPECT_TRUE(dock.filter().isVisible());
    dock.table().sortByColumn(1, Qt::DescendingOrder);
    EXPECT_EQ(rows.index(0, 0).data().toString(), QStringLiteral("q299"));
    dock.filter().setText(QStringLiteral("depth>100"));
    ASSERT_EQ(rows.rowCount(), 1);
    EXPECT_EQ(dock.filter().counts(), QStringLiteral("1 of 300"));
    dock.table().chooseRow(0);
    w.run.sent.clear();
    w.registry.find(QStringLiteral("queues.pause"))->trigger();
    ASSERT_EQ(w.run.sent.size(), 1u);
    EXPECT_EQ(std::get<PauseQueue>(w.run.sent[0]).queue, "q299");
    w.docks.begin(FakeRun().info());
    EXPECT_FALSE(dock.filter().isVisible()) << "two queues need no filter";
    EXPECT_EQ(rows.rowCount(), 2);
}

TEST(Wide, TheHeatStripNamesTheBusiestOfALine) {
    Wide w;
    HeatStrip& heat = w.docks.charts->heat();
    heat.resize(900, heat.minimumSizeHint().height());
    QApplication::processEvents();
    const QPoint corner(heat.width() - 40, heat.height() - 5); // the last line, just now
    const std::string tip = heat.tipAt(corner).toStdString();
    EXPECT_THAT(tip, HasSubstr("pod-299 · 0.95"));
    EXPECT_THAT(tip, HasSubstr("the busiest from pod-2"));
    EXPECT_TRUE(heat.tipAt({2, 2}).isEmpty()) << "outside the plot";
    // The busy one is one of many in its line, and is not lost there.
    const QImage picture = heat.grab().toImage();
    EXPECT_NE(picture.pixel(corner), picture.pixel(corner.x(), heat.height() / 2));
}

TEST(Wide, EventsNameTheirGate) {
    Wide w;
    const QAbstractItemModel& events = *w.docks.events->table().model();
    int gates = 0;
    for (int row = 0; row < events.rowCount(); ++row) {
        QStringList cells;
        for (int column = 0; column < events.columnCount(); ++column)
            cells << events.index(row, column).data().toString();
        if (!cells.contains(QStringLiteral("the gate closed"))) continue;
        EXPECT_TRUE(cells.contains(QStringLiteral("queue q299")));
        ++gates;
    }
    EXPECT_EQ(gates, 1);
}

} // namespace
} // namespace penstock::app

// SPDX-License-Identifier: GPL-3.0-only
// Goal: what a user does in a dock reaches the run as a command, what the run says is shown, and
// docks lead to each other. Method: a run of formulas, all docks in one window, QTest events.
#include "app/workbench/actions/action_registry.h"
#include "app/workbench/docks/lives/events_dock.h"
#include "app/workbench/docks/lives/requests_dock.h"
#include "app/workbench/docks/lives/waterfall.h"
#include "app/workbench/docks/parts/filter_bar.h"
#include "app/workbench/docks/parts/table_view.h"
#include "app/workbench/docks/runs/advice_dock.h"
#include "app/workbench/docks/runs/compare_dock.h"
#include "app/workbench/docks/runs/log_dock.h"
#include "app/workbench/docks/runs/runs_dock.h"
#include "app/workbench/docks/steering/gate_card.h"
#include "app/workbench/docks/steering/gates_dock.h"
#include "app/workbench/docks/steering/knob.h"
#include "app/workbench/docks/steering/parameters_dock.h"
#include "app/workbench/docks/steering/queues_dock.h"
#include "tests/app/workbench/gui/dock_window.h"

#include <QApplication>
#include <QCheckBox>
#include <QLineEdit>
#include <QPushButton>
#include <QSignalSpy>
#include <QSlider>
#include <QTest>
#include <QTreeView>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace penstock::app {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const QString kThreshold = QStringLiteral("engine.transport.queues[code].gate_params.threshold");

std::vector<SetParameter> moves(const FakeRun& run) {
    std::vector<SetParameter> out;
    for (const Command& command : run.sent) {
        if (const auto* set = std::get_if<SetParameter>(&command)) out.push_back(*set);
    }
    return out;
}

TEST(Docks, AKnobMovesTheRunAndCanBeUndone) {
    DockWindow w;
    w.play(2min);
    Knob& knob = *w.docks.gates->cards()[0]->knob(kThreshold);
    const ParameterModel& model = w.docks.knobs().model();
    knob.slider()->setFocus();
    QTest::keyClick(knob.slider(), Qt::Key_Left);
    QTest::keyClick(knob.slider(), Qt::Key_Left);
    ASSERT_EQ(moves(w.run).size(), 2u) << "every move is a command";
    const double wished = moves(w.run).back().value;
    EXPECT_LT(wished, 0.8);
    EXPECT_GT(wished, 0.75);
    EXPECT_TRUE(model.pending(kThreshold)) << "not yet in force";
    EXPECT_EQ(model.find(kThreshold)->value, 0.8);
    EXPECT_EQ(w.docks.knobs().history().count(), 1) << "moves of one knob are one step";
    w.play(1s);
    EXPECT_FALSE(model.pending(kThreshold));
    EXPECT_EQ(model.find(kThreshold)->value, wished);
    EXPECT_EQ(w.run.valueOf(kThreshold.toStdString()), wished);
    w.registry.find(QStringLiteral("edit.undo"))->trigger();
    EXPECT_EQ(moves(w.run).back().value, 0.8);
    EXPECT_TRUE(model.pending(kThreshold)) << "undo is a wish, too";
    w.play(1s);
    EXPECT_EQ(model.find(kThreshold)->value, 0.8);
    w.registry.find(QStringLiteral("edit.redo"))->trigger();
    w.play(1s);
    EXPECT_EQ(model.find(kThreshold)->value, wished);
}

TEST(Docks, MovesOfTwoKnobsAndOfTwoGesturesAreStepsOfTheirOwn) {
    DockWindow w;
    const QString baseline = QStringLiteral("engine.transport.queues[code].gate_params.baseline");
    Knobs& knobs = w.docks.knobs();
    knobs.move(kThreshold, 0.7);
    knobs.move(kThreshold, 0.6);
    knobs.move(baseline, 0.1);
    knobs.move(kThreshold, 0.5);
    EXPECT_EQ(knobs.history().count(), 3);
    knobs.endGesture();
    knobs.move(kThreshold, 0.4);
    EXPECT_EQ(knobs.history().count(), 4);
    for (int i = 0; i < 4; ++i)
        knobs.history().undo();
    EXPECT_EQ(knobs.model().shown(kThreshold), 0.8);
    EXPECT_EQ(knobs.model().shown(baseline), 0.05);
    knobs.endGesture();
    knobs.move(kThreshold, 0.7);
    knobs.move(kThreshold, 0.8);
    EXPECT_FALSE(knobs.history().canUndo()) << "there and back again is no step";
}

TEST(Docks, ALiveSystemsKnobsAreLockedUntilArmed) {
    FakeRun::Options options;
    options.armFirst = true;
    DockWindow w(options);
    Knob& knob = *w.docks.gates->cards()[0]->knob(kThreshold);
    EXPECT_FALSE(knob.slider()->isEnabled());
    EXPECT_FALSE(w.docks.knobs().move(kThreshold, 0.5));
    EXPECT_TRUE(w.run.sent.empty());
    QTest::mouseClick(&w.docks.gates->armButton(), Qt::LeftButton);
    EXPECT_TRUE(knob.slider()->isEnabled());
    EXPECT_TRUE(w.docks.knobs().move(kThreshold, 0.5));
    EXPECT_EQ(moves(w.run).size(), 1u);
    w.registry.find(QStringLiteral("gates.arm"))->trigger();
    EXPECT_FALSE(knob.slider()->isEnabled());
}

TEST(Docks, WhatIsPastCannotBeMoved) {
    FakeRun::Options options;
    options.recorded = true;
    DockWindow recorded(options);
    EXPECT_FALSE(recorded.docks.knobs().move(kThreshold, 0.5));
    EXPECT_THAT(recorded.docks.knobs().lockedBecause().toStdString(), HasSubstr("recorded"));
    DockWindow w;
    w.run.finish();
    w.pull();
    EXPECT_FALSE(w.docks.knobs().move(kThreshold, 0.5));
    EXPECT_THAT(w.docks.knobs().lockedBecause().toStdString(), HasSubstr("ended"));
}

TEST(Docks, TypedValuesAreTakenAndOthersAreNot) {
    DockWindow w;
    Knob& knob = *w.docks.gates->cards()[0]->knob(kThreshold);
    knob.editor()->setFocus();
    knob.editor()->selectAll();
    QTest::keyClicks(knob.editor(), QStringLiteral("0.65"));
    QTest::keyClick(knob.editor(), Qt::Key_Return);
    ASSERT_EQ(moves(w.run).size(), 1u);
    EXPECT_EQ(moves(w.run)[0].value, 0.65);
    knob.editor()->selectAll();
    QTest::keyClicks(knob.editor(), QStringLiteral("7"));
    QTest::keyClick(knob.editor(), Qt::Key_Return);
    EXPECT_EQ(moves(w.run).size(), 1u) << "out of range";
    EXPECT_EQ(knob.editor()->text(), QStringLiteral("0.65"));
}

TEST(Docks, TheGateCardSaysWhyItIsClosed) {
    DockWindow w;
    w.play(20s); // a burst has filled the pool and the gate has read it
    ASSERT_FALSE(w.frame.gates[0].open);
    Frame still = w.frame; // a running card changes a few times a second only; a pause shows it all
    still.status = RunStatus::paused;
    w.docks.gates->add(still);
    const std::string words = w.docks.gates->cards()[0]->spoken().toStdString();
    for (const char* part : {"Closed: gate closed", "Read 0.9", "old", "True now", "Threshold 0.8",
                             "Budget 0", "prometheus", "Opens when the reading falls below 0.80"}) {
        EXPECT_THAT(words, HasSubstr(part));
    }
    QSignalSpy said(&w.docks, &DockSet::said);
    w.registry.find(QStringLiteral("gates.why"))->trigger();
    ASSERT_EQ(said.count(), 1);
    EXPECT_THAT(said[0][0].toString().toStdString(), HasSubstr("queue code: Closed"));
    EXPECT_EQ(w.raised, w.docks.gates);
}

TEST(Docks, QueuesPauseAndGoOn) {
    DockWindow w;
    w.play(1s);
    TableView& table = w.docks.queues->table();
    table.chooseRow(1);
    w.registry.find(QStringLiteral("queues.pause"))->trigger();
    ASSERT_EQ(w.run.sent.size(), 1u);
    const auto& pause = std::get<PauseQueue>(w.run.sent[0]);
    EXPECT_EQ(pause.queue, "batch");
    EXPECT_TRUE(pause.paused);
    QTest::qWait(110); // the table follows ten times a second
    w.play(1s);
    EXPECT_EQ(table.model()->index(1, 0).data().toString(), QStringLiteral("batch (paused)"));
    EXPECT_EQ(table.chosenRow(), 1) << "the choice stays while rows change";
    table.setFocus();
    QTest::keyClick(&table, Qt::Key_P);
    ASSERT_EQ(w.run.sent.size(), 2u);
    EXPECT_FALSE(std::get<PauseQueue>(w.run.sent[1]).paused);
}

TEST(Docks, ARequestIsFoundByItsId) {
    DockWindow w;
    w.play(2min, 2min);
    RequestsDock& dock = *w.docks.requests;
    w.registry.find(QStringLiteral("requests.find"))->trigger();
    EXPECT_EQ(w.raised, &dock);
    QTest::keyClicks(&dock.search(), QStringLiteral("req-000123"));
    QTest::keyClick(&dock.search(), Qt::Key_Return);
    EXPECT_THAT(w.run.findsAsked, testing::Contains("req-000123"));
    w.pull();
    EXPECT_EQ(dock.waterfall().request().id, "req-000123");
    ASSERT_GE(dock.waterfall().request().stages.size(), 7u);
    EXPECT_TRUE(dock.waterfall().spoken().contains(QStringLiteral("prefill")));
    EXPECT_TRUE(dock.about().contains(QStringLiteral("req-000123")));
    EXPECT_GE(dock.table().chosenRow(), 0) << "it is in the table, too";
    EXPECT_TRUE(w.docks.axis().crosshairLocked());

    QSignalSpy said(&w.docks, &DockSet::said);
    dock.find(QStringLiteral("no-such"));
    w.pull();
    ASSERT_EQ(said.count(), 1);
    EXPECT_THAT(said[0][0].toString().toStdString(), HasSubstr("no request"));
}

TEST(Docks, AFilterThatHidesARequestGivesWayToFind) {
    DockWindow w;
    w.play(1min, 1min);
    RequestsDock& dock = *w.docks.requests;
    dock.filter().setText(QStringLiteral("id:nothing"));
    EXPECT_EQ(dock.table().model()->rowCount(), 0);
    dock.find(QStringLiteral("req-000010"));
    EXPECT_GT(dock.table().model()->rowCount(), 0);
    EXPECT_EQ(dock.table().model()->index(dock.table().chosenRow(), 1).data().toString(),
              QStringLiteral("req-000010"));
}

TEST(Docks, TheBrushFiltersTheTables) {
    DockWindow w;
    w.play(2min, 2min);
    TimeAxis& axis = w.docks.axis();
    QAbstractItemModel& requests = *w.docks.requests->table().model();
    QAbstractItemModel& events = *w.docks.events->table().model();
    const int all = events.rowCount();
    const TimeRange range{axis.start() + 30s, axis.start() + 40s};
    axis.setBrush(range, false);
    EXPECT_EQ(events.rowCount(), all) << "still being drawn";
    axis.setBrush(range);
    EXPECT_GT(events.rowCount(), 20);
    EXPECT_LT(events.rowCount(), all / 4);
    for (const QAbstractItemModel* model : {&requests, &events}) {
        for (int row = 0; row < model->rowCount(); ++row) {
            const Time t{Duration{model->index(row, 0).data(TimeRole).toLongLong()}};
            EXPECT_TRUE(range.contains(t));
        }
    }
    EXPECT_THAT(w.docks.events->filter().counts().toStdString(), HasSubstr(" of "));
    axis.setBrush(std::nullopt);
    EXPECT_EQ(events.rowCount(), all);
}

TEST(Docks, TablesAndChartsFollowEachOther) {
    DockWindow w;
    w.play(6min, 6min);
    TimeAxis& axis = w.docks.axis();
    TableView& table = w.docks.events->table();
    table.chooseRow(5);
    const Time at{Duration{table.model()->index(5, 0).data(TimeRole).toLongLong()}};
    EXPECT_EQ(axis.crosshair(), at);
    EXPECT_TRUE(axis.range().contains(at)) << "brought into view";
    EXPECT_FALSE(axis.following());
    axis.unlockCrosshair();
    const Time later = at + 100s;
    axis.lockCrosshair(later);
    const Time chosen{
        Duration{table.model()->index(table.chosenRow(), 0).data(TimeRole).toLongLong()}};
    EXPECT_LE(std::chrono::abs(chosen - later), 500ms);
    EXPECT_EQ(axis.crosshair(), later) << "the table does not push back";
}

TEST(Docks, AnEventLeadsToTheLifeOfItsRequest) {
    DockWindow w;
    w.play(1min, 1min);
    TableView& table = w.docks.events->table();
    for (int row = 0; row < table.model()->rowCount(); ++row) {
        if (table.model()->index(row, 6).data().toString().isEmpty()) continue;
        table.chooseRow(row);
        break;
    }
    QTest::keyClick(&table, Qt::Key_Return);
    EXPECT_EQ(w.raised, w.docks.requests);
    w.pull();
    EXPECT_FALSE(w.docks.requests->waterfall().request().stages.empty());
}

TEST(Docks, AdviceLeadsToTheParameter) {
    DockWindow w;
    AdviceDock& dock = *w.docks.advice;
    EXPECT_EQ(dock.urgent(), 2);
    EXPECT_EQ(dock.table().model()->index(0, 0).data().toString(), QStringLiteral("error"));
    dock.table().chooseRow(0);
    QTest::keyClick(&dock.table(), Qt::Key_Return);
    EXPECT_EQ(w.raised, w.docks.parameters);
    EXPECT_EQ(w.docks.parameters->current(),
              QStringLiteral("engine.transport.queues[batch].batch_size"));
}

TEST(Docks, ParametersAreSearchedEditedAndReset) {
    DockWindow w;
    ParametersDock& dock = *w.docks.parameters;
    w.registry.find(QStringLiteral("parameters.search"))->trigger();
    QTest::keyClicks(&dock.search(), QStringLiteral("saturation code"));
    const QAbstractItemModel& tree = *dock.tree().model();
    ASSERT_EQ(tree.rowCount(), 1) << "found by its help, in its group";
    ASSERT_EQ(tree.rowCount(tree.index(0, 0)), 4);
    ASSERT_TRUE(dock.reveal(kThreshold));
    EXPECT_EQ(dock.current(), kThreshold);
    dock.tree().edit(dock.tree().currentIndex());
    auto* editor = dock.tree().viewport()->findChild<QLineEdit*>();
    ASSERT_TRUE(editor);
    editor->selectAll();
    QTest::keyClicks(editor, QStringLiteral("0.7"));
    QTest::keyClick(editor, Qt::Key_Return);
    QApplication::processEvents();
    ASSERT_EQ(moves(w.run).size(), 1u);
    EXPECT_EQ(moves(w.run)[0].value, 0.7);
    w.pull();
    w.registry.find(QStringLiteral("parameters.reset"))->trigger();
    EXPECT_EQ(moves(w.run).back().value, 0.8);
    EXPECT_FALSE(w.docks.knobs().move(QStringLiteral("engine.merge_policy"), 1))
        << "fixed for the life of a run";
}

TEST(Docks, RunsAreMarkedComparedAndDeleted) {
    DockWindow w;
    RunsDock& dock = *w.docks.runs;
    dock.setRuns(FakeRuns::history(5));
    QSignalSpy compared(&dock, &RunsDock::compared), opened(&dock, &RunsDock::opened),
        deleted(&dock, &RunsDock::deleted);
    dock.table().chooseRow(0);
    dock.table().setFocus();
    QTest::keyClick(&dock.table(), Qt::Key_A);
    EXPECT_EQ(compared.count(), 0);
    dock.table().chooseRow(2);
    QTest::keyClick(&dock.table(), Qt::Key_B);
    ASSERT_EQ(compared.count(), 1);
    EXPECT_EQ(compared[0][0].toLongLong(), 5);
    EXPECT_EQ(compared[0][1].toLongLong(), 3);
    EXPECT_EQ(dock.table().model()->index(0, 0).data().toString(), QStringLiteral("A"));
    dock.setRuns(FakeRuns::history(6));
    EXPECT_EQ(dock.marked(QStringLiteral("A")), 5) << "marks stay when the list is read again";
    EXPECT_EQ(dock.table().model()->index(1, 0).data().toString(), QStringLiteral("A"));
    QTest::keyClick(&dock.table(), Qt::Key_Return);
    EXPECT_EQ(opened.count(), 1);
    dock.confirm = [](const QString&) { return false; };
    QTest::keyClick(&dock.table(), Qt::Key_Delete);
    EXPECT_EQ(deleted.count(), 0);
    dock.confirm = [](const QString&) { return true; };
    QTest::keyClick(&dock.table(), Qt::Key_Delete);
    EXPECT_EQ(deleted.count(), 1);
}

TEST(Docks, ComparisonMarksWhatIsBeyondNoise) {
    DockWindow w;
    CompareDock& dock = *w.docks.compare;
    dock.setComparison(fakeComparison());
    EXPECT_EQ(dock.metrics().model()->rowCount(), 6);
    EXPECT_EQ(dock.differences().model()->rowCount(), 2);
    dock.onlyBeyondNoise().setChecked(true);
    ASSERT_EQ(dock.metrics().model()->rowCount(), 3);
    const QAbstractItemModel& m = *dock.metrics().model();
    EXPECT_EQ(m.index(0, MetricModel::absolute).data().toString(), QStringLiteral("−148"));
    EXPECT_EQ(m.index(0, MetricModel::relative).data().toString(), QStringLiteral("−23.4 %"));
    dock.differences().chooseRow(0);
    QTest::keyClick(&dock.differences(), Qt::Key_Return);
    EXPECT_EQ(w.raised, w.docks.parameters);
}

TEST(Docks, ErrorsAreLoggedOnceWithTheirRemedy) {
    DockWindow w;
    const int before = w.docks.log->table().model()->rowCount();
    w.run.fail("the store is full: free some space or choose another with --store");
    w.pull();
    w.pull();
    const QAbstractItemModel& log = *w.docks.log->table().model();
    ASSERT_EQ(log.rowCount(), before + 2) << "the error, and that the run has failed";
    EXPECT_THAT(log.index(before, 3).data().toString().toStdString(), HasSubstr("free some space"));
}

TEST(Docks, EveryDockSaysWhatToDoWhenThereIsNothing) {
    DockWindow w;
    w.docks.begin({});
    for (const RunDock* dock : w.docks.all()) {
        EXPECT_FALSE(dock->accessibleName().isEmpty());
        EXPECT_FALSE(dock->help().isEmpty());
    }
    EXPECT_THAT(w.docks.queues->table().emptyText().toStdString(), HasSubstr("Open a scenario"));
    EXPECT_THAT(w.docks.requests->table().emptyText().toStdString(), HasSubstr("Open a scenario"));
    EXPECT_THAT(w.docks.runs->table().emptyText().toStdString(), HasSubstr("No runs yet"));
    EXPECT_TRUE(w.docks.gates->cards().empty());
    EXPECT_FALSE(w.docks.knobs().lockedBecause().isEmpty());
}

TEST(Docks, EveryControlHasANameForThoseWhoCannotSeeIt) {
    DockWindow w;
    w.play(1min);
    w.docks.runs->setRuns(FakeRuns::history(3));
    w.docks.compare->setComparison(fakeComparison());
    int controls = 0;
    for (RunDock* dock : w.docks.all()) {
        for (const QWidget* child : dock->findChildren<QWidget*>()) {
            if (child->focusPolicy() == Qt::NoFocus || child->parentWidget() == nullptr) continue;
            const bool inner = child->objectName().startsWith(QStringLiteral("qt_")) ||
                               child->inherits("QHeaderView") ||
                               child->inherits("QSplitterHandle") ||
                               child->inherits("QComboBoxListView") ||
                               child->inherits("QLabel") || // its text is its name
                               child->parentWidget()->inherits("QLineEdit");
            if (inner) continue;
            const auto* button = qobject_cast<const QAbstractButton*>(child);
            const bool named =
                !child->accessibleName().isEmpty() || (button && !button->text().isEmpty());
            EXPECT_TRUE(named) << dock->id().toStdString() << ": "
                               << child->metaObject()->className() << " "
                               << child->objectName().toStdString();
            ++controls;
        }
    }
    EXPECT_GT(controls, 60);
}

TEST(Docks, NarrowTablesLeaveOutWhatMattersLeastAndBringItBack) {
    DockWindow w;
    TableView& table = w.docks.requests->table();
    const auto shown = [&](int width) {
        table.setParent(nullptr);
        table.resize(width, 200);
        table.show();
        QApplication::processEvents();
        int columns = 0, needed = 0;
        for (int i = 0; i < table.model()->columnCount(); ++i) {
            if (table.isColumnHidden(i)) continue;
            ++columns;
            needed += table.columnWidth(i);
        }
        EXPECT_LE(needed, std::max(table.viewport()->width(), 480)) << width; // the four that stay
        return columns;
    };
    const int all = table.model()->columnCount();
    EXPECT_EQ(shown(1600), all);
    const int some = shown(700);
    EXPECT_LT(some, all);
    EXPECT_LT(shown(420), some);
    EXPECT_FALSE(table.isColumnHidden(1)) << "the id is what a row is about";
    EXPECT_EQ(shown(1600), all) << "what gave way is back";
    table.setColumnHidden(4, true);
    shown(420);
    shown(1600);
    EXPECT_TRUE(table.isColumnHidden(4)) << "what the user has hidden stays hidden";
    table.setParent(w.docks.requests);
}

TEST(Docks, HowTheUserLeftADockIsKept) {
    DockWindow w, again;
    w.docks.requests->table().setColumnHidden(4, true);
    w.docks.requests->table().setColumnWidth(1, 222);
    again.docks.requests->setViewState(w.docks.requests->viewState());
    EXPECT_TRUE(again.docks.requests->table().isColumnHidden(4));
    EXPECT_EQ(again.docks.requests->table().columnWidth(1), 222);
    for (RunDock* dock : again.docks.all()) {
        dock->setViewState(QByteArrayLiteral("rubbish"));
        dock->setViewState({});
    }
    EXPECT_EQ(again.docks.requests->table().columnWidth(1), 222);
}

} // namespace
} // namespace penstock::app

// SPDX-License-Identifier: GPL-3.0-only
// Goal: the window does what its parts promise together: what is moved reaches the run and is seen
// in the next frame, what is wrong is said, and what the user arranged is kept. Method: a window
// over made-up runs, used through its actions, keys and drops.
#include "app/workbench/actions/command_palette.h"
#include "app/workbench/docks/charts/charts_dock.h"
#include "app/workbench/docks/parts/table_view.h"
#include "app/workbench/docks/runs/advice_dock.h"
#include "app/workbench/docks/runs/compare_dock.h"
#include "app/workbench/docks/runs/runs_dock.h"
#include "app/workbench/docks/steering/gate_card.h"
#include "app/workbench/docks/steering/gates_dock.h"
#include "app/workbench/docks/steering/knob.h"
#include "app/workbench/docks/steering/queues_dock.h"
#include "app/workbench/window/parts/banner.h"
#include "app/workbench/window/parts/exports.h"
#include "app/workbench/window/parts/findings.h"
#include "app/workbench/window/parts/layout_keeper.h"
#include "app/workbench/window/parts/start_page.h"
#include "app/workbench/window/run_bar.h"
#include "app/workbench/window/tour.h"
#include "tests/app/workbench/window/fake_maker.h"

#include <QApplication>
#include <QComboBox>
#include <QDockWidget>
#include <QDropEvent>
#include <QFile>
#include <QLineEdit>
#include <QMenuBar>
#include <QMimeData>
#include <QPushButton>
#include <QSlider>
#include <QTest>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace penstock::app {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

const QString kThreshold = QStringLiteral("engine.transport.queues[code].gate_params.threshold");

TEST(Window, OpensOnAScenarioThatPlaysByItself) {
    OpenWindow opened;
    const auto orders = opened.maker.orders();
    ASSERT_EQ(orders.size(), 1u);
    EXPECT_THAT(orders[0].scenario, ::testing::EndsWith("code-onoff.yaml"));
    EXPECT_TRUE(lastSent<RunPaced>(opened.maker.run()));
    EXPECT_EQ(opened.window->desk().speed(), 10) << "20 min at ×10 take two minutes";
    EXPECT_TRUE(opened.window->runBar().spoken().contains(QStringLiteral("seed 42")));
    EXPECT_TRUE(opened.window->windowTitle().startsWith(QStringLiteral("code-onoff")));
}

TEST(Window, EveryActionHasANameAndIsInThePalette) {
    OpenWindow opened;
    opened.window->palette().open();
    PaletteModel& model = opened.window->palette().model();
    QStringList offered;
    for (int i = 0; i < model.rowCount(); ++i)
        offered << model.index(i).data(PaletteModel::IdRole).toString();
    QStringList names;
    for (const QAction* action : opened.window->registry().all()) {
        EXPECT_TRUE(offered.contains(action->objectName())) << qPrintable(action->objectName());
        EXPECT_GT(ActionRegistry::plainText(*action).size(), 2) << qPrintable(action->objectName());
        names << ActionRegistry::menuOf(*action) + ActionRegistry::plainText(*action);
    }
    EXPECT_EQ(names.removeDuplicates(), 0) << "two actions of a menu bear one name";
    EXPECT_GT(offered.size(), 60);
    // And in a menu.
    int inMenus = 0;
    for (const QAction* top : opened.window->menuBar()->actions()) {
        for (const QAction* item : top->menu()->actions())
            inMenus += !item->objectName().isEmpty();
    }
    EXPECT_EQ(inMenus, static_cast<int>(opened.window->registry().all().size()));
}

TEST(Window, AKnobMovesTheRunAndUndoTakesItBack) {
    OpenWindow opened;
    opened.play(30s);
    const GateCard* card = opened.window->docks().gates->cards().front();
    Knob* knob = card->knob(kThreshold);
    ASSERT_TRUE(knob && knob->slider());
    knob->slider()->setFocus();
    QTest::keyClick(knob->slider(), Qt::Key_PageDown);
    const auto set = lastSent<SetParameter>(opened.maker.run());
    ASSERT_TRUE(set);
    EXPECT_EQ(set->path, kThreshold.toStdString());
    EXPECT_LT(set->value, 0.8);
    opened.play(40ms);
    EXPECT_EQ(opened.maker.run().valueOf(set->path), set->value);
    EXPECT_THAT(opened.window->desk().moved(), ElementsAre(::testing::Pair(set->path, set->value)));
    opened.play(10s); // the gate reads again
    const auto& gate = *opened.window->docks().series().gates.front();
    EXPECT_EQ(gate.threshold.last()->value, set->value) << "the chart has it";
    opened.action("edit.undo").trigger();
    opened.play(40ms);
    EXPECT_EQ(opened.maker.run().valueOf(set->path), 0.8);
    EXPECT_TRUE(opened.window->desk().moved().empty());
}

TEST(Window, RestartKeepsTheMovesOrNot) {
    OpenWindow opened;
    opened.window->docks().knobs().move(kThreshold, 0.5);
    opened.play(1s);
    opened.action("run.restart").trigger();
    opened.settle();
    ASSERT_EQ(opened.maker.orders().size(), 2u);
    EXPECT_EQ(opened.maker.run().valueOf(kThreshold.toStdString()), 0.5);
    opened.play(1s);
    opened.action("run.newSeed").trigger();
    opened.settle();
    EXPECT_EQ(opened.maker.orders().back().seed, 43u);
    EXPECT_EQ(opened.maker.run().valueOf(kThreshold.toStdString()), 0.5);
    opened.play(1s);
    opened.action("run.restartBase").trigger();
    opened.settle();
    EXPECT_EQ(opened.maker.run().valueOf(kThreshold.toStdString()), 0.8);
}

TEST(Window, SteersTheRun) {
    OpenWindow opened;
    const FakeRun& run = opened.maker.run();
    opened.action("run.toggle").trigger();
    EXPECT_TRUE(std::holds_alternative<Pause>(run.sent.back()));
    opened.window->desk().pull();
    EXPECT_EQ(opened.action("run.toggle").text(), QStringLiteral("&Run"));
    opened.action("run.step").trigger();
    EXPECT_TRUE(std::holds_alternative<StepOne>(run.sent.back()));
    opened.action("run.fast").trigger();
    EXPECT_TRUE(std::holds_alternative<RunFast>(run.sent.back()));
    opened.window->runBar().until().setEditText(QStringLiteral("12 min"));
    opened.action("run.until").trigger();
    ASSERT_TRUE(lastSent<RunUntil>(run));
    EXPECT_EQ(lastSent<RunUntil>(run)->at, run.info().start + 12min);
    opened.window->runBar().until().setEditText(QStringLiteral("queues.batch.succeeded >= 1000"));
    opened.action("run.until").trigger();
    EXPECT_EQ(lastSent<RunUntil>(run)->condition, "queues.batch.succeeded >= 1000");
    const auto sent = run.sent.size();
    opened.window->runBar().until().setEditText(QStringLiteral("soon"));
    opened.action("run.until").trigger();
    EXPECT_EQ(run.sent.size(), sent);
    EXPECT_TRUE(opened.window->banner().words().contains(QStringLiteral("soon")));
    const double speed = opened.window->desk().speed();
    opened.window->desk().send(RunPaced{speed});
    opened.play(1s);
    opened.action("run.faster").trigger();
    EXPECT_GT(lastSent<RunPaced>(run)->speed, speed);
    opened.action("run.stop").trigger();
    EXPECT_TRUE(std::holds_alternative<Stop>(run.sent.back()));
}

TEST(Window, SaysWhatIsWrongAndStays) {
    OpenWindow opened;
    opened.maker.failNext("bad.yaml:3: rate: -1 is negative; a rate is above 0");
    opened.window->openFiles({QStringLiteral("bad.yaml")});
    opened.settle();
    opened.settle();
    EXPECT_TRUE(opened.window->banner().shown());
    EXPECT_TRUE(opened.window->banner().words().contains(QStringLiteral("a rate is above 0")));
    EXPECT_TRUE(opened.window->desk().hasRun()) << "the run before is still there";
    opened.maker.run().fail("the trace has ended: add repeat: true");
    opened.window->banner().close();
    opened.play(1s);
    EXPECT_TRUE(opened.window->banner().words().contains(QStringLiteral("repeat: true")));
}

TEST(Window, ThemeSwitchesAndIsKept) {
    OpenWindow opened;
    opened.action("view.theme").trigger();
    EXPECT_EQ(currentTheme().kind, ThemeKind::dark);
    EXPECT_EQ(Settings().theme(), ThemeKind::dark);
    opened.settle();
    EXPECT_EQ(opened.window->palette().palette().color(QPalette::Window),
              themeOf(ThemeKind::dark).palette.color(QPalette::Window));
    opened.action("view.theme").trigger();
    EXPECT_EQ(currentTheme().kind, ThemeKind::light);
}

TEST(Window, LayoutsAreKeptAndPutBack) {
    OpenWindow opened;
    DockSet& docks = opened.window->docks();
    LayoutKeeper& layouts = opened.window->layouts();
    QDockWidget* queues = layouts.holder(docks.queues);
    ASSERT_FALSE(queues->isHidden());
    opened.action("layout.shipped.1").trigger();
    EXPECT_TRUE(queues->isHidden());
    opened.window->saveLayout(QStringLiteral("mine / ours"));
    opened.action("layout.shipped.0").trigger();
    EXPECT_FALSE(queues->isHidden());
    EXPECT_THAT(Settings().layouts(), ElementsAre(QStringLiteral("mine / ours")));
    EXPECT_TRUE(layouts.restore(Settings().layout(QStringLiteral("mine / ours"))));
    EXPECT_TRUE(queues->isHidden());
    EXPECT_FALSE(layouts.restore({})) << "nothing to restore";
    // A window closed like this opens like this.
    opened.window->close();
    MainWindow next(opened.maker);
    EXPECT_TRUE(next.layouts().holder(next.docks().queues)->isHidden());
    EXPECT_FALSE(next.layouts().holder(next.docks().gates)->isHidden());
}

TEST(Window, TakesWhatIsDropped) {
    struct Case {
        const char* file;
        const char* asked;
    };
    for (const Case& c : {Case{"/tmp/runs.db", "store /tmp/runs.db"},
                          Case{"/tmp/moves.json", "replay /tmp/moves.json"},
                          Case{"/tmp/transport.json", "check /tmp/transport.json"}}) {
        OpenWindow opened;
        QMimeData mime;
        mime.setUrls({QUrl::fromLocalFile(QString::fromLatin1(c.file))});
        const QPoint middle = opened.window->rect().center();
        QDragEnterEvent enter(middle, Qt::CopyAction, &mime, Qt::LeftButton, {});
        QApplication::sendEvent(opened.window.get(), &enter);
        EXPECT_TRUE(enter.isAccepted());
        QDropEvent drop(middle, Qt::CopyAction, &mime, Qt::LeftButton, {});
        QApplication::sendEvent(opened.window.get(), &drop);
        opened.settle();
        opened.settle();
        EXPECT_TRUE(opened.maker.asked().contains(QString::fromLatin1(c.asked))) << c.file;
    }
}

TEST(Window, SaysWhatADroppedFileIsNot) {
    OpenWindow opened;
    opened.window->openFiles({QStringLiteral("/tmp/holiday.jpg")});
    opened.settle();
    EXPECT_TRUE(opened.window->banner().words().contains(QStringLiteral("holiday.jpg")));
}

TEST(Window, ChecksDocumentsInAWindowOfTheirOwn) {
    OpenWindow opened;
    opened.window->openFiles({QStringLiteral("/tmp/transport.json")});
    opened.settle();
    opened.settle();
    auto* findings = opened.window->findChild<FindingsDialog*>();
    ASSERT_TRUE(findings);
    EXPECT_EQ(findings->advice().table().model()->rowCount(), 1);
}

TEST(Window, ExportsWhatTheRunHandsOut) {
    OpenWindow opened;
    const QString folder = opened.folder.filePath(QStringLiteral("policy"));
    for (const ExportChoice& choice : exportChoices()) {
        if (choice.kind != ExportKind::documents) continue;
        opened.window->saveTo(choice, folder);
    }
    opened.window->desk().pull();
    QFile flags(folder + QStringLiteral("/flags.txt"));
    ASSERT_TRUE(flags.open(QIODevice::ReadOnly));
    EXPECT_EQ(flags.readAll(), "--transport=redis-sortedset\n");
    EXPECT_TRUE(QFile::exists(folder + QStringLiteral("/pools.json")));
    ExportAnswer broken;
    broken.error = "no documents";
    EXPECT_EQ(writeExport(broken, folder).error().message, "no documents");
    ExportAnswer one;
    one.kind = ExportKind::helm;
    one.files = {{"values.yaml", "ap: {}\n"}};
    EXPECT_FALSE(writeExport(one, QStringLiteral("/no/such/folder/values.yaml")));
}

TEST(Window, OverlaysComeAndGoWithOneClick) {
    OpenWindow opened;
    opened.window->docks().knobs().move(kThreshold, 0.5);
    opened.play(1s);
    opened.action("overlay.perfect").trigger();
    opened.settle();
    EXPECT_TRUE(opened.maker.orders().back().perfectGate);
    opened.maker.run().pass(1min);
    opened.window->overlays().pull();
    EXPECT_THAT(opened.window->docks().charts->overlays(),
                ElementsAre(QStringLiteral("perfect gate")));
    EXPECT_TRUE(opened.action("overlay.perfect").isChecked());
    opened.action("overlay.base").trigger();
    opened.settle();
    EXPECT_EQ(opened.maker.run().valueOf(kThreshold.toStdString()), 0.8) << "without the move";
    EXPECT_EQ(opened.window->docks().charts->overlays().size(), 2);
    opened.action("overlay.perfect").trigger();
    EXPECT_THAT(opened.window->docks().charts->overlays(),
                ElementsAre(QStringLiteral("base parameters")));
    opened.action("overlay.clear").trigger();
    EXPECT_TRUE(opened.window->docks().charts->overlays().isEmpty());
    EXPECT_FALSE(opened.action("overlay.base").isChecked());
}

TEST(Window, ComparesTwoRunsOfTheHistory) {
    OpenWindow opened;
    opened.maker.setHistory(FakeRuns::history(3));
    opened.action("run.restart").trigger();
    opened.settle();
    opened.settle();
    RunsDock& runs = *opened.window->docks().runs;
    ASSERT_EQ(runs.table().model()->rowCount(), 3);
    const auto history = FakeRuns::history(3);
    runs.mark(history[0].id, QStringLiteral("A"));
    runs.mark(history[1].id, QStringLiteral("B"));
    opened.settle();
    EXPECT_TRUE(opened.maker.asked().contains(
        QStringLiteral("compare %1 %2").arg(history[0].id).arg(history[1].id)));
    EXPECT_EQ(opened.window->docks().compare->metrics().model()->rowCount(), 1);
}

TEST(Window, OffersARunThatWasCutOffOnce) {
    OpenWindow opened;
    auto history = FakeRuns::history(2);
    history[0].status = RunStatus::recovered;
    opened.maker.setHistory(history);
    Opening opening;
    opened.window->begin(opening);
    opened.settle();
    opened.settle();
    Banner& banner = opened.window->banner();
    EXPECT_TRUE(banner.words().contains(QStringLiteral("cut off"))) << qPrintable(banner.words());
    ASSERT_FALSE(banner.answers().empty());
    banner.answers().front()->click();
    opened.settle();
    EXPECT_TRUE(opened.maker.asked().contains(QStringLiteral("open %1").arg(history[0].id)));
    opened.window->begin(opening);
    opened.settle();
    opened.settle();
    EXPECT_FALSE(banner.words().contains(QStringLiteral("cut off"))) << "offered once";
}

TEST(Window, ShowsScenariosWithTheirLessons) {
    OpenWindow opened;
    opened.action("file.scenarios").trigger();
    ASSERT_TRUE(opened.window->scenariosShown());
    StartPage& page = opened.window->startPage();
    ASSERT_TRUE(page.opener(QStringLiteral("reopen-stampede")));
    QTest::keyClicks(&page.search(), QStringLiteral("stampede"));
    EXPECT_TRUE(page.opener(QStringLiteral("reopen-stampede"))->isVisible());
    EXPECT_FALSE(page.opener(QStringLiteral("gate-that-cannot-close"))->isVisible());
    page.opener(QStringLiteral("reopen-stampede"))->click();
    opened.settle();
    EXPECT_THAT(opened.maker.orders().back().scenario, ::testing::EndsWith("reopen-stampede.yaml"));
    EXPECT_FALSE(opened.window->scenariosShown());
    EXPECT_THAT(Settings().recent(), ElementsAre(::testing::_));
}

TEST(Window, TheTourStandsBesideRealParts) {
    OpenWindow opened;
    opened.play(1min);
    Tour& tour = opened.window->tour();
    opened.action("help.tour").trigger();
    int anchored = 0, steps = 0;
    while (tour.step() >= 0) {
        ASSERT_EQ(tour.step(), steps) << "one step a click";
        opened.settle();
        opened.play(1s);
        EXPECT_GT(tour.words().size(), 40) << steps;
        anchored += tour.anchor() != nullptr;
        EXPECT_TRUE(opened.window->rect().contains(tour.geometry())) << steps;
        QTest::mouseClick(&tour.nextButton(), Qt::LeftButton);
        ++steps;
    }
    EXPECT_EQ(steps, static_cast<int>(tourSteps().size()));
    // The made-up run has no max_concurrency.
    EXPECT_GE(anchored, steps - 1);
    EXPECT_FALSE(tour.isVisible());
    opened.action("help.tour").trigger();
    QTest::keyClick(&tour, Qt::Key_Escape);
    EXPECT_FALSE(tour.isVisible());
}

} // namespace
} // namespace penstock::app

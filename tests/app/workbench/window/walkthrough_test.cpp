// SPDX-License-Identifier: GPL-3.0-only
// Goal: three tuning tasks that users come with are done in the real window in as many clicks as
// resources/walkthroughs.md says, and their effect is seen there: a gate that never closes, a
// stampede, stale metrics. Method: real scenarios and runs; a hand that presses only what is in
// view of a 1280 × 800 window, and counts.
#include "app/workbench/docks/charts/charts_dock.h"
#include "app/workbench/docks/parts/table_view.h"
#include "app/workbench/docks/runs/advice_dock.h"
#include "app/workbench/docks/steering/gate_card.h"
#include "app/workbench/docks/steering/gates_dock.h"
#include "app/workbench/docks/steering/knob.h"
#include "app/workbench/docks/steering/parameters_dock.h"
#include "app/workbench/models/text.h"
#include "app/workbench/window/parts/layout_keeper.h"
#include "app/workbench/window/run_bar.h"
#include "app/workbench/window/runs/simulated_runs.h"
#include "tests/app/workbench/window/fake_maker.h"

#include <QApplication>
#include <QComboBox>
#include <QMenu>
#include <QMenuBar>
#include <QPushButton>
#include <QSettings>
#include <QSlider>
#include <QTabBar>
#include <QTest>
#include <QThreadPool>
#include <QToolButton>
#include <gtest/gtest.h>

namespace penstock::app {
namespace {

using namespace std::chrono_literals;

class Hand {
  public:
    explicit Hand(MainWindow& window) : window_(window) {}

    void click(QWidget& widget, std::optional<QPoint> at = std::nullopt) {
        const QPoint where = at.value_or(widget.rect().center());
        EXPECT_TRUE(widget.visibleRegion().contains(where))
            << "out of view: " << qPrintable(widget.objectName() + widget.accessibleName());
        QTest::mouseClick(&widget, Qt::LeftButton, {}, where);
        ++clicks;
        QTest::qWait(20);
    }
    void tab(const RunDock& dock) {
        for (QTabBar* bar : window_.findChildren<QTabBar*>()) {
            for (int i = 0; i < bar->count(); ++i) {
                if (!bar->tabText(i).startsWith(dock.title())) continue;
                click(*bar, bar->tabRect(i).center());
                return;
            }
        }
        ADD_FAILURE() << "no tab " << qPrintable(dock.title());
    }
    void row(TableView& table, int row) {
        click(*table.viewport(), table.visualRect(table.model()->index(row, 0)).center());
    }
    void menu(const char* title, const char* action) {
        QAction* wanted = window_.registry().find(QString::fromLatin1(action));
        for (QAction* top : window_.menuBar()->actions()) {
            if (QString(top->text()).remove(QLatin1Char('&')) != QString::fromLatin1(title))
                continue;
            click(*window_.menuBar(), window_.menuBar()->actionGeometry(top).center());
            click(*top->menu(), top->menu()->actionGeometry(wanted).center());
            return;
        }
        ADD_FAILURE() << "no menu " << title;
    }
    // From the list in the run bar.
    void scenario(const char* name) {
        QComboBox& box = window_.runBar().scenarios();
        const int index = box.findText(QString::fromLatin1(name));
        ASSERT_GE(index, 0) << name;
        click(box);
        // Qt takes a release soon after the press as the end of one and the same click.
        QTest::qWait(QApplication::doubleClickInterval() + 50);
        QAbstractItemView& list = *box.view();
        list.scrollTo(box.model()->index(index, 0));
        click(*list.viewport(), list.visualRect(box.model()->index(index, 0)).center());
        ASSERT_TRUE(QTest::qWaitFor(
            [&] { return window_.desk().info().scenario == name && window_.desk().hasRun(); },
            20000));
    }
    // From where the handle is to a share of the way.
    void drag(QSlider& slider, double share) {
        const auto at = [&](double part) {
            return QPoint(8 + static_cast<int>(part * (slider.width() - 16)), slider.height() / 2);
        };
        EXPECT_FALSE(slider.visibleRegion().isEmpty());
        const QPoint from = at(slider.value() / double{Knob::kSteps}), to = at(share);
        QTest::mousePress(&slider, Qt::LeftButton, {}, from);
        for (int i = 1; i <= 5; ++i)
            QTest::mouseMove(&slider, from + (to - from) * i / 5);
        QTest::mouseRelease(&slider, Qt::LeftButton, {}, to);
        ++clicks;
        QTest::qWait(20);
    }
    void press(Qt::Key key) {
        ASSERT_TRUE(QApplication::focusWidget());
        QTest::keyClick(QApplication::focusWidget(), key);
        ++keys;
        QTest::qWait(20);
    }
    // The Until button, and then what it takes until the run has got there.
    void until() {
        QToolButton& button = *window_.runBar().button(QStringLiteral("run.until"));
        const auto from = window_.desk().now().head;
        click(button);
        ASSERT_TRUE(QTest::qWaitFor(
            [&] { return window_.desk().now().head >= from + 4min && !window_.desk().running(); },
            120000));
    }

    int clicks = 0, keys = 0;

  private:
    MainWindow& window_;
};

class Walkthrough : public testing::Test {
  protected:
    void SetUp() override {
        QSettings::setPath(QSettings::NativeFormat, QSettings::UserScope, folder.path());
        window = std::make_unique<MainWindow>(runs);
        window->resize(1280, 800);
        window->show();
        window->activateWindow();
        QApplication::setActiveWindow(window.get());
        Opening opening;
        opening.offers = false;
        window->begin(opening);
        ASSERT_TRUE(QTest::qWaitFor([this] { return desk().hasRun(); }, 20000));
        window->layouts().arrange(LayoutKeeper::shipped().first());
        QTest::qWait(100);
        QObject::connect(&window->overlays(), &Overlays::changed, window.get(),
                         [this](const QString& name, const auto& series, double progress) {
                             if (series) laid[name] = {series, progress};
                         });
    }
    void TearDown() override {
        window.reset();
        QThreadPool::globalInstance()->waitForDone();
    }
    RunDesk& desk() { return window->desk(); }
    const RunSeries& series() { return window->docks().series(); }
    double mean(const SeriesBuffer& buffer, Time from, Time to) {
        const auto all = buffer.statistics({from, to});
        return all ? all->mean : 0;
    }
    double closedSeconds(Time from, Time to) {
        double all = 0;
        for (const double s : series().gates.front()->closed.secondsByReason({from, to}))
            all += s;
        return all;
    }

    struct Laid {
        std::shared_ptr<const RunSeries> series;
        double progress = 0;
    };
    QTemporaryDir folder;
    SimulatedRuns runs{folder.filePath(QStringLiteral("runs.db")).toStdString()};
    std::map<QString, Laid> laid;
    std::unique_ptr<MainWindow> window;
};

TEST_F(Walkthrough, AGateThatNeverCloses) {
    Hand hand(*window);
    hand.scenario("gate-that-cannot-close");
    hand.until();
    const Time start = desk().info().start, middle = desk().now().head;
    EXPECT_EQ(closedSeconds(start + 1min, middle), 0) << "though users wait";
    const double before = mean(series().ttftP50, middle - 2min, middle);
    EXPECT_GT(before, 500) << "ms";
    // What is wrong with it was known before it ran.
    AdviceDock& advice = *window->docks().advice;
    hand.tab(advice);
    hand.row(advice.table(), 0);
    auto* go = advice.findChild<QPushButton*>();
    ASSERT_TRUE(go && go->isVisible());
    hand.click(*go);
    EXPECT_TRUE(window->docks().parameters->current().endsWith(QStringLiteral("max_concurrency")));
    hand.press(Qt::Key_5);
    hand.press(Qt::Key_Return);
    ASSERT_TRUE(QTest::qWaitFor([this] { return !desk().moved().empty(); }, 5000));
    EXPECT_EQ(desk().moved().front().second, 5);
    hand.until();
    const Time end = desk().now().head;
    EXPECT_GT(closedSeconds(middle, end), 10) << "it works now";
    EXPECT_LT(mean(series().ttftP50, end - 2min, end), before) << "and users wait less";
    EXPECT_EQ(hand.clicks, 7);
    EXPECT_EQ(hand.keys, 2);
}

TEST_F(Walkthrough, AStampede) {
    Hand hand(*window);
    hand.scenario("reopen-stampede");
    hand.until();
    const Time start = desk().info().start, head = desk().now().head;
    EXPECT_GT(mean(series().saturation, start + 2min, head), 1.0)
        << "far above its threshold of 0.8";
    hand.menu("Compare", "overlay.semantics");
    const QString name = QStringLiteral("Penstock's semantics");
    ASSERT_TRUE(QTest::qWaitFor([&] { return laid[name].progress >= 1; }, 120000));
    EXPECT_EQ(window->docks().charts->overlays(), QStringList{name});
    EXPECT_LT(mean(laid[name].series->saturation, start + 2min, head),
              0.8 * mean(series().saturation, start + 2min, head));
    EXPECT_EQ(hand.clicks, 5);
    EXPECT_EQ(hand.keys, 0);
}

TEST_F(Walkthrough, StaleMetrics) {
    Hand hand(*window);
    hand.until();
    const Time middle = desk().now().head;
    hand.click(*window->runBar().button(QStringLiteral("overlay.perfect")));
    const QString perfect = QStringLiteral("perfect gate");
    ASSERT_TRUE(QTest::qWaitFor([&] { return laid[perfect].progress >= 1; }, 120000));
    GateCard& card = *window->docks().gates->cards().front();
    Knob* threshold = nullptr;
    for (Knob* knob : card.knobs()) {
        if (knob->path().endsWith(QStringLiteral(".threshold"))) threshold = knob;
    }
    ASSERT_TRUE(threshold);
    hand.drag(*threshold->slider(), 0.3);
    // A drag is several moves; the run has made the last one.
    const double moved = window->docks().knobs().model().shown(threshold->path());
    ASSERT_TRUE(QTest::qWaitFor(
        [&] { return !desk().moved().empty() && desk().moved().front().second == moved; }, 5000));
    EXPECT_LT(moved, 0.8);
    hand.until();
    EXPECT_NEAR(series().gates.front()->threshold.last()->value, moved, 1e-6);
    // What it would have been without the move.
    hand.click(*window->runBar().button(QStringLiteral("overlay.base")));
    const QString base = QStringLiteral("base parameters");
    ASSERT_TRUE(QTest::qWaitFor([&] { return laid[base].progress >= 1; }, 120000));
    const Time end = desk().now().head;
    EXPECT_LE(mean(series().pools.front()->busy, middle, end),
              mean(laid[base].series->pools.front()->busy, middle, end))
        << "a lower threshold lets less through";
    EXPECT_EQ(hand.clicks, 5);
    EXPECT_EQ(hand.keys, 0);
}

} // namespace
} // namespace penstock::app

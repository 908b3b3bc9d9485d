// SPDX-License-Identifier: GPL-3.0-only
// Goal: a whole tuning task can be done without a mouse: open a scenario, run it, ask why the gate
// is closed, move the knob, lay the perfect gate over, restart, and look at a chart as a table.
// Method: keys only, sent to whatever has the focus, as a person's are; and every widget that can
// be used has the focus on some way round with Tab.
#include "app/workbench/actions/command_palette.h"
#include "app/workbench/docks/charts/chart_table.h"
#include "app/workbench/docks/charts/charts_dock.h"
#include "app/workbench/docks/steering/gates_dock.h"
#include "app/workbench/docks/steering/parameters_dock.h"
#include "app/workbench/window/run_bar.h"
#include "tests/app/workbench/window/fake_maker.h"

#include <QAbstractButton>
#include <QApplication>
#include <QComboBox>
#include <QLineEdit>
#include <QTest>
#include <QTreeView>
#include <gtest/gtest.h>

namespace penstock::app {
namespace {

using namespace std::chrono_literals;

class Keys {
  public:
    explicit Keys(OpenWindow& opened) : stage_(opened) {
        opened.window->activateWindow();
        QApplication::setActiveWindow(opened.window.get());
        QApplication::processEvents();
    }
    void press(Qt::Key key, Qt::KeyboardModifiers modifiers = {}) {
        QTest::keyClick(target(), key, modifiers);
        QApplication::processEvents();
    }
    void type(const char* words) {
        QTest::keyClicks(target(), QString::fromUtf8(words));
        QApplication::processEvents();
    }
    // From the palette, as a person finds it.
    void command(const char* words) {
        press(Qt::Key_P, Qt::ControlModifier | Qt::ShiftModifier);
        ASSERT_TRUE(stage_.window->palette().isVisible());
        type(words);
        press(Qt::Key_Return);
        ASSERT_FALSE(stage_.window->palette().isVisible()) << words;
        stage_.settle();
    }

  private:
    QWidget* target() const {
        QWidget* w = QApplication::focusWidget();
        return w ? w : stage_.window.get();
    }
    OpenWindow& stage_;
};

TEST(Keyboard, AWholeTuningTask) {
    OpenWindow opened;
    Keys keys(opened);
    keys.command("open scenario stampede");
    opened.settle();
    ASSERT_EQ(opened.window->desk().info().scenario, "reopen-stampede");
    opened.play(1min);
    // Pause and look why.
    keys.press(Qt::Key_F5);
    opened.window->desk().pull();
    EXPECT_FALSE(opened.window->desk().running());
    keys.press(Qt::Key_G, Qt::ControlModifier);
    EXPECT_TRUE(opened.window->docks().gates->isAncestorOf(QApplication::focusWidget()) ||
                opened.window->docks().gates->isVisible());
    // To the threshold among all parameters, and down with it.
    keys.command("threshold of queue code");
    ParametersDock& parameters = *opened.window->docks().parameters;
    EXPECT_TRUE(
        parameters.current().endsWith(QStringLiteral("queues[code].gate_params.threshold")));
    ASSERT_TRUE(parameters.isAncestorOf(QApplication::focusWidget()));
    keys.press(Qt::Key_F2);
    ASSERT_TRUE(qobject_cast<QLineEdit*>(QApplication::focusWidget())) << "the editor is open";
    keys.press(Qt::Key_A, Qt::ControlModifier);
    keys.type("0.6");
    keys.press(Qt::Key_Return);
    const auto set = lastSent<SetParameter>(opened.maker.run());
    ASSERT_TRUE(set);
    EXPECT_EQ(set->value, 0.6);
    // On with it, faster, and to the charts.
    keys.press(Qt::Key_F5);
    keys.press(Qt::Key_BracketRight);
    EXPECT_EQ(lastSent<RunPaced>(opened.maker.run())->speed, 20);
    opened.play(1min);
    keys.press(Qt::Key_1, Qt::ControlModifier);
    ChartsDock& charts = *opened.window->docks().charts;
    ASSERT_TRUE(charts.isAncestorOf(QApplication::focusWidget()));
    keys.press(Qt::Key_Left);
    EXPECT_FALSE(charts.axis().following()) << "a pan ends following";
    keys.press(Qt::Key_End);
    EXPECT_TRUE(charts.axis().following());
    keys.press(Qt::Key_Plus);
    keys.press(Qt::Key_L);
    EXPECT_TRUE(charts.axis().crosshairLocked());
    keys.press(Qt::Key_T);
    auto* table = charts.window()->findChild<ChartTable*>();
    ASSERT_TRUE(table);
    EXPECT_GT(table->model().rowCount(), 10);
    table->close();
    QApplication::setActiveWindow(opened.window.get());
    // How good could it be, and once more from the start.
    keys.press(Qt::Key_P, Qt::ControlModifier);
    opened.settle();
    EXPECT_TRUE(opened.maker.orders().back().perfectGate);
    keys.press(Qt::Key_Z, Qt::ControlModifier);
    keys.press(Qt::Key_R, Qt::ControlModifier);
    opened.settle();
    EXPECT_FALSE(opened.maker.orders().back().perfectGate);
    EXPECT_GE(opened.maker.orders().size(), 4u);
}

TEST(Keyboard, SpaceRunsAndPausesFromACharts) {
    OpenWindow opened;
    Keys keys(opened);
    keys.press(Qt::Key_1, Qt::ControlModifier);
    keys.press(Qt::Key_Space);
    EXPECT_TRUE(lastSent<Pause>(opened.maker.run()));
}

TEST(Keyboard, PanelsAreReachedInTurn) {
    OpenWindow opened;
    Keys keys(opened);
    keys.press(Qt::Key_1, Qt::ControlModifier);
    QStringList visited;
    for (int i = 0; i < 12; ++i) {
        keys.press(Qt::Key_F6);
        for (QWidget* w = QApplication::focusWidget(); w; w = w->parentWidget()) {
            if (auto* dock = qobject_cast<RunDock*>(w)) visited << dock->id();
        }
    }
    visited.removeDuplicates();
    EXPECT_GE(visited.size(), 4) << qPrintable(visited.join(QLatin1Char(' ')));
}

TEST(Keyboard, EveryButtonHasANameAndTheFocusOnSomeWay) {
    OpenWindow opened;
    opened.play(1min);
    QStringList nameless;
    for (const auto* button : opened.window->findChildren<QAbstractButton*>()) {
        if (!button->isVisible()) continue;
        const QString parent =
            QString::fromLatin1(button->parentWidget()->metaObject()->className());
        // Qt's own title bars and tab bars have their own keys.
        if (parent == QStringLiteral("QDockWidget") || parent == QStringLiteral("QTabBar") ||
            parent == QStringLiteral("QLineEdit") || parent == QStringLiteral("QTableView"))
            continue;
        const QString name = button->accessibleName() + button->text() + button->toolTip();
        if (name.isEmpty())
            nameless << parent + QLatin1Char('/') +
                            QString::fromLatin1(button->metaObject()->className());
    }
    EXPECT_TRUE(nameless.isEmpty()) << qPrintable(nameless.join(QStringLiteral(", ")));
}

} // namespace
} // namespace penstock::app

// SPDX-License-Identifier: GPL-3.0-only
// Goal: a picture of every part of the window in both themes, to be looked at by a person before a
// change is called done. Method: fill the parts with a made-up run and save what they show; run a
// second time under QT_SCALE_FACTOR=2 for the 2x set.
#include "app/workbench/actions/action_registry.h"
#include "app/workbench/actions/cheat_sheet.h"
#include "app/workbench/actions/command_palette.h"
#include "app/workbench/charts/time_ruler.h"
#include "tests/app/workbench/gui/synthetic.h"

#include <QApplication>
#include <QLineEdit>
#include <QTest>
#include <QVBoxLayout>
#include <gtest/gtest.h>

namespace penstock::app {
namespace {

using namespace std::chrono_literals;

struct ThemeCase {
    ThemeKind kind;
    const char* name;
};
constexpr ThemeCase kThemes[] = {{ThemeKind::light, "light"}, {ThemeKind::dark, "dark"}};

QString named(const char* what, const char* theme) {
    return QStringLiteral("%1-%2").arg(QString::fromLatin1(what), QString::fromLatin1(theme));
}

TEST(Screenshots, Charts) {
    SyntheticRun run;
    run.play(Time{20min}, 200ms);
    for (const auto& [kind, name] : kThemes) {
        applyTheme(kind);
        TimeAxis axis;
        axis.reset(Time{}, Time{});
        axis.advance(run.head);
        QWidget stack;
        stack.resize(1000, 860);
        auto* layout = new QVBoxLayout(&stack);
        layout->setContentsMargins(0, 0, 0, 0);
        layout->setSpacing(2);
        auto charts = syntheticCharts(run, axis, &stack);
        for (TimeChart* chart : charts)
            layout->addWidget(chart, 1);
        auto* heat = new HeatStrip(QStringLiteral("Replicas · KV in use"), 1, axis, &stack);
        heat->setData(&run.heat,
                      {QStringLiteral("pod-0"), QStringLiteral("pod-1"), QStringLiteral("pod-2"),
                       QStringLiteral("pod-3"), QStringLiteral("pod-4"), QStringLiteral("pod-5"),
                       QStringLiteral("pod-6"), QStringLiteral("pod-7")});
        layout->addWidget(heat);
        layout->addWidget(new TimeRuler(axis, &stack));
        stack.show();
        for (TimeChart* chart : charts)
            chart->refresh();
        screenshot(stack, named("charts-following", name));
        axis.zoomTo({Time{10min}, Time{14min}});
        axis.setCursor(TimeAxis::Cursor::a, Time{11min});
        axis.setCursor(TimeAxis::Cursor::b, Time{11min + 48s});
        axis.lockCrosshair(Time{12min + 20s});
        for (TimeChart* chart : charts)
            chart->refresh();
        screenshot(stack, named("charts-cursors", name));
        axis.setBrush(TimeRange{Time{12min}, Time{12min + 45s}});
        screenshot(stack, named("charts-brush", name));
        axis.setBrush(std::nullopt);
        axis.zoomTo({Time{12min}, Time{12min + 9s}});
        for (TimeChart* chart : charts)
            chart->refresh();
        screenshot(stack, named("charts-close", name));
        stack.resize(620, 700);
        screenshot(stack, named("charts-narrow", name));
    }
    applyTheme(ThemeKind::light);
}

TEST(Screenshots, PaletteAndCheatSheet) {
    for (const auto& [kind, name] : kThemes) {
        applyTheme(kind);
        QWidget window;
        window.resize(900, 520);
        ActionRegistry registry(&window);
        const struct {
            const char *id, *menu, *text, *icon;
            QKeySequence keys;
        } actions[] = {
            {"run.run", "Run", "&Run", "run", Qt::Key_Space},
            {"run.step", "Run", "&Step one event", "step", Qt::Key_Period},
            {"run.fast", "Run", "&Fast", "fast", QKeySequence(Qt::CTRL | Qt::Key_F)},
            {"run.stop", "Run", "S&top", "stop", {}},
            {"view.zoomIn", "View", "Zoom &in", "zoom-in", Qt::Key_Plus},
            {"view.zoomOut", "View", "Zoom &out", "zoom-out", Qt::Key_Minus},
            {"view.all", "View", "Show &all", "zoom-all", Qt::Key_Home},
            {"view.follow", "View", "&Follow the run", "follow", Qt::Key_End},
            {"chart.table", "Chart", "Show as &table", "table", Qt::Key_T},
            {"chart.png", "Chart", "Save as &PNG…", "image", {}},
            {"help.keys", "Help", "&Keys and gestures", "keyboard", Qt::Key_Question},
        };
        for (const auto& a : actions) {
            ActionSpec spec{QString::fromLatin1(a.id),
                            QString::fromLatin1(a.menu),
                            QString::fromUtf8(a.text),
                            {},
                            QString::fromLatin1(a.icon)};
            if (!a.keys.isEmpty()) spec.shortcuts = {a.keys};
            registry.add(spec, [](bool) {});
        }
        registry.find(QStringLiteral("run.stop"))->setEnabled(false);
        for (const auto& [keys, text] : std::vector<std::pair<const char*, const char*>>{
                 {"Wheel", "Zoom about the pointer"},
                 {"Shift+wheel", "Pan"},
                 {"Drag", "Select a range"},
                 {"Middle drag, Shift+drag", "Pan"},
                 {"Click", "Lock or unlock the crosshair"}}) {
            registry.addGesture(
                {QStringLiteral("Charts"), QString::fromLatin1(keys), QString::fromLatin1(text)});
        }
        CommandPalette palette(registry, &window);
        window.show();
        palette.open();
        QTest::keyClicks(&palette.input(), QStringLiteral("o"));
        screenshot(window, named("palette", name));
        CheatSheet sheet(registry, &window);
        sheet.show();
        screenshot(sheet, named("cheat-sheet", name));
    }
    applyTheme(ThemeKind::light);
}

} // namespace
} // namespace penstock::app

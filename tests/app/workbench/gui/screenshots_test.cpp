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

} // namespace
} // namespace penstock::app

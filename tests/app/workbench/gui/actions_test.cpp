// SPDX-License-Identifier: GPL-3.0-only
// Goal: an action added once is found in menus, palette and cheat sheet, and the palette finds what
// a person means. Method: a small registry, and keys as a person presses them.
#include "app/workbench/actions/action_registry.h"
#include "app/workbench/actions/cheat_sheet.h"
#include "app/workbench/actions/command_palette.h"
#include "app/workbench/actions/fuzzy.h"

#include <QLineEdit>
#include <QMainWindow>
#include <QMenuBar>
#include <QTest>
#include <gtest/gtest.h>

namespace penstock::app {
namespace {

struct SmallRegistry {
    QMainWindow window;
    ActionRegistry registry{&window};
    int runs = 0, stops = 0;

    SmallRegistry() {
        registry.add({QStringLiteral("run.run"),
                      QStringLiteral("Run"),
                      QStringLiteral("&Run"),
                      QStringLiteral("Let the simulation go on"),
                      QStringLiteral("run"),
                      {Qt::Key_Space}},
                     [this](bool) { ++runs; });
        registry.add({QStringLiteral("run.stop"),
                      QStringLiteral("Run"),
                      QStringLiteral("&Stop"),
                      QStringLiteral("End the run"),
                      QStringLiteral("stop"),
                      {}},
                     [this](bool) { ++stops; });
        registry.add({QStringLiteral("view.zoomIn"),
                      QStringLiteral("View"),
                      QStringLiteral("Zoom &in"),
                      QStringLiteral("See less time, closer"),
                      QStringLiteral("zoom-in"),
                      {QKeySequence(Qt::CTRL | Qt::Key_Plus)}},
                     [](bool) {});
        registry.addGesture({QStringLiteral("Charts"), QStringLiteral("Wheel"),
                             QStringLiteral("Zoom about the pointer")});
        window.resize(900, 600);
    }
};

TEST(Actions, OneRegistryFeedsMenusAndCheatSheet) {
    SmallRegistry f;
    QMenuBar bar;
    f.registry.fill(bar);
    ASSERT_EQ(bar.actions().size(), 2);
    EXPECT_EQ(f.registry.inMenu(QStringLiteral("Run")).size(), 2u);
    EXPECT_EQ(ActionRegistry::plainText(*f.registry.find(QStringLiteral("view.zoomIn"))),
              QStringLiteral("Zoom in"));
    EXPECT_FALSE(f.registry.find(QStringLiteral("no.such")));
    const QString sheet = CheatSheet::html(f.registry);
    for (const char* word : {"Space", "Run", "Ctrl++", "Zoom in", "Wheel", "Charts"}) {
        EXPECT_TRUE(sheet.contains(QString::fromLatin1(word))) << word;
    }
    EXPECT_FALSE(sheet.contains(QStringLiteral("Stop"))) << "it has no keys";
}

TEST(Actions, ThePaletteRunsWhatIsTyped) {
    SmallRegistry f;
    CommandPalette palette(f.registry, &f.window);
    palette.addSource([] {
        PaletteEntry e;
        e.id = QStringLiteral("parameter.threshold");
        e.title = QStringLiteral("threshold of gate code");
        e.detail = QStringLiteral("Parameter");
        return std::vector<PaletteEntry>{e};
    });
    f.window.show();
    palette.open();
    EXPECT_EQ(palette.model().rowCount(), 4);
    QTest::keyClicks(&palette.input(), QStringLiteral("stp"));
    ASSERT_EQ(palette.model().rowCount(), 1);
    QTest::keyClick(&palette.input(), Qt::Key_Return);
    EXPECT_EQ(f.stops, 1);
    EXPECT_FALSE(palette.isVisible());
    palette.open();
    EXPECT_EQ(palette.model().entry(0).id, QStringLiteral("run.stop")) << "used last comes first";
    QTest::keyClick(&palette.input(), Qt::Key_Escape);
    EXPECT_FALSE(palette.isVisible());
    f.registry.find(QStringLiteral("run.stop"))->setEnabled(false);
    palette.open();
    QTest::keyClicks(&palette.input(), QStringLiteral("stop"));
    QTest::keyClick(&palette.input(), Qt::Key_Return);
    EXPECT_EQ(f.stops, 1) << "a disabled action is shown and does nothing";
}

TEST(Fuzzy, BetterMatchesScoreHigher) {
    const auto score = [](const char* pattern, const char* text) {
        const auto m = fuzzyMatch(QString::fromLatin1(pattern), QString::fromLatin1(text));
        return m ? m->score : -1000;
    };
    EXPECT_GT(score("zi", "Zoom in"), score("zi", "Resizing"));
    EXPECT_GT(score("run", "Run until"), score("run", "Rewind"));
    EXPECT_GT(score("exp csv", "Export CSV"), score("exp csv", "Expand collapsed view"));
    EXPECT_EQ(score("xyz", "Zoom in"), -1000);
    EXPECT_EQ(score("", "anything"), 0);
    EXPECT_EQ(fuzzyMatch(QStringLiteral("zi"), QStringLiteral("Zoom in"))->positions,
              (std::vector<int>{0, 5}));
}

} // namespace
} // namespace penstock::app

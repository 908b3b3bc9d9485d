// SPDX-License-Identifier: GPL-3.0-only
// Goal: the desk keeps one run, at the speed that is wanted, and a wish that is overtaken by a
// newer one leaves no trace; what is typed after "until" is read as a person means it. Method: the
// desk alone over made-up runs; a table of texts.
#include "app/workbench/models/text.h"
#include "app/workbench/window/runs/run_desk.h"
#include "app/workbench/window/runs/until.h"
#include "tests/app/workbench/window/fake_maker.h"

#include <QApplication>
#include <QSignalSpy>
#include <QThreadPool>
#include <gtest/gtest.h>

namespace penstock::app {
namespace {

using namespace std::chrono_literals;

void settle() {
    QThreadPool::globalInstance()->waitForDone();
    QApplication::processEvents();
}

TEST(RunDesk, TheNewestWishWins) {
    FakeMaker maker;
    RunDesk desk(maker);
    int begun = 0;
    QObject::connect(&desk, &RunDesk::begun, &desk, [&] { ++begun; });
    desk.begin({.scenario = "first.yaml"});
    desk.begin({.scenario = "second.yaml"});
    EXPECT_TRUE(desk.busy());
    settle();
    EXPECT_FALSE(desk.busy());
    EXPECT_EQ(begun, 1);
    EXPECT_EQ(desk.info().scenario, "second");
}

TEST(RunDesk, AFailureKeepsTheRunBefore) {
    FakeMaker maker;
    RunDesk desk(maker);
    desk.begin({.scenario = "good.yaml"});
    settle();
    QString said;
    QObject::connect(&desk, &RunDesk::failed, &desk, [&](const QString& words) { said = words; });
    maker.failNext("no such file");
    desk.begin({.scenario = "bad.yaml"});
    settle();
    EXPECT_EQ(said, QStringLiteral("no such file"));
    EXPECT_EQ(desk.info().scenario, "good");
}

TEST(RunDesk, SpeedsStepThroughRoundNumbers) {
    FakeMaker maker;
    RunDesk desk(maker);
    desk.begin({.scenario = "a.yaml"}, {RunStart::Pace::paused, 10, {}});
    settle();
    desk.faster();
    EXPECT_EQ(desk.speed(), 20);
    desk.setSpeed(33);
    desk.faster();
    EXPECT_EQ(desk.speed(), 50);
    desk.slower();
    desk.slower();
    EXPECT_EQ(desk.speed(), 10);
    for (int i = 0; i < 40; ++i)
        desk.slower();
    EXPECT_EQ(desk.speed(), RunDesk::speeds().front());
    desk.setSpeed(-1);
    EXPECT_EQ(desk.speed(), RunDesk::speeds().front());
}

TEST(RunDesk, ARunTakesAboutTwoMinutes) {
    RunInfo info;
    const struct {
        Duration length;
        double speed;
    } cases[] = {{10s, 1}, {2min, 1}, {20min, 10}, {40min, 20}, {24h, 50}};
    for (const auto& c : cases) {
        info.end = info.start + c.length;
        EXPECT_EQ(RunDesk::speedFor(info), c.speed) << toSeconds(c.length);
    }
    info.end = kNever;
    EXPECT_EQ(RunDesk::speedFor(info), 10);
}

TEST(RunDesk, AnswersReachWhoAsked) {
    FakeMaker maker;
    RunDesk desk(maker);
    desk.begin({.scenario = "a.yaml"});
    settle();
    QStringList got;
    desk.ask(ExportKind::helm, [&](const ExportAnswer& a) { got << text(a.files[0].name); });
    desk.ask(ExportKind::documents, [&](const ExportAnswer& a) { got << text(a.files[1].name); });
    EXPECT_TRUE(got.isEmpty());
    desk.pull();
    EXPECT_EQ(got, (QStringList{QStringLiteral("transport.json"), QStringLiteral("pools.json")}));
    desk.pull();
    EXPECT_EQ(got.size(), 2) << "once";
}

TEST(Until, IsReadAsAPersonMeansIt) {
    RunInfo info;
    info.start = Time{1h};
    info.end = Time{3h};
    const Time head = info.start + 5min;
    const struct {
        const char* typed;
        std::optional<Duration> sinceStart; // none: the end
    } times[] = {{"20 min", 20min},     {"1h", 1h},         {"90s", std::nullopt},
                 {"+90 s", 6min + 30s}, {"1:05:00", 65min}, {"12:30", 12min + 30s},
                 {"1 h 20 min", 80min}, {"the end", {}},    {"", {}}};
    for (const auto& c : times) {
        const auto read = parseUntil(text(c.typed), info, head);
        if (std::string_view(c.typed) == "90s") {
            ASSERT_FALSE(read) << "the run is past it";
            EXPECT_NE(read.error().message.find("+90s"), std::string::npos) << "says the remedy";
            continue;
        }
        ASSERT_TRUE(read) << c.typed;
        EXPECT_EQ(read->at, c.sinceStart ? info.start + *c.sinceStart : kNever) << c.typed;
        EXPECT_TRUE(read->condition.empty()) << c.typed;
    }
    const auto condition = parseUntil(QStringLiteral("queues.batch.succeeded>=1000"), info, head);
    ASSERT_TRUE(condition);
    EXPECT_EQ(condition->condition, "queues.batch.succeeded >= 1000");
    EXPECT_FALSE(parseUntil(QStringLiteral("tomorrow"), info, head));
}

} // namespace
} // namespace penstock::app

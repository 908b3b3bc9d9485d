// SPDX-License-Identifier: GPL-3.0-only
// Goal: over real runs the window shows what the engine does, keeps its history, and changes
// nothing: the same scenario, seed and moves have one fingerprint with and without a window.
// Method: the shipped scenarios on a store in a scratch folder; the program, killed, as a user
// would lose it.
#include "app/workbench/docks/charts/charts_dock.h"
#include "app/workbench/docks/parts/table_view.h"
#include "app/workbench/docks/runs/runs_dock.h"
#include "app/workbench/models/text.h"
#include "app/workbench/window/parts/banner.h"
#include "app/workbench/window/parts/exports.h"
#include "app/workbench/window/runs/simulated_runs.h"
#include "tests/app/workbench/window/fake_maker.h"

#include <QApplication>
#include <QProcess>
#include <QPushButton>
#include <QSet>
#include <QSettings>
#include <QTest>
#include <QThreadPool>
#include <gtest/gtest.h>

#include <csignal>

namespace penstock::app {
namespace {

using namespace std::chrono_literals;

const std::string kScenario = PENSTOCK_SOURCE_DIR "/scenarios/code-onoff.yaml";

struct RealStage {
    RealStage() {
        QSettings::setPath(QSettings::NativeFormat, QSettings::UserScope, folder.path());
        window = std::make_unique<MainWindow>(runs);
        window->show();
    }
    ~RealStage() {
        window.reset();
        QThreadPool::globalInstance()->waitForDone();
    }
    RunDesk& desk() { return window->desk(); }
    void begin(RunStart::Pace pace) {
        Opening opening;
        opening.order.scenario = kScenario;
        opening.offers = false;
        opening.start.pace = pace;
        window->begin(opening);
        ASSERT_TRUE(QTest::qWaitFor([this] { return desk().hasRun(); }, 20000));
    }
    // Until the run has paused there.
    void runTo(Duration at) {
        desk().send(RunUntil{desk().info().start + at, {}});
        ASSERT_TRUE(QTest::qWaitFor(
            [&] { return desk().now().head >= desk().info().start + at && !desk().running(); },
            60000));
    }

    QTemporaryDir folder;
    SimulatedRuns runs{folder.filePath(QStringLiteral("runs.db")).toStdString()};
    std::unique_ptr<MainWindow> window;
};

TEST(RealRun, AMoveIsSeenAndTheHistoryPlaysItAgain) {
    std::string fingerprint;
    qint64 stored = 0;
    RealStage stage;
    stage.begin(RunStart::Pace::paused);
    EXPECT_FALSE(stage.desk().info().advice.empty() && stage.desk().info().parameters.empty());
    stage.runTo(3min);
    QString path;
    for (const ParameterRow& row : stage.desk().info().parameters) {
        if (row.name == "threshold") path = text(row.path);
    }
    ASSERT_FALSE(path.isEmpty());
    ASSERT_TRUE(stage.window->docks().knobs().move(path, 0.4));
    ASSERT_TRUE(QTest::qWaitFor([&] { return !stage.desk().moved().empty(); }, 5000));
    EXPECT_EQ(stage.desk().moved().front().second, 0.4);
    stage.runTo(6min);
    const auto& gate = *stage.window->docks().series().gates.front();
    ASSERT_TRUE(gate.threshold.last());
    EXPECT_NEAR(gate.threshold.last()->value, 0.4, 1e-6);
    stage.desk().send(Stop{});
    ASSERT_TRUE(QTest::qWaitFor([&] { return stage.desk().ended(); }, 5000));
    fingerprint = stage.desk().now().fingerprint;
    stored = stage.desk().now().storedAs;
    EXPECT_GT(stored, 0);
    RunsDock& history = *stage.window->docks().runs;
    ASSERT_TRUE(QTest::qWaitFor([&] { return history.table().model()->rowCount() == 1; }, 10000));
    // From the history: the same decisions, move and all.
    stage.desk().open(stored);
    ASSERT_TRUE(QTest::qWaitFor(
        [&] {
            return !stage.desk().info().can.knobs && stage.desk().ended() &&
                   stage.desk().now().fingerprint == fingerprint;
        },
        60000))
        << stage.desk().now().error << " " << stage.desk().now().fingerprint << " " << fingerprint;
    EXPECT_FALSE(stage.desk().info().can.knobs);
}

// What a chart shows at the crosshair is what the store holds: the same instants of the living run
// and of the same run read back.
TEST(RealRun, TheCrosshairShowsWhatIsStored) {
    RealStage stage;
    stage.begin(RunStart::Pace::paused);
    stage.runTo(5min);
    ChartsDock& charts = *stage.window->docks().charts;
    TimeAxis& axis = charts.axis();
    const Time start = stage.desk().info().start;
    const auto shown = [&] {
        TimeChart& gate = *charts.chart(QStringLiteral("gate"));
        axis.showAll();
        QStringList all;
        for (Duration at = 60s; at < 5min; at += 7s) {
            axis.lockCrosshair(start + at);
            gate.refresh();
            const auto& curves = gate.scene().series();
            // Every reading is kept, and with it the threshold and the budget of its decision.
            for (std::size_t i = 0; i < curves.size(); ++i) {
                if (curves[i].style == CurveStyle::step)
                    all << curves[i].name + QLatin1Char(' ') + gate.shownValue(static_cast<int>(i));
            }
        }
        return all;
    };
    const QStringList living = shown();
    EXPECT_GT(QSet<QString>(living.begin(), living.end()).size(), 10);
    stage.desk().send(Stop{});
    ASSERT_TRUE(QTest::qWaitFor([&] { return stage.desk().ended(); }, 5000));
    const qint64 stored = stage.desk().now().storedAs;
    stage.desk().open(stored);
    ASSERT_TRUE(QTest::qWaitFor(
        [&] { return stage.desk().ended() && stage.desk().now().progress >= 1; }, 60000));
    EXPECT_EQ(shown(), living);
}

TEST(RealRun, ThePerfectGateIsLaidOver) {
    RealStage stage;
    stage.begin(RunStart::Pace::paused);
    stage.runTo(1min);
    stage.window->registry().find(QStringLiteral("overlay.perfect"))->trigger();
    double progress = 0;
    QObject::connect(&stage.window->overlays(), &Overlays::changed, stage.window.get(),
                     [&](const QString&, const auto& series, double p) {
                         if (series) progress = p;
                     });
    ASSERT_TRUE(QTest::qWaitFor([&] { return progress >= 1; }, 90000)) << progress;
    EXPECT_EQ(stage.window->docks().charts->overlays().size(), 1);
    EXPECT_FALSE(stage.window->banner().shown()) << qPrintable(stage.window->banner().words());
}

TEST(RealRun, ThePolicyLeavesAsDocuments) {
    RealStage stage;
    stage.begin(RunStart::Pace::paused);
    const QString folder = stage.folder.filePath(QStringLiteral("policy"));
    for (const ExportChoice& choice : exportChoices()) {
        const QString target =
            choice.kind == ExportKind::documents ? folder : stage.folder.filePath(choice.name);
        stage.window->saveTo(choice, target);
        EXPECT_TRUE(QTest::qWaitFor([&] { return QFile::exists(target); }, 10000))
            << qPrintable(target) << qPrintable(stage.window->banner().words());
    }
    // What it wrote it can read.
    EXPECT_EQ(stage.runs.kindOf((folder + QStringLiteral("/transport.json")).toStdString()),
              FileKind::documents);
    EXPECT_EQ(stage.runs.kindOf(stage.folder.filePath(QStringLiteral("values.yaml")).toStdString()),
              FileKind::documents);
    EXPECT_EQ(stage.runs.kindOf(stage.folder.filePath(QStringLiteral("report.json")).toStdString()),
              FileKind::report);
    EXPECT_EQ(stage.runs.kindOf(kScenario), FileKind::scenario);
    EXPECT_TRUE(stage.runs.check({(folder + QStringLiteral("/transport.json")).toStdString()}));
}

TEST(RealRun, ARunWhoseProgramWasKilledIsOffered) {
    QTemporaryDir folder;
    const QString store = folder.filePath(QStringLiteral("runs.db"));
    QProcess program;
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("XDG_CONFIG_HOME"), folder.path());
    environment.insert(QStringLiteral("QT_QPA_PLATFORM"), QStringLiteral("offscreen"));
    program.setProcessEnvironment(environment);
    program.start(QStringLiteral(PENSTOCK_BINARY_DIR "/bin/penstock-workbench"),
                  {QString::fromStdString(kScenario), QStringLiteral("--store"), store});
    ASSERT_TRUE(program.waitForStarted());
    SimulatedRuns runs(store.toStdString());
    // Once its first second is on disk.
    ASSERT_TRUE(QTest::qWaitFor(
        [&] {
            const auto history = runs.history();
            return history && !history->empty() && history->front().virtualSeconds > 5;
        },
        60000));
    ASSERT_EQ(::kill(static_cast<pid_t>(program.processId()), SIGKILL), 0);
    program.waitForFinished();

    QSettings::setPath(QSettings::NativeFormat, QSettings::UserScope, folder.path());
    {
        MainWindow window(runs);
        window.show();
        Opening opening;
        opening.order.scenario = kScenario;
        opening.start.pace = RunStart::Pace::paused;
        window.begin(opening);
        ASSERT_TRUE(QTest::qWaitFor(
            [&] { return window.banner().words().contains(QStringLiteral("cut off")); }, 20000));
        window.banner().answers().front()->click();
        ASSERT_TRUE(QTest::qWaitFor([&] { return window.desk().hasRun() && window.desk().ended(); },
                                    60000));
        EXPECT_GT(window.desk().now().head - window.desk().info().start, 5s);
        EXPECT_EQ(window.desk().now().error, "");
    }
    QThreadPool::globalInstance()->waitForDone();
}

} // namespace
} // namespace penstock::app

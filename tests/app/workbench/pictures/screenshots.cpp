// SPDX-License-Identifier: GPL-3.0-only
#include "tests/app/workbench/pictures/screenshots.h"

#include "app/workbench/actions/cheat_sheet.h"
#include "app/workbench/actions/command_palette.h"
#include "app/workbench/docks/charts/charts_dock.h"
#include "app/workbench/docks/lives/requests_dock.h"
#include "app/workbench/docks/parts/table_view.h"
#include "app/workbench/models/text.h"
#include "app/workbench/window/parts/layout_keeper.h"
#include "app/workbench/window/runs/simulated_runs.h"
#include "app/workbench/window/tour.h"

#include <QApplication>
#include <QDir>
#include <QDockWidget>
#include <QElapsedTimer>
#include <QProcess>
#include <QStandardPaths>
#include <QTemporaryDir>
#include <QThreadPool>
#include <fmt/format.h>

#include <functional>

namespace penstock::app {
namespace {

using namespace std::chrono_literals;

constexpr const char* kScale = "PENSTOCK_PICTURES_SCALE";
constexpr Duration kPlayed = 14min; // of engine time
constexpr Duration kShown = 6min;   // of it in view
constexpr int kPatienceMs = 60000;
constexpr QSize kSizes[] = {{1280, 800}, {2560, 1440}};
constexpr QSize kPicture{1440, 900};
constexpr int kOverlayMs = 30000;

bool waitUntil(const std::function<bool()>& holds) {
    QElapsedTimer since;
    since.start();
    while (!holds()) {
        if (since.elapsed() > kPatienceMs) return false;
        QApplication::processEvents(QEventLoop::WaitForMoreEvents, 20);
    }
    return true;
}

class Photographer {
  public:
    Photographer(MainWindow& window, QString folder) : window_(window), folder_(folder) {}

    static void settle() {
        QElapsedTimer since;
        since.start();
        while (since.elapsed() < 120) // layouts settle, charts draw what is left
            QApplication::processEvents(QEventLoop::AllEvents, 20);
    }

    void take(QWidget& widget, const QString& what) {
        settle();
        const QString scale = widget.devicePixelRatioF() > 1 ? QStringLiteral("@2x") : QString();
        const QString theme = currentTheme().kind == ThemeKind::dark ? QStringLiteral("dark")
                                                                     : QStringLiteral("light");
        const QString path =
            QDir(folder_).filePath(QStringLiteral("%1-%2%3.png").arg(what, theme, scale));
        if (!widget.grab().save(path)) {
            fmt::print(stderr, "{} was not written\n", path.toStdString());
            failed_ = true;
            return;
        }
        fmt::print("{}\n", path.toStdString());
    }

    void panels(const QString& size) {
        for (RunDock* dock : window_.docks().all()) {
            window_.layouts().bringUp(dock, false);
            take(*dock, QStringLiteral("panel-%1-%2").arg(dock->id(), size));
        }
        window_.layouts().arrange(LayoutKeeper::shipped().first());
    }

    void all(const QString& size) {
        take(window_, QStringLiteral("window-") + size);
        panels(size);
        window_.showScenarios(true);
        take(window_, QStringLiteral("scenarios-") + size);
        window_.showScenarios(false);
        window_.palette().open();
        take(window_, QStringLiteral("palette-") + size);
        window_.palette().hide();
        window_.registry().find(QStringLiteral("help.keys"))->trigger();
        settle();
        if (auto* sheet = window_.findChild<CheatSheet*>()) {
            take(*sheet, QStringLiteral("keys-") + size);
            delete sheet;
        }
    }

    // It opens a run of its own, so it comes after all pictures of the run that was played.
    void tour(const QString& size) {
        window_.tour().begin();
        window_.tour().next();
        window_.tour().next();
        take(window_, QStringLiteral("tour-") + size);
        window_.tour().end();
    }

    bool failed() const { return failed_; }

  private:
    MainWindow& window_;
    QString folder_;
    bool failed_ = false;
};

// A run with what there is to see: a hand's move, an overlay, a waterfall.
bool play(MainWindow& window) {
    RunDesk& desk = window.desk();
    const auto runTo = [&](Duration at) {
        desk.send(RunUntil{desk.info().start + at, {}});
        return waitUntil([&] {
            return desk.ended() || (desk.now().head >= desk.info().start + at && !desk.running());
        });
    };
    if (!runTo(kPlayed / 2)) return false;
    for (const ParameterRow& row : desk.info().parameters) {
        if (row.name != "threshold") continue;
        window.docks().knobs().move(text(row.path), row.value * 0.75);
        break;
    }
    QAction* overlay = window.registry().find(QStringLiteral("overlay.perfect"));
    bool laidOver = false;
    const auto told = QObject::connect(&window.overlays(), &Overlays::completed, &window,
                                       [&](const QString&) { laidOver = true; });
    overlay->trigger();
    if (!runTo(kPlayed)) return false;
    QElapsedTimer since;
    since.start();
    waitUntil([&] { return laidOver || since.elapsed() > kOverlayMs; });
    TimeAxis& axis = window.docks().axis();
    TableView& requests = window.docks().requests->table();
    requests.chooseRow(requests.model()->rowCount() * 2 / 3);
    since.start();
    waitUntil([&] { return since.elapsed() > 300; }); // its life is asked for
    axis.unlockCrosshair();
    axis.zoomTo({desk.now().head - kShown, desk.now().head});
    QObject::disconnect(told);
    return desk.now().error.empty();
}

// One picture of the window for a page, or, without a name for it, all of them into the folder.
int photograph(int argc, char** argv, const QString& folder, const QString& picture,
               Opening opening) {
    QElapsedTimer sinceStart;
    sinceStart.start();
    QTemporaryDir scratch;
    QApplication app(argc, argv);
    QApplication::setOrganizationName(QStringLiteral("penstock"));
    QApplication::setApplicationName(QStringLiteral("penstock-pictures"));
    // A user's own settings are not used, or changed.
    QSettings::setPath(QSettings::NativeFormat, QSettings::UserScope, scratch.path());
    applyTheme(ThemeKind::light);
    SimulatedRuns runs(scratch.filePath(QStringLiteral("runs.db")).toStdString());
    int code = 0;
    {
        MainWindow window(runs);
        QObject::connect(&window, &MainWindow::painted, &window, [&] {
            fmt::print(stderr, "first paint after {} ms\n", sinceStart.elapsed());
        });
        window.resize(kSizes[0]);
        window.show();
        QString wrong;
        QObject::connect(&window.desk(), &RunDesk::failed, &window,
                         [&](const QString& words) { wrong = words; });
        opening.offers = false;
        opening.start.pace = RunStart::Pace::paused;
        window.begin(opening);
        waitUntil([&] { return window.desk().hasRun() || !wrong.isEmpty(); });
        if (!window.desk().hasRun()) {
            fmt::print(stderr, "error: {}\n", wrong.toStdString());
            code = 2;
        } else if (!play(window)) {
            fmt::print(stderr, "error: {}\n", window.desk().now().error);
            code = 3;
        } else if (!picture.isEmpty()) {
            window.resize(kPicture);
            window.layouts().arrange(LayoutKeeper::shipped().first());
            Photographer::settle();
            if (!window.grab().save(picture)) {
                fmt::print(stderr, "error: {} cannot be written\n", picture.toStdString());
                code = 3;
            }
        } else {
            Photographer photographer(window, folder);
            for (const auto what : {&Photographer::all, &Photographer::tour}) {
                for (const QSize& size : kSizes) {
                    window.resize(size);
                    window.layouts().arrange(LayoutKeeper::shipped().first());
                    for (const ThemeKind theme : {ThemeKind::light, ThemeKind::dark}) {
                        applyTheme(theme);
                        (photographer.*
                         what)(QStringLiteral("%1x%2").arg(size.width()).arg(size.height()));
                    }
                }
            }
            if (photographer.failed()) code = 3;
        }
    }
    QThreadPool::globalInstance()->waitForDone();
    return code;
}

} // namespace

int makePicture(int argc, char** argv, const QString& file, Opening opening) {
    if (qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
    return photograph(argc, argv, {}, file, std::move(opening));
}

int makeScreenshots(int argc, char** argv, const QString& folder, Opening opening) {
    if (!QDir().mkpath(folder)) {
        fmt::print(stderr, "error: the folder {} cannot be made\n", folder.toStdString());
        return 2;
    }
    if (qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM")) qputenv("QT_QPA_PLATFORM", "offscreen");
    if (qEnvironmentVariableIsSet(kScale)) {
        return photograph(argc, argv, folder, {}, std::move(opening));
    }
    for (const char* scale : {"1", "2"}) {
        QProcess process;
        QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
        environment.insert(QString::fromLatin1(kScale), QString::fromLatin1(scale));
        environment.insert(QStringLiteral("QT_SCALE_FACTOR"), QString::fromLatin1(scale));
        process.setProcessEnvironment(environment);
        process.setProcessChannelMode(QProcess::ForwardedChannels);
        QStringList arguments;
        for (int i = 1; i < argc; ++i)
            arguments << QString::fromLocal8Bit(argv[i]);
        process.start(QStringLiteral("/proc/self/exe"), arguments);
        process.waitForFinished(-1);
        if (process.exitStatus() != QProcess::NormalExit) return 3;
        if (process.exitCode() != 0) return process.exitCode();
    }
    return 0;
}

} // namespace penstock::app

// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/window/main_window.h"

#include "app/workbench/actions/command_palette.h"
#include "app/workbench/docks/charts/charts_dock.h"
#include "app/workbench/docks/runs/advice_dock.h"
#include "app/workbench/docks/runs/log_dock.h"
#include "app/workbench/models/text.h"
#include "app/workbench/window/parts/banner.h"
#include "app/workbench/window/parts/layout_keeper.h"
#include "app/workbench/window/parts/start_page.h"
#include "app/workbench/window/run_bar.h"
#include "app/workbench/window/runs/background.h"
#include "app/workbench/window/tour.h"

#include <QCloseEvent>
#include <QLabel>
#include <QLineEdit>
#include <QMenuBar>
#include <QShortcut>
#include <QStackedWidget>
#include <QStatusBar>
#include <QToolBar>
#include <QVBoxLayout>

namespace penstock::app {
namespace {

constexpr int kSaidMs = 8000;
constexpr QSize kFirstSize{1280, 800};

} // namespace

MainWindow::MainWindow(RunMaker& maker, QWidget* parent)
    : QMainWindow(parent), maker_(maker), registry_(this), docks_(this), desk_(maker),
      overlays_(maker) {
    age_.start();
    setObjectName(QStringLiteral("penstock"));
    setWindowIcon(applicationIcon());
    setAcceptDrops(true);
    resize(kFirstSize);
    build();
    connectRun();
    connectDocks();
    connectHistory();
    docks_.begin({});
    showRun();
    if (!restoreGeometry(settings_.geometry())) resize(kFirstSize);
    if (!layouts_->restore(settings_.layout())) layouts_->arrange(LayoutKeeper::shipped().first());
}

MainWindow::~MainWindow() {
    // The docks hold models that the actions look at.
    registry_.disconnect();
}

void MainWindow::build() {
    scenarios_ = scenarioCards();
    addFileActions();
    addRunActions();
    addOverlayActions();
    docks_.addActions(registry_);
    layouts_ = new LayoutKeeper(*this, docks_);
    layouts_->setParent(this);
    addViewActions();
    addHelpActions();
    addMenus();

    runBar_ = new RunBar(desk_, registry_);
    runBar_->setScenarios(scenarios_);
    auto* bar = new QToolBar(tr("Run"), this);
    bar->setObjectName(QStringLiteral("bar.run"));
    bar->setMovable(false);
    bar->setContextMenuPolicy(Qt::PreventContextMenu);
    bar->addWidget(runBar_);
    addToolBar(Qt::TopToolBarArea, bar);

    banner_ = new Banner(this);
    startPage_ = new StartPage(this);
    startPage_->setScenarios(scenarios_);
    middle_ = new QStackedWidget(this);
    docks_.charts->show();
    middle_->addWidget(docks_.charts);
    middle_->addWidget(startPage_);
    auto* middle = new QWidget(this);
    auto* column = new QVBoxLayout(middle);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(banner_);
    column->addWidget(middle_, 1);
    setCentralWidget(middle);

    recorded_ = new QLabel(this);
    recorded_->setToolTip(tr("Number of this run in the history of runs"));
    fingerprint_ = new QLabel(this);
    fingerprint_->setFont(numberFont());
    fingerprint_->setToolTip(tr(
        "A hash over every decision so far. The same scenario, seed and moves give the same one, "
        "here and with penstock run, at any speed."));
    fingerprint_->setTextInteractionFlags(Qt::TextSelectableByMouse);
    statusBar()->addPermanentWidget(recorded_);
    statusBar()->addPermanentWidget(fingerprint_);

    palette_ = new CommandPalette(registry_, this);
    palette_->addSource([this] { return scenarioEntries(); });
    palette_->addSource([this] { return parameterEntries(); });
    palette_->addSource([this] { return layoutEntries(); });
    palette_->addSource([this] { return recentEntries(); });
    tour_ = new Tour(*this);

    connect(startPage_, &StartPage::chosen, this, &MainWindow::openScenario);
    connect(startPage_, &StartPage::fileWanted, this, &MainWindow::askForFiles);
    connect(startPage_, &StartPage::closed, this, [this] { showScenarios(false); });
    connect(startPage_, &StartPage::tourWanted, this,
            [this] { registry_.find(QStringLiteral("help.tour"))->trigger(); });
    connect(runBar_, &RunBar::scenarioChosen, this, &MainWindow::openScenario);
    connect(runBar_, &RunBar::said, this,
            [this](const QString& words) { say(Severity::warning, words); });
    // Space runs and pauses where it does not press a button.
    for (TimeChart* chart : docks_.charts->charts()) {
        auto* space = new QShortcut(Qt::Key_Space, &chart->view());
        space->setContext(Qt::WidgetShortcut);
        connect(space, &QShortcut::activated, registry_.find(QStringLiteral("run.toggle")),
                &QAction::trigger);
    }
    registry_.addGesture({tr("Charts"), tr("Space"), tr("Run or pause")});
}

void MainWindow::connectRun() {
    connect(&desk_, &RunDesk::begun, this, [this](const RunInfo& info) {
        overlays_.clear();
        lastError_.clear();
        if (banner_->words() != offer_) banner_->close(); // an offer is not about the run before
        docks_.begin(info);
        showRun();
        showScenarios(false);
        refreshHistory();
    });
    connect(&desk_, &RunDesk::came, this, [this](const Frame& frame) {
        docks_.add(frame);
        if (frame.error != lastError_) {
            lastError_ = frame.error;
            if (!lastError_.empty()) {
                banner_->say(frame.status == RunStatus::failed ? Severity::error
                                                               : Severity::warning,
                             text(lastError_));
            }
        }
        fingerprint_->setText(text(frame.fingerprint));
        recorded_->setText(frame.storedAs > 0 ? tr("run %1").arg(frame.storedAs) : QString());
        if (frame.status != lastStatus_) {
            lastStatus_ = frame.status;
            showStatus();
            if (desk_.ended()) refreshHistory();
        }
    });
    connect(&desk_, &RunDesk::failed, this,
            [this](const QString& words) { say(Severity::error, words); });
    auto* frames = new QTimer(this);
    frames->setInterval(RunDesk::kFrameMs);
    connect(frames, &QTimer::timeout, &overlays_, &Overlays::pull);
    frames->start();
    connect(&overlays_, &Overlays::changed, this,
            [this](const QString& name, const std::shared_ptr<const RunSeries>& series,
                   double progress) { docks_.charts->setOverlay(name, series, progress); });
    connect(&overlays_, &Overlays::completed, this, [this](const QString& name) {
        statusBar()->showMessage(tr("%1 is laid over, dashed.").arg(name), kSaidMs);
    });
    connect(&overlays_, &Overlays::failed, this,
            [this](const QString& words) { say(Severity::error, words); });
}

void MainWindow::connectDocks() {
    connect(&docks_, &DockSet::command, &desk_, &RunDesk::send);
    connect(&docks_, &DockSet::findRequest, &desk_, &RunDesk::find);
    connect(&docks_, &DockSet::raise, this,
            [this](RunDock* dock) { layouts_->bringUp(dock, false); });
    connect(&docks_, &DockSet::said, this,
            [this](const QString& words) { statusBar()->showMessage(words, kSaidMs); });
    connect(docks_.charts, &ChartsDock::overlayClosed, &overlays_, &Overlays::remove);
}

void MainWindow::begin(Opening opening) {
    if (opening.order.scenario.empty()) opening.order.scenario = openingScenario().toStdString();
    if (opening.order.scenario.empty()) {
        showScenarios(true);
        say(Severity::warning, tr("The scenarios that come with the program were not found in %1. "
                                  "Set PENSTOCK_SCENARIOS to their folder, or open a file.")
                                   .arg(scenarioDirectory()));
    } else {
        desk_.begin(opening.order, opening.start);
    }
    refreshHistory(opening.offers);
    if (opening.offers && !settings_.toured()) {
        settings_.setToured();
        offer_ = tr("New here? A tour of two minutes shows what a gate is, why it closes, and "
                    "which knob to drag.");
        banner_->say(Severity::info, offer_,
                     {{tr("Take the tour"),
                       [this] { registry_.find(QStringLiteral("help.tour"))->trigger(); }}});
    }
}

void MainWindow::showRun() {
    const RunInfo& info = desk_.info();
    setWindowTitle(desk_.hasRun()
                       ? tr("%1, seed %2 – Penstock").arg(text(info.scenario)).arg(info.seed)
                       : tr("Penstock"));
    const int urgent = docks_.advice->urgent();
    layouts_->setTitle(docks_.advice, urgent > 0
                                          ? tr("%1 (%2)").arg(docks_.advice->title()).arg(urgent)
                                          : docks_.advice->title());
    lastStatus_ = desk_.now().status;
    showStatus();
}

void MainWindow::showStatus() {
    const bool has = desk_.hasRun(), steer = has && desk_.info().can.steer && !desk_.ended();
    for (const char* id : {"run.toggle", "run.fast", "run.step", "run.until", "run.stop"})
        registry_.find(QString::fromLatin1(id))->setEnabled(steer);
    for (const char* id :
         {"run.restart", "run.restartBase", "run.newSeed", "overlay.perfect", "overlay.base"}) {
        registry_.find(QString::fromLatin1(id))->setEnabled(desk_.canRestart());
    }
    // What runs under them already has nothing to be compared with.
    const bool other = desk_.canRestart() && desk_.info().semantics != "penstock";
    for (const char* id : {"run.restartPenstock", "overlay.semantics"})
        registry_.find(QString::fromLatin1(id))->setEnabled(other);
    for (QAction* action : registry_.inMenu(tr("File"))) {
        if (action->objectName().startsWith(QStringLiteral("export."))) action->setEnabled(has);
    }
    QAction* toggle = registry_.find(QStringLiteral("run.toggle"));
    const bool running = desk_.running();
    toggle->setText(running ? tr("&Pause") : tr("&Run"));
    toggle->setIcon(icon(running ? QStringLiteral("pause") : QStringLiteral("run")));
}

void MainWindow::say(Severity severity, const QString& words) {
    banner_->say(severity, words);
    docks_.log->say(severity, words);
}

void MainWindow::setTheme(ThemeKind kind) {
    if (kind != currentTheme().kind) applyTheme(kind);
    settings_.setTheme(kind);
}

void MainWindow::showScenarios(bool shown) {
    middle_->setCurrentIndex(shown ? 1 : 0);
    if (shown) {
        startPage_->search().setFocus(Qt::OtherFocusReason);
    } else {
        layouts_->bringUp(docks_.charts);
    }
}

bool MainWindow::scenariosShown() const {
    return middle_->currentWidget() == startPage_;
}

bool MainWindow::event(QEvent* event) {
    const bool done = QMainWindow::event(event);
    // The type first: some events come while the members are still being made.
    if (event->type() == QEvent::UpdateRequest && !painted_) {
        painted_ = true;
        docks_.log->say(Severity::info,
                        tr("The window was painted after %1 ms.").arg(age_.elapsed()));
        Q_EMIT painted();
    }
    return done;
}

void MainWindow::closeEvent(QCloseEvent* event) {
    settings_.setGeometry(saveGeometry());
    settings_.setLayout({}, layouts_->save());
    QMainWindow::closeEvent(event);
}

} // namespace penstock::app

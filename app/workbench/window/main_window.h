// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// The window: docks around the charts, the run bar over them, and the wires between them. It
// decides nothing: runs come from the desk, arrangements from the keeper, and everything that a
// person can do is an action of the registry. GUI thread only.
#include "app/workbench/actions/action_registry.h"
#include "app/workbench/docks/dock_set.h"
#include "app/workbench/window/parts/settings.h"
#include "app/workbench/window/runs/overlays.h"
#include "app/workbench/window/runs/run_desk.h"
#include "app/workbench/window/runs/scenarios.h"

#include <QElapsedTimer>
#include <QMainWindow>

class QLabel;
class QStackedWidget;

namespace penstock::app {

class Banner;
class CommandPalette;
class LayoutKeeper;
class RunBar;
class StartPage;
class Tour;
struct PaletteEntry;

// What the window opens on.
struct Opening {
    RunOrder order; // without a scenario: the one that comes with the program
    RunStart start;
    bool offers = true; // the tour, and runs that were cut off
};

class MainWindow : public QMainWindow {
    Q_OBJECT
  public:
    // `maker` must outlive the window and the thread pool's work.
    explicit MainWindow(RunMaker& maker, QWidget* parent = nullptr);
    ~MainWindow() override;

    // Begins the first run and looks into the store; after the window is shown.
    void begin(Opening opening);
    // What is dropped on the window or opens from a dialog.
    void openFiles(const QStringList& files);
    // One of the scenarios that come with the program, by name; false if there is none.
    bool openShipped(const QString& name);
    void setTheme(ThemeKind kind);
    void showScenarios(bool shown);
    // In the banner and in the log.
    void say(Severity severity, const QString& words);
    // Under a name of the user's.
    void saveLayout(const QString& name);
    // Asks the run, which answers with a later frame, and writes the file or folder.
    void saveTo(const struct ExportChoice& choice, const QString& target);

    ActionRegistry& registry() { return registry_; }
    DockSet& docks() { return docks_; }
    RunDesk& desk() { return desk_; }
    Overlays& overlays() { return overlays_; }
    LayoutKeeper& layouts() { return *layouts_; }
    RunBar& runBar() { return *runBar_; }
    Banner& banner() { return *banner_; }
    CommandPalette& palette() { return *palette_; }
    StartPage& startPage() { return *startPage_; }
    Tour& tour() { return *tour_; }
    bool scenariosShown() const;

  Q_SIGNALS:
    // The window has been painted for the first time.
    void painted();

  protected:
    bool event(QEvent*) override;
    void closeEvent(QCloseEvent*) override;
    void dragEnterEvent(QDragEnterEvent*) override;
    void dropEvent(QDropEvent*) override;

  private:
    // main_window.cpp
    void build();
    void connectRun();
    void connectDocks();
    void showRun();    // what holds for the whole run: title, advice's count
    void showStatus(); // what changes with the run's status: which actions are possible
    // file_actions.cpp
    void addFileActions();
    void askForFiles();
    void openScenario(const QString& file);
    void openStore(const QString& file);
    void checkDocuments(const QStringList& files);
    void compareReports(const QStringList& files);
    void saveAs(const ExportChoice& choice);
    std::vector<PaletteEntry> recentEntries();
    // run_actions.cpp
    void addRunActions();
    void addOverlayActions();
    void layOver(const QString& name, RunOrder order);
    // view_actions.cpp
    void addViewActions();
    void addHelpActions();
    std::vector<PaletteEntry> layoutEntries();
    std::vector<PaletteEntry> scenarioEntries();
    std::vector<PaletteEntry> parameterEntries();
    void addMenus();
    void saveLayoutAs();
    // history.cpp
    void connectHistory();
    void refreshHistory(bool offerRecovered = false);
    void offerRecovered(const std::vector<RunRow>& runs);
    void compareRuns(std::int64_t a, std::int64_t b);
    void showComparison(const Result<Comparison>& comparison);

    RunMaker& maker_;
    Settings settings_;
    QElapsedTimer age_;
    ActionRegistry registry_;
    DockSet docks_;
    RunDesk desk_;
    Overlays overlays_;
    LayoutKeeper* layouts_ = nullptr;
    RunBar* runBar_ = nullptr;
    Banner* banner_ = nullptr;
    CommandPalette* palette_ = nullptr;
    StartPage* startPage_ = nullptr;
    Tour* tour_ = nullptr;
    QStackedWidget* middle_ = nullptr;
    QLabel *recorded_ = nullptr, *fingerprint_ = nullptr;
    std::vector<ScenarioCard> scenarios_;
    std::string lastError_;
    QString offer_; // the banner's words while it offers something that is not of the run
    RunStatus lastStatus_ = RunStatus::paused;
    bool painted_ = false;
};

} // namespace penstock::app

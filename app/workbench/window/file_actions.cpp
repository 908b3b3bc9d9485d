// SPDX-License-Identifier: GPL-3.0-only
// What the window opens, and what it writes.
#include "app/workbench/actions/command_palette.h"
#include "app/workbench/docks/runs/advice_dock.h"
#include "app/workbench/docks/runs/compare_dock.h"
#include "app/workbench/docks/runs/runs_dock.h"
#include "app/workbench/models/text.h"
#include "app/workbench/window/main_window.h"
#include "app/workbench/window/parts/banner.h"
#include "app/workbench/window/parts/exports.h"
#include "app/workbench/window/parts/findings.h"
#include "app/workbench/window/parts/layout_keeper.h"
#include "app/workbench/window/runs/background.h"

#include <QDir>
#include <QDragEnterEvent>
#include <QFile>
#include <QFileDialog>
#include <QFileInfo>
#include <QMimeData>
#include <QStatusBar>

namespace penstock::app {
namespace {

constexpr qint64 kLargestReport = 64 << 20;

QStringList localFiles(const QMimeData& mime) {
    QStringList out;
    for (const QUrl& url : mime.urls()) {
        if (url.isLocalFile()) out << url.toLocalFile();
    }
    return out;
}

Result<std::string> contents(const QString& path) {
    QFile file(path);
    if (!file.open(QIODevice::ReadOnly)) {
        return fail(Error{file.errorString().toStdString(), path.toStdString()});
    }
    if (file.size() > kLargestReport) {
        return fail(Error{"is too large for a report", path.toStdString()});
    }
    return file.readAll().toStdString();
}

} // namespace

void MainWindow::addFileActions() {
    const QString menu = tr("File");
    registry_.add({QStringLiteral("file.scenarios"),
                   menu,
                   tr("&Scenarios…"),
                   tr("Those that come with the program, each with its lesson"),
                   QStringLiteral("book"),
                   {QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_O)}},
                  [this](bool) { showScenarios(!scenariosShown()); });
    registry_.add(
        {QStringLiteral("file.open"), menu, tr("&Open…"),
         tr("A scenario, a run store, reports to compare, moves to replay, or llm-d-async's "
            "documents to check"),
         QStringLiteral("open"), QKeySequence::keyBindings(QKeySequence::Open)},
        [this](bool) { askForFiles(); });
    bool first = true;
    for (const ExportChoice& choice : exportChoices()) {
        ActionSpec spec{QStringLiteral("export.") + choice.id,
                        menu,
                        tr("Save: %1").arg(choice.text),
                        choice.help,
                        QStringLiteral("export"),
                        {}};
        spec.separatorBefore = first;
        first = false;
        registry_.add(spec, [this, &choice](bool) { saveAs(choice); });
    }
    ActionSpec quit{QStringLiteral("file.quit"),
                    menu,
                    tr("&Quit"),
                    tr("The run ends and stays in the history; the layout is kept"),
                    QStringLiteral("close"),
                    {QKeySequence(Qt::CTRL | Qt::Key_Q)}};
    quit.separatorBefore = true;
    registry_.add(quit, [this](bool) { close(); });
}

void MainWindow::askForFiles() {
    const QStringList recent = settings_.recent();
    const QString folder =
        recent.isEmpty() ? scenarioDirectory() : QFileInfo(recent.first()).absolutePath();
    openFiles(QFileDialog::getOpenFileNames(
        this, tr("Open"), folder,
        tr("All that can be opened (*.yaml *.yml *.json *.db *.sqlite);;All files (*)")));
}

void MainWindow::openScenario(const QString& file) {
    settings_.addRecent(file);
    RunOrder order;
    order.scenario = file.toStdString();
    desk_.begin(std::move(order));
}

bool MainWindow::openShipped(const QString& name) {
    for (const ScenarioCard& card : scenarios_) {
        if (card.name != name) continue;
        openScenario(card.file);
        return true;
    }
    return false;
}

void MainWindow::openFiles(const QStringList& files) {
    if (files.isEmpty()) return;
    struct Sorted {
        QStringList of[6];
    };
    inBackground(
        this,
        [maker = &maker_, files] {
            Sorted sorted;
            for (const QString& file : files)
                sorted.of[static_cast<int>(maker->kindOf(file.toStdString()))] << file;
            return sorted;
        },
        [this](const Sorted& sorted) {
            const auto of = [&](FileKind kind) { return sorted.of[static_cast<int>(kind)]; };
            if (const QStringList strange = of(FileKind::unknown); !strange.isEmpty()) {
                say(Severity::warning,
                    tr("%1 is nothing that this window opens. It opens scenarios (YAML), run "
                       "stores, "
                       "reports and move logs (JSON), and llm-d-async's documents or Helm values.")
                        .arg(QDir::toNativeSeparators(strange.first())));
            }
            if (!of(FileKind::store).isEmpty()) openStore(of(FileKind::store).first());
            if (!of(FileKind::scenario).isEmpty()) {
                openScenario(of(FileKind::scenario).first());
            } else if (!of(FileKind::moves).isEmpty()) {
                settings_.addRecent(of(FileKind::moves).first());
                desk_.replay(of(FileKind::moves).first());
            }
            if (!of(FileKind::documents).isEmpty()) checkDocuments(of(FileKind::documents));
            if (!of(FileKind::report).isEmpty()) compareReports(of(FileKind::report));
        });
}

void MainWindow::openStore(const QString& file) {
    inBackground(
        this, [maker = &maker_, file] { return maker->useStore(file.toStdString()); },
        [this, file](const Status& done) {
            if (!done) {
                say(Severity::error, text(done.error().text()));
                return;
            }
            settings_.addRecent(file);
            refreshHistory(true);
            layouts_->bringUp(docks_.runs);
        });
}

void MainWindow::checkDocuments(const QStringList& files) {
    inBackground(
        this,
        [maker = &maker_, files] {
            std::vector<std::string> paths;
            for (const QString& file : files)
                paths.push_back(file.toStdString());
            return maker->check(paths);
        },
        [this, files](const Result<std::vector<AdviceRow>>& findings) {
            if (!findings) {
                say(Severity::error, text(findings.error().text()));
                return;
            }
            for (const QString& file : files)
                settings_.addRecent(file);
            auto* dialog = new FindingsDialog(files, *findings, this);
            dialog->setAttribute(Qt::WA_DeleteOnClose);
            dialog->show();
        });
}

// Two reports with each other, one with the run on the screen.
void MainWindow::compareReports(const QStringList& files) {
    const auto compare = [this](const QString& nameA, std::string a, const QString& nameB,
                                std::string b) {
        inBackground(
            this,
            [maker = &maker_, nameA = nameA.toStdString(), nameB = nameB.toStdString(),
             a = std::move(a),
             b = std::move(b)] { return maker->compareReports(nameA, a, nameB, b); },
            [this](const Result<Comparison>& comparison) { showComparison(comparison); });
    };
    auto first = contents(files.first());
    if (!first) {
        say(Severity::error, text(first.error().text()));
        return;
    }
    const QString name = QFileInfo(files.first()).fileName();
    if (files.size() > 1) {
        auto second = contents(files.at(1));
        if (!second) {
            say(Severity::error, text(second.error().text()));
            return;
        }
        compare(name, std::move(*first), QFileInfo(files.at(1)).fileName(), std::move(*second));
    } else if (desk_.hasRun()) {
        desk_.ask(ExportKind::reportJson,
                  [this, compare, name, first = std::move(*first)](const ExportAnswer& answer) {
                      if (answer.files.empty()) {
                          say(Severity::error, text(answer.error));
                          return;
                      }
                      compare(name, first, tr("the run on the screen"), answer.files.front().text);
                  });
    } else {
        say(Severity::info, tr("Open a run to compare %1 with, or drop two reports.").arg(name));
    }
}

void MainWindow::saveAs(const ExportChoice& choice) {
    const QStringList recent = settings_.recent();
    QString target;
    if (choice.filter.isEmpty()) {
        const QString parent = QFileDialog::getExistingDirectory(
            this, tr("Folder to make “%1” in").arg(choice.name), QDir::currentPath());
        if (!parent.isEmpty()) target = QDir(parent).filePath(choice.name);
    } else {
        target = QFileDialog::getSaveFileName(
            this, tr("Save"), QStringLiteral("%1-%2").arg(text(desk_.info().scenario), choice.name),
            choice.filter);
    }
    if (!target.isEmpty()) saveTo(choice, target);
}

void MainWindow::saveTo(const ExportChoice& choice, const QString& target) {
    desk_.ask(choice.kind, [this, target](const ExportAnswer& answer) {
        const auto written = writeExport(answer, target);
        if (!written) {
            say(Severity::error, text(written.error().text()));
            return;
        }
        QString words = tr("Saved %1.").arg(written->join(tr(", ")));
        statusBar()->showMessage(words);
        for (const std::string& note : answer.notes)
            words += QLatin1Char(' ') + text(note);
        say(Severity::info, words);
    });
}

std::vector<PaletteEntry> MainWindow::recentEntries() {
    std::vector<PaletteEntry> out;
    for (const QString& file : settings_.recent()) {
        PaletteEntry entry;
        entry.id = QStringLiteral("recent:") + file;
        entry.title = tr("Open %1").arg(QFileInfo(file).fileName());
        entry.detail = tr("Recent");
        entry.help = QDir::toNativeSeparators(file);
        entry.icon = icon(QStringLiteral("open"));
        entry.run = [this, file] { openFiles({file}); };
        out.push_back(std::move(entry));
    }
    return out;
}

void MainWindow::dragEnterEvent(QDragEnterEvent* event) {
    if (!localFiles(*event->mimeData()).isEmpty()) event->acceptProposedAction();
}

void MainWindow::dropEvent(QDropEvent* event) {
    openFiles(localFiles(*event->mimeData()));
    event->acceptProposedAction();
}

} // namespace penstock::app

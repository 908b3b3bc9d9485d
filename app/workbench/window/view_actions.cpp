// SPDX-License-Identifier: GPL-3.0-only
// Panels, layouts, theme and help; and what the command palette offers beside actions.
#include "app/workbench/actions/cheat_sheet.h"
#include "app/workbench/actions/command_palette.h"
#include "app/workbench/docks/charts/charts_dock.h"
#include "app/workbench/docks/steering/parameters_dock.h"
#include "app/workbench/models/text.h"
#include "app/workbench/window/main_window.h"
#include "app/workbench/window/parts/layout_keeper.h"
#include "app/workbench/window/tour.h"

#include <QCoreApplication>
#include <QInputDialog>
#include <QLineEdit>
#include <QMenu>
#include <QMenuBar>
#include <QMessageBox>
#include <QStatusBar>

namespace penstock::app {
namespace {

// A menu of what the palette offers too, made anew each time it opens.
void addEntriesMenu(QMenuBar& bar, const QString& menu, const QString& title,
                    const QString& nothing, std::function<std::vector<PaletteEntry>()> entries) {
    for (QAction* top : bar.actions()) {
        if (top->text() != QLatin1Char('&') + menu) continue;
        auto* sub = new QMenu(title, top->menu());
        sub->setToolTipsVisible(true);
        QObject::connect(sub, &QMenu::aboutToShow, sub, [sub, nothing, entries] {
            sub->clear();
            for (const PaletteEntry& entry : entries()) {
                QAction* action = sub->addAction(entry.icon, entry.title, sub, entry.run);
                action->setToolTip(entry.help);
            }
            if (sub->isEmpty()) sub->addAction(nothing)->setEnabled(false);
        });
        const QList<QAction*> items = top->menu()->actions();
        top->menu()->insertMenu(items.size() > 2 ? items.at(2) : nullptr, sub);
    }
}

} // namespace

void MainWindow::addViewActions() {
    const QString panels = tr("Window");
    int number = 1;
    for (RunDock* dock : docks_.all()) {
        ActionSpec spec{
            QStringLiteral("panel.") + dock->id(), panels, dock->title(), dock->help(), {}, {}};
        if (number <= 10) {
            spec.shortcuts = {
                QKeySequence(Qt::CTRL | static_cast<Qt::Key>(Qt::Key_0 + number % 10))};
        }
        ++number;
        registry_.add(spec, [this, dock](bool) {
            if (dock == docks_.charts) showScenarios(false);
            layouts_->bringUp(dock);
        });
    }
    ActionSpec next{
        QStringLiteral("panel.next"), panels, tr("Go to the &next panel"), {}, {}, {Qt::Key_F6}};
    next.separatorBefore = true;
    registry_.add(next, [this](bool) { layouts_->focusNext(1); });
    registry_.add({QStringLiteral("panel.previous"),
                   panels,
                   tr("Go to the panel &before"),
                   {},
                   {},
                   {QKeySequence(Qt::SHIFT | Qt::Key_F6)}},
                  [this](bool) { layouts_->focusNext(-1); });
    registry_.add({QStringLiteral("panel.close"),
                   panels,
                   tr("&Close the panel with the focus"),
                   tr("Ctrl and its number bring it back"),
                   QStringLiteral("close"),
                   {QKeySequence(Qt::CTRL | Qt::Key_W)}},
                  [this](bool) {
                      if (!layouts_->closeFocused()) {
                          statusBar()->showMessage(tr("The charts stay where they are."));
                      }
                  });
    const QString layout = tr("Window");
    int index = 0;
    for (const QString& name : LayoutKeeper::shipped()) {
        ActionSpec shipped{QStringLiteral("layout.shipped.%1").arg(index),
                           layout,
                           tr("Layout: %1").arg(name),
                           tr("Puts every panel back in its place"),
                           QStringLiteral("layout"),
                           {}};
        shipped.separatorBefore = index++ == 0;
        registry_.add(shipped, [this, name](bool) { layouts_->arrange(name); });
    }
    registry_.add({QStringLiteral("layout.save"),
                   layout,
                   tr("&Save the layout as…"),
                   tr("Under a name, to be chosen from the palette or this menu"),
                   QStringLiteral("save"),
                   {}},
                  [this](bool) { saveLayoutAs(); });
    ActionSpec theme{QStringLiteral("view.theme"),
                     layout,
                     tr("&Dark theme"),
                     tr("Dark, or light"),
                     QStringLiteral("theme"),
                     {QKeySequence(Qt::CTRL | Qt::Key_T)}};
    theme.checkable = true;
    theme.separatorBefore = true;
    registry_
        .add(theme, [this](bool dark) { setTheme(dark ? ThemeKind::dark : ThemeKind::light); })
        ->setChecked(currentTheme().kind == ThemeKind::dark);
    ActionSpec full{
        QStringLiteral("view.fullScreen"), layout, tr("&Full screen"), {}, {}, {Qt::Key_F11}};
    full.checkable = true;
    registry_.add(full, [this](bool on) {
        setWindowState(on ? windowState() | Qt::WindowFullScreen
                          : windowState() & ~Qt::WindowFullScreen);
    });
}

void MainWindow::addHelpActions() {
    const QString menu = tr("Help");
    registry_.add({QStringLiteral("help.tour"),
                   menu,
                   tr("&Guided tour"),
                   tr("Two minutes over the real window: what a gate is, why it closes, what to "
                      "drag"),
                   QStringLiteral("book"),
                   {Qt::Key_F1}},
                  [this](bool) { tour_->begin(); });
    registry_.add({QStringLiteral("help.palette"),
                   menu,
                   tr("&Commands…"),
                   tr("Type what you want: every command, parameter, scenario and layout"),
                   QStringLiteral("palette"),
                   {QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_P)}},
                  [this](bool) { palette_->open(); });
    registry_.add({QStringLiteral("help.keys"),
                   menu,
                   tr("&Keys and gestures"),
                   tr("All on one page"),
                   QStringLiteral("keyboard"),
                   {Qt::Key_Question}},
                  [this](bool) {
                      auto* sheet = new CheatSheet(registry_, this);
                      sheet->setAttribute(Qt::WA_DeleteOnClose);
                      sheet->show();
                  });
    registry_.add({QStringLiteral("help.about"),
                   menu,
                   tr("&About Penstock"),
                   tr("What it is, and under which licence"),
                   QStringLiteral("info"),
                   {}},
                  [this](bool) {
                      auto* box = new QMessageBox(
                          QMessageBox::NoIcon, tr("About Penstock"),
                          tr("<b>Penstock %1</b><p>A workbench for the gates that let asynchronous "
                             "work into an LLM inference pool. The engine that decides here is the "
                             "one that decides in penstock run.</p><p>The workbench is licensed "
                             "under GPL-3.0-only, because Qt Charts is; engine, simulator and "
                             "command line under Apache-2.0.</p>")
                              .arg(QCoreApplication::applicationVersion()),
                          QMessageBox::Close, this);
                      box->setIconPixmap(applicationIcon().pixmap(64, 64));
                      box->setAttribute(Qt::WA_DeleteOnClose);
                      box->open();
                  });
}

void MainWindow::addMenus() {
    registry_.setMenuOrder({tr("File"), tr("Edit"), tr("View"), tr("Chart"), tr("Run"),
                            tr("Compare"), tr("Gate"), tr("Parameter"), tr("Table"), tr("Runs"),
                            tr("Window"), tr("Help")});
    registry_.fill(*menuBar());
    addEntriesMenu(*menuBar(), tr("File"), tr("Open &recent"), tr("Nothing opened yet"),
                   [this] { return recentEntries(); });
    addEntriesMenu(*menuBar(), tr("Window"), tr("&My layouts"), tr("None saved yet"),
                   [this] { return layoutEntries(); });
}

void MainWindow::saveLayoutAs() {
    bool ok = false;
    const QString name = QInputDialog::getText(this, tr("Save the layout"), tr("Name:"),
                                               QLineEdit::Normal, settings_.layouts().value(0), &ok)
                             .simplified();
    if (!ok || name.isEmpty()) return;
    saveLayout(name);
}

void MainWindow::saveLayout(const QString& name) {
    settings_.setLayout(name, layouts_->save());
    statusBar()->showMessage(tr("Layout “%1” is saved.").arg(name));
}

std::vector<PaletteEntry> MainWindow::layoutEntries() {
    std::vector<PaletteEntry> out;
    for (const QString& name : settings_.layouts()) {
        PaletteEntry entry;
        entry.id = QStringLiteral("layout:") + name;
        entry.title = tr("Layout “%1”").arg(name);
        entry.detail = tr("Window");
        entry.icon = icon(QStringLiteral("layout"));
        entry.run = [this, name] {
            if (!layouts_->restore(settings_.layout(name))) {
                say(Severity::warning,
                    tr("The layout “%1” is of another version of this window. Arrange the panels "
                       "and save it again.")
                        .arg(name));
            }
        };
        out.push_back(entry);
        entry.id = QStringLiteral("layout.forget:") + name;
        entry.title = tr("Forget the layout “%1”").arg(name);
        entry.icon = icon(QStringLiteral("delete"));
        entry.run = [this, name] { settings_.removeLayout(name); };
        out.push_back(std::move(entry));
    }
    return out;
}

std::vector<PaletteEntry> MainWindow::scenarioEntries() {
    std::vector<PaletteEntry> out;
    for (const ScenarioCard& card : scenarios_) {
        PaletteEntry entry;
        entry.id = QStringLiteral("scenario:") + card.name;
        entry.title = tr("Open scenario %1").arg(card.name);
        entry.detail = tr("Scenario");
        entry.help = card.about;
        entry.icon = icon(QStringLiteral("open"));
        entry.run = [this, file = card.file] { openScenario(file); };
        out.push_back(std::move(entry));
    }
    return out;
}

std::vector<PaletteEntry> MainWindow::parameterEntries() {
    std::vector<PaletteEntry> out;
    const QIcon tag = icon(QStringLiteral("tag"));
    for (const ParameterRow& row : desk_.info().parameters) {
        PaletteEntry entry;
        entry.id = QStringLiteral("parameter:") + text(row.path);
        entry.title = tr("%1 of %2").arg(text(row.name), text(row.group));
        entry.detail = tr("Parameter");
        entry.help = text(row.help);
        entry.icon = tag;
        entry.run = [this, path = text(row.path)] {
            layouts_->bringUp(docks_.parameters, false);
            docks_.parameters->reveal(path);
        };
        out.push_back(std::move(entry));
    }
    return out;
}

} // namespace penstock::app

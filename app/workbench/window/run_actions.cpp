// SPDX-License-Identifier: GPL-3.0-only
// What steers the run on the screen, and what is laid over it.
#include "app/workbench/docks/charts/charts_dock.h"
#include "app/workbench/window/main_window.h"
#include "app/workbench/window/run_bar.h"

#include <QComboBox>
#include <QLineEdit>
#include <QStatusBar>

namespace penstock::app {
namespace {

RunOrder underPenstock(RunOrder order) {
    order.overrides.push_back("engine.semantics=penstock");
    return order;
}

} // namespace

void MainWindow::addRunActions() {
    const QString menu = tr("Run");
    const auto add = [&](const char* id, const QString& title, const QString& help,
                         const char* image, const QList<QKeySequence>& keys, auto run,
                         bool separator = false) {
        ActionSpec spec{QString::fromLatin1(id),    menu, title, help,
                        QString::fromLatin1(image), keys};
        spec.separatorBefore = separator;
        registry_.add(spec, [run](bool) { run(); });
    };
    add("run.toggle", tr("&Run"), tr("At the speed beside the button; again: pause"), "run",
        {Qt::Key_F5}, [this] { desk_.toggle(); });
    add("run.fast", tr("&Fast"), tr("As fast as this machine can"), "fast", {Qt::Key_F9},
        [this] { desk_.send(RunFast{}); });
    add("run.step", tr("&Step"), tr("One event, then pause"), "step", {Qt::Key_F10},
        [this] { desk_.send(StepOne{}); });
    add("run.until", tr("&Until"), tr("Fast until the time or condition beside the button"),
        "until", {Qt::Key_F8}, [this] { runBar_->runUntil(); });
    add("run.stop", tr("S&top"), tr("Ends the run for good; its report is then final"), "stop",
        {QKeySequence(Qt::SHIFT | Qt::Key_F5)}, [this] { desk_.send(Stop{}); });
    add(
        "run.slower", tr("Slower"), {}, "back", {Qt::Key_BracketLeft}, [this] { desk_.slower(); },
        true);
    add("run.faster", tr("Faster"), {}, "forward", {Qt::Key_BracketRight},
        [this] { desk_.faster(); });
    add("run.speed", tr("Choose the s&peed"), tr("Any number of engine seconds a second"), "", {},
        [this] {
            runBar_->speed().setFocus(Qt::ShortcutFocusReason);
            runBar_->speed().lineEdit()->selectAll();
        });
    add("run.target", tr("Choose what to run until"), tr("A time, or a condition over the report"),
        "", {QKeySequence(Qt::SHIFT | Qt::Key_F8)}, [this] {
            runBar_->until().setFocus(Qt::ShortcutFocusReason);
            runBar_->until().lineEdit()->selectAll();
        });
    add(
        "run.restart", tr("Restart with these &parameters"),
        tr("The same seed from the beginning, with every parameter as it is now"), "restart",
        {QKeySequence(Qt::CTRL | Qt::Key_R)}, [this] { desk_.restart(true); }, true);
    add("run.restartBase", tr("Restart as the &documents are"),
        tr("The same seed from the beginning, without the moves made by hand"), "reset",
        {QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_R)}, [this] { desk_.restart(false); });
    add("run.restartPenstock", tr("Restart under Penstock's se&mantics"),
        tr("The same seed with an engine that counts what its gates let through, instead of the "
           "release of llm-d-async that the documents name"),
        "restart", {}, [this] {
            if (!desk_.order()) return;
            RunStart start;
            start.speed = desk_.speed();
            start.moves = desk_.moved();
            desk_.begin(underPenstock(*desk_.order()), std::move(start));
        });
    add("run.newSeed", tr("Restart with the next s&eed"),
        tr("Other arrivals of the same kind, every parameter as it is now"), "restart",
        {QKeySequence(Qt::CTRL | Qt::SHIFT | Qt::Key_N)},
        [this] { desk_.restart(true, desk_.info().seed + 1); });
}

void MainWindow::addOverlayActions() {
    const QString menu = tr("Compare");
    const auto add = [&](const char* id, const QString& title, const QString& help,
                         const char* image, const QKeySequence& keys, const QString& name,
                         auto change) {
        ActionSpec spec{QString::fromLatin1(id), menu, title, help, QString::fromLatin1(image), {}};
        if (!keys.isEmpty()) spec.shortcuts = {keys};
        spec.checkable = true;
        QAction* action = registry_.add(spec, [this, name, change](bool on) {
            if (!on) {
                overlays_.remove(name);
            } else if (desk_.order()) {
                layOver(name, change(*desk_.order()));
            }
        });
        connect(&overlays_, &Overlays::changed, action,
                [action, name](const QString& which, const auto& series, double) {
                    if (which == name) action->setChecked(series != nullptr);
                });
    };
    add("overlay.perfect", tr("&Perfect gate"),
        tr("Lay over: the same seed with metric gates that see the true load without delay, the "
           "best that any gate can do"),
        "perfect", QKeySequence(Qt::CTRL | Qt::Key_P), tr("perfect gate"), [](RunOrder order) {
            order.perfectGate = true;
            return order;
        });
    add("overlay.base", tr("&Base parameters"),
        tr("Lay over: the same seed with every parameter as the documents have it"), "layout",
        QKeySequence(Qt::CTRL | Qt::Key_B), tr("base parameters"), [](RunOrder order) {
            order.perfectGate = false;
            return order;
        });
    add("overlay.semantics", tr("Penstock's &semantics"),
        tr("Lay over: the same seed with an engine that counts what its gates let through, instead "
           "of the release of llm-d-async that the documents name"),
        "gate-open", {}, tr("Penstock's semantics"), underPenstock);
    registry_.add({QStringLiteral("overlay.clear"),
                   menu,
                   tr("Take &overlays away"),
                   tr("Only the run on the screen stays"),
                   QStringLiteral("close"),
                   {}},
                  [this](bool) { overlays_.clear(); });
}

void MainWindow::layOver(const QString& name, RunOrder order) {
    overlays_.begin(name, std::move(order), desk_.info().start);
    statusBar()->showMessage(
        tr("Computing %1 in the background; its curves are dashed.").arg(name));
}

} // namespace penstock::app

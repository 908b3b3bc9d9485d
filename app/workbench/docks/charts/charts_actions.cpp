// SPDX-License-Identifier: GPL-3.0-only
// What can be done with the charts by menu, key and palette, and their context menus.
#include "app/workbench/actions/action_registry.h"
#include "app/workbench/docks/charts/chart_table.h"
#include "app/workbench/docks/charts/charts_dock.h"
#include "app/workbench/models/text.h"

#include <QComboBox>
#include <QFileDialog>
#include <QMenu>

namespace penstock::app {
namespace {

constexpr double kKeyPan = 0.1, kKeyZoom = 1.25, kPointerStep = 0.005;

QString words(const char* s) {
    return QString::fromLatin1(s);
}

const char* suffixOf(ChartFile kind) {
    switch (kind) {
    case ChartFile::png:
        return "png";
    case ChartFile::svg:
        return "svg";
    case ChartFile::csv:
        return "csv";
    }
    return "";
}

} // namespace

void ChartsDock::fillMenu(QMenu& menu, TimeChart& chart) {
    TimeChart* const at = &chart;
    const auto add = [&](QMenu& into, const QString& title, const char* image, auto run) {
        QAction* action = into.addAction(icon(words(image)), title);
        connect(action, &QAction::triggered, this, run);
    };
    add(menu, tr("Show as table"), "table", [this, at] { showAsTable(*at); });
    QMenu& save = *menu.addMenu(icon(QStringLiteral("export")), tr("Save what is visible"));
    add(save, tr("As PNG…"), "image", [this, at] { exportChart(*at, ChartFile::png); });
    add(save, tr("As SVG…"), "image", [this, at] { exportChart(*at, ChartFile::svg); });
    add(save, tr("As CSV…"), "table", [this, at] { exportChart(*at, ChartFile::csv); });
    menu.addSeparator();
    add(menu, tr("Fit the value axis"), "zoom-selection", [this, at] {
        at->view().scene().refit();
        at->view().update();
    });
    add(menu, tr("Show the whole run"), "zoom-all", [this] { axis_.showAll(); });
    menu.addSeparator();
    QMenu& curves = *menu.addMenu(tr("Curves"));
    const auto& series = chart.scene().series();
    for (std::size_t i = 0; i < series.size(); ++i) {
        if (series[i].overlayOf >= 0) break;
        QAction* action = curves.addAction(series[i].name);
        action->setCheckable(true);
        action->setChecked(series[i].visible);
        connect(action, &QAction::toggled, this,
                [at, i](bool on) { at->setCurveVisible(static_cast<int>(i), on); });
    }
    add(menu, tr("Hide this chart"), "close", [this, at] {
        setChartShown(at->id(), false);
        Q_EMIT said(
            tr("%1 is hidden. The button at the top right brings it back.").arg(at->title()));
    });
}

ChartTable* ChartsDock::showAsTable(TimeChart& chart) {
    for (const auto& table : tables_) {
        if (!table || &table->chart() != &chart) continue;
        table->raise();
        table->activateWindow();
        return table;
    }
    std::erase_if(tables_, [](const auto& table) { return table.isNull(); });
    // A chart that was never drawn has no range yet.
    chart.view().scene().setGeometry(chart.view().size(), chart.devicePixelRatioF());
    chart.view().scene().update();
    auto* table = new ChartTable(chart, window());
    tables_.push_back(table);
    table->show();
    return table;
}

void ChartsDock::exportChart(TimeChart& chart, ChartFile kind, QString path) {
    const QString suffix = words(suffixOf(kind));
    if (path.isEmpty()) {
        const QString name = QStringLiteral("%1.%2").arg(chart.id(), suffix);
        path = QFileDialog::getSaveFileName(this, tr("Save chart %1").arg(chart.title()),
                                            folder_.isEmpty() ? name
                                                              : folder_ + QLatin1Char('/') + name,
                                            tr("%1 files (*.%2)").arg(suffix.toUpper(), suffix));
        if (path.isEmpty()) return;
        if (!path.endsWith(QLatin1Char('.') + suffix)) path += QLatin1Char('.') + suffix;
    }
    folder_ = QFileInfo(path).absolutePath();
    const Status done = penstock::app::exportChart(chart, kind, path);
    Q_EMIT said(done ? tr("Saved %1.").arg(path) : text(done.error().text()));
}

void ChartsDock::movePointer(double share) {
    const TimeRange view = axis_.range();
    const Time middle = view.from + view.span() / 2;
    const Time at =
        axis_.crosshair().value_or(middle) + fromSeconds(toSeconds(view.span()) * share);
    axis_.lockCrosshair(std::clamp(at, view.from, view.to));
    // A screen reader hears the values there.
    current()->view().setAccessibleDescription(current()->spoken());
}

void ChartsDock::placeCursor(TimeAxis::Cursor which) {
    const TimeRange view = axis_.range();
    const Time at = axis_.crosshair().value_or(view.from + view.span() / 2);
    // The same key at the same place takes it away.
    axis_.setCursor(which, axis_.cursor(which) == at ? std::nullopt : std::optional(at));
}

void ChartsDock::addActions(ActionRegistry& registry) {
    const QString menu = tr("View");
    const auto add = [&](const char* id, const QString& title, const QString& help,
                         const char* image, const QList<QKeySequence>& keys, auto run,
                         bool separator = false) {
        ActionSpec spec{words(id), menu, title, help, words(image), keys};
        spec.separatorBefore = separator;
        spec.scope = this;
        return registry.add(spec, [run](bool) { run(); });
    };
    const auto centre = [this] { return axis_.range().from + axis_.range().span() / 2; };
    add(
        "view.zoomIn", tr("Zoom &in"), tr("See less time, closer"), "zoom-in",
        {Qt::Key_Plus, Qt::Key_Equal},
        [this, centre] { axis_.zoom(1 / kKeyZoom, axis_.crosshair().value_or(centre())); }, true);
    add("view.zoomOut", tr("Zoom &out"), tr("See more time"), "zoom-out", {Qt::Key_Minus},
        [this, centre] { axis_.zoom(kKeyZoom, axis_.crosshair().value_or(centre())); });
    add("view.zoomSelection", tr("Zoom to the &selection"),
        tr("The chosen range, or the stretch from A to B"), "zoom-selection", {Qt::Key_Z}, [this] {
            const auto a = axis_.cursor(TimeAxis::Cursor::a), b = axis_.cursor(TimeAxis::Cursor::b);
            if (axis_.brush()) {
                axis_.zoomTo(*axis_.brush());
                axis_.setBrush(std::nullopt);
            } else if (a && b && *a != *b) {
                axis_.zoomTo(orderedRange(*a, *b));
            } else {
                Q_EMIT said(
                    tr("Nothing is chosen: drag over a chart, or set the cursors A and B."));
            }
        });
    add("view.all", tr("Show the &whole run"), {}, "zoom-all", {Qt::Key_Home},
        [this] { axis_.showAll(); });
    add("view.follow", tr("&Follow the run"), tr("Keep the newest in view"), "follow",
        {Qt::Key_End}, [this] { axis_.follow(); });
    add("view.back", tr("View &before"), tr("One step back through zooms and pans"), "back",
        {Qt::Key_Backspace}, [this] { axis_.back(); });
    add("view.forward", tr("View a&fter"), tr("One step forward again"), "forward",
        {QKeySequence(Qt::SHIFT | Qt::Key_Backspace)}, [this] { axis_.forward(); });
    add("view.panLeft", tr("Pan to earlier"), tr("Following ends"), "", {Qt::Key_Left},
        [this] { axis_.pan(-kKeyPan); });
    add("view.panRight", tr("Pan to later"), tr("Following ends"), "", {Qt::Key_Right},
        [this] { axis_.pan(kKeyPan); });
    addPointerActions(registry);
    addChartActions(registry);
    const QString area = tr("Charts");
    registry.addGesture({area, tr("Wheel"), tr("Zoom about the pointer")});
    registry.addGesture({area, tr("Shift+wheel, two fingers sideways"), tr("Pan")});
    registry.addGesture({area, tr("Drag"),
                         tr("Choose a range: statistics, and a filter for the "
                            "tables")});
    registry.addGesture({area, tr("Double click in the range"), tr("Zoom to it")});
    registry.addGesture({area, tr("Middle drag, Shift+drag"), tr("Pan")});
    registry.addGesture({area, tr("Click"), tr("Lock or unlock the crosshair")});
    registry.addGesture({area, tr("Drag A or B"), tr("Move a cursor")});
    registry.addGesture({area, tr("Click a curve's name"), tr("Hide or show it")});
}

void ChartsDock::addPointerActions(ActionRegistry& registry) {
    const QString menu = tr("Chart");
    const auto add = [&](const char* id, const QString& title, const QString& help,
                         const char* image, const QList<QKeySequence>& keys, auto run) {
        ActionSpec spec{words(id), menu, title, help, words(image), keys};
        spec.scope = this;
        registry.add(spec, [run](bool) { run(); });
    };
    add("chart.lock", tr("&Lock the crosshair"), tr("Or unlock it"), "crosshair", {Qt::Key_L},
        [this] {
            if (axis_.crosshairLocked()) {
                axis_.unlockCrosshair();
            } else {
                movePointer(0);
            }
        });
    add("chart.left", tr("Crosshair to earlier"), {}, "", {QKeySequence(Qt::CTRL | Qt::Key_Left)},
        [this] { movePointer(-kPointerStep); });
    add("chart.right", tr("Crosshair to later"), {}, "", {QKeySequence(Qt::CTRL | Qt::Key_Right)},
        [this] { movePointer(kPointerStep); });
    add("chart.cursorA", tr("Cursor &A here"), tr("Where the crosshair is; again: take it away"),
        "", {Qt::Key_A}, [this] { placeCursor(TimeAxis::Cursor::a); });
    add("chart.cursorB", tr("Cursor &B here"), tr("Where the crosshair is; again: take it away"),
        "", {Qt::Key_B}, [this] { placeCursor(TimeAxis::Cursor::b); });
    add("chart.select", tr("&Choose from A to B"),
        tr("Statistics of the range on every chart, and a filter for the tables"), "filter",
        {Qt::Key_S}, [this] {
            const auto a = axis_.cursor(TimeAxis::Cursor::a), b = axis_.cursor(TimeAxis::Cursor::b);
            if (a && b && *a != *b) {
                axis_.setBrush(orderedRange(*a, *b));
            } else {
                Q_EMIT said(tr("Set the cursors A and B first: they mark the range."));
            }
        });
    add("chart.clear", tr("Take crosshair, cursors and range away"), {}, "close", {Qt::Key_Escape},
        [this] {
            // The last thing made goes first.
            if (axis_.brush()) {
                axis_.setBrush(std::nullopt);
            } else if (axis_.crosshairLocked()) {
                axis_.unlockCrosshair();
            } else {
                axis_.setCursor(TimeAxis::Cursor::a, std::nullopt);
                axis_.setCursor(TimeAxis::Cursor::b, std::nullopt);
            }
        });
}

void ChartsDock::addChartActions(ActionRegistry& registry) {
    const QString menu = tr("Chart");
    const auto add = [&](const char* id, const QString& title, const QString& help,
                         const char* image, const QList<QKeySequence>& keys, auto run,
                         bool separator = false) {
        ActionSpec spec{words(id), menu, title, help, words(image), keys};
        spec.separatorBefore = separator;
        spec.scope = keys.isEmpty() ? nullptr : this;
        registry.add(spec, [run](bool) { run(); });
    };
    add(
        "chart.table", tr("Show as &table"), tr("The chart's numbers in a window of their own"),
        "table", {Qt::Key_T}, [this] { showAsTable(*current()); }, true);
    add("chart.fit", tr("&Fit the value axis"), {}, "", {Qt::Key_F}, [this] {
        current()->view().scene().refit();
        current()->view().update();
    });
    add("chart.gate", tr("Show the next &gate"), tr("On the gate chart"), "gate-open", {Qt::Key_G},
        [this] {
            if (gates_->count() == 0) return;
            showGate((choice_.gate + 1) % gates_->count());
            Q_EMIT gateChosen(choice_.gate);
        });
    add(
        "chart.png", tr("Save as &PNG…"), tr("The chart with the focus, as it is"), "image", {},
        [this] { exportChart(*current(), ChartFile::png); }, true);
    add("chart.svg", tr("Save as &SVG…"), tr("The chart with the focus, as it is"), "image", {},
        [this] { exportChart(*current(), ChartFile::svg); });
    add("chart.csv", tr("Save as &CSV…"), tr("The visible samples of the chart with the focus"),
        "table", {}, [this] { exportChart(*current(), ChartFile::csv); });
    bool first = true;
    const auto toggle = [&](const QString& id, const QString& title) {
        ActionSpec spec{QStringLiteral("chart.show.") + id,
                        menu,
                        tr("Chart “%1”").arg(title),
                        tr("Show or hide it"),
                        {},
                        {}};
        spec.checkable = true;
        spec.separatorBefore = first;
        first = false;
        QAction* action = registry.add(spec, [this, id](bool on) { setChartShown(id, on); });
        action->setChecked(!hidden_.contains(id));
        connect(this, &ChartsDock::chartShown, action, [action, id](const QString& which, bool on) {
            if (which == id) action->setChecked(on);
        });
    };
    for (const ChartDesign& design : chartDesigns())
        toggle(design.id, design.title);
    toggle(QStringLiteral("replicas"), tr("Replicas"));
}

} // namespace penstock::app

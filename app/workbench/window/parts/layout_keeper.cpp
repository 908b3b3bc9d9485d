// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/window/parts/layout_keeper.h"

#include "app/workbench/charts/plot_view.h"
#include "app/workbench/docks/charts/charts_dock.h"
#include "app/workbench/docks/dock_set.h"
#include "app/workbench/docks/lives/events_dock.h"
#include "app/workbench/docks/lives/requests_dock.h"
#include "app/workbench/docks/runs/advice_dock.h"
#include "app/workbench/docks/runs/compare_dock.h"
#include "app/workbench/docks/runs/log_dock.h"
#include "app/workbench/docks/runs/runs_dock.h"
#include "app/workbench/docks/steering/gates_dock.h"
#include "app/workbench/docks/steering/parameters_dock.h"
#include "app/workbench/docks/steering/queues_dock.h"

#include <QAbstractItemView>
#include <QApplication>
#include <QDockWidget>
#include <QHBoxLayout>
#include <QMainWindow>
#include <QTabBar>

#include <algorithm>

namespace penstock::app {
namespace {

// Rises when docks come or go, so that an older layout is not forced on a newer window.
constexpr int kVersion = 1;
// Of the window's width and height.
constexpr double kLeft = 0.21, kRight = 0.25, kBottom = 0.27;
// In pixels: a card or a table wants no less, and a wide window gives what is left to the charts.
constexpr int kLeast = 250, kMost = 440;

// What keys should act on first: a table rather than the filter over it.
QWidget* firstToFocus(QWidget& dock) {
    QWidget* any = nullptr;
    for (QWidget* child : dock.findChildren<QWidget*>()) {
        if (!child->isVisibleTo(&dock) || !child->isEnabled()) continue;
        if (!(child->focusPolicy() & Qt::TabFocus)) continue;
        // What the dock shows comes before the buttons above it.
        if (qobject_cast<QAbstractItemView*>(child) || qobject_cast<PlotView*>(child)) return child;
        if (!any) any = child;
    }
    return any;
}

} // namespace

LayoutKeeper::LayoutKeeper(QMainWindow& window, DockSet& docks) : window_(window), docks_(docks) {
    // Tabs can be dragged out of their row only with GroupedDragging.
    window.setDockOptions(QMainWindow::AllowTabbedDocks | QMainWindow::AllowNestedDocks |
                          QMainWindow::GroupedDragging);
    window.setTabPosition(Qt::AllDockWidgetAreas, QTabWidget::North);
    for (RunDock* dock : docks.all()) {
        if (dock == docks.charts) continue;
        auto* holder = new QDockWidget(dock->title(), &window);
        holder->setObjectName(QStringLiteral("holder.") + dock->id());
        holder->setToolTip(dock->help());
        dock->show();
        holder->setWidget(dock);
        holders_[dock] = holder;
        const auto soon = [this] { titlesSoon_.start(); };
        connect(holder, &QDockWidget::dockLocationChanged, this, soon);
        connect(holder, &QDockWidget::topLevelChanged, this, soon);
        connect(holder, &QDockWidget::visibilityChanged, this, soon);
    }
    titlesSoon_.setSingleShot(true);
    titlesSoon_.setInterval(0);
    connect(&titlesSoon_, &QTimer::timeout, this, &LayoutKeeper::showTitles);
    arrange(shipped().first());
}

void LayoutKeeper::showTitles() {
    for (QDockWidget* holder : std::as_const(holders_)) {
        const bool tab = !holder->isFloating() && !window_.tabifiedDockWidgets(holder).isEmpty();
        QWidget* none = holder->titleBarWidget();
        if (tab == (none != nullptr)) continue;
        QWidget* bar = nullptr;
        if (tab) { // the tab is title enough
            bar = new QWidget(holder);
            (new QHBoxLayout(bar))->setContentsMargins(0, 0, 0, 0); // its size is then known: none
        }
        holder->setTitleBarWidget(bar);
        delete none;
    }
}

QStringList LayoutKeeper::shipped() {
    return {tr("Standard"), tr("Charts and gates"), tr("Tables below")};
}

void LayoutKeeper::arrange(const QString& name) {
    for (QDockWidget* holder : std::as_const(holders_)) {
        holder->setFloating(false);
        window_.removeDockWidget(holder);
    }
    if (name == shipped().at(1)) {
        chartsOnly();
    } else if (name == shipped().at(2)) {
        tables();
    } else {
        standard();
    }
}

void LayoutKeeper::standard() {
    const auto h = [this](RunDock* dock) { return holders_.value(dock); };
    window_.addDockWidget(Qt::LeftDockWidgetArea, h(docks_.queues));
    window_.addDockWidget(Qt::LeftDockWidgetArea, h(docks_.runs));
    window_.addDockWidget(Qt::RightDockWidgetArea, h(docks_.gates));
    window_.addDockWidget(Qt::RightDockWidgetArea, h(docks_.parameters));
    window_.tabifyDockWidget(h(docks_.gates), h(docks_.parameters));
    QDockWidget* first = h(docks_.requests);
    window_.addDockWidget(Qt::BottomDockWidgetArea, first);
    for (RunDock* dock : std::initializer_list<RunDock*>{docks_.events, docks_.compare,
                                                         docks_.advice, docks_.log}) {
        window_.addDockWidget(Qt::BottomDockWidgetArea, h(dock));
        window_.tabifyDockWidget(first, h(dock));
    }
    for (QDockWidget* holder : std::as_const(holders_))
        holder->show();
    first->raise();
    h(docks_.gates)->raise();
    const auto share = [](int whole, double part) {
        return std::clamp(static_cast<int>(whole * part), kLeast, kMost);
    };
    window_.resizeDocks({h(docks_.queues), h(docks_.gates)},
                        {share(window_.width(), kLeft), share(window_.width(), kRight)},
                        Qt::Horizontal);
    window_.resizeDocks({first}, {static_cast<int>(window_.height() * kBottom)}, Qt::Vertical);
}

void LayoutKeeper::chartsOnly() {
    standard();
    for (auto it = holders_.begin(); it != holders_.end(); ++it) {
        if (it.key() != docks_.gates && it.key() != docks_.parameters) it.value()->hide();
    }
}

void LayoutKeeper::tables() {
    standard();
    const auto h = [this](RunDock* dock) { return holders_.value(dock); };
    window_.resizeDocks({h(docks_.requests)}, {window_.height() / 2}, Qt::Vertical);
    window_.splitDockWidget(h(docks_.requests), h(docks_.events), Qt::Horizontal);
}

Layout LayoutKeeper::save() const {
    Layout out;
    out.docks = window_.saveState(kVersion);
    for (RunDock* dock : docks_.all())
        out.views[dock->id()] = dock->viewState();
    return out;
}

bool LayoutKeeper::restore(const Layout& layout) {
    if (layout.empty() || !window_.restoreState(layout.docks, kVersion)) return false;
    for (RunDock* dock : docks_.all()) {
        const QByteArray state = layout.views.value(dock->id());
        if (!state.isEmpty()) dock->setViewState(state);
    }
    return true;
}

void LayoutKeeper::bringUp(RunDock* dock, bool focus) {
    if (QDockWidget* holder = holders_.value(dock)) {
        holder->show();
        holder->raise();
    }
    if (!focus) return;
    if (QWidget* child = firstToFocus(*dock)) child->setFocus(Qt::ShortcutFocusReason);
}

RunDock* LayoutKeeper::focused() const {
    for (QWidget* w = QApplication::focusWidget(); w; w = w->parentWidget()) {
        if (auto* dock = qobject_cast<RunDock*>(w)) return dock;
    }
    return nullptr;
}

bool LayoutKeeper::closeFocused() {
    QDockWidget* holder = holders_.value(focused());
    if (!holder) return false;
    holder->hide();
    bringUp(docks_.charts);
    return true;
}

void LayoutKeeper::focusNext(int by) {
    std::vector<RunDock*> inView;
    for (RunDock* dock : docks_.all()) {
        // A tab behind another has nothing to show.
        if (!dock->visibleRegion().isEmpty()) inView.push_back(dock);
    }
    if (inView.empty()) return;
    const auto n = static_cast<int>(inView.size());
    const auto it = std::find(inView.begin(), inView.end(), focused());
    int next = 0;
    if (it != inView.end()) {
        next = (static_cast<int>(it - inView.begin()) + by + n) % n;
    } else if (by < 0) {
        next = n - 1;
    }
    bringUp(inView[static_cast<std::size_t>(next)]);
}

void LayoutKeeper::setTitle(const RunDock* dock, const QString& title) {
    if (QDockWidget* holder = holders_.value(dock)) holder->setWindowTitle(title);
}

} // namespace penstock::app

// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/docks/charts/charts_dock.h"

#include "app/workbench/charts/time_ruler.h"
#include "app/workbench/docks/charts/chart_table.h"
#include "app/workbench/docks/parts/empty_state.h"
#include "app/workbench/models/text.h"
#include "app/workbench/series/time_ticks.h"

#include <QComboBox>
#include <QCompleter>
#include <QDataStream>
#include <QEvent>
#include <QHBoxLayout>
#include <QIODevice>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QScrollArea>
#include <QSplitter>
#include <QTimer>
#include <QToolButton>
#include <QVBoxLayout>

#include <algorithm>
#include <cmath>

namespace penstock::app {
namespace {

constexpr int kSoonMs = 8;
constexpr int kLeastChart = 240;        // pixels
constexpr int kMostGatesToScan = 20;    // a longer list is searched by typing
constexpr qint64 kChooseEveryMs = 1000; // a legend that changes faster cannot be read
constexpr quint32 kChartsState = 1;
const QString kHeat = QStringLiteral("replicas");

QToolButton* barButton(const QString& icon_, const QString& tip, QWidget* parent) {
    auto* button = new QToolButton(parent);
    button->setIcon(icon(icon_));
    button->setProperty("icon", icon_);
    button->setAutoRaise(true);
    button->setToolTip(tip);
    button->setAccessibleName(tip);
    return button;
}

} // namespace

ChartsDock::ChartsDock(const RunSeries& series, TimeAxis& axis, QWidget* parent)
    : RunDock(QStringLiteral("charts"), tr("Charts"),
              tr("The run as curves on one time axis, with a crosshair through all of them"),
              parent),
      series_(series), axis_(axis) {
    soon_ = new QTimer(this);
    soon_->setSingleShot(true);
    soon_->setInterval(kSoonMs);
    connect(soon_, &QTimer::timeout, this, &ChartsDock::refresh);

    stack_ = new QSplitter(Qt::Vertical);
    stack_->setChildrenCollapsible(false);
    stack_->setHandleWidth(4);
    for (const ChartDesign& design : chartDesigns()) {
        auto* chart = new TimeChart(design.id, design.title, design.values, axis_, stack_);
        chart->setToolTip({});
        chart->setMinimumWidth(kLeastChart); // legends give way rather than be cut at the edge
        chart->view().setContextMenuPolicy(Qt::CustomContextMenu);
        connect(&chart->view(), &QWidget::customContextMenuRequested, this,
                [this, chart](const QPoint& at) {
                    QMenu menu;
                    fillMenu(menu, *chart);
                    menu.exec(chart->view().mapToGlobal(at));
                });
        auto* more = new QToolButton(chart);
        more->setText(QStringLiteral("⋯"));
        more->setAutoRaise(true);
        more->setFocusPolicy(Qt::TabFocus);
        more->setPopupMode(QToolButton::InstantPopup);
        more->setToolTip(
            tr("%1: %2\nPress for the table, export and curves.").arg(design.title, design.help));
        more->setAccessibleName(tr("Menu of chart %1").arg(design.title));
        more->setStyleSheet(QStringLiteral("QToolButton::menu-indicator { image: none; }"));
        auto* menu = new QMenu(more);
        connect(menu, &QMenu::aboutToShow, this, [this, menu, chart] {
            menu->clear();
            fillMenu(*menu, *chart);
        });
        more->setMenu(menu);
        chart->addTool(more, true);
        stack_->addWidget(chart);
        charts_.push_back(chart);
    }
    gates_ = new QComboBox(chart(QStringLiteral("gate")));
    gates_->setAccessibleName(tr("Gate that is shown"));
    gates_->setToolTip(tr("Which gate the chart shows"));
    gates_->setSizeAdjustPolicy(QComboBox::AdjustToContents);
    gates_->setFont(smallFont());
    gates_->setMaxVisibleItems(kMostGatesToScan);
    gates_->setInsertPolicy(QComboBox::NoInsert);
    chart(QStringLiteral("gate"))->addTool(gates_, false);
    connect(gates_, &QComboBox::activated, this, [this](int gate) {
        showGate(gate);
        Q_EMIT gateChosen(gate);
    });
    heat_ = new HeatStrip(tr("Replicas · share in use"), 1, axis_, stack_);
    stack_->addWidget(heat_);

    scroll_ = new QScrollArea(this);
    scroll_->setWidget(stack_);
    scroll_->setWidgetResizable(true);
    scroll_->setFrameShape(QFrame::NoFrame);
    scroll_->setHorizontalScrollBarPolicy(Qt::ScrollBarAlwaysOff);
    scroll_->setFocusPolicy(Qt::NoFocus);
    scroll_->viewport()->installEventFilter(this);

    rulerRow_ = new QWidget(this);
    auto* rulerLayout = new QHBoxLayout(rulerRow_);
    rulerLayout->setContentsMargins(0, 0, 0, 0);
    rulerLayout->addWidget(new TimeRuler(axis_, rulerRow_));

    content_ = new QWidget(this);
    auto* column = new QVBoxLayout(content_);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(makeBar());
    column->addWidget(scroll_, 1);
    column->addWidget(rulerRow_);
    auto* layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(content_);
    empty_ = new EmptyState(tr("No run yet"),
                            tr("Open a scenario, or drop one here, and press Run."), this);
    empty_->cover(this);
    ticket_ = axis_.listen([this](TimeAxis::Change) { soon_->start(); });
    showPresence();
    showView();
}

ChartsDock::~ChartsDock() {
    axis_.unlisten(ticket_);
    for (const auto& table : tables_)
        delete table.data();
}

QWidget* ChartsDock::makeBar() {
    auto* bar = new QWidget(this);
    auto* layout = new QHBoxLayout(bar);
    layout->setContentsMargins(6, 2, PlotScene::kRight - 4, 2);
    layout->setSpacing(2);
    follow_ = barButton(QStringLiteral("follow"), tr("Follow the run (End)"), bar);
    follow_->setCheckable(true);
    connect(follow_, &QToolButton::clicked, this, [this](bool on) {
        // Switched off by hand: the view stays where it is.
        on ? axis_.follow() : axis_.zoomTo(axis_.range());
        axis_.endGesture();
    });
    back_ = barButton(QStringLiteral("back"), tr("Back to the view before (Backspace)"), bar);
    connect(back_, &QToolButton::clicked, this, [this] { axis_.back(); });
    forward_ = barButton(QStringLiteral("forward"), tr("Forward again (Shift+Backspace)"), bar);
    connect(forward_, &QToolButton::clicked, this, [this] { axis_.forward(); });
    auto* all = barButton(QStringLiteral("zoom-all"), tr("Show the whole run (Home)"), bar);
    connect(all, &QToolButton::clicked, this, [this] { axis_.showAll(); });
    view_ = new QLabel(bar);
    view_->setFont(smallFont());
    for (QWidget* w : std::initializer_list<QWidget*>{follow_, back_, forward_, all})
        layout->addWidget(w);
    layout->addSpacing(6);
    layout->addWidget(view_);
    layout->addStretch(1);
    chips_ = new QHBoxLayout;
    chips_->setSpacing(4);
    layout->addLayout(chips_);
    auto* choose = barButton(QStringLiteral("layout"), tr("Which charts are shown"), bar);
    choose->setPopupMode(QToolButton::InstantPopup);
    choose->setStyleSheet(QStringLiteral("QToolButton::menu-indicator { image: none; }"));
    chartsMenu_ = new QMenu(choose);
    connect(chartsMenu_, &QMenu::aboutToShow, this, [this] {
        chartsMenu_->clear();
        const auto entry = [&](const QString& id, const QString& title) {
            QAction* action = chartsMenu_->addAction(title);
            action->setCheckable(true);
            action->setChecked(!hidden_.contains(id));
            action->setEnabled(has(id));
            connect(action, &QAction::toggled, this,
                    [this, id](bool on) { setChartShown(id, on); });
        };
        for (const ChartDesign& design : chartDesigns())
            entry(design.id, design.title);
        entry(kHeat, heat_->title());
    });
    choose->setMenu(chartsMenu_);
    layout->addWidget(choose);
    return bar;
}

TimeChart* ChartsDock::chart(const QString& id) const {
    for (TimeChart* chart : charts_) {
        if (chart->id() == id) return chart;
    }
    return nullptr;
}

TimeChart* ChartsDock::current() const {
    for (TimeChart* chart : charts_) {
        const QWidget* focus = focusWidget();
        if (focus && (focus == chart || chart->isAncestorOf(focus))) return chart;
    }
    for (TimeChart* chart : charts_) {
        if (chart->isVisibleTo(this)) return chart;
    }
    return charts_.front();
}

bool ChartsDock::has(const QString& chart) const {
    if (chart == kHeat) return series_.replicas.rows() > 0;
    // Slack is of requests with deadlines, and those come by queues.
    if (chart == QStringLiteral("slack") && series_.queues.empty()) return false;
    return !chartCurves(chart, series_, choice_).empty();
}

void ChartsDock::begin(const RunInfo& info) {
    for (const auto& table : tables_)
        delete table.data();
    tables_.clear();
    overlays_.clear();
    choice_ = choose(series_, {}, width());
    setGates(info.gates);
    QStringList replicas;
    for (const std::string& name : series_.replicaNames)
        replicas << text(name);
    heat_->setData(&series_.replicas, replicas);
    buildCurves();
    buildChips();
    showPresence();
    refresh();
}

void ChartsDock::setGates(const std::vector<RunInfo::Gate>& gates) {
    gates_->clear();
    for (const RunInfo::Gate& gate : gates)
        gates_->addItem(text(gate.owner));
    gates_->setVisible(gates.size() > 1);
    const bool many = gates.size() > kMostGatesToScan;
    if (many == gates_->isEditable()) return;
    gates_->setEditable(many);
    if (!many) return;
    QLineEdit& line = *gates_->lineEdit();
    line.setAccessibleName(gates_->accessibleName());
    gates_->completer()->setCompletionMode(QCompleter::PopupCompletion);
    gates_->completer()->setFilterMode(Qt::MatchContains);
    // Words that are no gate's name are gone again.
    connect(&line, &QLineEdit::editingFinished, this,
            [this] { gates_->setEditText(gates_->itemText(choice_.gate)); });
}

void ChartsDock::buildCurves() {
    for (std::size_t i = 0; i < charts_.size(); ++i) {
        TimeChart* chart = charts_[i];
        chart->setTitle(chartTitle(chartDesigns()[i], series_, choice_));
        auto curves = chartCurves(chart->id(), series_, choice_);
        // What the user has hidden stays hidden while its name stays.
        for (ChartSeries& s : curves) {
            for (const ChartSeries& before : chart->scene().series()) {
                if (before.name == s.name) s.visible = before.visible;
            }
        }
        for (const Overlay& overlay : overlays_) {
            const RunSeries& other = *overlay.series;
            addOverlay(curves, chartCurves(chart->id(), other, sameIn(other, series_, choice_)),
                       overlay.name);
        }
        // Tracks first: those of the run before are gone by now.
        const bool gate = chart->id() == QStringLiteral("gate");
        const auto k = static_cast<std::size_t>(choice_.gate);
        chart->setTracks(&series_.marks,
                         gate && k < series_.gates.size() ? &series_.gates[k]->closed : nullptr);
        chart->setSeries(std::move(curves));
    }
}

void ChartsDock::showGate(int gate) {
    if (gate == choice_.gate || gate < 0 || gate >= gates_->count()) return;
    choice_.gate = gate;
    gates_->setCurrentIndex(gate);
    buildCurves();
    refresh();
}

void ChartsDock::setOverlay(const QString& name, std::shared_ptr<const RunSeries> other,
                            double progress) {
    const auto it = std::find_if(overlays_.begin(), overlays_.end(),
                                 [&](const Overlay& o) { return o.name == name; });
    const bool same = it != overlays_.end() && it->series == other;
    if (same) {
        it->progress = progress;
        buildChips();
        soon_->start();
        return;
    }
    if (it != overlays_.end()) overlays_.erase(it);
    if (other) overlays_.push_back({name, std::move(other), progress});
    buildCurves();
    buildChips();
    refresh();
}

QStringList ChartsDock::overlays() const {
    QStringList names;
    for (const Overlay& overlay : overlays_)
        names << overlay.name;
    return names;
}

void ChartsDock::buildChips() {
    // A chip is renamed while its run gets on, and made anew only when overlays come or go.
    const auto words = [](const Overlay& overlay) {
        return overlay.progress < 1
                   ? tr("%1 %2 %").arg(overlay.name).arg(std::floor(overlay.progress * 100))
                   : overlay.name;
    };
    const auto chipOf = [this](int i) {
        return qobject_cast<QToolButton*>(chips_->itemAt(i)->widget());
    };
    bool same = chips_->count() == static_cast<int>(overlays_.size());
    for (int i = 0; same && i < chips_->count(); ++i) {
        same = chipOf(i)->property("overlay") == overlays_[static_cast<std::size_t>(i)].name;
    }
    if (!same) {
        while (QLayoutItem* item = chips_->takeAt(0)) {
            item->widget()->deleteLater();
            delete item;
        }
        for (const Overlay& overlay : overlays_) {
            QToolButton* chip = barButton(
                QStringLiteral("close"),
                tr("Pale dashed curves: %1. Press to take them away.").arg(overlay.name), content_);
            chip->setProperty("overlay", overlay.name);
            chip->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
            chip->setLayoutDirection(Qt::RightToLeft); // the cross after the name
            chip->setAutoRaise(false);
            chip->setFont(smallFont());
            const QString name = overlay.name;
            connect(chip, &QToolButton::clicked, this, [this, name] {
                setOverlay(name, nullptr);
                Q_EMIT overlayClosed(name);
            });
            chips_->addWidget(chip);
        }
    }
    for (int i = 0; i < chips_->count(); ++i) {
        const QString text = QStringLiteral("┄ ") + words(overlays_[static_cast<std::size_t>(i)]);
        if (chipOf(i)->text() != text) chipOf(i)->setText(text);
    }
}

void ChartsDock::add(const Frame& frame) {
    soon_->stop();
    const bool soon = frame.status == RunStatus::running && sinceChosen_.isValid() &&
                      sinceChosen_.elapsed() < kChooseEveryMs;
    if (!soon) {
        sinceChosen_.start();
        ChartChoice now = choose(series_, choice_, width());
        if (now != choice_) {
            choice_ = std::move(now);
            buildCurves();
        }
    }
    // The first replicas may come with an autoscaler, after the run has begun.
    if (heat_->isHidden() && !hidden_.contains(kHeat) && has(kHeat)) showPresence();
    refresh();
}

void ChartsDock::refresh() {
    if (!isVisible()) return;
    for (TimeChart* chart : charts_) {
        if (chart->isVisible()) chart->refresh();
    }
    heat_->refresh();
    for (const auto& table : tables_) {
        if (table) table->refresh();
    }
    showView();
}

void ChartsDock::showView() {
    follow_->setChecked(axis_.following());
    back_->setEnabled(axis_.canBack());
    forward_->setEnabled(axis_.canForward());
    const QString span = text(durationLabel(axis_.range().span()));
    QString words = axis_.following() ? tr("Following, last %1").arg(span)
                                      : tr("%1 shown · End follows the run").arg(span);
    if (const auto distance = axis_.cursorDistance()) {
        words += tr(" · A to B %1").arg(text(durationLabel(*distance)));
    }
    if (view_->text() != words) view_->setText(words);
}

void ChartsDock::setChartShown(const QString& id, bool shown) {
    if (shown == !hidden_.contains(id)) return;
    if (shown) {
        hidden_.removeAll(id);
    } else {
        hidden_ << id;
    }
    showPresence();
    refresh();
    Q_EMIT chartShown(id, shown);
}

void ChartsDock::showPresence() {
    const bool run = series_.begun();
    content_->setVisible(run);
    empty_->setVisible(!run);
    for (TimeChart* chart : charts_)
        chart->setVisible(!hidden_.contains(chart->id()) && has(chart->id()));
    heat_->setVisible(!hidden_.contains(kHeat) && has(kHeat));
    stack_->setStretchFactor(static_cast<int>(charts_.size()), 0);
}

void ChartsDock::placeRuler() {
    // In line with the plots when a scroll bar takes room from them.
    const int bar = scroll_->width() - scroll_->viewport()->width();
    rulerRow_->layout()->setContentsMargins(0, 0, bar, 0);
}

bool ChartsDock::eventFilter(QObject* watched, QEvent* event) {
    if (watched == scroll_->viewport() && event->type() == QEvent::Resize) placeRuler();
    return RunDock::eventFilter(watched, event);
}

void ChartsDock::resizeEvent(QResizeEvent* event) {
    RunDock::resizeEvent(event);
    soon_->start();
}

void ChartsDock::showEvent(QShowEvent* event) {
    RunDock::showEvent(event);
    soon_->start();
}

QByteArray ChartsDock::viewState() const {
    QByteArray state;
    QDataStream out(&state, QIODevice::WriteOnly);
    out << kChartsState << hidden_ << stack_->saveState();
    return state;
}

void ChartsDock::setViewState(const QByteArray& state) {
    QDataStream in(state);
    quint32 version = 0;
    QStringList hidden;
    QByteArray sizes;
    in >> version >> hidden >> sizes;
    if (in.status() != QDataStream::Ok || version != kChartsState) return;
    const QStringList before = hidden_;
    hidden_ = hidden;
    stack_->restoreState(sizes);
    showPresence();
    for (const QString& id : before + hidden)
        Q_EMIT chartShown(id, !hidden_.contains(id));
}

} // namespace penstock::app

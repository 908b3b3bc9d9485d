// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/docks/lives/events_dock.h"

#include "app/workbench/actions/action_registry.h"
#include "app/workbench/docks/lives/nearest_row.h"
#include "app/workbench/docks/parts/filter_bar.h"
#include "app/workbench/docks/parts/table_view.h"
#include "app/workbench/models/text.h"

#include <QScopedValueRollback>
#include <QTimer>
#include <QVBoxLayout>

namespace penstock::app {

EventsDock::EventsDock(TimeAxis& axis, QWidget* parent)
    : RunDock(QStringLiteral("events"), tr("Events"),
              tr("Every decision, refusal, retry, result, move and fault"), parent),
      axis_(axis), rest_(new QTimer(this)), table_(new TableView(tr("Events"), this)) {
    rows_.setSourceModel(&model_);
    filter_ = new FilterBar(rows_, tr("Filter: kind:refused reason:gate_closed where:code"), &axis_,
                            this);
    table_->setModel(&rows_);
    table_->setSelectionMode(QAbstractItemView::SingleSelection);
    table_->setSortingEnabled(true);
    table_->sortByColumn(-1, Qt::AscendingOrder);
    table_->setFollowsEnd(true);
    table_->setColumnWidths({12, 10, 10, 16, 7, 8, 21, 24});
    table_->setDispensable({5, 4, 2});
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(filter_);
    column->addWidget(table_, 1);
    connect(table_, &TableView::rowChosen, this, &EventsDock::showChosen);
    connect(table_, &TableView::rowEntered, this, [this] {
        const EventRow* event = chosen();
        if (!event) return;
        if (event->request.empty()) {
            Q_EMIT said(tr("This event is of no single request."));
        } else {
            Q_EMIT requestChosen(text(event->request));
        }
    });
    rest_->setSingleShot(true);
    rest_->setInterval(static_cast<int>(RowFeed<EventRow>::kTurnMs) + 10);
    connect(rest_, &QTimer::timeout, this, &EventsDock::takeTurn);
    ticket_ = axis_.listen([this](TimeAxis::Change change) {
        if (change == TimeAxis::Change::pointer) followAxis();
    });
    begin({});
}

EventsDock::~EventsDock() {
    axis_.unlisten(ticket_);
}

void EventsDock::begin(const RunInfo& info) {
    feed_.clear();
    model_.clear();
    model_.setStart(info.start);
    if (info.scenario.empty()) {
        table_->setEmptyText(tr("No run yet"), tr("Open a scenario and press Run."));
    } else {
        table_->setEmptyText(tr("No event here"),
                             tr("Press Run, or Step for one event at a time. If a filter or a "
                                "chosen range hides them, clear it."));
    }
    filter_->setLeftOut(0);
}

void EventsDock::add(const Frame& frame) {
    feed_.add(frame.events, frame.eventsLeftOut);
    if (isVisible()) takeTurn();
}

void EventsDock::takeTurn() {
    model_.append(feed_.turn(), EventModel::kMostRows);
    filter_->setLeftOut(feed_.leftOut());
    if (feed_.empty()) {
        rest_->stop();
    } else if (isVisible()) {
        rest_->start();
    }
}

void EventsDock::showEvent(QShowEvent* event) {
    RunDock::showEvent(event);
    takeTurn();
}

const EventRow* EventsDock::chosen() const {
    const int row = table_->chosenRow();
    return row < 0 ? nullptr : &model_.row(rows_.mapToSource(rows_.index(row, 0)).row());
}

void EventsDock::followAxis() {
    if (!axis_.crosshairLocked()) followed_.reset();
    if (choosing_ || !axis_.crosshairLocked() || !isVisible()) return;
    if (followed_ == axis_.crosshair()) return;
    followed_ = axis_.crosshair();
    const int row = nearestRow(rows_, *axis_.crosshair());
    if (row < 0 || row == table_->chosenRow()) return;
    const QScopedValueRollback guard(choosing_, true);
    table_->chooseRow(row);
}

void EventsDock::showChosen() {
    const EventRow* event = chosen();
    if (!event || choosing_) return;
    const QScopedValueRollback guard(choosing_, true);
    const Time at = event->at;
    axis_.reveal(at);
    axis_.lockCrosshair(at);
}

void EventsDock::addActions(ActionRegistry& registry) {
    ActionSpec life{QStringLiteral("events.request"),
                    tr("Table"),
                    tr("Show the &life of the event's request"),
                    tr("Enter does the same"),
                    QStringLiteral("search"),
                    {}};
    table_->addMenuAction(registry.add(life, [this](bool) {
        if (chosen()) {
            Q_EMIT table_->rowEntered(table_->chosenRow());
        } else {
            Q_EMIT said(tr("Choose an event first."));
        }
    }));
    ActionSpec same{QStringLiteral("events.same"),
                    tr("Table"),
                    tr("Only events of the same &reason"),
                    tr("Filters the events by the chosen one's"),
                    QStringLiteral("filter"),
                    {}};
    table_->addMenuAction(registry.add(same, [this](bool) {
        const EventRow* event = chosen();
        if (event && !event->reason.empty()) {
            filter_->setText(QStringLiteral("reason:\"%1\"").arg(text(event->reason)));
        } else {
            Q_EMIT said(tr("Choose an event that has a reason first."));
        }
    }));
}

QByteArray EventsDock::viewState() const {
    return table_->columnState();
}

void EventsDock::setViewState(const QByteArray& state) {
    table_->setColumnState(state);
}

} // namespace penstock::app

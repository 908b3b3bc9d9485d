// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/docks/lives/events_dock.h"

#include "app/workbench/actions/action_registry.h"
#include "app/workbench/models/text.h"

#include <QVBoxLayout>

namespace penstock::app {

EventsDock::EventsDock(TimeAxis& axis, QWidget* parent)
    : RunDock(QStringLiteral("events"), tr("Events"),
              tr("Every decision, refusal, retry, result, move and fault"), parent),
      events_(*this, axis, tr("Filter: kind:refused reason:gate_closed where:code")) {
    table().setColumnWidths({12, 10, 10, 16, 7, 8, 21, 24});
    table().setDispensable({5, 4, 2});
    auto* column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(0);
    column->addWidget(&filter());
    column->addWidget(&table(), 1);
    connect(&table(), &TableView::rowChosen, this, [this] { events_.leadAxis(); });
    connect(&table(), &TableView::rowEntered, this, [this] {
        const EventRow* event = events_.chosen();
        if (!event) return;
        if (event->request.empty()) {
            Q_EMIT said(tr("This event is of no single request."));
        } else {
            Q_EMIT requestChosen(text(event->request));
        }
    });
    begin({});
}

void EventsDock::begin(const RunInfo& info) {
    events_.begin(info.start);
    if (info.scenario.empty()) {
        table().setEmptyText(tr("No run yet"), tr("Open a scenario and press Run."));
    } else {
        table().setEmptyText(tr("No event here"),
                             tr("Press Run, or Step for one event at a time. If a filter or a "
                                "chosen range hides them, clear it."));
    }
}

void EventsDock::add(const Frame& frame) {
    events_.add(frame.events, frame.eventsLeftOut);
}

void EventsDock::showEvent(QShowEvent* event) {
    RunDock::showEvent(event);
    events_.takeTurn();
}

void EventsDock::addActions(ActionRegistry& registry) {
    ActionSpec life{QStringLiteral("events.request"),
                    tr("Table"),
                    tr("Show the &life of the event's request"),
                    tr("Enter does the same"),
                    QStringLiteral("search"),
                    {}};
    table().addMenuAction(registry.add(life, [this](bool) {
        if (events_.chosen()) {
            Q_EMIT table().rowEntered(table().chosenRow());
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
    table().addMenuAction(registry.add(same, [this](bool) {
        const EventRow* event = events_.chosen();
        if (event && !event->reason.empty()) {
            filter().setText(QStringLiteral("reason:\"%1\"").arg(text(event->reason)));
        } else {
            Q_EMIT said(tr("Choose an event that has a reason first."));
        }
    }));
}

QByteArray EventsDock::viewState() const {
    return events_.view().columnState();
}

void EventsDock::setViewState(const QByteArray& state) {
    table().setColumnState(state);
}

} // namespace penstock::app

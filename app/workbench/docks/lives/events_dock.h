// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// What happened, one line an event, newest last. Choosing a line moves the charts' crosshair
// there; a locked crosshair chooses the event at that time; the brush limits the table.
#include "app/workbench/docks/lives/timed_table.h"
#include "app/workbench/models/table_models.h"

namespace penstock::app {

class EventsDock : public RunDock {
    Q_OBJECT
  public:
    // `axis` must outlive the dock.
    explicit EventsDock(TimeAxis& axis, QWidget* parent = nullptr);

    void begin(const RunInfo& info) override;
    void add(const Frame& frame) override;
    void addActions(ActionRegistry& registry) override;
    QByteArray viewState() const override;
    void setViewState(const QByteArray& state) override;

    TableView& table() { return events_.view(); }
    FilterBar& filter() { return events_.filter(); }

  Q_SIGNALS:
    // The user wants to see the life of this request.
    void requestChosen(const QString& id);

  protected:
    void showEvent(QShowEvent*) override;

  private:
    TimedTable<EventModel, EventRow> events_;
};

} // namespace penstock::app

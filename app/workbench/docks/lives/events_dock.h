// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// What happened, one line an event, newest last. Choosing a line moves the charts' crosshair
// there; a locked crosshair chooses the event at that time; the brush limits the table.
#include "app/workbench/docks/lives/row_feed.h"
#include "app/workbench/docks/parts/run_dock.h"
#include "app/workbench/models/filter.h"
#include "app/workbench/models/table_models.h"
#include "app/workbench/series/time_axis.h"

class QTimer;

namespace penstock::app {

class FilterBar;
class TableView;

class EventsDock : public RunDock {
    Q_OBJECT
  public:
    // `axis` must outlive the dock.
    explicit EventsDock(TimeAxis& axis, QWidget* parent = nullptr);
    ~EventsDock() override;

    void begin(const RunInfo& info) override;
    void add(const Frame& frame) override;
    void addActions(ActionRegistry& registry) override;
    QByteArray viewState() const override;
    void setViewState(const QByteArray& state) override;

    TableView& table() { return *table_; }
    FilterBar& filter() { return *filter_; }

  Q_SIGNALS:
    // The user wants to see the life of this request.
    void requestChosen(const QString& id);

  protected:
    void showEvent(QShowEvent*) override;

  private:
    void takeTurn();
    void followAxis();
    void showChosen();
    const EventRow* chosen() const;

    TimeAxis& axis_;
    int ticket_;
    EventModel model_;
    FilterModel rows_;
    RowFeed<EventRow> feed_{EventModel::kMostRows};
    QTimer* rest_; // takes the turns that are left when no further frame comes
    FilterBar* filter_;
    TableView* table_;
    std::optional<Time> followed_; // the locked crosshair that the table was moved to
    bool choosing_ = false;        // the table and the axis do not chase each other
};

} // namespace penstock::app

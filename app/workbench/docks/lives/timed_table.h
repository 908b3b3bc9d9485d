// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// A filtered table of rows that have a time, beside the charts: rows come in from frames, newest
// last; a locked crosshair chooses the row at that time, a chosen row moves the crosshair, and the
// two do not chase each other. What the events' and the requests' table have in common.
#include "app/workbench/docks/lives/nearest_row.h"
#include "app/workbench/docks/lives/row_feed.h"
#include "app/workbench/docks/parts/filter_bar.h"
#include "app/workbench/docks/parts/run_dock.h"
#include "app/workbench/docks/parts/table_view.h"
#include "app/workbench/models/filter.h"
#include "app/workbench/series/time_axis.h"

#include <QScopedValueRollback>
#include <QTimer>

#include <optional>

namespace penstock::app {

template <class Model, class Row>
class TimedTable {
  public:
    // The widgets are children of `dock`, which owns this and, like `axis`, outlives it.
    TimedTable(RunDock& dock, TimeAxis& axis, const QString& hint)
        : dock_(dock), axis_(axis), filter_(new FilterBar(rows_, hint, &axis, &dock)),
          view_(new TableView(dock.title(), &dock)), turns_(new QTimer(&dock)) {
        rows_.setSourceModel(&model_);
        view_->setModel(&rows_);
        view_->setSelectionMode(QAbstractItemView::SingleSelection);
        view_->setSortingEnabled(true);
        view_->sortByColumn(-1, Qt::AscendingOrder); // as they came, until a heading is pressed
        view_->setFollowsEnd(true);
        turns_->setSingleShot(true);
        turns_->setInterval(static_cast<int>(RowFeed<Row>::kTurnMs) + 10);
        QObject::connect(turns_, &QTimer::timeout, &dock, [this] { takeTurn(); });
        ticket_ = axis_.listen([this](TimeAxis::Change change) {
            if (change == TimeAxis::Change::pointer) followAxis();
        });
    }
    ~TimedTable() { axis_.unlisten(ticket_); }
    TimedTable(const TimedTable&) = delete;
    TimedTable& operator=(const TimedTable&) = delete;

    TableView& view() const { return *view_; }
    FilterBar& filter() const { return *filter_; }
    const Model& model() const { return model_; }

    // A run that starts then, without rows.
    void begin(Time start) {
        feed_.clear();
        model_.clear();
        model_.setStart(start);
        filter_->setLeftOut(0);
    }
    // Rows wait while the dock is hidden.
    void add(const std::vector<Row>& rows, std::uint64_t leftOut) {
        feed_.add(rows, leftOut);
        if (dock_.isVisible()) takeTurn();
    }
    void takeTurn() {
        model_.append(feed_.turn(), Model::kMostRows);
        filter_->setLeftOut(feed_.leftOut());
        if (feed_.empty()) {
            turns_->stop();
        } else if (dock_.isVisible()) {
            turns_->start();
        }
    }

    // Null if none is.
    const Row* chosen() const {
        const int row = view_->chosenRow();
        return row < 0 ? nullptr : &model_.row(rows_.mapToSource(rows_.index(row, 0)).row());
    }
    // Moves the crosshair to the chosen row's time, unless the crosshair chose the row.
    void leadAxis() {
        if (choosing_ || view_->chosenRow() < 0) return;
        const QScopedValueRollback guard(choosing_, true);
        const Time at{Duration{rows_.index(view_->chosenRow(), 0).data(TimeRole).toLongLong()}};
        axis_.reveal(at);
        axis_.lockCrosshair(at);
    }

  private:
    void followAxis() {
        if (!axis_.crosshairLocked()) followed_.reset();
        if (choosing_ || !axis_.crosshairLocked() || !dock_.isVisible()) return;
        if (followed_ == axis_.crosshair()) return;
        followed_ = axis_.crosshair();
        const int row = nearestRow(rows_, *axis_.crosshair());
        if (row < 0 || row == view_->chosenRow()) return;
        const QScopedValueRollback guard(choosing_, true);
        view_->chooseRow(row);
    }

    RunDock& dock_;
    TimeAxis& axis_;
    int ticket_;
    Model model_;
    FilterModel rows_;
    RowFeed<Row> feed_{Model::kMostRows};
    FilterBar* filter_;
    TableView* view_;
    QTimer* turns_;                // takes the turns that are left when no further frame comes
    std::optional<Time> followed_; // the locked crosshair that the table was moved to
    bool choosing_ = false;        // the table and the axis do not chase each other
};

} // namespace penstock::app

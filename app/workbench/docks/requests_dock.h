// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// Requests that have ended, newest last: filter them, find one by its id, and see its life as a
// waterfall. The charts' brush limits the table to its range.
#include "app/workbench/docks/run_dock.h"
#include "app/workbench/models/filter.h"
#include "app/workbench/models/table_models.h"
#include "app/workbench/series/time_axis.h"

#include <deque>

class QLabel;
class QLineEdit;
class QSplitter;

namespace penstock::app {

class FilterBar;
class TableView;
class Waterfall;

class RequestsDock : public RunDock {
    Q_OBJECT
  public:
    // `axis` must outlive the dock.
    explicit RequestsDock(TimeAxis& axis, QWidget* parent = nullptr);
    ~RequestsDock() override;

    void begin(const RunInfo& info) override;
    void add(const Frame& frame) override;
    void addActions(ActionRegistry& registry) override;
    QByteArray viewState() const override;
    void setViewState(const QByteArray& state) override;

    // Looks for a request in the table and, with `wanted`, in the run. Its waterfall is shown when
    // the answer is there.
    void find(const QString& id);

    TableView& table() { return *table_; }
    FilterBar& filter() { return *filter_; }
    Waterfall& waterfall() { return *waterfall_; }
    QLineEdit& search() { return *search_; }

  Q_SIGNALS:
    // RunView::find(id) is asked for; the answer comes with a frame.
    void wanted(const QString& id);

  protected:
    void showEvent(QShowEvent*) override;

  private:
    void flush(bool now);
    void followAxis();
    void showChosen();
    void explain(const RequestRow& request);

    TimeAxis& axis_;
    int ticket_;
    RequestModel model_;
    FilterModel rows_;
    FilterBar* filter_;
    QLineEdit* search_;
    TableView* table_;
    QSplitter* splitter_;
    QLabel* about_;
    Waterfall* waterfall_;
    std::deque<RequestRow> waiting_; // until the table takes them
    std::uint64_t leftOut_ = 0;
    QString searched_; // an id that the run was asked for and has not answered yet
    Time start_{};
    bool choosing_ = false;
};

} // namespace penstock::app

// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// Requests that have ended, newest last: filter them, find one by its id, and see its life as a
// waterfall. The charts' brush limits the table to requests that arrived in it; choosing a request
// moves the crosshair to its arrival.
#include "app/workbench/docks/lives/timed_table.h"
#include "app/workbench/models/table_models.h"

class QLabel;
class QLineEdit;
class QSplitter;

namespace penstock::app {

class EmptyState;
class Waterfall;

class RequestsDock : public RunDock {
    Q_OBJECT
  public:
    // `axis` must outlive the dock.
    explicit RequestsDock(TimeAxis& axis, QWidget* parent = nullptr);

    void begin(const RunInfo& info) override;
    void add(const Frame& frame) override;
    void addActions(ActionRegistry& registry) override;
    QByteArray viewState() const override;
    void setViewState(const QByteArray& state) override;

    // Looks for a request in the table, and asks the run for it. Its life is shown when the answer
    // has come; if there is none of that id, this is said.
    void find(const QString& id);

    TableView& table() { return requests_.view(); }
    FilterBar& filter() { return requests_.filter(); }
    Waterfall& waterfall() { return *waterfall_; }
    QLineEdit& search() { return *search_; }
    // What is said of the request that is shown.
    QString about() const;

  Q_SIGNALS:
    // RunView::find(id) is asked for; the answer comes with a frame.
    void wanted(const QString& id);
    // The user wants to search: this dock should come to the front.
    void asked();

  protected:
    void showEvent(QShowEvent*) override;
    void changeEvent(QEvent*) override;

  private:
    void showChosen();
    void explain(const RequestRow& request);
    void explainNothing();

    TimeAxis& axis_;
    TimedTable<RequestModel, RequestRow> requests_;
    QLineEdit* search_;
    QSplitter* splitter_;
    QLabel* about_;
    Waterfall* waterfall_ = nullptr;
    EmptyState* nothing_;
    QString asked_;         // an id that the run was asked for and has not answered yet
    bool searched_ = false; // that id was searched for by the user, not chosen in the table
    Time start_{};
};

} // namespace penstock::app

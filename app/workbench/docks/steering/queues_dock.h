// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// The queues as they stand, each of which can be paused and let go on. Of many, a line filters
// them and a heading sorts them.
#include "app/workbench/docks/parts/run_dock.h"
#include "app/workbench/models/filter.h"
#include "app/workbench/models/table_models.h"

#include <QElapsedTimer>

class QToolButton;

namespace penstock::app {

class FilterBar;
class TableView;

class QueuesDock : public RunDock {
    Q_OBJECT
  public:
    explicit QueuesDock(QWidget* parent = nullptr);

    void begin(const RunInfo& info) override;
    void add(const Frame& frame) override;
    void addActions(ActionRegistry& registry) override;
    QByteArray viewState() const override;
    void setViewState(const QByteArray& state) override;

    TableView& table() { return *table_; }
    FilterBar& filter() { return *filter_; }
    // Pauses the chosen queue, or lets it go on.
    void togglePause();

  protected:
    void showEvent(QShowEvent*) override;

  private:
    void showRows();
    void showPause();
    const QueueRow* chosen() const;

    QueueModel model_;
    FilterModel rows_;
    FilterBar* filter_;
    TableView* table_;
    QToolButton* pause_;
    std::vector<QueueRow> newest_;
    QElapsedTimer sinceShown_;
    bool canPause_ = false, ended_ = false;
};

} // namespace penstock::app

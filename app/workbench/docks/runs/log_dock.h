// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// What the program and the run have said: errors with their remedy, moves, faults, notes.
#include "app/workbench/docks/parts/run_dock.h"
#include "app/workbench/models/filter.h"
#include "app/workbench/models/log_model.h"

namespace penstock::app {

class FilterBar;
class TableView;

class LogDock : public RunDock {
    Q_OBJECT
  public:
    explicit LogDock(QWidget* parent = nullptr);

    void begin(const RunInfo& info) override;
    void add(const Frame& frame) override;
    QByteArray viewState() const override;
    void setViewState(const QByteArray& state) override;

    // A line of the program's own, at the time of now.
    void say(Severity severity, const QString& text);
    TableView& table() { return *table_; }

  private:
    void append(std::vector<LogRow> rows);

    LogModel model_;
    FilterModel rows_;
    FilterBar* filter_;
    TableView* table_;
    std::string lastError_;
    std::optional<RunStatus> status_;
    std::uint64_t sequence_ = 0;
    Time start_{};
    bool begun_ = false;
};

} // namespace penstock::app

// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// The linter's findings on the run's documents; each leads to the parameter it is about.
#include "app/workbench/docks/parts/run_dock.h"
#include "app/workbench/models/filter.h"
#include "app/workbench/models/table_models.h"

class QLabel;
class QPushButton;

namespace penstock::app {

class TableView;

class AdviceDock : public RunDock {
    Q_OBJECT
  public:
    explicit AdviceDock(QWidget* parent = nullptr);

    void begin(const RunInfo& info) override;
    void add(const Frame&) override {}
    QByteArray viewState() const override;
    void setViewState(const QByteArray& state) override;

    TableView& table() { return *table_; }
    // Errors and warnings: for the tab's title.
    int urgent() const { return urgent_; }

  Q_SIGNALS:
    void parameterChosen(const QString& path);

  private:
    void showChosen();
    const AdviceRow* chosen() const;

    AdviceModel model_;
    FilterModel rows_;
    TableView* table_;
    QLabel* detail_;
    QPushButton* go_;
    int urgent_ = 0;
};

} // namespace penstock::app

// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// A chart's numbers in a window of their own, kept up to date, for those who would rather read than
// look. Choosing a row moves the crosshair.
#include "app/workbench/charts/chart_export.h"

#include <QDialog>
#include <QElapsedTimer>

namespace penstock::app {

class TableView;

class ChartTable : public QDialog {
    Q_OBJECT
  public:
    ChartTable(TimeChart& chart, QWidget* parent);

    TimeChart& chart() const { return chart_; }
    ChartTableModel& model() { return model_; }
    // Four times a second at most.
    void refresh();

  private:
    TimeChart& chart_;
    ChartTableModel model_;
    TableView* view_;
    QElapsedTimer since_;
};

} // namespace penstock::app

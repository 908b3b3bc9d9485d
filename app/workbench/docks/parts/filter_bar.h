// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// The line over a table that filters it: words as models/filter.h reads them, how many rows are
// left of how many, words that name no column, and the charts' brush as a chip that can be removed.
#include "app/workbench/models/filter.h"
#include "app/workbench/series/time_axis.h"

#include <QWidget>

class QLabel;
class QLineEdit;
class QTimer;
class QToolButton;

namespace penstock::app {

class FilterBar : public QWidget {
    Q_OBJECT
  public:
    // `rows` must outlive the bar. With an axis (which must too), its brush limits the rows.
    FilterBar(FilterModel& rows, const QString& hint, TimeAxis* axis, QWidget* parent);
    ~FilterBar() override;

    QLineEdit& line() { return *line_; }
    void setText(const QString& text);
    // To the right of the line.
    void addTool(QWidget* tool);
    // "1,200 of 20,000"; with the rows that were too many to keep, if any.
    void showCounts();
    void setLeftOut(std::uint64_t rows);
    QString counts() const;

  private:
    void apply();
    void followBrush();

    FilterModel& rows_;
    TimeAxis* axis_;
    int ticket_ = 0;
    QLineEdit* line_;
    QToolButton* brush_;
    QLabel* counts_;
    QTimer* typing_;
    std::uint64_t leftOut_ = 0;
};

} // namespace penstock::app

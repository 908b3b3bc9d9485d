// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// Two runs side by side: what was set differently, and what came out of it, with absolute and
// relative change and a mark where it exceeds the noise.
#include "app/workbench/docks/parts/run_dock.h"
#include "app/workbench/models/comparison_model.h"
#include "app/workbench/models/filter.h"

class QCheckBox;
class QLabel;
class QSplitter;

namespace penstock::app {

class EmptyState;
class FilterBar;
class TableView;

class CompareDock : public RunDock {
    Q_OBJECT
  public:
    explicit CompareDock(QWidget* parent = nullptr);

    void begin(const RunInfo&) override {}
    void add(const Frame&) override {}
    QByteArray viewState() const override;
    void setViewState(const QByteArray& state) override;

    void setComparison(Comparison comparison);
    void clear();

    TableView& metrics() { return *metrics_; }
    TableView& differences() { return *differences_; }
    QCheckBox& onlyBeyondNoise() { return *only_; }

  Q_SIGNALS:
    void parameterChosen(const QString& path);

  private:
    MetricModel metricModel_;
    DifferenceModel differenceModel_;
    FilterModel metricRows_, differenceRows_;
    QLabel *heading_, *noise_;
    FilterBar* filter_;
    QCheckBox* only_;
    QSplitter* splitter_;
    TableView *metrics_, *differences_;
    EmptyState* empty_;
    QWidget* content_;
};

} // namespace penstock::app

// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// A chart's visible range as a picture, a drawing or numbers, and as a table on the screen.
#include "app/workbench/charts/time_chart.h"
#include "engine/types/error.h"

#include <QAbstractTableModel>

namespace penstock::app {

enum class ChartFile { png, svg, csv };

// Writes the chart with its heading as it stands on the screen; PNG at twice the size, so that it
// prints well. An existing file is replaced.
Status exportChart(TimeChart& chart, ChartFile kind, const QString& path);

// The visible samples as CSV: seconds since the start of the run, then a column a curve. A step
// curve repeats the value in force; a line curve is empty where it has no sample.
QString chartCsv(const TimeChart& chart);

// The twin of a chart for those who would rather read than look: summaries of the visible range,
// then that range in equal parts, each with the value in force at its end and how far it went.
class ChartTableModel : public QAbstractTableModel {
    Q_OBJECT
  public:
    static constexpr int kParts = 60, kSummaries = 4;

    explicit ChartTableModel(const TimeChart& chart, QObject* parent = nullptr);

    // Takes the chart's range and samples of now.
    void refresh();
    // The time whose values a row has; none for summaries.
    std::optional<Time> timeOf(int row) const;

    int rowCount(const QModelIndex& parent = {}) const override;
    int columnCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

  private:
    const TimeChart& chart_;
    Time from_{};
    Duration part_{};
    QStringList names_;
    std::vector<QStringList> rows_;
};

} // namespace penstock::app

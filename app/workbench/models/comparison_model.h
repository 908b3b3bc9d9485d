// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// Two runs side by side as tables: what came out, and what was set differently.
#include "app/session/view/rows.h"
#include "app/workbench/models/row_model.h"
#include "engine/record/report/compare.h"

namespace penstock::app {

// A parameter whose value is not the same in both.
struct ParameterDifference {
    std::string path, owner, name, unit;
    double a = kUnknown, b = kUnknown; // NaN where that run has no such parameter
};

struct Comparison {
    RunRow a, b;
    std::vector<CompareRow> metrics; // of engine/record: compare(report of A, report of B, noise)
    std::vector<ParameterDifference> parameters;
    // Where the noise comes from, in words: "the spread of 5 seeds", "2 % of each value".
    std::string noise;
};

class MetricModel : public RowModel<CompareRow> {
    Q_OBJECT
  public:
    enum Column { metric, a, b, absolute, relative, noise };

    explicit MetricModel(QObject* parent = nullptr);
};

class DifferenceModel : public RowModel<ParameterDifference> {
    Q_OBJECT
  public:
    explicit DifferenceModel(QObject* parent = nullptr);
};

} // namespace penstock::app

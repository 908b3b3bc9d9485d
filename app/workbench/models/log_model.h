// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// Lines of the log, newest last.
#include "app/session/view/rows.h"
#include "app/workbench/models/row_model.h"

#include <optional>

namespace penstock::app {

struct LogRow {
    std::uint64_t sequence = 0;
    std::int64_t wallUnixMs = 0;
    std::optional<Duration> sinceStart; // engine time, if a run was there
    Severity severity = Severity::info;
    std::string text;
};

class LogModel : public RowModel<LogRow> {
    Q_OBJECT
  public:
    static constexpr std::size_t kMostRows = 5000;

    explicit LogModel(QObject* parent = nullptr);
};

} // namespace penstock::app

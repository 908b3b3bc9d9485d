// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// From a time on the charts to a row of a table.
#include "app/workbench/models/row_model.h"
#include "engine/types/time.h"

#include <cstdlib>

namespace penstock::app {

// The row whose TimeRole is nearest to `t`, in whatever order the rows are; -1 if there is none.
inline int nearestRow(const QAbstractItemModel& model, Time t) {
    const qint64 wanted = t.time_since_epoch().count();
    int best = -1;
    qint64 distance = 0;
    for (int row = 0; row < model.rowCount(); ++row) {
        const QVariant at = model.index(row, 0).data(TimeRole);
        if (!at.isValid()) continue;
        const qint64 d = std::abs(at.toLongLong() - wanted);
        if (best >= 0 && d >= distance) continue;
        best = row;
        distance = d;
    }
    return best;
}

} // namespace penstock::app

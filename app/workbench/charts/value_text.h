// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// How every chart writes a value.
#include "app/workbench/series/time_ticks.h"

#include <QString>

namespace penstock::app {

inline QString valueText(double value) {
    return QString::fromStdString(numberLabel(value));
}

} // namespace penstock::app

// SPDX-License-Identifier: Apache-2.0
#pragma once

// A report as one self-contained page: a sentence, the numbers that matter, charts on one time axis
// with a shared crosshair, tables. Nothing is fetched from anywhere; it reads in light and dark,
// and prints.
#include "engine/record/measures/chart_data.h"
#include "engine/record/report/report.h"

#include <string>

namespace penstock {

std::string toHtml(const Report& report, const ChartData& charts);

} // namespace penstock

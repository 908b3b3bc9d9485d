// SPDX-License-Identifier: Apache-2.0
#pragma once

// A report as one self-contained page: a sentence, the numbers that matter, charts on one time axis
// with a shared crosshair, tables. Nothing is fetched from anywhere; it reads in light and dark,
// and prints.
#include "engine/record/measures/chart_data.h"
#include "engine/record/report/report.h"
#include "engine/types/error.h"

#include <string>

namespace penstock {

std::string toHtml(const Report& report, const ChartData& charts);

// The error names the file and why it could not be written.
Status writeHtml(const Report& report, const ChartData& charts, const std::string& file);

} // namespace penstock

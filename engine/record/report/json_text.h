// SPDX-License-Identifier: Apache-2.0
#pragma once

// JSON that comes from outside: reports, logs of moves, what a run store holds. It may be anything.
#include "engine/record/report/report.h"
#include "engine/types/error.h"

#include <string_view>

namespace penstock {

// The error says what it is instead: no JSON, or nested deeper than any document of ours.
Result<Json> jsonFrom(std::string_view text);

// The same of a report as toJson() makes one.
Result<Json> reportFrom(std::string_view text);

} // namespace penstock

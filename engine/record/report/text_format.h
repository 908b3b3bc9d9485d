// SPDX-License-Identifier: Apache-2.0
#pragma once

// How numbers are said to a person, the same on the terminal and on the page, and the run in one or
// two sentences.
#include "engine/record/report/report.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace penstock::text {

// "–" for what was not measured.
std::string milliseconds(double ms); // "480 ms", "12.3 s"
std::string fixed(double value, int decimals);
std::string percent(double share);      // "12 %", "<0.1 %"
std::string duration(double seconds);   // "90 s", "12 min 30 s"
std::string count(std::uint64_t n);     // "1,234,567"
std::string spaced(std::string_view s); // pinned_open -> pinned open
std::string shortJson(const Json& value);
// Control characters written out (\x1b), so that no name can steer a terminal; line ends and tabs
// stay.
std::string printable(std::string_view text);

// What a gate's verdict means.
std::string_view meaning(GateVerdict verdict);

// What was dropped of a trace's rows and what was put in order, from SourceReport::traffic: "12 of
// 8,819 rows dropped (…), 3 put in order"; empty if the rows are as the file has them.
std::string mendedRows(const Json& traffic);

// What happened, in plain words.
std::string story(const Report& report);

} // namespace penstock::text

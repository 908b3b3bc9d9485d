// SPDX-License-Identifier: Apache-2.0
#pragma once

// Values as traces write them: counts, decimal numbers, and times. Times are read digit by digit
// into nanoseconds, since a double cannot hold a date and seven fractional digits.
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace penstock::sim {

std::string_view trimmed(std::string_view text);

// A piece of a file as an error shows it: in quotes, at most 60 bytes of it, and what is no
// printable UTF-8 as \xNN, since a trace may hold anything and a terminal obeys it.
std::string quotedText(std::string_view text);

// A whole number, 0 to `most`; "12", "12.0" and "1.2e1" all count, "12.5" and "-1" do not.
std::optional<std::uint32_t> parseCount(std::string_view text, std::uint32_t most);

std::optional<double> parseDouble(std::string_view text); // finite

// A decimal number of `unitNs` (1e9 for seconds), exactly, within +-146 years.
std::optional<std::int64_t> parseDecimalNs(std::string_view text, std::int64_t unitNs);

// "2023-11-16 18:17:03.9799600", also with T, any number of fractional digits, and Z, +HH, +HHMM or
// +HH:MM behind it. Nanoseconds since the Unix epoch; no zone means UTC. Years 1970 to 2200.
std::optional<std::int64_t> parseDateNs(std::string_view text);

// A date, or a decimal number of `unitNs`.
std::optional<std::int64_t> parseTimeNs(std::string_view text, std::int64_t unitNs);

// Whether it takes `text` for a date.
bool isDate(std::string_view text);
// What is wrong with the other in a file whose times have been dates so far, or numbers: the end of
// "... is ".
std::string otherTimes(bool dated);

// What parseTimeNs() would have taken instead of `text`: the end of "... is ".
std::string wantedTime(std::string_view text, std::int64_t unitNs);

} // namespace penstock::sim

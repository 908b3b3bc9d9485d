// SPDX-License-Identifier: Apache-2.0
#pragma once

// Number texts as Go's strconv takes them: what starts or stops llm-d-async.
#include <cstdint>
#include <optional>
#include <string_view>

namespace penstock {

// ParseFloat: decimal or hexadecimal (0x1p-1), underscores between digits, nan, inf and infinity in
// any case; no blanks. Nothing if the text is no number or beyond a double's range.
std::optional<double> goFloat(std::string_view text);

// Atoi: digits with a sign or without.
std::optional<std::int64_t> goInteger(std::string_view text);

// ParseInt with base 0, as flags are read: also 0x10, 0o17, 0b11, 010 (which is 8) and 1_000.
std::optional<std::int64_t> goIntegerOfAnyBase(std::string_view text);

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which column of which CSV trace holds what. The names of the generic formats are the map's own.
#include "sim/traffic/trace/trace_row.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace penstock::sim {

// What a column holds. The order is that of kColumnKeys.
enum ColumnKey : std::size_t {
    kTime,
    kPrompt,
    kOutput,
    kMaxTokens,
    kDeadline,
    kCancelAfter,
    kSession,
    kPrefixGroup,
    kPrefixTokens,
    kTenant,
    kTier,
    kPriority,
    kModel,
    kKind,
    kJob,
    kBlockHashes,
    kBlockTokens,
    kMappedKeys,                 // those before it may be in a ColumnMap
    kServerPrompt = kMappedKeys, // BLIS alone
    kColumnKeys
};

inline constexpr std::array<std::string_view, kMappedKeys> kMappedNames = {
    "time",    "prompt_tokens", "output_tokens", "max_tokens",   "deadline",    "cancel_after",
    "session", "prefix_group",  "prefix_tokens", "tenant",       "tier",        "priority",
    "model",   "kind",          "job",           "block_hashes", "block_tokens"};

struct CsvLayout {
    std::array<std::string, kColumnKeys> names{}; // empty: not in this format
    std::array<bool, kColumnKeys> required{};     // the header must have it
    std::array<bool, 3> filled{true, true, true}; // time, prompt, output: no row may leave it empty
    std::int64_t timeUnitNs = kSecond;
    bool prefixExtra = false;  // prompt_tokens does not count the prefix
    bool zeroDeadline = false; // 0 means none
    bool lowFirst = false;     // of two priorities the lower number is the more urgent
};

// `map` matters to csv alone.
CsvLayout csvLayout(TraceFormat format, const ColumnMap& map);

} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
#pragma once

// One row of a recorded trace, whatever its format, and the pull interface that readers, the
// reorder window and the transforms share. They stack: each owns the one beneath it. Rows stream
// through; what is held at one time is bounded by the reorder window.
#include "engine/types/error.h"
#include "sim/traffic/spec/arrival.h"
#include "sim/traffic/spec/draw.h"
#include "sim/traffic/spec/trace_spec.h"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace penstock::sim {

inline constexpr std::int64_t kSecond = 1'000'000'000; // in nanoseconds

inline constexpr std::uint32_t kUnknownTokens = UINT32_MAX;

// The most tokens that a row may say, as in a scenario: prompt and output together fit an int32.
inline constexpr std::uint32_t kMostTraceTokens = 100'000'000;

// Reused from row to row: its texts and its vector keep their memory.
struct TraceRow {
    std::int64_t timeNs = 0; // readers: the trace's own clock; above them: since its first row
    std::int64_t deadlineNs = kNoTime; // same clock
    std::int64_t cancelAfterNs = kNoTime;
    std::uint32_t promptTokens = kUnknownTokens;
    std::uint32_t outputTokens = kUnknownTokens;
    std::uint32_t maxTokens = 0;
    std::uint32_t prefixGroup = 0;
    std::uint32_t prefixTokens = 0;
    std::uint32_t job = 0;
    std::uint32_t blockTokens = 0;
    std::uint64_t session = 0;
    int priority = 0;
    bool hasPriority = false;
    std::vector<std::uint64_t> blockHashes;
    std::string tenant;
    std::string tier;
    std::string model;
    std::string kind;

    void clear();
};

// A stable number for a text id; never 0. FNV-1a, 64 bits.
std::uint64_t textNumber(std::string_view text);

// What a reader and the stages above it did. Filled while rows are pulled.
struct TraceCounters {
    std::uint64_t rowsRead = 0;
    std::uint64_t rowsKept = 0;                   // that came out at the top
    std::map<std::string, std::uint64_t> dropped; // by reason
    std::uint64_t inversions = 0; // rows that came later in the file than their time says
    std::int64_t largestInversionNs = 0;
    std::int64_t originNs = 0;                   // the trace's own clock at its first row
    TraceFormat format = TraceFormat::automatic; // as found
    // What a person must know of how the rows came about, one sentence each.
    std::set<std::string> notes;
};

enum class Pull : std::uint8_t { row, end, failed };

class RowSource {
  public:
    virtual ~RowSource() = default;
    // Overwrites `row`. After `end` or `failed` the answer stays the same.
    virtual Pull next(TraceRow& row) = 0;
    // Valid after `failed`.
    virtual const Error& error() const = 0;
};

using RowSourcePtr = std::unique_ptr<RowSource>;

// The rows of a trace as its format has them: times on the trace's own clock, in the file's order.
// `counters` outlives it. Errors: no such file, no header, a format that was not recognised.
Result<RowSourcePtr> openReader(const TraceSource& source, const std::string& path,
                                TraceCounters& counters, const DrawKey& key);

// The rows after reordering, moved to begin at 0, and after all transforms. Reads the file once
// more beforehand where a transform needs to know the trace's span or time grid.
Result<RowSourcePtr> openTrace(const TraceSource& source, const std::string& directory,
                               TraceCounters& counters, const DrawKey& key);

std::string resolvedPath(const TraceSource& source, const std::string& directory);

// Whether the rows never end: a loop without a number of times.
bool endless(const std::vector<Transform>& transforms);

// Names and numbers of the transforms, in order; for reports.
std::vector<std::string> describeTransforms(const std::vector<Transform>& transforms);

} // namespace penstock::sim

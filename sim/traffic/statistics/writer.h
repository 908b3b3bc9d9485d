// SPDX-License-Identifier: Apache-2.0
#pragma once

// Writes a trace in a form of our own (JSON Lines or CSV, read back by the formats jsonl and csv),
// or as BLIS TraceV2. Times are seconds since the first request, to the nanosecond; a deadline is
// on the same clock; what a row does not have is left out.
#include "engine/types/error.h"
#include "sim/traffic/statistics/statistics.h"

#include <string>

namespace penstock::sim {

enum class TrafficFile : std::uint8_t {
    jsonl,
    csv,
    // Two files: data to the one named, its header beside it with the ending .yaml. Rounds of a
    // session are counted in the order of their times, and priorities turned to vLLM's, where 0 is
    // the most urgent; so the trace is read twice, and every session's number is held meanwhile.
    // What BLIS has no column for is left out: cancellations, kinds, jobs and block hashes. A row
    // without an output length gets its max_tokens. What was lost is in the notes.
    blis,
};

// Reads `source` through its transforms and writes every request to `path` ("-": standard output,
// not for blis), as gzip if its name ends in .gz (not for blis). Streams. The file appears whole,
// or on an error not at all, and what stood there before then stays. Returns the statistics.
Result<TraceStatistics> writeTraffic(const TraceSource& source, const std::string& directory,
                                     const std::string& path, TrafficFile form,
                                     std::uint64_t seed = 1);

// One request as a line of JSON with its newline, appended.
void appendJsonl(const TraceRow& row, std::string& out);

} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Writes a trace in a form of our own (JSON Lines or CSV, read back by the formats jsonl and csv),
// or as BLIS TraceV2. Times are seconds since the first request, to the nanosecond; a deadline is
// on the same clock; what a row does not have is left out.
#include "engine/types/error.h"
#include "sim/traffic/statistics.h"

#include <string>

namespace penstock::sim {

enum class TrafficFile : std::uint8_t {
    jsonl,
    csv,
    blis, // data to the file named, the header beside it with .yaml for .csv
};

// Reads `source` through its transforms and writes every request to `path` ("-": standard output,
// not for blis). Streams. The file is complete or, on an error, removed. Returns the statistics.
Result<TraceStatistics> writeTraffic(const TraceSource& source, const std::string& directory,
                                     const std::string& path, TrafficFile form,
                                     std::uint64_t seed = 1);

// One request as a line of JSON with its newline, appended.
void appendJsonl(const TraceRow& row, std::string& out);

} // namespace penstock::sim

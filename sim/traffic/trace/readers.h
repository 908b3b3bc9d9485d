// SPDX-License-Identifier: Apache-2.0
#pragma once

// The readers behind openReader(), by family of formats. Each takes an opened file and yields rows
// on the trace's own clock.
#include "sim/traffic/trace/line_reader.h"
#include "sim/traffic/trace/trace_row.h"

namespace penstock::sim {

// Why a row of a trace cannot be a request, or nullptr. A model that was asked nothing or answered
// nothing (BurstGPT's failures) says nothing about load.
inline const char* unusable(const TraceRow& row) {
    if (row.promptTokens == 0) return "no prompt tokens";
    if (row.outputTokens == 0) return "no output tokens";
    return nullptr;
}

// azure, burstgpt, blis, csv.
Result<RowSourcePtr> openCsvTrace(TraceFormat format, const ColumnMap& columns, LineReader lines,
                                  TraceCounters& counters);

// mooncake, servegenOffline, ragpulse, qwenBailian, openaiBatch, llmdAsync, jsonl.
Result<RowSourcePtr> openJsonTrace(TraceFormat format, const ColumnMap& columns, LineReader lines,
                                   TraceCounters& counters);

// servegenWindows: draws the requests of each window; `path` is the -trace.csv file of a client,
// its -dataset.json beside it, or a folder of such pairs.
Result<RowSourcePtr> openServegen(const std::string& path, std::uint32_t maxLineBytes,
                                  TraceCounters& counters, const DrawKey& key);

// The format of the file, told by its first line: column names or keys. A folder is
// servegenWindows.
Result<TraceFormat> detectFormat(const std::string& path, std::uint32_t maxLineBytes);

} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
#pragma once

// A recorded trace as an ArrivalStream, and as a source of length pairs for a synthetic process.
#include "sim/traffic/spec/start_times.h"
#include "sim/traffic/stream/marks.h"
#include "sim/traffic/stream/streams.h"
#include "sim/traffic/trace/trace_row.h"

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

namespace penstock::sim {

class TraceStream final : public ArrivalStream {
  public:
    // Opens the trace and reads its first row, so that what is wrong with it shows at once.
    static Result<std::unique_ptr<ArrivalStream>> make(const TrafficSpec& spec, const DrawKey& key,
                                                       const std::string& directory);

    std::int64_t peekNs() override;
    bool next(Arrival& out) override;
    Status status() const override;
    nlohmann::json describe() const override;

  private:
    TraceStream(const TrafficSpec& spec, const DrawKey& key, std::string path);

    bool fill(); // reads the next row into pending_; false at the end and on errors
    bool convert();
    std::uint32_t nameIndex(const std::string& name, std::vector<std::string>& names,
                            std::unordered_map<std::string, std::uint32_t>& index,
                            std::uint32_t most);

    TrafficSpec spec_;
    std::string path_;
    Marker marker_;
    TraceCounters counters_;
    RowSourcePtr rows_;
    std::unique_ptr<StartTimes> times_; // instead of the trace's own; usually null
    std::int64_t startNs_;
    std::int64_t stopNs_;
    std::uint64_t left_;
    std::uint64_t number_ = 0;
    TraceRow row_;       // behind pending_
    TraceRow delivered_; // behind the arrival last handed out
    Arrival pending_;
    bool ready_ = false;
    bool failed_ = false;
    Error error_;
    std::unordered_map<std::string, std::uint32_t> tenantIndex_;
    std::unordered_map<std::string, std::uint32_t> tierIndex_;
};

// The prompt and output lengths of a trace, over and over. Rows that do not
// say both are skipped.
Result<std::unique_ptr<LengthFeed>>
makeTraceLengths(const TraceLengths& lengths, const DrawKey& key, const std::string& directory);

} // namespace penstock::sim

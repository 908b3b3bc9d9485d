// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads a run store, also while another process writes it. One connection of its own, opened
// read-only; use a reader from one thread at a time. Used by compare, replay, reports of stored
// runs and the workbench's lists and tables.
#include "engine/record/measures/chart_data.h"
#include "engine/record/store/run_record.h"
#include "engine/types/error.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace penstock {

struct EventFilter {
    std::optional<std::uint64_t> request;
    std::optional<std::uint16_t> queue;
    std::vector<EventKind> kinds; // empty: all
    Time from{Duration{INT64_MIN}}, to = kNever;
    std::int64_t limit = 1000, offset = 0;
};

struct RequestFilter {
    std::string idContains;
    std::optional<std::uint64_t> number;
    std::optional<std::int32_t> queue;
    std::optional<EventKind> end;
    std::optional<std::uint8_t> code;
    Time from{Duration{INT64_MIN}}, to = kNever; // of their end
    std::int64_t limit = 1000, offset = 0;
};

class RunReader {
  public:
    // The error names the file: missing, not a store, or of a newer version.
    static Result<std::unique_ptr<RunReader>> open(const std::string& file);
    ~RunReader();

    // Newest first.
    Result<std::vector<RunSummary>> runs();
    Result<RunSummary> run(RunId id);
    Result<RunId> latest();

    // The report of a finished run, or the last checkpoint of one that was not; an error if none.
    Result<Json> report(RunId id);
    Result<std::string> document(RunId id);
    // Empty for a run of a store of version 1.
    Result<std::string> origin(RunId id);
    Result<RunLayout> layout(RunId id);

    Result<std::vector<SeriesInfo>> series(RunId id);
    Result<std::vector<Point>> points(RunId id, const std::string& series,
                                      Time from = Time{Duration{INT64_MIN}}, Time to = kNever);
    Result<std::vector<Event>> events(RunId id, const EventFilter& filter);
    Result<std::vector<RequestLife>> requests(RunId id, const RequestFilter& filter);
    Result<std::vector<Move>> moves(RunId id);

  private:
    struct State;
    explicit RunReader(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

} // namespace penstock

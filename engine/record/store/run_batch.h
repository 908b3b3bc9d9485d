// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a run thread has said since the store's thread last took it, and how it becomes rows.
// Internal to this folder.
#include "engine/record/store/run_record.h"

#include <optional>
#include <string>
#include <vector>

namespace SQLite {
class Database;
}

namespace penstock {

struct Batch {
    std::vector<Event> events;
    std::vector<RequestLife> requests;
    std::vector<Move> moves;
    std::vector<std::vector<Point>> points; // by series
    std::size_t pointCount = 0;
    std::optional<std::string> report;
    std::optional<std::string> fingerprint; // set by finish()
    bool abandoned = false;                 // its writer went without finish()
    Time last{};
    std::uint64_t droppedEvents = 0, droppedPoints = 0; // so far, cumulative
    bool touched = false;

    void clear() {
        events.clear();
        requests.clear();
        moves.clear();
        for (auto& series : points)
            series.clear();
        pointCount = 0;
        report.reset();
        fingerprint.reset();
        abandoned = false;
        touched = false;
    }
};

// Seconds since the Unix epoch on the wall clock, for a person's list of runs.
double unixNow();

// One transaction. `moves` counts the moves stored so far. Throws SQLite::Exception.
void writeBatch(SQLite::Database& db, RunId run, const Batch& batch, std::uint64_t& moves);

} // namespace penstock

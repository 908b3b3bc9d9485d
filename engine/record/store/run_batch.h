// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a run thread has said since the store's thread last took it, and how it becomes rows.
// Internal to this folder.
#include "engine/record/store/run_record.h"

#include <chrono>
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
    // How far writeBatch() came with it.
    std::size_t storedEvents = 0, storedRequests = 0;
    bool storedPoints = false;

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
        storedEvents = storedRequests = 0;
        storedPoints = false;
    }
};

// Seconds since the Unix epoch on the wall clock, for a person's list of runs.
double unixNow();

// In transactions of about a second at most, so that a kill loses no more and another writer gets
// its turn; the last has the moves, the report and the run's state. `moves` counts the moves stored
// so far. Throws SQLite::Exception, the batch knowing how far it came; when the file has been
// locked for longer than `patience`, too.
void writeBatch(SQLite::Database& db, RunId run, Batch& batch, std::uint64_t& moves,
                std::chrono::milliseconds patience);

} // namespace penstock

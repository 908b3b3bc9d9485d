// SPDX-License-Identifier: Apache-2.0
#pragma once

// What makes a run by hand the same run again: which scenario, and what was done to it when. A move
// was made between two events: it is placed by the engine's clock and by how many timers had fired.
// Written to the run store move by move, and as a JSON document by itself.
//
//   {"schema": "penstock.moves/1", "scenario": "code-onoff",
//    "origin": {"file": "scenarios/code-onoff.yaml", "overrides": [], "seed": 42, …},
//    "start_ns": 1767571200000000000, "fingerprint": "…",
//    "moves": [{"at_seconds": 12.5, "t_ns": 1767571212500000000, "event": 91822,
//               "path": "engine.transport.queues[batch].gate_params.threshold", "value": "0.6"}],
//    "document": "…the scenario's text…"}
#include "app/session/host/run_host.h"
#include "engine/record/store/run_record.h"
#include "engine/types/error.h"
#include "sim/world/world.h"

#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace penstock::app {

// The path of a pause in the log, as a document would have it; empty if it is none.
std::string pausePath(const std::string& queue);
std::string pausedQueue(const std::string& path);
// As in --set, and back to the same double.
std::string valueText(double value);

// Does one move now. The error says what is wrong with the path or the value.
Status apply(RunHost& host, const Move& move);

// How a run was begun, as far as its document does not say it.
struct RunOrigin {
    std::string file; // of the scenario: paths in it are relative to its folder
    std::vector<std::string> overrides;
    std::uint64_t seed = 0;
    bool perfectGate = false, poissonControl = false;
    Duration horizon{0}; // 0: the scenario's own
};
nlohmann::ordered_json toJson(const RunOrigin& origin);
RunOrigin originFromJson(const nlohmann::ordered_json& json);

struct RunLog {
    std::string scenario;
    std::string document; // the scenario's text, with what was laid over it as comments on top
    RunOrigin origin;
    std::vector<Move> moves; // in order
    Time start{};
    std::optional<Time> end; // of a recovered run: how far it is known
    std::string fingerprint; // that it is to have; empty if unknown
    bool recovered = false;  // its process died
};
nlohmann::ordered_json toJson(const RunLog& log);
Result<RunLog> logFromJson(const nlohmann::ordered_json& json, const std::string& file);

// RUN: "DB" (its latest run), "DB#id", or a JSON move log.
Result<RunLog> readLog(const std::string& run);

// The scenario that a log speaks of, ready to be made a world.
Result<sim::Scenario> scenarioOf(const RunLog& log);
sim::WorldOptions optionsOf(const RunLog& log);

// Makes the moves of a log at their places; the log outlives it. The runner of the world asks for
// the next move, runs no further than its time and its event, and has it made when it is due.
class Replay {
  public:
    explicit Replay(const RunLog& log) : log_(log) {}

    const Move* next() const { return next_ < log_.moves.size() ? &log_.moves[next_] : nullptr; }
    enum class Place : std::uint8_t {
        ahead, // go on
        due,   // make it now
        lost,  // its place has passed: make() says so
    };
    Place place(RunHost& host) const;
    // Sets the clock to the move's time and makes it. The error says where the run has gone another
    // way than its log: a place that has passed, or a checkpoint with another fingerprint.
    Result<Move> make(RunHost& host);
    // The log ends with a stop, and has come to it.
    bool stopped() const { return stopped_; }

  private:
    const RunLog& log_;
    std::size_t next_ = 0;
    bool stopped_ = false;
};

// The portion of a caller without a pacer: runs from move to move and on to the log's end, or the
// world's, for this long at most. True when that is reached.
Result<bool> runLog(RunHost& host, const RunLog& log, Replay& replay,
                    std::chrono::nanoseconds wallTime, const std::atomic<bool>& interrupt,
                    const std::function<void(const Move&)>& made = {});

} // namespace penstock::app

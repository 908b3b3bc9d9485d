// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the window's tables show, as plain values: the words between what runs a run and what
// shows it. Times are engine times; shares lie in [0, 1]; rates are per second of engine time; a
// quantity that is not known is NaN.
#include "engine/types/time.h"

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace penstock::app {

inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

struct QueueRow {
    std::string id;
    std::int64_t depth = 0;
    double oldestAgeSeconds = kUnknown;
    double arrivalsPerSecond = 0;
    double completedPerSecond = 0;
    double waitP95Ms = kUnknown;
    std::int64_t waitingRetries = 0;
    std::int64_t inFlight = 0;
    bool paused = false;
};

enum class ParameterKind { number, integer, flag, choice, duration };

// One entry of the parameter registry, with its value now.
struct ParameterRow {
    std::string path;  // "engine.transport.queues[code].gate_params.threshold": unique
    std::string group; // whose it is: "queue code", "pool default", "engine"
    std::string name;  // "threshold"
    std::string unit;  // "", "s", "requests"
    ParameterKind kind = ParameterKind::number;
    double min = 0, max = 1, fallback = 0; // fallback: the value it has when unset
    double value = 0;                      // of a flag: 0 or 1; of a choice: its index
    std::vector<std::string> choices;      // choice only
    std::string help;
    bool live = true; // may be moved while the run goes on
};

// Why a gate is open or closed, and what would change that.
struct GateRow {
    std::string owner; // "queue code", "pool default"
    std::string type;  // "prometheus-saturation"
    bool open = true;
    double budget = 1;
    double read = kUnknown; // the value it decided on
    double readAgeSeconds = kUnknown;
    double truth = kUnknown; // the same quantity in the world now; unknown in live mode
    double threshold = kUnknown;
    std::string source; // where the value came from
    std::string
        fallback; // in words, when the source did not answer: "no sample: treated as 0"; else empty
    std::string reason;        // "gate_closed", "quota_exhausted", …; empty when open
    std::string remedy;        // "opens when the reading falls below 0.80"
    std::string parameterPath; // of what to move first; empty if there is none
};

enum class Outcome { waiting, inFlight, succeeded, failed, shed, expired, cancelled, dead };

// A stage of one request's life, for the waterfall.
enum class Stage { queue, gate, slot, routerQueue, replicaQueue, prefill, decode, backoff };

struct StageRow {
    Stage stage = Stage::queue;
    Time from{}, to{};
    int attempt = 1;
};

struct RequestRow {
    std::string id;
    std::string queue;
    Outcome outcome = Outcome::waiting;
    std::string reason; // last refusal or error code; empty if none
    Time arrived{};
    Time finished{}; // kNever while unfinished
    double waitMs = kUnknown, ttftMs = kUnknown, endToEndMs = kUnknown;
    double slackSeconds = kUnknown; // deadline − finished, or − now
    int attempts = 0;
    std::int64_t promptTokens = 0, outputTokens = 0;
    std::vector<StageRow> stages; // may be empty until asked for
};

enum class EventKind { decision, refusal, retry, result, gate, parameter, fault, note };

struct EventRow {
    std::uint64_t sequence = 0;
    Time at{};
    EventKind kind = EventKind::note;
    std::string owner;   // queue or gate
    std::string request; // id; empty if none
    std::string reason;
    double value = kUnknown, threshold = kUnknown;
    std::string text;
};

enum class RunStatus { running, paused, finished, stopped, failed, recovered };

struct RunRow {
    std::int64_t id = 0;
    std::string scenario;
    std::uint64_t seed = 0;
    std::int64_t startedUnixSeconds = 0;
    double virtualSeconds = 0, wallSeconds = 0;
    RunStatus status = RunStatus::finished;
    std::string fingerprint;
    std::string tags, notes;
    std::string compared; // "A", "B" or empty
};

enum class Severity { error, warning, info };

struct AdviceRow {
    std::string code;
    Severity severity = Severity::info;
    std::string where;         // file or document place, in words
    std::string parameterPath; // what to change; empty if there is nothing to go to
    std::string finding;       // what was computed
    std::string remedy;
};

// The words a table shows for them.
const char* outcomeName(Outcome outcome);
const char* stageName(Stage stage);
const char* eventKindName(EventKind kind);
const char* runStatusName(RunStatus status);
const char* severityName(Severity severity);

} // namespace penstock::app

// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// What the window's tables show, as plain values: the words between whoever runs a run and whoever
// shows it. Times are engine times; shares lie in [0, 1]; rates are per second of engine time; a
// quantity that is not known is NaN.
#include "engine/types/time.h"

#include <QString>
#include <QStringList>

#include <limits>
#include <vector>

namespace penstock::app {

inline constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

struct QueueRow {
    QString id;
    qint64 depth = 0;
    double oldestAgeSeconds = kUnknown;
    double arrivalsPerSecond = 0;
    double completedPerSecond = 0;
    double waitP95Ms = kUnknown;
    qint64 waitingRetries = 0;
    qint64 inFlight = 0;
    bool paused = false;
};

enum class ParameterKind { number, integer, flag, choice, duration };

// One entry of the parameter registry, with its value now.
struct ParameterRow {
    QString path;  // "engine.transport.queues[code].gate_params.threshold": unique
    QString group; // whose it is: "queue code", "pool default", "engine"
    QString name;  // "threshold"
    QString unit;  // "", "s", "requests"
    ParameterKind kind = ParameterKind::number;
    double min = 0, max = 1, fallback = 0; // fallback: the value it has when nobody sets it
    double value = 0;                      // of a flag: 0 or 1; of a choice: its index
    QStringList choices;                   // choice only
    QString help;
    bool live = true; // may be moved while the run goes on

    bool isDefault() const { return value == fallback; }
};

// Why a gate is open or closed, and what would change that.
struct GateRow {
    QString owner; // "queue code", "pool default"
    QString type;  // "prometheus-saturation"
    bool open = true;
    double budget = 1;
    double read = kUnknown; // the value it decided on
    double readAgeSeconds = kUnknown;
    double truth = kUnknown; // the same quantity in the world now; unknown in live mode
    double threshold = kUnknown;
    QString source; // where the value came from
    QString
        fallback; // in words, when the source did not answer: "no sample: treated as 0"; else empty
    QString reason;        // "gate_closed", "quota_exhausted", …; empty when open
    QString remedy;        // "opens when the reading falls below 0.80"
    QString parameterPath; // of what to move first; empty if there is none
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
    QString id;
    QString queue;
    Outcome outcome = Outcome::waiting;
    QString reason; // last refusal or error code; empty if none
    Time arrived{};
    Time finished{}; // kNever while unfinished
    double waitMs = kUnknown, ttftMs = kUnknown, endToEndMs = kUnknown;
    double slackSeconds = kUnknown; // deadline − finished, or − now
    int attempts = 0;
    qint64 promptTokens = 0, outputTokens = 0;
    std::vector<StageRow> stages; // may be empty until asked for
};

enum class EventKind { decision, refusal, retry, result, gate, parameter, fault, note };

struct EventRow {
    quint64 sequence = 0;
    Time at{};
    EventKind kind = EventKind::note;
    QString owner;   // queue or gate
    QString request; // id; empty if none
    QString reason;
    double value = kUnknown, threshold = kUnknown;
    QString text;
};

enum class RunStatus { running, paused, finished, stopped, failed, recovered };

struct RunRow {
    qint64 id = 0;
    QString scenario;
    quint64 seed = 0;
    qint64 startedUnixSeconds = 0;
    double virtualSeconds = 0, wallSeconds = 0;
    RunStatus status = RunStatus::finished;
    QString fingerprint;
    QString tags, notes;
    QString compared; // "A", "B" or empty
};

enum class Severity { error, warning, info };

struct AdviceRow {
    QString code;
    Severity severity = Severity::info;
    QString where;         // file or document place, in words
    QString parameterPath; // what to change; empty if there is nothing to go to
    QString finding;       // what was computed
    QString remedy;
};

QString outcomeName(Outcome outcome);
QString stageName(Stage stage);
QString eventKindName(EventKind kind);
QString runStatusName(RunStatus status);
QString severityName(Severity severity);

} // namespace penstock::app

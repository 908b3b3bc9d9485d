// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a run store holds, as plain values: written by RunWriter, read back by RunReader.
#include "engine/record/report/report.h"
#include "engine/types/event.h"
#include "engine/types/time.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace penstock {

using RunId = std::int64_t;

struct SeriesInfo {
    std::string name; // for instance queue/batch/depth
    std::string unit;
};

// Names of what indices in events mean, so that a run can be read without its scenario.
struct RunLayout {
    struct Gate {
        std::string owner, type;
        bool higherIsBusier = true;
    };
    std::vector<std::string> queues, workerPools, sources;
    std::vector<bool> interactive; // of sources
    std::vector<Gate> gates;
    std::vector<std::string> parameters, faults;
    double warmupSeconds = 0;
};

struct RunHeader {
    std::string scenario; // its name
    std::string document; // its whole text, so that it can be run again
    std::string origin;   // JSON of the program that began it: what else that takes
    std::uint64_t seed = 0;
    std::string semantics;
    std::string tags, note;
    Time start{}; // engine time at which it begins
    RunLayout layout;
    std::vector<SeriesInfo> series;
};

enum class RunState : std::uint8_t {
    running,   // being written now
    done,      // finished with a report
    recovered, // its writer died; what it had written is here
};

struct RunSummary {
    RunId id = 0;
    std::string scenario;
    std::uint64_t seed = 0;
    std::string semantics;
    double startedUnix = 0,
           finishedUnix = 0; // wall clock, seconds since the epoch; 0: not finished
    std::string fingerprint;
    std::string tags, note;
    RunState state = RunState::running;
    Time start{}, lastWritten{};     // engine time
    std::uint64_t droppedEvents = 0; // not stored because the disk was too slow
    std::uint64_t droppedPoints = 0;
    std::uint64_t events = 0, requests = 0; // rows stored
    bool stopped = false;                   // by hand, before its end
};

struct Point {
    Time t{};
    float value = 0;
};

// One request's life. Times that never came are kNever; durations of the last attempt.
struct RequestLife {
    std::string id;
    std::uint64_t number = 0;
    std::int32_t queue = -1;  // -1: interactive
    std::int32_t source = -1; // -1: known by its queue only
    Time created = kNever, enqueued = kNever, claimed = kNever, firstSent = kNever,
         lastSent = kNever, finished = kNever, deadline = kNever;
    Duration routerQueue{0}, replicaQueue{0}, prefill{0}, decode{0};
    Duration ttft{0}; // interactive only
    std::uint32_t retries = 0, promptTokens = 0, outputTokens = 0;
    EventKind end = EventKind::finished;
    std::uint8_t code = 0;
    std::int32_t status = 0;
};

// A parameter moved by hand: enough to do it again at the same time, between the same two events.
struct Move {
    Time t{};
    std::string path;                                           // as in --set
    std::string value;                                          // as in --set
    std::uint64_t event = kAnyEvent;                            // how many timers had fired
    static constexpr std::uint64_t kAnyEvent = UINT64_MAX >> 1; // the time alone says when
};

// Not parameters, but entries of the same log. A stopped run ends where it says; a checkpoint is
// known to have had its value as fingerprint there.
inline constexpr const char* kStopMove = "stop";
inline constexpr const char* kCheckpointMove = "checkpoint";

// Points of one series as bytes: times as deltas of deltas, so that a steady period costs one byte
// a point, and values as 32-bit floats.
std::string encodePoints(const std::vector<Point>& points);
// Appends to `out`.
Status decodePoints(const void* data, std::size_t size, std::vector<Point>& out);

Json toJson(const RunLayout& layout);
RunLayout layoutFromJson(const Json& json);

std::string_view name(RunState state);

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
#pragma once

// The experiments that published measurements of model servers come from, repeated on one simulated
// replica: an open loop at a constant rate, a closed loop of so many users, and the replay of a log
// of requests. There is no router, engine or metric path here, only a client and a server, so an
// experiment is a pure function of its arguments, and many may run on threads side by side.
#include "sim/fleet/replica_types.h"

#include <cstdint>
#include <vector>

namespace penstock::sim {

// What the client of an experiment saw. Times are means over the requests that count, from the
// instant the client sent the request; a request's TPOT is (E2E - TTFT) / (output tokens - 1).
struct Seen {
    double ttftMs = 0.0;
    double tpotMs = 0.0;
    double e2eMs = 0.0;
    double completedPerSecond = 0.0; // from the first sending to the last response
    std::int64_t requests = 0;       // that count in the means
    std::int64_t refused = 0;        // longer than the replica could ever serve
    std::int64_t preemptions = 0;
};

// Requests at constant intervals.
struct LoadStage {
    double perSecond = 1.0;
    double promptTokens = 1.0; // mean; lengths are the two whole numbers around it
    double outputTokens = 1.0;
    double seconds = 60.0;        // for how long requests fall due
    std::int64_t inFlightMax = 0; // at the client, which sends late rather than more; 0: no limit
    // How many different prompts there are, taken in turn: what a prefix cache can find. 0: each
    // its own.
    std::int64_t distinctPrompts = 0;
};
Seen runLoadStage(const ReplicaConfig& config, const LoadStage& stage);

// Fixed lengths, the same number in flight all the time, prompts uncached. With rampSeconds the
// clients start evenly over so long, and only requests sent after it count: the steady state. With
// 0 they start together, as benchmarks' clients do, and all requests count. Which it was matters:
// users who started together stay in step for long, and then wait in each other's prefill, which is
// TTFT, rather than be slowed by it while they decode, which is TPOT.
struct ClosedLoop {
    std::int32_t promptTokens = 1;
    std::int32_t outputTokens = 1;
    std::int32_t concurrency = 1;
    std::int32_t rounds = 6; // requests of each user that count, those of the ramp included
    double rampSeconds = 0.0;
};
Seen runClosedLoop(const ReplicaConfig& config, const ClosedLoop& loop);

// A log of requests, in order of arrival.
struct LoggedRequest {
    std::int64_t sentNs = 0; // since the log's first instant
    std::int32_t promptTokens = 1;
    std::int32_t outputTokens = 1;
};
struct Replay {
    struct Times {
        double ttftMs = 0.0, tpotMs = 0.0, e2eMs = 0.0; // 0 for a refused request
    };
    Seen seen;
    std::vector<Times> times;         // of each request, in the log's order
    std::vector<Observation> seconds; // the server at 1 s, 2 s, … after the log's first instant
};
// Observes until the last response. Requests share no prefix, but a preempted one finds what the
// prefix cache still holds of its own blocks, if the replica has one.
Replay replayLog(const ReplicaConfig& config, const std::vector<LoggedRequest>& log);

} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a run amounts to, as plain values. One rule for the warm-up: what is counted, and a rate
// made of counts, is of the whole run, so that what went in and what came out balance; what is
// measured (times, gauges, shares of time) is of the time after warm-up. What was not measured is
// kUnmeasured (histogram.h), in JSON null. Made by Recorder::finish(); turned into the promised
// JSON
// ("penstock.report/1"), a text for the terminal, or a page (html_report.h). Adding keys is fine,
// renaming or removing one is a new schema.
#include "engine/record/measures/gate_track.h"
#include "engine/record/measures/histogram.h"
#include "engine/record/measures/sample.h"
#include "engine/record/report/score.h"
#include "engine/types/error.h"
#include "engine/types/result.h"

#include <nlohmann/json.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace penstock {

using Json = nlohmann::ordered_json;

inline constexpr const char* kReportSchema = "penstock.report/1";

struct AdviceItem {
    std::string code;     // for instance gate-cannot-close
    std::string severity; // error, warning, note
    std::string place;    // file and path
    std::string finding;  // what was computed
    std::string remedy;   // what to change
};

struct ExpectationResult {
    std::string expr;
    Json value; // what the left side was; null when it could not be resolved
    bool pass = false;
    std::string error;       // why it could not be evaluated; empty otherwise
    bool unmeasured = false; // because a side of it was not measured
};

struct SourceReport {
    std::string name;
    bool interactive = true;
    std::uint64_t arrivals = 0, completed = 0, failed = 0;
    std::uint64_t promptTokens = 0, outputTokens = 0;
    Distribution ttftMs, tpotMs, e2eMs;     // of those that succeeded and ended after warm-up
    double requestsPerSecond = kUnmeasured; // completed, over the whole run
    // Where its requests come from: process, and of a trace {file, sha256, format, transforms,
    // rows_read, rows_kept, dropped{reason: rows}, inversions_repaired}. Null if unsaid.
    Json traffic;
};

// Deadline minus the end of the request's life, in seconds; negative when it was late.
struct SlackReport {
    std::uint64_t met = 0, missed = 0;
    double min = kUnmeasured, p01 = kUnmeasured, p05 = kUnmeasured, p50 = kUnmeasured,
           p95 = kUnmeasured, mean = kUnmeasured;
    struct Bin {
        double upToSeconds = 0; // infinity in the last
        std::uint64_t count = 0;
    };
    std::vector<Bin> histogram;
};

struct QueueReport {
    std::string name;
    std::uint64_t enqueued = 0, claimed = 0, attempts = 0;
    // Each ended request is in exactly one of these.
    std::uint64_t succeeded = 0, failed = 0, deadlineExceeded = 0, cancelled = 0, dropped = 0,
                  dead = 0, lost = 0;
    std::uint64_t retries = 0, shed = 0, transportErrors = 0, late = 0, redelivered = 0,
                  unparsable = 0, withoutResult = 0;
    std::array<std::uint64_t, 8> shedBy{}; // by DroppedReason, of responses with status 429 or 503
    std::uint64_t ended = 0, stillQueued = 0, inFlight = 0;
    Distribution waitMs; // from enqueued to its first send, of requests that were sent
    Distribution e2eMs;  // from enqueued to its end, of those that succeeded
    double depthMean = kUnmeasured, depthMax = kUnmeasured;
    std::uint64_t promptTokens = 0, outputTokens = 0; // of those that succeeded
    std::uint64_t timelyTokens = 0;                   // output of those that succeeded in time
    double goodputPerSecond = kUnmeasured;            // succeeded in time, over the whole run
    double goodputTokensPerSecond = kUnmeasured;      // timelyTokens over the whole run
    // Little's law: the mean number in the system, and arrival rate x mean life. Where the first is
    // exact, as the broker counted it, they must agree.
    double littleL = kUnmeasured, littleLambdaW = kUnmeasured;
    bool littleExact = false;
    SlackReport slack;
};

struct GateReport {
    std::string owner; // "queue:NAME" or "pool:NAME"
    std::string type;
    GateStatistics stats;
    std::uint64_t gateClosed = 0, quotaExhausted = 0, dropped = 0, error = 0, waiting = 0;
};

struct PoolReport {
    // Means over the time after warm-up, not over samples; p99 and maxima of the looks in it.
    double saturationMean = kUnmeasured, saturationP99 = kUnmeasured, saturationMax = kUnmeasured;
    double busyShare = kUnmeasured;
    double kvMean = kUnmeasured, kvMax = kUnmeasured;
    double runningMean = kUnmeasured, runningMax = kUnmeasured, waitingMean = kUnmeasured,
           waitingMax = kUnmeasured;
    std::uint64_t preemptions = 0, promptTokens = 0, generatedTokens = 0;
    std::uint64_t cachedPromptTokens = 0; // of the prompts, found in prefix caches
    double tokensPerSecond = 0;
    std::int64_t replicas = 0;
    double gpuHours = 0; // held, working or not, those of a lost replica too
};

// What the tokens cost: GPUs are paid by the hour, tokens of answers that came to something are
// what they are paid for. In the currency of the price.
struct CostReport {
    double perGpuHour = 0;
    double total = 0;
    double perMillionOutputTokens = kUnmeasured;
    double perMillionTokens = kUnmeasured; // prompt and output
};

// What went wrong and what it took with it.
struct LossReport {
    std::uint64_t faults = 0;       // that began
    std::uint64_t attemptsLost = 0; // in flight when their replica or the router died
    std::uint64_t requestsLost = 0; // of queues: ended without success because a queue lost them
    std::uint64_t resultsLost = 0;  // ended, and no sender was told
    std::uint64_t interactiveFailed = 0; // users got an error, or gave up
};

// Jain's index (R. Jain et al., 1984): 1 when all tenants fare alike, 1/n when one has everything;
// unmeasured without tenants, or where none got anything.
struct FairnessReport {
    std::uint64_t tenants = 0;
    double jainServed = kUnmeasured;    // of requests that succeeded
    double jainSatisfied = kUnmeasured; // of succeeded / ended
    double jainWait = kUnmeasured;      // of 1 / mean life
};

struct Report {
    std::string scenario;
    std::string about, lesson;
    std::uint64_t seed = 0;
    std::string fingerprint;        // 16 hex digits
    std::string trafficFingerprint; // of arrivals alone: the same whatever the policy
    std::string engineSemantics;
    double virtualSeconds = 0, warmupSeconds = 0, wallSeconds = 0;
    std::uint64_t simulatedRequests = 0, events = 0;
    std::vector<SourceReport> sources;
    std::vector<QueueReport> queues;
    std::vector<GateReport> gates;
    PoolReport pool;
    std::optional<CostReport> cost; // where a price is known
    LossReport losses;
    double retryAmplification = kUnmeasured; // attempts / requests that were ever sent
    std::uint64_t wastedTokens = 0;          // generated for answers that came to nothing
    double wastedShare = kUnmeasured;
    FairnessReport fairness;
    std::vector<std::pair<std::string, double>> limiter; // stage, share of the time it was binding
    std::optional<ScoreReport> score;                    // where the perfect gate has run too
    std::vector<AdviceItem> advice;
    std::vector<ExpectationResult> expectations;
    std::vector<std::pair<std::string, double>> extra; // more numbers of a world: key, value
};

Json toJson(const Report& report);
Json toJson(const Distribution& d);

// enqueued = terminal results + still queued + in flight, and Little's law where it is exact, in
// each queue; arrivals = completed + failed + outstanding for each source is the world's to check.
// The error names queue and numbers.
Status checkConservation(const Report& report);

// What a person reads first, for a terminal `columns` wide: aligned, in plain words.
std::string toText(const Report& report, bool colour = false);

} // namespace penstock

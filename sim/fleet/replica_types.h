// SPDX-License-Identifier: Apache-2.0
#pragma once

// What goes into a replica and what comes out: its configuration, a sequence, the answer to a
// submission, an observation. Plain values shared by the skipping replica (replica.h) and the
// step-by-step one it is proven equal to (reference_replica.h). All times are virtual nanoseconds
// since whatever origin the caller uses; lengths are tokens; KV memory is counted in blocks.
#include "engine/types/hd.h"
#include "sim/fleet/decode_run.h"
#include "sim/fleet/step_time.h"

#include <cstdint>

namespace penstock::sim {

// Returned by nextEvent() when nothing will happen by itself.
inline constexpr std::int64_t kNeverNs = INT64_MAX / 2;

// The prefix cache numbers its units with 32 bits.
inline constexpr std::int64_t kMaxCachedUnits = 1 << 24;

enum class BatchMode : std::uint8_t {
    single,      // one sequence at a time, no batching
    staticBatch, // batches of up to staticSize; none joins or leaves until all are done
    continuous,  // sequences join and leave at every step
};

// Who waits first and who gives way when KV blocks run out (vLLM's --scheduling-policy).
enum class SchedulingPolicy : std::uint8_t {
    fcfs,     // waiting in order of arrival; the tail of the running list gives way
    priority, // waiting and giving way by (priority, arrival); a lower number is served first
};

struct ReplicaConfig {
    StepCost cost;

    BatchMode mode = BatchMode::continuous;
    SchedulingPolicy policy = SchedulingPolicy::fcfs;
    std::int32_t maxNumSeqs = 256;           // 1 ..; at most maxNumBatchedTokens
    std::int32_t maxNumBatchedTokens = 8192; // tokens of one step
    bool chunkedPrefill = true; // without it a prompt that does not fit the step waits for another
    // vLLM >= 0.19: a sequence is admitted only if its whole prompt fits the free blocks, not just
    // the first chunk. Blocks are still taken chunk by chunk.
    bool reserveFullPrompt = false;
    std::int64_t kvBlocks = 0;           // of the whole replica, >= 1
    std::int32_t blockSize = 16;         // tokens of a block; a power of two up to kMaxBlockSize
    std::int64_t waitingCap = INT64_MAX; // more than this many without a slot are refused

    std::int32_t staticSize = 8;      // staticBatch: starts when so many wait ...
    std::int64_t staticMaxWaitNs = 0; // ... or when the oldest has waited this long
    // When that is, for one that waits since then.
    PENSTOCK_HD std::int64_t batchRipeAt(std::int64_t since) const {
        return staticMaxWaitNs < kNeverNs - since ? since + staticMaxWaitNs : kNeverNs;
    }

    bool prefixCache = false;         // kvBlocks / cacheUnitBlocks at most kMaxCachedUnits
    std::int32_t cacheUnitBlocks = 1; // blocks that are found, kept and forgotten together

    std::int64_t apiDelayNs = 0; // a0: from submit() to the waiting queue (API server, tokeniser)
    // a1: from the end of the step to the client. Not applied here: events carry the end of their
    // step, and the sender of the response adds this.
    std::int64_t responseDelayNs = 0;

    // Relative half-widths (0 .. <1) of uniform noise with mean 1: on a0 for each sequence, on the
    // step time once per change of the batch (for pure decode on alpha alone).
    double apiJitter = 0.0;
    double stepJitter = 0.0;
    std::uint64_t jitterSeed = 0; // give every replica its own
};

// What is known about a prompt's beginning, for the prefix cache. Either `hashes`, one for every
// hashTokens tokens (0: one for every unit of the cache), each standing for everything up to there
// (as block hashes of traces do), which must live until the sequence is finished; or up to two
// groups: the first group.tokens tokens are those of that group (a shared system prompt, then a
// session). Tokens may reach past the prompt into the output: the next turn of a session finds
// those too. Only the first kMaxHashUnits units are looked at.
//
// Traces hash blocks of 512 tokens (Mooncake) or 16 (Qwen-Bailian), caches have units of their own:
// hashOfUnit() derives the one from the other, whichever is longer.
struct PrefixInfo {
    struct Group {
        std::uint64_t id = 0;
        std::int32_t tokens = 0;
    };
    const std::uint64_t* hashes = nullptr;
    std::int32_t hashCount = 0;
    std::int32_t hashTokens = 0;
    std::uint64_t space = 0; // hashes of different spaces (traces) never mean the same text
    Group groups[2] = {};
};

struct Sequence {
    std::uint64_t id = 0;          // the caller's handle; comes back in every event
    std::int32_t promptTokens = 1; // >= 1
    std::int32_t outputTokens = 1; // >= 1
    std::int32_t priority = 0;     // lower is served first (SchedulingPolicy::priority only)
    PrefixInfo prefix{};
};

enum class Admission : std::uint8_t {
    accepted,
    waitingFull, // the waiting queue is at its cap: a router would answer 429
    tooLong,     // could never be served: needs more KV blocks, or a longer step, than there are
};

struct Submitted {
    Admission verdict = Admission::accepted;
    std::int32_t slot = -1; // with the id, names the sequence in cancel(); -1 unless accepted
};

// What the server's own metrics would show at an instant.
struct Observation {
    std::int64_t running = 0;
    std::int64_t waiting = 0;      // in the engine's queue; those still in the API are not counted
    std::int64_t inApi = 0;        // submitted less than a0 ago
    std::int64_t kvBlocksUsed = 0; // by the step in progress
    double kvUsedFraction = 0.0;
    std::int64_t contextTokens = 0;   // KV of running sequences, whole steps only
    std::int64_t promptTokens = 0;    // total prompts whose first token came out
    std::int64_t generatedTokens = 0; // total
    std::int64_t finished = 0;        // total
    std::int64_t preemptions = 0;     // total
    // Totals of what came to nothing: of sequences that were cancelled or lost, the tokens they had
    // had and the prompts that are counted above. A preemption discards no token: what was
    // generated is computed again as if it were prompt.
    std::int64_t discardedTokens = 0;
    std::int64_t discardedPromptTokens = 0;
    std::int64_t cacheQueryTokens = 0; // total prompt tokens looked up in the prefix cache
    std::int64_t cacheHitTokens = 0;   // and found there
    std::int64_t busyNs = 0;           // total time with a step in progress

    bool operator==(const Observation&) const = default;
};

// What the sequences inside hold at an instant, counted one by one. The laws of conservation:
//
//   Observation::kvBlocksUsed    = kvBlocks
//   Observation::contextTokens   = contextTokens
//   Observation::generatedTokens = those of finished sequences + discardedTokens + generatedTokens
//   Observation::promptTokens    = likewise
struct Holdings {
    std::int64_t kvBlocks = 0;        // a block that several share counts once
    std::int64_t contextTokens = 0;   // of running sequences
    std::int64_t generatedTokens = 0; // that they have had so far
    std::int64_t promptTokens = 0;    // of those that have had a token
};

// SplitMix64's finaliser (Steele, Lea, Flood, OOPSLA 2014): counter-based noise on any device.
PENSTOCK_HD inline std::uint64_t mixBits(std::uint64_t x) {
    x += 0x9e3779b97f4a7c15ULL;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
    return x ^ (x >> 31);
}

enum class JitterStream : std::uint64_t { api = 1, step = 2 };

// Uniform in [1 - width, 1 + width], a pure function of its arguments.
PENSTOCK_HD inline double jitterFactor(std::uint64_t seed, JitterStream stream,
                                       std::uint64_t counter, double width) {
    if (width == 0.0) return 1.0;
    const std::uint64_t bits =
        mixBits(mixBits(seed ^ static_cast<std::uint64_t>(stream)) ^ counter);
    return 1.0 + width * (2.0 * (static_cast<double>(bits >> 11) * 0x1.0p-53) - 1.0);
}

PENSTOCK_HD inline std::int64_t apiDelay(const ReplicaConfig& config, std::uint64_t arrival) {
    const double noise =
        jitterFactor(config.jitterSeed, JitterStream::api, arrival, config.apiJitter);
    return static_cast<std::int64_t>(static_cast<double>(config.apiDelayNs) * noise + 0.5);
}

// The law of one step, from the `change`th change of the batch on a replica slowed by `slow`:
// both replicas get their times from these two functions alone.
PENSTOCK_HD inline std::int64_t mixedStepNs(const ReplicaConfig& config, const BatchShape& batch,
                                            std::uint64_t change, double slow) {
    const double noise =
        jitterFactor(config.jitterSeed, JitterStream::step, change, config.stepJitter);
    const double ns = stepNs(config.cost, batch) * noise * slow;
    return ns < kShortestStepNs ? 1 : static_cast<std::int64_t>(ns + 0.5);
}

PENSTOCK_HD inline DecodeRun decodeRun(const ReplicaConfig& config, const DecodeLine& line,
                                       std::int64_t start, std::int64_t decodes,
                                       std::int64_t context, std::uint64_t change, double slow) {
    const double noise =
        jitterFactor(config.jitterSeed, JitterStream::step, change, config.stepJitter);
    const double alpha = line.alpha * noise * slow;
    const double beta = line.beta * slow;
    DecodeRun run;
    run.start = start;
    run.sequences = decodes;
    run.growth = beta * static_cast<double>(decodes);
    run.first = alpha + beta * static_cast<double>(context);
    const double least = run.growth > kShortestStepNs ? run.growth : kShortestStepNs;
    if (run.first < least) run.first = least; // only nonsense parameters come here
    return run;
}

// Hashes of a prompt's units, in order.
inline constexpr std::int32_t kMaxHashUnits = 1 << 20;

PENSTOCK_HD inline std::int32_t hashUnits(const PrefixInfo& prefix, std::int32_t unitTokens) {
    std::int64_t units = prefix.hashCount;
    if (prefix.hashes == nullptr) {
        units = (prefix.groups[0].tokens + prefix.groups[1].tokens) / unitTokens;
    } else if (prefix.hashTokens > 0) {
        units = units * prefix.hashTokens / unitTokens;
    }
    return static_cast<std::int32_t>(units < kMaxHashUnits ? units : kMaxHashUnits);
}

// The same without hashing each: unit `unit` of the prompt is number `index` of a chain, and those
// after it are the chain's next ones, `count` of them together at least as far as hashUnits() goes.
// Two units have the same hash if chain and index are the same.
struct ChainUnits {
    std::uint64_t chain;
    std::int32_t index;
    std::int32_t count;
};

PENSTOCK_HD inline ChainUnits chainUnits(const PrefixInfo& prefix, std::int32_t unit,
                                         std::int32_t unitTokens) {
    if (prefix.hashes != nullptr) {
        if (prefix.hashTokens <= 0) return {prefix.hashes[unit], 0, 1};
        // The hash whose block the unit ends in, and where in it: with the hash, everything up to
        // the end of its block is the same, so any place within is too.
        const std::int64_t end = static_cast<std::int64_t>(unit + 1) * unitTokens;
        const std::int64_t block = (end - 1) / prefix.hashTokens;
        const auto within = static_cast<std::uint64_t>(end - block * prefix.hashTokens);
        return {mixBits(mixBits(prefix.hashes[block] ^ mixBits(prefix.space)) ^ within), 0, 1};
    }
    const std::uint64_t first = mixBits(prefix.groups[0].id);
    const std::int32_t shared = prefix.groups[0].tokens / unitTokens;
    if (unit < shared) return {first, unit, shared - unit};
    return {mixBits(first ^ prefix.groups[1].id), unit, kMaxHashUnits};
}

PENSTOCK_HD inline std::uint64_t hashOfUnit(const PrefixInfo& prefix, std::int32_t unit,
                                            std::int32_t unitTokens) {
    const ChainUnits units = chainUnits(prefix, unit, unitTokens);
    if (prefix.hashes != nullptr) return units.chain;
    return mixBits(units.chain ^ static_cast<std::uint64_t>(units.index));
}

} // namespace penstock::sim

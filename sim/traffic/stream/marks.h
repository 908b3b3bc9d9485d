// SPDX-License-Identifier: Apache-2.0
#pragma once

// Writes on an arrival everything that is not its time: lengths, deadline, tenant, tier, priority,
// label, cancellation, poison, shared prefix. Each has its own draws, named by the arrival's
// number.
#include "sim/traffic/spec/arrival.h"
#include "sim/traffic/spec/draw.h"
#include "sim/traffic/spec/sampler.h"
#include "sim/traffic/spec/spec.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace penstock::sim {

// What a trace said and a draw must not change.
struct Given {
    bool tenant = false;
    bool tier = false;
    bool priority = false;
};

class Marker {
  public:
    Marker(const TrafficSpec& spec, const DrawKey& source);

    // What an arrival belongs to: `key` and `number` name its own draws; the owner's those shared
    // by all arrivals of one job or session (tenant, tier, priority, label, prefix group).
    struct Identity {
        DrawKey key;
        std::uint64_t number;
        DrawKey ownerKey;
        std::uint64_t ownerNumber;
    };
    Identity own(std::uint64_t number) const { return {source_, number, source_, number}; }

    // Draws prompt and output lengths into an arrival that has none.
    void drawLengths(Arrival& arrival, const Identity& id) const {
        const LengthPairSampler::Pair pair = lengths_.draw(id.key, id.number);
        arrival.promptTokens = pair.prompt;
        arrival.outputTokens = pair.output;
    }
    std::uint32_t drawOutput(const Identity& id) const {
        return lengths_.draw(id.key, id.number).output;
    }

    // Everything else; offset and lengths are set. A deadline or prefix group that the arrival
    // already has (from its job or its trace) stays.
    void mark(Arrival& arrival, const Identity& id, Given given = {}) const {
        limitOutput(arrival, id);
        if (plain_) return;
        markOwner(arrival, id, given);
        markOwn(arrival, id);
    }

    const DrawKey& source() const { return source_; }

  private:
    void limitOutput(Arrival& arrival, const Identity& id) const;
    void markOwner(Arrival& arrival, const Identity& id, Given given) const;
    void markOwn(Arrival& arrival, const Identity& id) const;

    DrawKey source_;
    LengthPairSampler lengths_;
    std::uint32_t maxTokens_;
    double maxTokensAtom_;
    bool plain_ = true; // nothing but lengths and max_tokens
    std::optional<DurationSampler> deadline_;
    std::optional<WeightedIndex> tenants_;
    std::optional<WeightedIndex> tiers_;
    std::vector<std::optional<int>> tierPriorities_;
    std::optional<WeightedIndex> priorityIndex_;
    std::vector<std::int16_t> priorities_;
    std::optional<WeightedIndex> labels_;
    double cancelProbability_;
    DurationSampler cancelAfter_;
    double poisonProbability_;
    double malformedProbability_;
    std::optional<WeightedIndex> prefixGroups_;
    LengthSampler prefixTokens_;
    double prefixProbability_ = 0;
    bool prefixAdded_ = true;
};

} // namespace penstock::sim

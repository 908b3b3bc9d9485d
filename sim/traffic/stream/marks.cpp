// SPDX-License-Identifier: Apache-2.0
// The draws behind each mark.
#include "sim/traffic/stream/marks.h"

#include <algorithm>
#include <cmath>

namespace penstock::sim {
namespace {

template <class T>
std::optional<WeightedIndex> indexOf(const std::vector<T>& items) {
    if (items.empty()) return std::nullopt;
    std::vector<double> weights;
    for (const T& item : items)
        weights.push_back(item.weight);
    return WeightedIndex(weights);
}

DrawnLengths drawnLengths(const TrafficSpec& spec) {
    const auto* drawn = std::get_if<DrawnLengths>(&spec.lengths);
    return drawn != nullptr ? *drawn : DrawnLengths{};
}

} // namespace

Marker::Marker(const TrafficSpec& spec, const DrawKey& source)
    : source_(source), lengths_(drawnLengths(spec).prompt, drawnLengths(spec).output,
                                drawnLengths(spec).rankCorrelation),
      maxTokens_(static_cast<std::uint32_t>(spec.maxTokens)), maxTokensAtom_(spec.maxTokensAtom),
      tenants_(indexOf(spec.tenants)), tiers_(indexOf(spec.tiers)),
      priorityIndex_(indexOf(spec.priorities)), labels_(indexOf(spec.labels)),
      cancelProbability_(spec.cancellation.probability), cancelAfter_(spec.cancellation.after),
      poisonProbability_(spec.poisonProbability), malformedProbability_(spec.malformedProbability) {
    if (spec.deadlineAfter) deadline_.emplace(*spec.deadlineAfter);
    for (const Tier& tier : spec.tiers)
        tierPriorities_.push_back(tier.priority);
    for (const PriorityChoice& p : spec.priorities) {
        priorities_.push_back(static_cast<std::int16_t>(p.priority));
    }
    if (spec.prefix) {
        std::vector<double> weights;
        for (int g = 0; g < static_cast<int>(spec.prefix->groups); ++g) {
            weights.push_back(std::pow(g + 1.0, -spec.prefix->zipfExponent));
        }
        prefixGroups_.emplace(weights);
        prefixTokens_ = LengthSampler(spec.prefix->tokens);
        prefixProbability_ = spec.prefix->probability;
        prefixAdded_ = spec.prefix->added;
    }
    plain_ = !deadline_ && !tenants_ && !tiers_ && !priorityIndex_ && !labels_ && !prefixGroups_ &&
             cancelProbability_ == 0 && poisonProbability_ == 0 && malformedProbability_ == 0;
}

void Marker::limitOutput(Arrival& arrival, const Identity& id) const {
    if (maxTokens_ == 0) return;
    arrival.maxTokens =
        arrival.maxTokens == 0 ? maxTokens_ : std::min(arrival.maxTokens, maxTokens_);
    arrival.outputTokens = std::min(arrival.outputTokens, arrival.maxTokens);
    if (maxTokensAtom_ > 0 && id.key.uniform(Purpose::maxTokensAtom, id.number) < maxTokensAtom_) {
        arrival.outputTokens = arrival.maxTokens;
    }
}

void Marker::markOwner(Arrival& arrival, const Identity& id, Given given) const {
    const DrawKey& key = id.ownerKey;
    const std::uint64_t n = id.ownerNumber;
    if (tenants_ && !given.tenant) {
        arrival.tenant = static_cast<std::uint16_t>(tenants_->at(key.uniform(Purpose::tenant, n)));
    }
    if (priorityIndex_ && !given.priority) {
        arrival.setPriority(priorities_[priorityIndex_->at(key.uniform(Purpose::priority, n))]);
    }
    if (tiers_) {
        if (!given.tier) {
            arrival.tier = static_cast<std::uint8_t>(tiers_->at(key.uniform(Purpose::tier, n)));
        }
        // A trace may bring tiers that the spec does not know.
        if (arrival.tier < tierPriorities_.size() && !given.priority) {
            const std::optional<int>& priority = tierPriorities_[arrival.tier];
            if (priority) arrival.setPriority(*priority);
        }
    }
    if (labels_) {
        arrival.label = static_cast<std::uint16_t>(labels_->at(key.uniform(Purpose::label, n)));
    }
    if (prefixGroups_ && arrival.prefixGroup == 0) {
        const UniformPair u = key.uniforms(Purpose::prefixGroup, n);
        if (u.first < prefixProbability_) {
            const std::uint32_t group = prefixGroups_->at(u.second);
            const std::uint32_t tokens = prefixTokens_.draw(source_, Purpose::prefixTokens, group);
            arrival.prefixGroup = group + 1;
            if (prefixAdded_) arrival.promptTokens += tokens;
            arrival.prefixTokens = std::min(tokens, arrival.promptTokens);
        }
    }
}

void Marker::markOwn(Arrival& arrival, const Identity& id) const {
    const DrawKey& key = id.key;
    const std::uint64_t n = id.number;
    if (deadline_ && arrival.deadlineNs == kNoTime) {
        arrival.deadlineNs = arrival.offsetNs + deadline_->ns(key, Purpose::deadline, n);
    }
    if (cancelProbability_ > 0 && key.uniform(Purpose::cancelled, n) < cancelProbability_) {
        arrival.cancelAfterNs = cancelAfter_.ns(key, Purpose::cancelAfter, n);
    }
    if (poisonProbability_ > 0 && key.uniform(Purpose::poison, n) < poisonProbability_) {
        arrival.flags |= Arrival::kPoison;
    }
    if (malformedProbability_ > 0 && key.uniform(Purpose::malformed, n) < malformedProbability_) {
        arrival.flags |= Arrival::kMalformed;
    }
}

} // namespace penstock::sim

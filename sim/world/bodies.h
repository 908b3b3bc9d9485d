// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the simulated world knows of a request and the engine must not: how many tokens it will
// really generate, what its prompt shares with others, when its sender loses patience. Kept a
// source in a window from the oldest living request to the newest, so that memory follows the
// backlog and not the length of a run.
#include "engine/types/check.h"
#include "sim/fleet/replica_types.h"
#include "sim/traffic/spec/arrival.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace penstock::sim {

struct Body {
    std::uint32_t promptTokens = 0;
    std::uint32_t outputTokens = 0;
    std::uint32_t user = 0;
    std::int16_t priority = 0;
    std::uint16_t tenant = 0;
    bool poison = false;
    bool ended = false;
};

// A request's number says its source and its place in it, the same whatever the policy.
constexpr std::uint64_t requestNumber(std::uint32_t source, std::uint64_t sequence) {
    return (static_cast<std::uint64_t>(source) << 40) | sequence;
}
constexpr std::uint32_t sourceOf(std::uint64_t number) {
    return static_cast<std::uint32_t>(number >> 40);
}
constexpr std::uint64_t sequenceOf(std::uint64_t number) {
    return number & ((std::uint64_t{1} << 40) - 1);
}

// A ring that grows to the longest backlog so far. What prompts share is kept apart: most have
// nothing to share, and every event of a request looks at its body.
class BodyWindow {
  public:
    // Appends and returns its sequence number, counting from 0. Of prefix.hashes a copy is kept.
    std::uint64_t add(const Body& body, const PrefixInfo& prefix) {
        if (size_ == bodies_.size()) grow();
        const std::size_t place = placeOf(first_ + size_);
        bodies_[place] = body;
        const bool shares = prefix.hashCount > 0 || prefix.groups[0].tokens > 0;
        if (shares && shared_.empty()) shared_.resize(bodies_.size());
        if (!shared_.empty()) shared_[place] = Shared{prefix, nullptr};
        if (prefix.hashCount > 0) {
            Shared& shared = shared_[place];
            const auto count = static_cast<std::size_t>(prefix.hashCount);
            shared.hashes = std::make_unique<std::uint64_t[]>(count);
            std::copy_n(prefix.hashes, count, shared.hashes.get());
            shared.prefix.hashes = shared.hashes.get();
        }
        ++living_;
        return first_ + size_++;
    }
    Body& at(std::uint64_t sequence) {
        PENSTOCK_CHECK(sequence >= first_ && sequence - first_ < size_);
        return bodies_[placeOf(sequence)];
    }
    PrefixInfo prefix(std::uint64_t sequence) const {
        return shared_.empty() ? PrefixInfo{} : shared_[placeOf(sequence)].prefix;
    }
    void end(std::uint64_t sequence) {
        at(sequence).ended = true;
        --living_;
        if (!shared_.empty()) shared_[placeOf(sequence)].hashes.reset();
        while (size_ > 0 && bodies_[placeOf(first_)].ended) {
            ++first_;
            --size_;
        }
    }
    // Added and not ended.
    std::size_t living() const { return living_; }

  private:
    struct Shared {
        PrefixInfo prefix;
        std::unique_ptr<std::uint64_t[]> hashes; // what prefix.hashes points to, if it has any
    };
    std::size_t placeOf(std::uint64_t sequence) const { return sequence & (bodies_.size() - 1); }
    void grow() {
        const std::size_t size = bodies_.empty() ? 64 : 2 * bodies_.size();
        std::vector<Body> bodies(size);
        std::vector<Shared> shared(shared_.empty() ? 0 : size);
        for (std::uint64_t s = first_; s < first_ + size_; ++s) {
            bodies[s & (size - 1)] = bodies_[placeOf(s)];
            if (!shared.empty()) shared[s & (size - 1)] = std::move(shared_[placeOf(s)]);
        }
        bodies_.swap(bodies);
        shared_.swap(shared);
    }

    std::vector<Body> bodies_;   // a power of two
    std::vector<Shared> shared_; // as many, or none so far
    std::uint64_t first_ = 0;
    std::size_t size_ = 0; // from the oldest living one to the newest
    std::size_t living_ = 0;
};

} // namespace penstock::sim

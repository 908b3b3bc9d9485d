// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the simulated world knows of a request and the engine must not: how many tokens it will
// really generate, what its prompt shares with others, when its sender loses patience. Kept a source
// in a window from the oldest living request to the newest, so that memory follows the backlog and
// not the length of a run.
#include "engine/types/check.h"
#include "sim/fleet/replica_types.h"
#include "sim/traffic/arrival.h"

#include <cstdint>
#include <deque>
#include <memory>

namespace penstock::sim {

struct Body {
    PrefixInfo prefix;
    std::unique_ptr<std::uint64_t[]> hashes; // what prefix.hashes points to, of traces that have them
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

class BodyWindow {
  public:
    // Appends and returns its sequence number, counting from 0.
    std::uint64_t add(Body body) {
        bodies_.push_back(std::move(body));
        return first_ + bodies_.size() - 1;
    }
    Body& at(std::uint64_t sequence) {
        PENSTOCK_CHECK(sequence >= first_ && sequence - first_ < bodies_.size());
        return bodies_[sequence - first_];
    }
    void end(std::uint64_t sequence) {
        Body& body = at(sequence);
        body.ended = true;
        body.hashes.reset();
        while (!bodies_.empty() && bodies_.front().ended) {
            bodies_.pop_front();
            ++first_;
        }
    }
    std::size_t living() const { return bodies_.size(); }

  private:
    std::deque<Body> bodies_;
    std::uint64_t first_ = 0;
};

} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Replica, part 5: what its sequences hold, counted one by one. The running sums that make a step
// cost O(1) must agree with it at every instant; each report of a run checks that they do. Included
// by replica.h, which declares it.
#include "sim/fleet/replica.h"

#include <algorithm>
#include <vector>

namespace penstock::sim {

template <class Store>
Holdings Replica<Store>::holdings(std::int64_t t) const {
    std::int64_t steps = steps_;
    if (phase_ == Phase::decodeRun) {
        const std::int64_t k = run_.stepsOverAt(t);
        steps += k < runSteps_ ? k : runSteps_ - 1; // as observe() has it
    }
    Holdings held;
    std::vector<std::int32_t> pieces; // of the prefix cache, one entry a holder
    for (std::int32_t slot = 0; slot < slotsMade_; ++slot) {
        const Slot& s = slots_[slot];
        if (s.state == State::unused) continue;
        const std::int64_t produced = producedOf(s, steps);
        held.generatedTokens += produced;
        if (produced > 0) held.promptTokens += s.prompt;
        if (s.state == State::inApi || s.state == State::waiting) continue;
        const bool decoding = s.state == State::decode;
        const std::int64_t context = decoding ? s.prompt + produced - 1 : s.computed;
        held.contextTokens += context;
        // A decoder has the block that the step in progress writes to.
        held.kvBlocks += decoding ? growth_.blocksFor(context + 1) : s.blocks;
        if (!config_.prefixCache) continue;
        held.kvBlocks -= static_cast<std::int64_t>(rest_[slot].units) * config_.cacheUnitBlocks;
        for (std::int32_t p = rest_[slot].lastPiece; p >= 0; p = cache_.held(p).parent) {
            pieces.push_back(p);
        }
    }
    std::sort(pieces.begin(), pieces.end());
    for (auto first = pieces.begin(); first != pieces.end();) {
        const auto end = std::upper_bound(first, pieces.end(), *first);
        const auto piece = cache_.held(*first);
        PENSTOCK_CHECK(piece.holders == end - first);
        held.kvBlocks += piece.blocks;
        first = end;
    }
    return held;
}

} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Replica, part 2: KV blocks, with and without a prefix cache. Included by replica.h, which
// declares it.
#include "sim/fleet/replica.h"

namespace penstock::sim {

template <class Store>
PENSTOCK_HD void Replica<Store>::takeBlocks(std::int64_t n) {
    if (n == 0) return;
    if (config_.prefixCache) cache_.take(n);
    used_ += n;
    PENSTOCK_CHECK(used_ <= config_.kvBlocks);
}

// Makes the blocks of the first `tokens` tokens findable, as far as their hashes are known.
template <class Store>
PENSTOCK_HD void Replica<Store>::nameUnits(std::int32_t slot, std::int64_t tokens) {
    const PrefixInfo& prefix = prefixes_[slot];
    const std::int64_t full = tokens / unitTokens_;
    const std::int64_t known = hashUnits(prefix, unitTokens_);
    const std::int32_t upTo = static_cast<std::int32_t>(full < known ? full : known);
    for (std::int32_t unit = slots_[slot].units; unit < upTo; ++unit) {
        const std::uint64_t hash = hashOfUnit(prefix, unit, unitTokens_);
        if (cache_.contains(hash)) {
            // Somebody computed the same meanwhile: keep theirs, give ours back.
            if (cache_.acquire(hash)) used_ += config_.cacheUnitBlocks;
            cache_.freeAnonymous(config_.cacheUnitBlocks);
            used_ -= config_.cacheUnitBlocks;
        } else {
            cache_.insert(hash);
        }
        slots_[slot].units = unit + 1;
    }
}

// Gives back the `blocks` blocks of a sequence, of whose tokens `tokens` are in the cache.
template <class Store>
PENSTOCK_HD void Replica<Store>::releaseBlocks(std::int32_t slot, std::int64_t tokens,
                                               std::int64_t blocks) {
    if (!config_.prefixCache) {
        used_ -= blocks;
    } else {
        nameUnits(slot, tokens);
        // The end of a sequence is forgotten before its beginning, so it is freed first.
        const std::int32_t units = slots_[slot].units;
        const std::int64_t anonymous =
            blocks - static_cast<std::int64_t>(units) * config_.cacheUnitBlocks;
        PENSTOCK_CHECK(anonymous >= 0);
        cache_.freeAnonymous(anonymous);
        used_ -= anonymous;
        for (std::int32_t unit = units - 1; unit >= 0; --unit) {
            if (cache_.release(hashOfUnit(prefixes_[slot], unit, unitTokens_))) {
                used_ -= config_.cacheUnitBlocks;
            }
        }
        slots_[slot].units = 0;
        PENSTOCK_CHECK(used_ + cache_.freeBlocks() == config_.kvBlocks);
    }
    PENSTOCK_CHECK(used_ >= 0);
}

// How many units of a prompt need not be computed; at least one token must be, for its output.
template <class Store>
PENSTOCK_HD std::int32_t Replica<Store>::cachedUnits(std::int32_t slot, std::int64_t target,
                                                     std::int32_t& resting) const {
    resting = 0;
    if (!config_.prefixCache) return 0;
    const std::int64_t most = (target - 1) / unitTokens_;
    const std::int64_t known = hashUnits(prefixes_[slot], unitTokens_);
    return cache_.lookUp(prefixes_[slot], static_cast<std::int32_t>(most < known ? most : known),
                         unitTokens_, resting);
}

template <class Store>
PENSTOCK_HD std::int64_t Replica<Store>::cachedTokens(const Sequence& sequence) const {
    if (!config_.prefixCache) return 0;
    const std::int64_t most = (sequence.promptTokens - 1) / unitTokens_;
    const std::int64_t known = hashUnits(sequence.prefix, unitTokens_);
    std::int32_t resting = 0;
    return static_cast<std::int64_t>(unitTokens_) *
           cache_.lookUp(sequence.prefix, static_cast<std::int32_t>(most < known ? most : known),
                         unitTokens_, resting);
}

} // namespace penstock::sim

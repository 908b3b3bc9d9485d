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
    Rest& s = rest_[slot];
    const PrefixInfo& prefix = s.prefix;
    const std::int64_t full = tokens / unitTokens_;
    const std::int64_t known = hashUnits(prefix, unitTokens_);
    const std::int32_t upTo = static_cast<std::int32_t>(full < known ? full : known);
    while (s.units < upTo) {
        const ChainUnits units = chainUnits(prefix, s.units, unitTokens_);
        const std::int32_t count = units.count < upTo - s.units ? units.count : upTo - s.units;
        const auto naming = cache_.name(s.lastPiece, units, count);
        if (naming.result == PrefixCache<Store>::Named::not_) return;
        if (naming.result == PrefixCache<Store>::Named::asTheirs) {
            const std::int64_t ours =
                static_cast<std::int64_t>(naming.units) * config_.cacheUnitBlocks;
            cache_.freeAnonymous(ours);
            used_ += naming.woken - ours;
        }
        s.units += naming.units;
        s.lastPiece = naming.last;
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
        Rest& s = rest_[slot];
        const std::int64_t anonymous =
            blocks - static_cast<std::int64_t>(s.units) * config_.cacheUnitBlocks;
        PENSTOCK_CHECK(anonymous >= 0);
        cache_.freeAnonymous(anonymous);
        used_ -= anonymous + cache_.release(s.lastPiece);
        s.units = 0;
        s.lastPiece = -1;
        PENSTOCK_CHECK(used_ + cache_.freeBlocks() == config_.kvBlocks);
    }
    PENSTOCK_CHECK(used_ >= 0);
}

// The units of a prompt that need not be computed; at least one token must be, for its output.
template <class Store>
PENSTOCK_HD typename PrefixCache<Store>::Found
Replica<Store>::cachedUnits(const PrefixInfo& prefix, std::int64_t target) const {
    const std::int64_t most = (target - 1) / unitTokens_;
    const std::int64_t known = hashUnits(prefix, unitTokens_);
    return cache_.lookUp(prefix, static_cast<std::int32_t>(most < known ? most : known),
                         unitTokens_);
}

template <class Store>
PENSTOCK_HD std::int64_t Replica<Store>::cachedTokens(const Sequence& sequence) const {
    if (!config_.prefixCache) return 0;
    return static_cast<std::int64_t>(unitTokens_) *
           cachedUnits(sequence.prefix, sequence.promptTokens).units;
}

} // namespace penstock::sim

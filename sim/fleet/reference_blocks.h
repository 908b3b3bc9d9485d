// SPDX-License-Identifier: Apache-2.0
#pragma once

// KV memory for the reference replica, block by block: every block has a number and is either held
// or somewhere in the free queue. As simple as it can be written; prefix_cache.h must equal it.
// Host only; throws nothing; slow.
#include "engine/types/check.h"

#include <algorithm>
#include <cstdint>
#include <list>
#include <map>
#include <vector>

namespace penstock::sim {

class ReferenceBlocks {
  public:
    ReferenceBlocks(std::int64_t blocks, int unitBlocks)
        : unitBlocks_(unitBlocks), unitOf_(static_cast<std::size_t>(blocks)) {
        for (std::int64_t b = 0; b < blocks; ++b)
            free_.push_back(static_cast<int>(b));
    }

    std::int64_t free() const { return static_cast<std::int64_t>(free_.size()); }
    // A hash stands for everything before it too: the same hash after another unit is no match.
    bool contains(std::uint64_t hash, std::uint64_t parent) const {
        const auto unit = units_.find(hash);
        return unit != units_.end() && unit->second.parent == parent;
    }
    bool taken(std::uint64_t hash) const { return units_.count(hash) > 0; }
    bool resting(std::uint64_t hash) const { return units_.at(hash).holders == 0; }

    int take() {
        PENSTOCK_CHECK(!free_.empty());
        const int block = free_.front();
        free_.pop_front();
        // Part of a cached unit: the unit can no longer be reused.
        if (const Name name = unitOf_[static_cast<std::size_t>(block)]; name.known) {
            const std::vector<int> parts = units_.at(name.hash).blocks;
            for (const int part : parts)
                unitOf_[static_cast<std::size_t>(part)] = Name{};
            units_.erase(name.hash);
        }
        return block;
    }

    void giveBack(int block) { free_.push_back(block); }

    void acquire(std::uint64_t hash) {
        Unit& unit = units_.at(hash);
        if (unit.holders++ > 0) return;
        for (const int block : unit.blocks)
            free_.remove(block);
    }

    void release(std::uint64_t hash) {
        Unit& unit = units_.at(hash);
        if (--unit.holders > 0) return;
        for (const int block : unit.blocks)
            free_.push_back(block);
    }

    // The first blocks of `mine` become the unit, held once.
    void name(std::uint64_t hash, std::uint64_t parent, std::vector<int>& mine) {
        Unit unit;
        unit.parent = parent;
        unit.holders = 1;
        unit.blocks.assign(mine.begin(), mine.begin() + unitBlocks_);
        mine.erase(mine.begin(), mine.begin() + unitBlocks_);
        for (const int block : unit.blocks) {
            unitOf_[static_cast<std::size_t>(block)] = Name{true, hash};
        }
        units_[hash] = unit;
    }

  private:
    struct Unit {
        std::vector<int> blocks;
        std::uint64_t parent = 0;
        int holders = 0;
    };
    struct Name {
        bool known = false;
        std::uint64_t hash = 0;
    };
    int unitBlocks_;
    std::list<int> free_;
    std::map<std::uint64_t, Unit> units_;
    std::vector<Name> unitOf_;
};

} // namespace penstock::sim

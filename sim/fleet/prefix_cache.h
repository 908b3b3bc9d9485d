// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which KV blocks can be reused: vLLM's block pool. Every block is either held by sequences or in
// the free queue; a freed block keeps its contents, findable by its hash, until it comes to the
// front of the queue and is taken for something else (LRU). Blocks without a hash are anonymous;
// neighbours in the queue are kept as one entry with a count, so that a sequence's private blocks
// cost O(1). Hashes stand for units of `unitBlocks` blocks, and form chains: a hash stands for
// everything before it too, so a unit has one parent. Whoever holds a unit holds its parents, and
// frees them after it; so a parent is never forgotten before its children, and a chain can be
// walked from its end without looking anything up.
#include "sim/fleet/replica_types.h"

#include <cstdint>

namespace penstock::sim {

template <class Store>
class PrefixCache {
  public:
    // Everything free, anonymous. Allocates all it will ever need in proportion to blocks / unit.
    PENSTOCK_HD void reset(std::int64_t blocks, std::int32_t unitBlocks) {
        PENSTOCK_CHECK(blocks / unitBlocks <= kMaxCachedUnits);
        unitBlocks_ = unitBlocks;
        std::int32_t size = 16;
        while (size < 2 * (blocks / unitBlocks + 1))
            size *= 2;
        PENSTOCK_CHECK(table_.reserve(size));
        tableMask_ = size - 1;
        for (tableShift_ = 32; size > 1; size /= 2)
            --tableShift_;
        for (std::int32_t i = 0; i <= tableMask_; ++i)
            table_[i] = Entry{};
        nodesMade_ = 0;
        spare_ = head_ = tail_ = -1;
        freeBlocks_ = 0;
        freeAnonymous(blocks);
    }

    // The beginning of a prompt that is here. The last unit leads to all before it.
    struct Found {
        std::int32_t units = 0;
        std::int32_t resting = 0; // nobody holds them: they count as free until acquired
        std::int32_t last = -1;
    };

    // Follows a chain of hashes for at most `limit` units.
    PENSTOCK_HD Found lookUp(const PrefixInfo& prefix, std::int32_t limit,
                             std::int32_t unitTokens) const {
        Found found;
        while (found.units < limit) {
            const std::int32_t node = find(hashOfUnit(prefix, found.units, unitTokens));
            if (node < 0 || nodes_[node].parent != found.last) break;
            if (nodes_[node].holders == 0) ++found.resting;
            found.last = node;
            ++found.units;
        }
        return found;
    }

    // One more holder of a unit and all before it. How many blocks are no longer free.
    PENSTOCK_HD std::int64_t acquire(std::int32_t last) {
        std::int64_t woken = 0;
        for (std::int32_t node = last; node >= 0; node = nodes_[node].parent) {
            woken += acquireOne(node);
        }
        return woken;
    }

    // One holder fewer of a unit and all before it, which rest at the back of the queue if it was
    // their last one, the end of the chain in front of its beginning. How many blocks became free.
    PENSTOCK_HD std::int64_t release(std::int32_t last) {
        std::int64_t freed = 0;
        for (std::int32_t node = last; node >= 0; node = nodes_[node].parent) {
            PENSTOCK_CHECK(nodes_[node].holders > 0);
            if (--nodes_[node].holders > 0) continue;
            pushBack(node);
            freed += unitBlocks_;
        }
        freeBlocks_ += freed;
        return freed;
    }

    // What became of a unit that a holder of its parent has computed.
    enum class Named : std::uint8_t {
        asOurs,   // the holder's own blocks now carry this name
        asTheirs, // somebody had computed it: `woken` of those blocks were free
        not_,     // the name is in use for something else (not a chain): leave it anonymous
    };
    struct Naming {
        Named result;
        std::int32_t node;
        std::int64_t woken;
    };

    // Gives a held unit after `parent` (-1: the first) its name; the caller holds it from now on.
    PENSTOCK_HD Naming name(std::int32_t parent, std::uint64_t hash) {
        const std::uint32_t tag = tagOf(hash);
        std::int32_t at = home(tag);
        for (; table_[at].node >= 0; at = (at + 1) & tableMask_) {
            const std::int32_t node = table_[at].node;
            if (table_[at].tag != tag || nodes_[node].hash != hash) continue;
            if (nodes_[node].parent != parent) return {Named::not_, -1, 0};
            return {Named::asTheirs, node, acquireOne(node)};
        }
        const std::int32_t node = makeNode();
        nodes_[node] = Node{hash, -1, -1, parent, 1, 0};
        table_[at] = Entry{tag, node};
        return {Named::asOurs, node, 0};
    }

    // Takes n blocks from the front of the queue; what was cached there is forgotten.
    PENSTOCK_HD void take(std::int64_t n) {
        PENSTOCK_CHECK(n <= freeBlocks_);
        freeBlocks_ -= n;
        while (n > 0) {
            Node& front = nodes_[head_];
            if (front.anonymous == 0) {
                forget(head_);
                front.anonymous = unitBlocks_;
            }
            const std::int64_t used = front.anonymous < n ? front.anonymous : n;
            front.anonymous -= used;
            n -= used;
            if (front.anonymous > 0) continue;
            const std::int32_t empty = head_;
            unlink(empty);
            nodes_[empty].next = spare_;
            spare_ = empty;
        }
    }

    // Puts n blocks without a name at the back of the queue.
    PENSTOCK_HD void freeAnonymous(std::int64_t n) {
        if (n == 0) return;
        freeBlocks_ += n;
        if (tail_ >= 0 && nodes_[tail_].anonymous > 0) {
            nodes_[tail_].anonymous += n;
            return;
        }
        const std::int32_t node = makeNode();
        nodes_[node] = Node{0, -1, -1, -1, 0, n};
        pushBack(node);
    }

    PENSTOCK_HD std::int64_t freeBlocks() const { return freeBlocks_; }

  private:
    struct Node {
        std::uint64_t hash = 0;
        std::int32_t previous = -1; // in the free queue
        std::int32_t next = -1;
        std::int32_t parent = -1; // the unit before; outlives this one
        std::int32_t holders = 0;
        std::int64_t anonymous = 0; // blocks of an anonymous entry; 0 for a cached unit
    };

    PENSTOCK_HD std::int64_t acquireOne(std::int32_t node) {
        if (nodes_[node].holders++ > 0) return 0;
        unlink(node);
        freeBlocks_ -= unitBlocks_;
        return unitBlocks_;
    }

    // Open addressing. An entry carries enough of the hash to be told from others, and to be moved,
    // without looking at its node, which would be another cache miss.
    struct Entry {
        std::uint32_t tag = 0;
        std::int32_t node = -1;
    };
    // Fibonacci hashing: hashes of traces are often small whole numbers.
    PENSTOCK_HD static std::uint32_t tagOf(std::uint64_t hash) {
        return static_cast<std::uint32_t>((hash * 0x9e3779b97f4a7c15ULL) >> 32);
    }
    PENSTOCK_HD std::int32_t home(std::uint32_t tag) const {
        return static_cast<std::int32_t>(tag >> tableShift_);
    }

    PENSTOCK_HD std::int32_t find(std::uint64_t hash) const {
        const std::uint32_t tag = tagOf(hash);
        for (std::int32_t at = home(tag); table_[at].node >= 0; at = (at + 1) & tableMask_) {
            if (table_[at].tag == tag && nodes_[table_[at].node].hash == hash) {
                return table_[at].node;
            }
        }
        return -1;
    }

    // Linear probing with backward shift, so that there are no tombstones to gather.
    PENSTOCK_HD void forget(std::int32_t node) {
        std::int32_t hole = home(tagOf(nodes_[node].hash));
        while (table_[hole].node != node)
            hole = (hole + 1) & tableMask_;
        std::int32_t at = hole;
        while (true) {
            at = (at + 1) & tableMask_;
            if (table_[at].node < 0) break;
            if (((at - home(table_[at].tag)) & tableMask_) < ((at - hole) & tableMask_)) continue;
            table_[hole] = table_[at];
            hole = at;
        }
        table_[hole] = Entry{};
    }

    PENSTOCK_HD std::int32_t makeNode() {
        if (spare_ >= 0) {
            const std::int32_t node = spare_;
            spare_ = nodes_[node].next;
            return node;
        }
        PENSTOCK_CHECK(nodes_.reserve(nodesMade_ + 1));
        return nodesMade_++;
    }

    PENSTOCK_HD void pushBack(std::int32_t node) {
        nodes_[node].previous = tail_;
        nodes_[node].next = -1;
        if (tail_ >= 0) {
            nodes_[tail_].next = node;
        } else {
            head_ = node;
        }
        tail_ = node;
    }

    PENSTOCK_HD void unlink(std::int32_t node) {
        const std::int32_t previous = nodes_[node].previous, next = nodes_[node].next;
        if (previous >= 0) {
            nodes_[previous].next = next;
        } else {
            head_ = next;
        }
        if (next >= 0) {
            nodes_[next].previous = previous;
        } else {
            tail_ = previous;
        }
    }

    typename Store::template Array<Node> nodes_;
    typename Store::template Array<Entry> table_;
    std::int32_t tableMask_ = 0;
    std::int32_t tableShift_ = 32;
    std::int32_t unitBlocks_ = 1;
    std::int32_t nodesMade_ = 0;
    std::int32_t spare_ = -1;
    std::int32_t head_ = -1;
    std::int32_t tail_ = -1;
    std::int64_t freeBlocks_ = 0;
};

} // namespace penstock::sim

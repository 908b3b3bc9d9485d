// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which KV blocks can be reused: vLLM's block pool. Every block is either held by sequences or in
// the free queue; a freed block keeps its contents, findable by its hash, until it comes to the
// front of the queue and is taken for something else (LRU). Blocks without a hash are anonymous;
// neighbours in the queue are kept as one entry with a count, so that a sequence's private blocks
// cost O(1). Hashes stand for units of `unitBlocks` blocks, and form chains: a hash stands for
// everything before it too, so a unit has one parent. A holder of a unit holds its parents, and
// frees them after it; so a parent is never forgotten before its children, and a chain can be
// walked from its end without looking anything up.
//
// Units that came together stay together: a piece is a run of units, each the parent of the next,
// with the same holders, or at one place of the free queue (its end in front of its beginning). A
// piece is cut where a sequence holds, or a chain branches off, only a part of it; so a sequence
// holds whole pieces, and a request costs a few of them instead of a step a unit. The answers are
// those of a pool that knows single blocks (reference_blocks.h).
#include "sim/fleet/replica_types.h"

#include <cstdint>

namespace penstock::sim {

template <class Store>
class PrefixCache {
  public:
    // Everything free, anonymous.
    PENSTOCK_HD void reset(std::int64_t blocks, std::int32_t unitBlocks) {
        PENSTOCK_CHECK(blocks / unitBlocks <= kMaxCachedUnits);
        unitBlocks_ = unitBlocks;
        nodesMade_ = 0;
        chains_ = 0;
        makeTable(kSmallestTable);
        spare_ = head_ = tail_ = -1;
        freeBlocks_ = loose_ = 0;
        freeAnonymous(blocks);
    }

    // The beginning of a prompt that is here: so many units, the last of them in the first
    // `ofLast` units of piece `last`.
    struct Found {
        std::int32_t units = 0;
        std::int32_t resting = 0; // none holds them: they count as free until acquired
        std::int32_t last = -1;
        std::int32_t ofLast = 0;
    };

    // Follows a prompt's hashes for at most `limit` units.
    PENSTOCK_HD Found lookUp(const PrefixInfo& prefix, std::int32_t limit,
                             std::int32_t unitTokens) const {
        Found found;
        while (found.units < limit) {
            const ChainUnits wanted = chainUnits(prefix, found.units, unitTokens);
            const std::int32_t piece = find(wanted.chain, wanted.index);
            if (piece < 0 || nodes_[piece].low != wanted.index) break;
            const Node& node = nodes_[piece];
            // It continues what we have only if that is all of its parent.
            if (node.parent != found.last) break;
            if (found.last >= 0 && found.ofLast != length(nodes_[found.last])) break;
            std::int32_t units = length(node);
            if (units > wanted.count) units = wanted.count;
            if (units > limit - found.units) units = limit - found.units;
            if (node.holders == 0) found.resting += units;
            found.units += units;
            found.last = piece;
            found.ofLast = units;
        }
        return found;
    }

    // What a new holder has now: the piece that ends with its last unit, and how many blocks are no
    // longer free.
    struct Acquired {
        std::int32_t last;
        std::int64_t woken;
    };
    // One more holder of what was found, by the latest lookUp().
    PENSTOCK_HD Acquired acquire(const Found& found) {
        Acquired acquired{found.last, 0};
        if (found.last >= 0 && found.ofLast < length(nodes_[found.last])) {
            acquired.last = cut(found.last, found.ofLast);
        }
        for (std::int32_t piece = acquired.last; piece >= 0; piece = nodes_[piece].parent) {
            acquired.woken += acquireOne(piece);
        }
        return acquired;
    }

    // One holder fewer of a piece and all before it, which rest at the back of the queue if it was
    // their last one, the end of the chain in front of its beginning. How many blocks became free.
    PENSTOCK_HD std::int64_t release(std::int32_t last) {
        std::int64_t freed = 0;
        std::int32_t before = -1;
        for (std::int32_t piece = last; piece >= 0;) {
            Node& node = nodes_[piece];
            const std::int32_t parent = node.parent;
            PENSTOCK_CHECK(node.holders > 0);
            if (--node.holders == 0) {
                freed += blocksOf(node);
                if (before >= 0 && node.children == 1 && nodes_[before].chain == node.chain &&
                    nodes_[before].low == node.high) {
                    joinInto(before, piece); // its only child is in front of it: one again
                } else {
                    pushBack(piece);
                    before = piece;
                }
            }
            piece = parent;
        }
        freeBlocks_ += freed;
        return freed;
    }

    // What became of units that a holder of their parent has computed.
    enum class Named : std::uint8_t {
        asOurs,   // the holder's own blocks now carry this name
        asTheirs, // another had computed them: `woken` of those blocks were free
        not_,     // the name is in use for something else (not a chain): leave it anonymous
    };
    struct Naming {
        Named result;
        std::int32_t last;  // the piece that ends with the last of them
        std::int32_t units; // how many, at least 1 unless not_
        std::int64_t woken;
    };

    // Gives held units after the end of piece `parent` (-1: the first ones) their names, as many of
    // `count` as have the same fate; the caller holds them from now on.
    PENSTOCK_HD Naming name(std::int32_t parent, const ChainUnits& units, std::int32_t count) {
        std::int32_t end = units.index + count;
        const std::int32_t first = firstOf(units.chain);
        for (std::int32_t piece = first; piece >= 0; piece = nodes_[piece].nextOfChain) {
            const Node& node = nodes_[piece];
            if (node.low > units.index && node.low < end) end = node.low;
            if (units.index < node.low || units.index >= node.high) continue;
            if (node.low != units.index || node.parent != parent) return {Named::not_, -1, 0, 0};
            const std::int32_t known = length(node) < count ? length(node) : count;
            const std::int32_t ours = known < length(node) ? cut(piece, known) : piece;
            return {Named::asTheirs, ours, known, acquireOne(ours)};
        }
        const std::int32_t made = end - units.index;
        if (parent >= 0) {
            Node& node = nodes_[parent];
            if (node.chain == units.chain && node.high == units.index && node.holders == 1 &&
                node.children == 0) {
                node.high = end;
                return {Named::asOurs, parent, made, 0};
            }
            ++node.children;
        }
        const std::int32_t piece = makeNode();
        Node& node = nodes_[piece];
        node.chain = units.chain;
        node.low = units.index;
        node.high = end;
        node.parent = parent;
        node.holders = 1;
        enterChain(piece, first);
        return {Named::asOurs, piece, made, 0};
    }

    // Takes n blocks from the front of the queue; what was cached there is forgotten.
    PENSTOCK_HD void take(std::int64_t n) {
        PENSTOCK_CHECK(n <= freeBlocks_);
        freeBlocks_ -= n;
        const std::int64_t used = loose_ < n ? loose_ : n;
        loose_ -= used;
        n -= used;
        while (n > 0) {
            const std::int32_t front = head_;
            Node& node = nodes_[front];
            if (node.anonymous > n) {
                node.anonymous -= n;
                return;
            }
            if (node.anonymous > 0) {
                n -= node.anonymous;
            } else {
                const std::int64_t wanted = (n + unitBlocks_ - 1) / unitBlocks_;
                const std::int32_t units =
                    wanted < length(node) ? static_cast<std::int32_t>(wanted) : length(node);
                node.high -= units;
                const std::int64_t got = static_cast<std::int64_t>(units) * unitBlocks_;
                if (got > n) loose_ = got - n;
                n -= got;
                if (node.low < node.high) return;
                PENSTOCK_CHECK(node.children == 0);
                if (node.parent >= 0) --nodes_[node.parent].children;
                leaveChain(front);
            }
            unlink(front);
            dropNode(front);
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
        nodes_[node].anonymous = n;
        pushBack(node);
    }

    PENSTOCK_HD std::int64_t freeBlocks() const { return freeBlocks_; }

    // A held piece, for counting: its holder holds its parent too (-1: none).
    struct Held {
        std::int32_t parent;
        std::int32_t holders;
        std::int64_t blocks;
    };
    PENSTOCK_HD Held held(std::int32_t piece) const {
        const Node& node = nodes_[piece];
        return {node.parent, node.holders, blocksOf(node)};
    }

  private:
    static constexpr std::int32_t kSmallestTable = 16;

    // A piece, or an entry of anonymous blocks in the queue.
    struct Node {
        std::uint64_t chain = 0;
        std::int32_t low = 0; // units low..high-1 of the chain
        std::int32_t high = 0;
        std::int32_t parent = -1;  // the piece that ends with the unit before; outlives this one
        std::int32_t children = 0; // pieces whose parent this is
        std::int32_t holders = 0;
        std::int32_t older = -1; // in the free queue
        std::int32_t newer = -1;
        std::int32_t nextOfChain = -1; // of the chain
        std::int32_t previousOfChain = -1;
        std::int64_t anonymous = 0; // blocks of an anonymous entry; 0 for a piece
    };

    PENSTOCK_HD static std::int32_t length(const Node& node) { return node.high - node.low; }
    PENSTOCK_HD std::int64_t blocksOf(const Node& node) const {
        return static_cast<std::int64_t>(length(node)) * unitBlocks_;
    }

    PENSTOCK_HD std::int64_t acquireOne(std::int32_t piece) {
        if (nodes_[piece].holders++ > 0) return 0;
        unlink(piece);
        const std::int64_t woken = blocksOf(nodes_[piece]);
        freeBlocks_ -= woken;
        return woken;
    }

    // Makes the first `units` units a piece of their own, and returns it. The other part keeps the
    // number, for those who hold its end or come after it.
    PENSTOCK_HD std::int32_t cut(std::int32_t piece, std::int32_t units) {
        const std::int32_t front = makeNode();
        Node& back = nodes_[piece];
        Node& node = nodes_[front];
        node.chain = back.chain;
        node.low = back.low;
        node.high = back.low + units;
        node.parent = back.parent;
        node.children = 1;
        node.holders = back.holders;
        back.low = node.high;
        back.parent = front;
        node.previousOfChain = piece;
        node.nextOfChain = back.nextOfChain;
        if (back.nextOfChain >= 0) nodes_[back.nextOfChain].previousOfChain = front;
        back.nextOfChain = front;
        if (node.holders > 0) return front;
        node.older = piece;
        node.newer = back.newer;
        (back.newer >= 0 ? nodes_[back.newer].older : tail_) = front;
        back.newer = front;
        return front;
    }

    // The inverse, of two that none holds: `front`, not in the queue yet, is the parent of
    // `back`, the last in the queue.
    PENSTOCK_HD void joinInto(std::int32_t back, std::int32_t front) {
        nodes_[back].low = nodes_[front].low;
        nodes_[back].parent = nodes_[front].parent;
        leaveChain(front); // never the last of it
        dropNode(front);
    }

    // Chains by their number: open addressing over the first piece of each. An entry carries enough
    // of the number to be told from others, and to be moved, without looking at its node, which
    // would be another cache miss.
    struct Entry {
        std::uint32_t tag = 0;
        std::int32_t node = -1;
    };
    // Fibonacci hashing: hashes of traces are often small whole numbers.
    PENSTOCK_HD static std::uint32_t tagOf(std::uint64_t chain) {
        return static_cast<std::uint32_t>((chain * 0x9e3779b97f4a7c15ULL) >> 32);
    }
    PENSTOCK_HD std::int32_t home(std::uint32_t tag) const {
        return static_cast<std::int32_t>(tag >> tableShift_);
    }

    // The chain's place in the table, or the empty one where it would be.
    PENSTOCK_HD std::int32_t placeOf(std::uint64_t chain) const {
        const std::uint32_t tag = tagOf(chain);
        std::int32_t at = home(tag);
        while (table_[at].node >= 0 &&
               (table_[at].tag != tag || nodes_[table_[at].node].chain != chain)) {
            at = (at + 1) & tableMask_;
        }
        return at;
    }
    PENSTOCK_HD std::int32_t firstOf(std::uint64_t chain) const {
        return table_[placeOf(chain)].node;
    }
    PENSTOCK_HD std::int32_t find(std::uint64_t chain, std::int32_t index) const {
        std::int32_t piece = firstOf(chain);
        while (piece >= 0 && (index < nodes_[piece].low || index >= nodes_[piece].high)) {
            piece = nodes_[piece].nextOfChain;
        }
        return piece;
    }

    // `first`: the chain's first piece so far, or -1.
    PENSTOCK_HD void enterChain(std::int32_t piece, std::int32_t first) {
        if (first >= 0) {
            const std::int32_t second = nodes_[first].nextOfChain;
            nodes_[piece].previousOfChain = first;
            nodes_[piece].nextOfChain = second;
            nodes_[first].nextOfChain = piece;
            if (second >= 0) nodes_[second].previousOfChain = piece;
            return;
        }
        if (2 * ++chains_ > tableMask_) {
            makeTable(2 * (tableMask_ + 1)); // with the new piece in it
            return;
        }
        const std::uint64_t chain = nodes_[piece].chain;
        table_[placeOf(chain)] = Entry{tagOf(chain), piece};
    }

    PENSTOCK_HD void leaveChain(std::int32_t piece) {
        const std::int32_t previous = nodes_[piece].previousOfChain,
                           next = nodes_[piece].nextOfChain;
        if (next >= 0) nodes_[next].previousOfChain = previous;
        if (previous >= 0) {
            nodes_[previous].nextOfChain = next;
        } else if (next >= 0) {
            table_[placeOf(nodes_[piece].chain)].node = next;
        } else {
            forget(placeOf(nodes_[piece].chain));
        }
    }

    // Linear probing with backward shift, so that there are no tombstones to gather.
    PENSTOCK_HD void forget(std::int32_t hole) {
        --chains_;
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

    // Makes the table anew, of a power of two places, from what the nodes say.
    PENSTOCK_HD void makeTable(std::int32_t size) {
        PENSTOCK_CHECK(table_.reserve(size));
        tableMask_ = size - 1;
        for (tableShift_ = 32; size > 1; size /= 2)
            --tableShift_;
        for (std::int32_t i = 0; i <= tableMask_; ++i)
            table_[i] = Entry{};
        for (std::int32_t i = 0; i < nodesMade_; ++i) {
            if (nodes_[i].low == nodes_[i].high || nodes_[i].previousOfChain >= 0) continue;
            const std::uint32_t tag = tagOf(nodes_[i].chain);
            std::int32_t at = home(tag);
            while (table_[at].node >= 0)
                at = (at + 1) & tableMask_;
            table_[at] = Entry{tag, i};
        }
    }

    PENSTOCK_HD std::int32_t makeNode() {
        std::int32_t node = spare_;
        if (node >= 0) {
            spare_ = nodes_[node].nextOfChain;
        } else {
            PENSTOCK_CHECK(nodes_.reserve(nodesMade_ + 1));
            node = nodesMade_++;
        }
        nodes_[node] = Node{};
        return node;
    }

    PENSTOCK_HD void dropNode(std::int32_t node) {
        nodes_[node].low = nodes_[node].high = 0; // no piece
        nodes_[node].nextOfChain = spare_;
        spare_ = node;
    }

    PENSTOCK_HD void pushBack(std::int32_t node) {
        nodes_[node].older = tail_;
        nodes_[node].newer = -1;
        if (tail_ >= 0) {
            nodes_[tail_].newer = node;
        } else {
            head_ = node;
        }
        tail_ = node;
    }

    PENSTOCK_HD void unlink(std::int32_t node) {
        const std::int32_t older = nodes_[node].older, newer = nodes_[node].newer;
        if (older >= 0) {
            nodes_[older].newer = newer;
        } else {
            head_ = newer;
        }
        if (newer >= 0) {
            nodes_[newer].older = older;
        } else {
            tail_ = older;
        }
    }

    typename Store::template Array<Node> nodes_;
    typename Store::template Array<Entry> table_;
    std::int32_t tableMask_ = 0;
    std::int32_t tableShift_ = 32;
    std::int32_t chains_ = 0;
    std::int32_t unitBlocks_ = 1;
    std::int32_t nodesMade_ = 0;
    std::int32_t spare_ = -1;
    std::int32_t head_ = -1;
    std::int32_t tail_ = -1;
    std::int64_t loose_ = 0; // anonymous blocks in front of the queue, left of a forgotten unit
    std::int64_t freeBlocks_ = 0;
};

} // namespace penstock::sim

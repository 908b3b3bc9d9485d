// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the router believes to be in each endpoint's prefix cache: the prompts it sent there, as
// llm-d-router's approx-prefix-cache-producer keeps them (pkg/epp/framework/plugins/requestcontrol/
// dataproducer/approximateprefix, August 2026). A prompt is cut into blocks of 64 tokens, the last
// one partial, each named by a hash of all up to its end; an endpoint's list holds the blocks last
// sent to it, as many as it has KV blocks (of 16 tokens: the list remembers more than the cache can
// hold, and nothing of the output, and it never hears of an eviction). A prompt is looked up block
// by block until none has one; an endpoint's match is how many of those it has.
//
// The blocks of one conversation are sent together and in order, so they lie together in the list:
// an entry here is a run of blocks, and a request costs a few entries, not one a block. Blocks that
// no other prompt can share have no name, and a run of them is one number. The answers are those of
// the definition, block by block (tests/sim/world/prefix_index_test.cpp). Run thread only;
// allocates only when a run reaches new heights.
#include "sim/fleet/replica_types.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace penstock::sim {

class PrefixIndex {
  public:
    static constexpr std::int32_t kBlockTokens = 64; // smaller ones are raised to this
    static constexpr std::int32_t kMaxBlocks = 131072 / kBlockTokens; // the rest is not looked at

    struct Match {
        std::uint32_t endpoint = 0;
        std::int32_t blocks = 0; // >= 1
    };

    // `capacity` blocks are remembered of it, at least 1.
    void addEndpoint(std::int64_t capacity);

    // The endpoint came back empty: nothing is known of it.
    void forget(std::uint32_t endpoint);

    // Who was sent prompts that begin like this one; valid until the next call. `unitTokens`: what
    // one of prefix.hashes covers.
    const std::vector<Match>& match(std::int32_t promptTokens, const PrefixInfo& prefix,
                                    std::int32_t unitTokens);
    // The blocks of the prompt last given to match(), of which matches count.
    std::int32_t blocks() const { return blocks_; }
    // That prompt goes there.
    void record(std::uint32_t endpoint);

    // Blocks remembered of an endpoint.
    std::int64_t size(std::uint32_t endpoint) const { return lists_[endpoint].size; }

  private:
    static constexpr std::int32_t kNone = -1;

    // Blocks lo..hi-1 of the chain `key`, sent together to one endpoint. In two lists: of its
    // endpoint, by when it was sent, and of its chain, if it has a name.
    struct Run {
        std::uint64_t key = 0;
        std::int32_t lo = 0;
        std::int32_t hi = 0;
        std::uint32_t endpoint = 0;
        std::int32_t older = kNone;
        std::int32_t newer = kNone;
        std::int32_t previous = kNone; // of the chain
        std::int32_t next = kNone;
        bool named = false;
    };
    struct List {
        std::int32_t oldest = kNone;
        std::int32_t newest = kNone;
        std::int64_t size = 0;
        std::int64_t capacity = 1;
    };
    // A part of a prompt: blocks lo..hi-1 of one chain.
    struct Part {
        std::uint64_t key;
        std::int32_t lo;
        std::int32_t hi;
    };
    struct Chain {
        std::uint64_t key = 0;
        std::int32_t first = kNone; // an empty place of the table has none
    };

    void split(std::int32_t promptTokens, const PrefixInfo& prefix, std::int32_t unitTokens);
    void splitGroups(std::int32_t promptTokens, const PrefixInfo& prefix);
    void splitHashes(std::int32_t promptTokens, const PrefixInfo& prefix, std::int32_t unitTokens);
    bool matchPart(const Part& part);
    void recordPart(std::uint32_t endpoint, const Part& part);
    void recordUnnamed(std::uint32_t endpoint, std::int32_t count);
    void trim(List& list);

    std::int32_t newRun(std::uint32_t endpoint, std::int32_t lo, std::int32_t hi);
    void freeRun(std::int32_t run);
    void appendToList(std::int32_t run);
    void insertOlderThan(std::int32_t run, std::int32_t newer);
    void leaveList(std::int32_t run);
    void joinChain(std::int32_t run, std::uint64_t key);
    void leaveChain(std::int32_t run);

    std::size_t home(std::uint64_t key) const { return key >> shift_; }
    std::int32_t firstOf(std::uint64_t key) const;
    Chain& place(std::uint64_t key);
    void erase(std::uint64_t key);
    void grow();

    std::vector<List> lists_;
    std::vector<Run> runs_;
    std::int32_t freeRuns_ = kNone; // linked by `next`
    std::vector<Chain> table_;      // open addressing; keys are well mixed
    std::size_t chains_ = 0;
    std::int32_t shift_ = 64;

    std::vector<Part> parts_; // of the prompt at hand
    std::int32_t blocks_ = 0;
    std::int32_t unnamed_ = 0;
    std::vector<Match> matches_;
    std::vector<std::int32_t> matched_; // by endpoint
};

} // namespace penstock::sim

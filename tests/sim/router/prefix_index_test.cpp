// SPDX-License-Identifier: Apache-2.0
// Goal: the prefix index, which keeps runs of blocks, answers as llm-d-router's does, which keeps
// blocks. Method: that one written out block by block (a map from hash to servers, and an LRU list
// a server), fed with the same random prompts: shared beginnings, sessions whose turns repeat the
// ones before, and block hashes of traces, cut into 64-token blocks from their very tokens.
#include "sim/router/prefix_index.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <list>
#include <map>
#include <set>
#include <unordered_map>

namespace penstock::sim {
namespace {

// pkg/epp/framework/plugins/requestcontrol/dataproducer/approximateprefix/{indexer,plugin}.go
class BlockByBlock {
  public:
    explicit BlockByBlock(std::vector<std::int64_t> capacities) : lists_(capacities.size()) {
        for (std::size_t i = 0; i < capacities.size(); ++i)
            lists_[i].capacity = capacities[i];
    }
    std::map<std::uint32_t, std::int32_t> match(const std::vector<std::uint64_t>& hashes) const {
        std::map<std::uint32_t, std::int32_t> result;
        for (const std::uint64_t hash : hashes) {
            const auto found = servers_.find(hash);
            if (found == servers_.end()) break;
            for (const std::uint32_t server : found->second)
                ++result[server];
        }
        return result;
    }
    void record(std::uint32_t server, const std::vector<std::uint64_t>& hashes) {
        List& list = lists_[server];
        for (const std::uint64_t hash : hashes) {
            if (const auto known = list.where.find(hash); known != list.where.end()) {
                list.order.erase(known->second);
            }
            list.order.push_back(hash);
            list.where[hash] = std::prev(list.order.end());
            servers_[hash].insert(server);
            if (static_cast<std::int64_t>(list.order.size()) > list.capacity) dropOldest(server);
        }
    }
    void forget(std::uint32_t server) {
        while (!lists_[server].order.empty())
            dropOldest(server);
    }
    std::size_t size(std::uint32_t server) const { return lists_[server].order.size(); }

  private:
    struct List {
        std::list<std::uint64_t> order; // oldest first
        std::unordered_map<std::uint64_t, std::list<std::uint64_t>::iterator> where;
        std::int64_t capacity = 0;
    };
    void dropOldest(std::uint32_t server) {
        List& list = lists_[server];
        const std::uint64_t hash = list.order.front();
        list.order.pop_front();
        list.where.erase(hash);
        servers_[hash].erase(server);
        if (servers_[hash].empty()) servers_.erase(hash);
    }
    std::vector<List> lists_;
    std::map<std::uint64_t, std::set<std::uint32_t>> servers_;
};

struct Prompt {
    std::int32_t tokens = 1;
    PrefixInfo prefix;
    std::vector<std::uint64_t> hashes;
};

constexpr std::int32_t kUnit = 48; // tokens of a trace's hash, not a multiple of anything

// Every token as a number: equal where the prompts say that they are, else unique.
std::vector<std::uint64_t> tokensOf(const Prompt& prompt, std::uint64_t number) {
    std::vector<std::uint64_t> tokens;
    const auto& groups = prompt.prefix.groups;
    for (std::int32_t i = 0; i < prompt.tokens; ++i) {
        const auto at = static_cast<std::uint64_t>(i);
        const auto unit = static_cast<std::size_t>(i / kUnit);
        std::uint64_t token = mixBits(mixBits(number) ^ at) | 1;
        if (!prompt.hashes.empty()) {
            if (unit < prompt.hashes.size()) token = mixBits(prompt.hashes[unit] ^ at) & ~1ULL;
        } else if (i < groups[0].tokens) {
            token = mixBits(mixBits(groups[0].id + 77) ^ at) & ~1ULL;
        } else if (i < groups[0].tokens + groups[1].tokens) {
            token = mixBits(mixBits(mixBits(groups[0].id) ^ groups[1].id) ^ at) & ~1ULL;
        }
        tokens.push_back(token);
    }
    return tokens;
}

std::vector<std::uint64_t> blocksOf(const Prompt& prompt, std::uint64_t number) {
    std::vector<std::uint64_t> hashes;
    std::uint64_t hash = 12345;
    const std::vector<std::uint64_t> tokens = tokensOf(prompt, number);
    for (std::size_t i = 0; i < tokens.size(); ++i) {
        hash = mixBits(hash ^ tokens[i]);
        const bool full = (i + 1) % PrefixIndex::kBlockTokens == 0;
        if (!full && i + 1 < tokens.size()) continue;
        if (hashes.size() == static_cast<std::size_t>(PrefixIndex::kMaxBlocks)) break;
        hashes.push_back(hash);
    }
    return hashes;
}

Prompt randomPrompt() {
    Prompt prompt;
    prompt.tokens = *rc::gen::weightedOneOf<std::int32_t>(
        {{8, rc::gen::inRange(1, 700)}, {1, rc::gen::inRange(1, 5000)}});
    const int kind = *rc::gen::inRange(0, 8);
    if (kind == 0) return prompt; // nothing known
    if (kind < 3) {
        // One of a few texts, of which the beginning is used.
        const auto text = static_cast<std::uint64_t>(*rc::gen::inRange(1, 4));
        const int units = *rc::gen::inRange(1, 16);
        for (int u = 0; u < units; ++u) {
            prompt.hashes.push_back(1000 * text + static_cast<std::uint64_t>(u));
        }
        return prompt;
    }
    prompt.prefix.groups[0].id = static_cast<std::uint64_t>(*rc::gen::inRange(1, 4));
    prompt.prefix.groups[0].tokens = 100 * static_cast<std::int32_t>(prompt.prefix.groups[0].id);
    if (kind > 3) {
        prompt.prefix.groups[1].id = static_cast<std::uint64_t>(*rc::gen::inRange(1, 4));
        prompt.prefix.groups[1].tokens = *rc::gen::inRange(0, 1500);
    }
    return prompt;
}

RC_GTEST_PROP(PrefixIndex, answersAsOneThatKeepsBlocks, ()) {
    const int endpoints = *rc::gen::inRange(1, 5);
    PrefixIndex index;
    std::vector<std::int64_t> capacities;
    for (int i = 0; i < endpoints; ++i) {
        capacities.push_back(*rc::gen::inRange(1, 60));
        index.addEndpoint(capacities.back());
    }
    BlockByBlock reference(capacities);
    const int prompts = *rc::gen::inRange(1, 120);
    for (int n = 0; n < prompts; ++n) {
        Prompt prompt = randomPrompt();
        if (!prompt.hashes.empty()) {
            prompt.prefix.hashes = prompt.hashes.data();
            prompt.prefix.hashCount = static_cast<std::int32_t>(prompt.hashes.size());
        }
        const auto blocks = blocksOf(prompt, static_cast<std::uint64_t>(n));
        std::map<std::uint32_t, std::int32_t> found;
        for (const auto& m : index.match(prompt.tokens, prompt.prefix, kUnit)) {
            RC_ASSERT(found.emplace(m.endpoint, m.blocks).second);
        }
        RC_ASSERT(found == reference.match(blocks));
        RC_ASSERT(static_cast<std::size_t>(index.blocks()) == blocks.size());
        const auto to = static_cast<std::uint32_t>(*rc::gen::inRange(0, endpoints));
        // The definition's list cannot keep a prompt longer than itself in its table; no replica
        // takes one.
        index.record(to);
        reference.record(to, blocks);
        if (*rc::gen::inRange(0, 20) == 0) {
            index.forget(to);
            reference.forget(to);
        }
        for (std::uint32_t e = 0; e < static_cast<std::uint32_t>(endpoints); ++e) {
            RC_ASSERT(static_cast<std::size_t>(index.size(e)) == reference.size(e));
        }
    }
}

// Figures by hand: what a second turn finds of the first, and that the answer is not among it.
TEST(PrefixIndex, knowsThePromptsAndNotTheAnswers) {
    PrefixIndex index;
    index.addEndpoint(1000);
    index.addEndpoint(1000);
    PrefixInfo session;
    session.groups[0] = {7, 128};
    session.groups[1] = {9, 100000};
    EXPECT_TRUE(index.match(500, session, 16).empty()); // 7 blocks and 52 tokens
    EXPECT_EQ(index.blocks(), 8);
    index.record(1);
    EXPECT_EQ(index.size(1), 8);
    const auto& second = index.match(900, session, 16); // the turn before and its answer, and more
    ASSERT_EQ(second.size(), 1U);
    EXPECT_EQ(second[0].endpoint, 1U);
    EXPECT_EQ(second[0].blocks, 7);
    EXPECT_EQ(index.blocks(), 15);
    index.record(0);
    PrefixInfo other;
    other.groups[0] = {7, 128};
    EXPECT_EQ(index.match(640, other, 16).size(), 2U); // only the shared beginning, on both
    EXPECT_EQ(index.match(640, other, 16)[0].blocks, 2);
    index.forget(1);
    EXPECT_EQ(index.match(640, other, 16).size(), 1U);
    EXPECT_EQ(index.match(640, other, 16)[0].endpoint, 0U);
}

} // namespace
} // namespace penstock::sim

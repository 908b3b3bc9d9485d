// SPDX-License-Identifier: Apache-2.0
#include "sim/router/prefix_index.h"

#include "engine/types/check.h"

#include <algorithm>

namespace penstock::sim {

namespace {
constexpr std::uint64_t kPartialSalt = 0x6a09e667f3bcc909ULL; // tells a partial block from a whole
constexpr std::uint64_t kHashSalt = 0xbb67ae8584caa73bULL;    // and a trace's hashes from group ids

std::uint64_t partialKey(std::uint64_t key, std::int32_t index, std::int32_t tokens) {
    const auto where =
        (static_cast<std::uint64_t>(index) << 32) | static_cast<std::uint64_t>(tokens);
    return mixBits(mixBits(key ^ kPartialSalt) ^ where);
}
} // namespace

// ---- cutting a prompt

void PrefixIndex::split(std::int32_t promptTokens, const PrefixInfo& prefix,
                        std::int32_t unitTokens) {
    parts_.clear();
    blocks_ = std::min((promptTokens + kBlockTokens - 1) / kBlockTokens, kMaxBlocks);
    unnamed_ = blocks_;
    if (prefix.hashes != nullptr) {
        splitHashes(promptTokens, prefix, unitTokens);
    } else {
        splitGroups(promptTokens, prefix);
    }
    for (const Part& part : parts_)
        unnamed_ -= part.hi - part.lo;
}

// A shared beginning, then a session of it: two chains, numbered from the prompt's beginning.
void PrefixIndex::splitGroups(std::int32_t promptTokens, const PrefixInfo& prefix) {
    const std::int32_t shared = std::min(prefix.groups[0].tokens, promptTokens);
    const std::int32_t known = shared + std::min(prefix.groups[1].tokens, promptTokens - shared);
    if (known == 0) return;
    const std::uint64_t sharedKey = mixBits(prefix.groups[0].id);
    // The session's own text stands for the shared one before it too, and where that ended.
    const std::uint64_t sessionKey =
        mixBits(mixBits(sharedKey ^ prefix.groups[1].id) ^ static_cast<std::uint64_t>(shared));
    const std::int32_t whole = std::min(known / kBlockTokens, blocks_);
    const std::int32_t inShared = std::min(shared / kBlockTokens, whole);
    if (inShared > 0) parts_.push_back({sharedKey, 0, inShared});
    if (whole > inShared) parts_.push_back({sessionKey, inShared, whole});
    const std::int32_t rest = promptTokens % kBlockTokens;
    if (known == promptTokens && rest > 0 && whole < blocks_) {
        const std::uint64_t last = known == shared ? sharedKey : sessionKey;
        parts_.push_back({partialKey(last, whole, rest), 0, 1});
    }
}

// A hash stands for all up to the end of its unit: a block that ends inside one is a part of it.
void PrefixIndex::splitHashes(std::int32_t promptTokens, const PrefixInfo& prefix,
                              std::int32_t unitTokens) {
    for (std::int32_t block = 0; block < blocks_; ++block) {
        const std::int64_t end =
            std::min<std::int64_t>((block + std::int64_t{1}) * kBlockTokens, promptTokens);
        const std::int64_t unit = (end - 1) / unitTokens;
        if (unit >= prefix.hashCount) return;
        const std::uint64_t key = mixBits(prefix.hashes[unit] ^ kHashSalt);
        const auto offset = static_cast<std::int32_t>(end - unit * unitTokens);
        if (end % kBlockTokens != 0) {
            parts_.push_back({partialKey(key, 0, offset), 0, 1});
            return;
        }
        const std::int32_t index = (offset - 1) / kBlockTokens;
        if (!parts_.empty() && parts_.back().key == key && parts_.back().hi == index) {
            ++parts_.back().hi;
        } else {
            parts_.push_back({key, index, index + 1});
        }
    }
}

// ---- looking up

const std::vector<PrefixIndex::Match>&
PrefixIndex::match(std::int32_t promptTokens, const PrefixInfo& prefix, std::int32_t unitTokens) {
    split(promptTokens, prefix, unitTokens);
    matches_.clear();
    for (const Part& part : parts_) {
        if (!matchPart(part)) break;
    }
    for (Match& match : matches_) {
        match.blocks = matched_[match.endpoint];
        matched_[match.endpoint] = 0;
    }
    return matches_;
}

// False when some block of the part is nowhere: what comes after it does not count.
bool PrefixIndex::matchPart(const Part& part) {
    const std::int32_t first = firstOf(part.key);
    std::int32_t end = part.lo; // every block before it is somewhere
    bool further = true;
    while (further && end < part.hi) {
        further = false;
        for (std::int32_t run = first; run != kNone; run = runs_[run].next) {
            const Run& r = runs_[run];
            if (r.lo <= end && r.hi > end) {
                end = r.hi;
                further = true;
            }
        }
    }
    end = std::min(end, part.hi);
    if (end == part.lo) return false;
    for (std::int32_t run = first; run != kNone; run = runs_[run].next) {
        const Run& r = runs_[run];
        const std::int32_t here = std::min(r.hi, end) - std::max(r.lo, part.lo);
        if (here <= 0) continue;
        if (matched_[r.endpoint] == 0) matches_.push_back({r.endpoint, 0});
        matched_[r.endpoint] += here;
    }
    return end == part.hi;
}

// ---- remembering

void PrefixIndex::addEndpoint(std::int64_t capacity) {
    if (table_.empty()) grow();
    List list;
    list.capacity = std::clamp<std::int64_t>(capacity, 1, 1 << 30); // so that a run can hold it
    lists_.push_back(list);
    matched_.push_back(0);
}

void PrefixIndex::forget(std::uint32_t endpoint) {
    List& list = lists_[endpoint];
    while (list.oldest != kNone) {
        const std::int32_t run = list.oldest;
        leaveList(run);
        leaveChain(run);
        freeRun(run);
    }
    list.size = 0;
}

// What is in a list depends only on what was sent last, so the prompt is added whole and the list
// cut to its capacity afterwards, with the same outcome as block by block.
void PrefixIndex::record(std::uint32_t endpoint) {
    for (const Part& part : parts_)
        recordPart(endpoint, part);
    if (unnamed_ > 0) recordUnnamed(endpoint, unnamed_);
    trim(lists_[endpoint]);
    PENSTOCK_CHECK(lists_[endpoint].size >= 0);
}

void PrefixIndex::recordPart(std::uint32_t endpoint, const Part& part) {
    List& list = lists_[endpoint];
    std::int32_t reuse = kNone;
    for (std::int32_t run = firstOf(part.key); run != kNone;) {
        const std::int32_t next = runs_[run].next;
        Run& r = runs_[run];
        if (r.endpoint == endpoint && r.lo < part.hi && r.hi > part.lo) {
            const bool before = r.lo < part.lo;
            const bool after = r.hi > part.hi;
            list.size -= std::min(r.hi, part.hi) - std::max(r.lo, part.lo);
            if (before && after) {
                // Its end stays in place, and its beginning just behind it.
                const std::int32_t lo = r.lo;
                r.lo = part.hi;
                const std::int32_t front = newRun(endpoint, lo, part.lo); // moves `r`
                insertOlderThan(front, run);
                joinChain(front, part.key);
            } else if (before) {
                r.hi = part.lo;
            } else if (after) {
                r.lo = part.hi;
            } else {
                leaveList(run);
                if (reuse == kNone) {
                    reuse = run;
                } else {
                    leaveChain(run);
                    freeRun(run);
                }
            }
        }
        run = next;
    }
    if (reuse == kNone) {
        reuse = newRun(endpoint, part.lo, part.hi);
        joinChain(reuse, part.key);
    } else {
        runs_[reuse].lo = part.lo;
        runs_[reuse].hi = part.hi;
    }
    appendToList(reuse);
    list.size += part.hi - part.lo;
}

void PrefixIndex::recordUnnamed(std::uint32_t endpoint, std::int32_t count) {
    List& list = lists_[endpoint];
    list.size += count;
    if (list.newest != kNone && !runs_[list.newest].named) {
        runs_[list.newest].hi += count;
        return;
    }
    appendToList(newRun(endpoint, 0, count));
}

void PrefixIndex::trim(List& list) {
    while (list.size > list.capacity) {
        const std::int32_t run = list.oldest;
        Run& r = runs_[run];
        const auto gone = static_cast<std::int32_t>(
            std::min<std::int64_t>(list.size - list.capacity, r.hi - r.lo));
        list.size -= gone;
        if (!r.named) {
            r.hi -= gone;
        } else {
            r.lo += gone; // a prompt's beginning was sent before its end
        }
        if (r.lo < r.hi) return;
        leaveList(run);
        leaveChain(run);
        freeRun(run);
    }
}

// ---- runs and their lists

std::int32_t PrefixIndex::newRun(std::uint32_t endpoint, std::int32_t lo, std::int32_t hi) {
    std::int32_t run = freeRuns_;
    if (run == kNone) {
        run = static_cast<std::int32_t>(runs_.size());
        runs_.emplace_back();
    } else {
        freeRuns_ = runs_[run].next;
    }
    runs_[run] = Run{};
    runs_[run].endpoint = endpoint;
    runs_[run].lo = lo;
    runs_[run].hi = hi;
    return run;
}

void PrefixIndex::freeRun(std::int32_t run) {
    runs_[run].next = freeRuns_;
    freeRuns_ = run;
}

void PrefixIndex::appendToList(std::int32_t run) {
    List& list = lists_[runs_[run].endpoint];
    runs_[run].older = list.newest;
    runs_[run].newer = kNone;
    (list.newest == kNone ? list.oldest : runs_[list.newest].newer) = run;
    list.newest = run;
}

void PrefixIndex::insertOlderThan(std::int32_t run, std::int32_t newer) {
    const std::int32_t older = runs_[newer].older;
    runs_[run].older = older;
    runs_[run].newer = newer;
    runs_[newer].older = run;
    (older == kNone ? lists_[runs_[run].endpoint].oldest : runs_[older].newer) = run;
}

void PrefixIndex::leaveList(std::int32_t run) {
    const Run& r = runs_[run];
    List& list = lists_[r.endpoint];
    (r.older == kNone ? list.oldest : runs_[r.older].newer) = r.newer;
    (r.newer == kNone ? list.newest : runs_[r.newer].older) = r.older;
}

void PrefixIndex::joinChain(std::int32_t run, std::uint64_t key) {
    Chain& chain = place(key);
    Run& r = runs_[run];
    r.key = key;
    r.named = true;
    r.next = chain.first;
    if (chain.first != kNone) runs_[chain.first].previous = run;
    chain.first = run;
}

void PrefixIndex::leaveChain(std::int32_t run) {
    const Run& r = runs_[run];
    if (!r.named) return;
    if (r.next != kNone) runs_[r.next].previous = r.previous;
    if (r.previous != kNone) {
        runs_[r.previous].next = r.next;
    } else if (r.next != kNone) {
        place(r.key).first = r.next;
    } else {
        erase(r.key);
    }
}

// ---- the table of chains: linear probing with backward shift

std::int32_t PrefixIndex::firstOf(std::uint64_t key) const {
    const std::size_t mask = table_.size() - 1;
    for (std::size_t at = home(key); table_[at].first != kNone; at = (at + 1) & mask) {
        if (table_[at].key == key) return table_[at].first;
    }
    return kNone;
}

// The chain's place, made if there is none; a new one is to be given its first run at once.
PrefixIndex::Chain& PrefixIndex::place(std::uint64_t key) {
    const std::size_t mask = table_.size() - 1;
    std::size_t at = home(key);
    for (; table_[at].first != kNone; at = (at + 1) & mask) {
        if (table_[at].key == key) return table_[at];
    }
    if (2 * (chains_ + 1) > table_.size()) {
        grow();
        return place(key);
    }
    ++chains_;
    table_[at].key = key;
    return table_[at];
}

void PrefixIndex::erase(std::uint64_t key) {
    const std::size_t mask = table_.size() - 1;
    std::size_t hole = home(key);
    while (table_[hole].key != key || table_[hole].first == kNone) {
        PENSTOCK_CHECK(table_[hole].first != kNone);
        hole = (hole + 1) & mask;
    }
    for (std::size_t at = (hole + 1) & mask; table_[at].first != kNone; at = (at + 1) & mask) {
        if (((at - home(table_[at].key)) & mask) < ((at - hole) & mask)) continue;
        table_[hole] = table_[at];
        hole = at;
    }
    table_[hole] = Chain{};
    --chains_;
}

void PrefixIndex::grow() {
    std::vector<Chain> old = std::move(table_);
    table_.assign(old.empty() ? 1024 : 2 * old.size(), Chain{});
    shift_ = 64;
    for (std::size_t size = table_.size(); size > 1; size /= 2)
        --shift_;
    const std::size_t mask = table_.size() - 1;
    for (const Chain& chain : old) {
        if (chain.first == kNone) continue;
        std::size_t at = home(chain.key);
        while (table_[at].first != kNone)
            at = (at + 1) & mask;
        table_[at] = chain;
    }
}

} // namespace penstock::sim

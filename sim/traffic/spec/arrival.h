// SPDX-License-Identifier: Apache-2.0
#pragma once

// One request as it arrives from the outside world, before anybody has decided anything about it.
// A plain value: a source writes millions of them a second into one the caller owns, and nothing
// here is allocated. Texts (source, tier, tenant, labels) stay in the TrafficSpec; an Arrival
// carries indices into them.
#include <cstdint>

namespace penstock::sim {

// A time that does not come: no deadline, never cancelled, no arrival pending.
inline constexpr std::int64_t kNoTime = INT64_MAX;

// Tokens covered by one block hash of a Mooncake trace, unless the row says otherwise.
inline constexpr std::uint32_t kMooncakeBlockTokens = 512;

struct Arrival {
    // Since the scenario's start. Deadlines are absolute on the same axis, not relative.
    std::int64_t offsetNs = 0;
    std::int64_t deadlineNs = kNoTime;    // kNoTime: none
    std::int64_t cancelAfterNs = kNoTime; // the sender gives up this long after offsetNs

    // Content ids of the prompt's blocks of `blockTokens` tokens, in order; the last may be
    // partial. Owned by the stream and valid until its next call of next(). Null where the trace
    // has none.
    const std::uint64_t* blockHashes = nullptr;
    std::uint32_t blockCount = 0;
    std::uint32_t blockTokens = 0;

    std::uint32_t promptTokens =
        0; // everything the model reads, shared prefix and history included
    std::uint32_t outputTokens = 0; // what the model will in truth generate
    std::uint32_t maxTokens = 0;    // what the sender allowed (max_tokens); 0: unlimited

    // What of the prompt is shared, for a prefix cache. Tokens [0, prefixTokens) are the text of
    // prefix group `prefixGroup`; the tokens after them belong to `session` (a later turn repeats
    // an earlier one's), or to this request alone if session is 0. Group and session ids start at 1
    // and are unique within the source. Irrelevant where blockHashes is given.
    std::uint64_t session = 0;
    std::uint32_t prefixGroup = 0;
    std::uint32_t prefixTokens = 0;

    std::uint32_t user = 0;   // closed_loop: hand it back to ArrivalStream::completed()
    std::uint32_t job = 0;    // messages of one batch job share it; starts at 1; 0: no job
    std::uint16_t tenant = 0; // index in ArrivalStream::tenantNames(); 0 where there are none
    std::uint16_t label = 0;  // index in TrafficSpec::labels
    std::int16_t priority = 0;
    std::uint8_t tier = 0; // index in ArrivalStream::tierNames()
    std::uint8_t flags = 0;

    static constexpr std::uint8_t kPoison = 1;    // kills the worker that takes it
    static constexpr std::uint8_t kMalformed = 2; // not parsable as a message
    static constexpr std::uint8_t kPriority = 4;  // `priority` was given or drawn
    bool poison() const { return (flags & kPoison) != 0; }
    bool malformed() const { return (flags & kMalformed) != 0; }
    bool hasPriority() const { return (flags & kPriority) != 0; }
    void setPriority(int value) {
        priority = static_cast<std::int16_t>(value);
        flags |= kPriority;
    }
};
static_assert(sizeof(Arrival) <= 96);

} // namespace penstock::sim

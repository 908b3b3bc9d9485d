// SPDX-License-Identifier: Apache-2.0
#pragma once

// The shared store behind the redis, redis-quota and redis-leased-rate gates: a budget that an
// operator writes by hand, counters that several engines share, and a rate that a planner leases.
// Each quota operation is one atomic script there. Run thread only; an answer may arrive before the
// call returns.
#include "engine/types/time.h"

#include <cstdint>
#include <string_view>

namespace penstock {

struct StoreReply {
    enum class State : std::uint8_t { text, nothing, granted, denied, error };
    State state = State::error;
    std::string_view text; // valid during the call; of nothing, why
    Duration again{0};     // of denied: when another try may be granted; 0: not known
};

// From which lease a request is to be admitted (leased_rate.h has its law). Views of the asker's
// own texts, which outlive the question.
struct LeaseQuestion {
    std::string_view controlKey;
    std::string_view stateKey;
    std::string_view poolId;
    Duration burst; // > 0
};

class StoreListener {
  public:
    virtual void storeReplied(std::uint64_t tag, const StoreReply& reply) = 0;

  protected:
    ~StoreListener() = default;
};

class KeyValue {
  public:
    virtual ~KeyValue() = default;

    // text, nothing or error.
    virtual void get(std::string_view key, std::uint64_t tag, StoreListener& listener) = 0;

    // Adds one to a counter unless it is at `limit`; granted, denied or error. The key expires
    // `ttl` after the last acquire or release.
    virtual void acquire(std::string_view key, std::int64_t limit, Duration ttl, std::uint64_t tag,
                         StoreListener& listener) = 0;

    // Takes one from the counter, not below zero, and refreshes the TTL. No answer is awaited.
    virtual void release(std::string_view key, Duration ttl) = 0;

    // Sliding window: granted and recorded if fewer than `limit` were granted in the last `window`.
    virtual void admit(std::string_view key, std::int64_t limit, Duration window, std::uint64_t tag,
                       StoreListener& listener) = 0;

    // One request from the token bucket of a lease: granted, denied, error, or nothing if there is
    // no lease to go by.
    virtual void admitLeased(const LeaseQuestion& question, std::uint64_t tag,
                             StoreListener& listener) = 0;
};

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
#pragma once

// A queue of requests, earliest deadline first, outside the engine: Redis, an embedded file, or a
// simulated broker. The port is shaped so that nothing accepted can be lost: a claim is a lease,
// and whoever holds it must end it with exactly one of finish, park or giveBack.
//
// Publishing a result and acknowledging the claim are one call because they must be one atomic,
// fenced step: between the two a crash would lose the result or send the request twice.
//
// Run thread only. Calls return at once; listeners may be called before the call returns.
#include "engine/types/request.h"
#include "engine/types/result.h"

#include <cstdint>
#include <span>

namespace penstock {

struct QueueDepth {
    std::int64_t pending = 0; // claimable now
    std::int64_t claimed = 0; // leased to this or another engine
    std::int64_t parked = 0;  // waiting for a retry's due time
    std::int64_t suspect = 0;
    std::int64_t dead = 0;
};

// What a finish() would do now, as far as the adapter knows.
enum class ClaimState : std::uint8_t {
    held,     // publish the result and end the claim
    deferred, // the broker is away: the queue itself will report the end (or the loss) when known
    gone,     // nothing: the lease has gone to somebody else, who will report the end
};

class QueueListener {
  public:
    // The answer to claim(): at most `max` requests, earliest deadline first, expired ones
    // included. Empty when nothing is pending or the broker could not be reached.
    virtual void claimed(std::uint16_t queue, std::span<const Request> requests) = 0;

    // Pending was empty and no longer is. Only queues that return true from announces() call it.
    virtual void workArrived(std::uint16_t queue) = 0;

  protected:
    ~QueueListener() = default;
};

class RequestQueue {
  public:
    virtual ~RequestQueue() = default;

    // Called once, before anything else, by the engine that will claim.
    virtual void attach(QueueListener& listener, std::uint16_t queue) = 0;

    // That engine will claim no more and must not be called any more. Does nothing if another one
    // has attached since.
    virtual void detach(QueueListener&) {}

    // Leases up to `max` (≥ 1) requests to this engine. One claim may be outstanding.
    virtual void claim(std::int32_t max) = 0;

    // Asked just before finish(), so that one request's end is reported exactly once.
    virtual ClaimState claimState(const Request&) const { return ClaimState::held; }

    // Publishes the result and ends the claim. Refused (silently, counted) if the lease has gone to
    // somebody else.
    virtual void finish(const Request& request, const ResultMessage& result) = 0;

    // Ends the claim; the request is pending again at `due` with retries, classification and its
    // original deadline as given here.
    virtual void park(const Request& request, Time due) = 0;

    // Ends the claim; the request is pending again now, as if never claimed.
    virtual void giveBack(const Request& request) = 0;

    // Ends the claim without a result: what llm-d-async 0.9 does with an expired head.
    virtual void forget(const Request& request) = 0;

    // Has its sender withdrawn this claimed request? The adapter's latest knowledge, at most one
    // second old.
    virtual bool cancelled(const Request& request) const = 0;

    virtual QueueDepth depth() const = 0;

    // The deadline of the head of pending; kNever when empty or unknown.
    virtual Time earliestDeadline() const = 0;

    // True when workArrived() is called, so that an idle engine need not poll an empty queue.
    virtual bool announces() const = 0;
};

} // namespace penstock

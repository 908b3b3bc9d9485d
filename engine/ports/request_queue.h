// SPDX-License-Identifier: Apache-2.0
#pragma once

// A queue of requests outside the engine: Redis, an embedded file, or a broker in memory. The port
// is shaped so that nothing accepted can be lost: a claim is a lease, and its owner must end it
// with exactly one of finish, park, giveBack and forget, each of which is answered.
//
// Publishing a result and acknowledging the claim are one call because they must be one atomic,
// fenced step: between the two a crash would lose the result or send the request twice. The adapter
// narrates nothing: it tells its listener, and the engine alone tells observers how requests end.
//
// Run thread only. Calls return at once; listeners may be called before the call returns.
#include "engine/types/request.h"
#include "engine/types/result.h"

#include <cstdint>
#include <span>

namespace penstock {

// `known` is false while the broker cannot say; the numbers are then the last ones known, or zeros.
struct QueueDepth {
    std::int64_t pending = 0; // claimable now
    std::int64_t claimed = 0; // leased to this or another engine
    std::int64_t parked = 0;  // waiting for a retry's due time
    std::int64_t suspect = 0;
    std::int64_t dead = 0;
    bool known = true;

    std::int64_t claimable() const { return pending + suspect; }
};

// What an adapter can do, fixed for its life: brokers differ, and the engine keeps to what is
// there. Only a queue whose gate has room is ever claimed from, so a broker on which giving back is
// dear pays for it only where a request was claimed before its gate closed.
struct QueueTraits {
    enum class Order : std::uint8_t { deadline, arrival, none };
    Order order = Order::deadline;
    // How far in the future park() can put a request: zero where it cannot (the engine then keeps
    // the request at hand until it is due), kAnyTime where there is no limit.
    static constexpr Duration kAnyTime = Duration::max();
    Duration longestPark = kAnyTime;
    // A broker that counts a give-back as a delivery would bury a request that was only refused.
    bool giveBackIsDelivery = false;
    // The server itself refuses a late owner. Where it does not, two results can be published.
    bool fencesLateOwner = true;
    bool exactDepth = true; // else depth() is an estimate
    // workArrived() is called, so that an idle engine need not poll an empty queue.
    bool announces = false;
};

// What became of a claim that its owner ended.
enum class Settlement : std::uint8_t {
    done,     // as asked: published, parked, pending again or forgotten
    refused,  // nothing was done: the lease has gone to another owner, which will end the request
    deferred, // the broker cannot be reached: the adapter keeps trying, and settles again
    lost,     // given up after the tries that the semantics grant: no result was published
};

// What came of a claim().
enum class ClaimAnswer : std::uint8_t { answered, unreachable };

// What an adapter did about a request by itself, while it claimed or scanned for expired leases.
enum class Discovery : std::uint8_t {
    redelivered, // its owner died; it is claimable again. `owners`: that died with it so far
    poison,      // too many owners died with it: on the dead list, its sender answered
    unreadable,  // could not be read: its sender answered with INVALID_REQUEST, on the dead list
    nameless,    // could not be read, nor whose it is: on the dead list, no sender can be answered
    // Could not be read, and was dropped without a word, as llm-d-async's versions do.
    removed,
    removedNameless,
};

class QueueListener {
  public:
    // The answer to claim(): at most `max` requests in the order of the queue's traits, expired
    // ones included. None when nothing was pending or the broker could not be reached.
    virtual void claimed(std::uint16_t queue, ClaimAnswer answer,
                         std::span<const Request> requests) = 0;

    // The answer to finish, park, giveBack or forget; `claim` is the caller's handle. After
    // `deferred` another one follows. The request's envelope is valid until this returns.
    virtual void settled(std::uint16_t queue, std::uint32_t claim, Settlement settlement) = 0;

    // The lease of a request that this engine may still hold has gone to another owner. What it
    // still does with it is for nothing, and will be refused.
    virtual void leaseLost(std::uint16_t queue, const Request& request) = 0;

    virtual void discovered(std::uint16_t queue, const Request& request, Discovery what,
                            std::uint8_t owners) = 0;

    // Pending was empty and no longer is. Only from queues that announce.
    virtual void workArrived(std::uint16_t queue) = 0;

  protected:
    ~QueueListener() = default;
};

class RequestQueue {
  public:
    virtual ~RequestQueue() = default;

    virtual QueueTraits traits() const = 0;

    // Called once, before anything else, by the engine that will claim.
    virtual void attach(QueueListener& listener, std::uint16_t queue) = 0;

    // That engine will claim no more and must not be called any more. Does nothing if another one
    // has attached since.
    virtual void detach(QueueListener& listener) = 0;

    // Leases up to `max` (≥ 1) requests to this engine. One claim may be outstanding.
    virtual void claim(std::int32_t max) = 0;

    // The four ends of a claim. `claim` is a handle of the caller's, unique among the claims it
    // holds, that comes back with settled(). Views are valid during the call.

    // Publishes the result.
    virtual void finish(const Request& request, const ResultMessage& result,
                        std::uint32_t claim) = 0;
    // Pending again at `due` with retries, classification and its original deadline as given here.
    virtual void park(const Request& request, Time due, std::uint32_t claim) = 0;
    // Pending again now, as if never claimed.
    virtual void giveBack(const Request& request, std::uint32_t claim) = 0;
    // Gone without a result: what llm-d-async 0.9 does with an expired head.
    virtual void forget(const Request& request, std::uint32_t claim) = 0;

    // The engine's mover has ticked: up to `max` due retries, the earliest of all queues that share
    // this one's retry set, are pending again. Only where the semantics say moverMovesBatch and the
    // adapter has no mover of its own.
    virtual void moveRetries(std::int32_t /*max*/) {}

    // Has its sender withdrawn this claimed request? The adapter's latest knowledge, at most one
    // second old.
    virtual bool cancelled(const Request& request) const = 0;

    // As last known; valid until the next call.
    virtual const QueueDepth& depth() const = 0;

    // The deadline of the head of pending; kNever when empty, unknown, or not the order of this
    // queue.
    virtual Time earliestDeadline() const = 0;
};

} // namespace penstock

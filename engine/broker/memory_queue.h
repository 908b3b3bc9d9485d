// SPDX-License-Identifier: Apache-2.0
#pragma once

// The queue's state machine in memory: what a broker and its scripts must guarantee, over a Loop's
// time, killable at any step. The simulated world's broker is this. A MemoryBroker owns the queues
// and what they share: the retry set and the lease scan.
//
//   push -> pending -claim-> claimed -finish-> gone (one result)
//              ^  ^             |  |-park----> parked -due-> pending
//              |  +--giveBack---+  |
//              +---- lease expired +  first crash: pending; second: suspect; third: dead
//
// Every accepted request is at all times in exactly one of these states; counts() proves it.
// Run thread only. No allocation per request once the largest backlog so far has been reached.
#include "engine/broker/slot_heap.h"
#include "engine/ports/loop.h"
#include "engine/ports/request_queue.h"
#include "engine/types/semantics.h"
#include "engine/types/slab.h"

#include <array>
#include <deque>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

namespace penstock {

// What happens at the broker beside its engine: what senders put in, what they read, and what is
// gone with the store's data. Calls may push new requests, but not touch the claim of this one.
class BrokerListener {
  public:
    virtual void enqueued(const Request&) {}
    virtual void resulted(const Request&, const ResultMessage&) {}
    virtual void destroyed(const Request&) {}

  protected:
    ~BrokerListener() = default;
};

struct BrokerSettings {
    Semantics::Claiming claiming = Semantics::Claiming::fencedLease;
    Duration lease{std::chrono::seconds{30}};      // renewed each third of it by a living owner
    Duration reclaimScan{std::chrono::seconds{5}}; // by a living owner; jittered down by a tenth
    bool suspectLane = true;
    bool moverMovesBatch = false;       // retries return at moveRetries(); else each when it is due
    bool retriesInRequestQueue = false; // a parked request is pending at once, by its due time
    bool wholeSeconds = false;          // scores and the mover's clock
    // Of equal scores those never tried go first, then in the order of arrival. (The bytes of
    // messages whose ids count up sort like this: retry_count stands before the id.)
    bool freshFirst = false;
    QueueTraits traits{.announces = true}; // that tests may take away
    Semantics::Unparsable unparsable = Semantics::Unparsable::deadLetter;

    static BrokerSettings of(const Semantics& semantics);
};

// enqueued = finished + forgotten + lost + dead + (what depth() says is pending, claimed, parked or
// suspect), always.
struct QueueCounts {
    std::int64_t enqueued = 0;
    std::int64_t claims = 0;
    std::int64_t finished = 0;  // one result published each, dead letters with an id apart
    std::int64_t forgotten = 0; // ended by their engine without a result
    std::int64_t lost = 0;      // gone by a crash or a fault
    std::int64_t dead = 0;      // on the dead list
    std::int64_t redelivered = 0;
    std::int64_t staleRefused = 0; // calls by an owner whose lease had gone
    std::int64_t results = 0;      // published, of every kind
};

class MemoryBroker;

class MemoryQueue final : public RequestQueue {
  public:
    MemoryQueue(MemoryBroker& broker, std::uint16_t index);

    // The sender's side. `request.number`, `deadline` and `envelope` are the caller's; a zero
    // `enqueued` becomes now. The envelope must outlive the request.
    void push(Request request);

    // A message that cannot be read when it is claimed; `idReadable` tells whether its sender can
    // be answered.
    void pushUnparsable(Request request, bool idReadable);

    // Withdraws a request wherever it is; remembered for seven days, as the cancel marker is.
    void cancel(std::uint64_t number);

    std::uint16_t index() const { return index_; }
    const QueueCounts& counts() const { return counts_; }
    // Requests x seconds in the queue so far, in any of the states above: by Little's law also the
    // sum of their lives.
    double inSystemSeconds() const;

    // Where a request that has not ended is, for a person who asks for one: walks over all. Null if
    // it is not here; valid until the next call.
    enum class Place : std::uint8_t { pending, claimed, parked, suspect };
    struct Whereabouts {
        const Request* request = nullptr;
        Place place = Place::pending;
    };
    Whereabouts find(std::uint64_t number) const;

    // Checks the conservation law above; ends the process if it is broken.
    void checkConservation() const;

    // The end of this claim could not be written and is given up: the request is gone. False if
    // it was not held any more.
    bool lose(const Request& request);

    QueueTraits traits() const override;
    void attach(QueueListener& listener, std::uint16_t queue) override;
    void detach(QueueListener& listener) override;
    void claim(std::int32_t max) override;
    void finish(const Request& request, const ResultMessage& result, std::uint32_t claim) override;
    void park(const Request& request, Time due, std::uint32_t claim) override;
    void giveBack(const Request& request, std::uint32_t claim) override;
    void forget(const Request& request, std::uint32_t claim) override;
    void moveRetries(std::int32_t max) override;
    bool cancelled(const Request& request) const override;
    const QueueDepth& depth() const override { return depth_; }
    Time earliestDeadline() const override;

  private:
    friend class MemoryBroker;
    enum class State : std::uint8_t { free, pending, claimed, orphaned, parked, suspect };
    struct Record {
        Request request;
        std::uint32_t sequence = 0; // of its first push: it keeps its place when given back
        Time leasedAt{};            // when claimed; when orphaned, the end of its lease
        std::uint32_t epoch = 0;    // moves with each claim and each reclaim
        State state = State::free;
        std::uint8_t crashes = 0;
        bool unparsable = false;
        bool idReadable = false;
        bool gone = false; // claimed, and the store has come back without it
    };

    void add(Request request, bool unparsable, bool idReadable);
    void accrue();
    void release(std::uint32_t slot);
    std::int64_t* counter(State state);
    void enter(Record& r, State state);
    Record* held(const Request& request);
    void toPending(std::uint32_t slot);
    void toPendingAt(std::uint32_t slot, Time score);
    void settle(std::uint32_t claim, Settlement settlement);
    void discover(const Request& request, Discovery what, std::uint8_t owners = 0);
    bool takeSuspect();
    void take(std::uint32_t slot);
    void endUnparsable(std::uint32_t slot);
    void publish(const Request& request, const ResultMessage& result);
    void reclaim(std::uint32_t slot);
    void loseAt(std::uint32_t slot);
    void refuse(const Request& request, std::uint32_t claim);
    void endIfGone(const Request& request);
    void destroy(std::uint32_t slot);
    void announce();

    MemoryBroker& broker_;
    QueueListener* listener_ = nullptr;
    std::uint16_t index_;
    Slab<Record, 1024> records_;
    std::uint32_t sequence_ = 0;
    SlotHeap pending_;
    SlotHeap parked_; // by due time
    std::deque<std::uint32_t> suspects_;
    bool suspectOut_ = false; // one suspect is in flight
    std::vector<Request> taken_;
    std::unordered_set<std::uint64_t> cancelled_;
    std::deque<std::pair<Time, std::uint64_t>> cancelExpiry_;
    QueueDepth depth_;
    QueueCounts counts_;
    double inSystemSeconds_ = 0; // up to accruedAt_
    Time accruedAt_{};
};

class MemoryBroker {
  public:
    // The listener may be null; it and the loop outlive the broker.
    MemoryBroker(BrokerSettings settings, Loop& loop, BrokerListener* listener, std::size_t queues);
    ~MemoryBroker();

    std::size_t size() const { return queues_.size(); }
    MemoryQueue& queue(std::size_t index) { return *queues_[index]; }
    std::vector<RequestQueue*> ports();

    BrokerSettings& settings() { return settings_; }

    // The engine process died. What it had popped is lost; what it had leased is redelivered when
    // the lease ends and a living engine scans.
    void killedOwner();

    // The engine was stalled beyond its leases and another engine's scan has taken its claims back:
    // they are redelivered now, what the stalled owner still says of them is refused, and it is
    // told at its next renewal.
    void stealClaims();

    // Stands still: moves no retry and scans for no lease, and no lease can be renewed. An engine
    // that lives through it renews before anybody scans; one that dies meanwhile has not renewed.
    void setStill(bool still);

    // The store comes back without its data. What an engine had popped from it is still there; what
    // it holds under a lease goes on until the engine says what has become of it, is refused, and
    // is gone then.
    void restartEmpty();

    void checkConservation() const;

  private:
    friend class MemoryQueue;
    // The retries of all queues are one set, as llm-d-async's: the earliest due goes first.
    MemoryQueue* earliestRetry();
    void moveDue(std::int32_t max);
    void moveAllDue();
    void armMover();
    void armScan();
    void scan();
    void tellStolen();
    Time lastHeartbeat() const;

    BrokerSettings settings_;
    Loop& loop_;
    BrokerListener* listener_;
    std::vector<std::unique_ptr<MemoryQueue>> queues_;
    struct Orphan {
        Time leaseEnds;
        std::uint16_t queue;
        std::uint32_t slot;
    };
    std::vector<Orphan> orphans_;
    struct Stolen {
        std::uint16_t queue;
        Request request;
    };
    std::vector<Stolen> stolen_; // what the owner has not been told yet
    bool still_ = false;
    bool ownerAlive_ = false;
    Time attachedAt_{};
    Time stillSince_{};
    std::uint64_t scans_ = 0;
    MemberTimer<MemoryBroker, &MemoryBroker::moveAllDue> moverTimer_{*this};
    MemberTimer<MemoryBroker, &MemoryBroker::scan> scanTimer_{*this};
    MemberTimer<MemoryBroker, &MemoryBroker::tellStolen> renewTimer_{*this};
};

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
#pragma once

// The queue's state machine in memory: what a broker and its scripts must guarantee, over a Loop's
// time, killable at any step. The simulated world's broker is this; so is the embedded queue's
// heart. A MemoryBroker owns the queues and what they share: the retry set, the lease scan, faults.
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
#include "engine/ports/observer.h"
#include "engine/ports/request_queue.h"
#include "engine/types/semantics.h"

#include <array>
#include <deque>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

namespace penstock {

// Reads what is published; the last thing anyone hears of a request.
class ResultListener {
  public:
    // May push new requests, but not touch the claim of this one.
    virtual void resulted(const Request& request, const ResultMessage& result) = 0;

  protected:
    ~ResultListener() = default;
};

struct BrokerSettings {
    Semantics::Claiming claiming = Semantics::Claiming::fencedLease;
    Duration lease{std::chrono::seconds{30}};      // renewed each third of it by a living owner
    Duration reclaimScan{std::chrono::seconds{5}}; // by a living owner; jittered down by a tenth
    bool suspectLane = true;
    std::int32_t retriesMovedPerPoll = 0;                 // 0: each retry returns when it is due
    Duration pollInterval{std::chrono::milliseconds{50}}; // of the mover, when it has a limit
    bool wholeSeconds = false;
    bool resultsDurable = true;
    Semantics::Unparsable unparsable = Semantics::Unparsable::deadLetter;

    static BrokerSettings of(const Semantics& semantics, Duration pollInterval);
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

    const QueueCounts& counts() const { return counts_; }

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

    void attach(QueueListener& listener, std::uint16_t queue) override;
    void detach(QueueListener& listener) override;
    void claim(std::int32_t max) override;
    ClaimState claimState(const Request& request) const override;
    void finish(const Request& request, const ResultMessage& result) override;
    void park(const Request& request, Time due) override;
    void giveBack(const Request& request) override;
    void forget(const Request& request) override;
    bool cancelled(const Request& request) const override;
    QueueDepth depth() const override { return depth_; }
    Time earliestDeadline() const override;
    bool announces() const override { return true; }

  private:
    friend class MemoryBroker;
    enum class State : std::uint8_t { free, pending, claimed, orphaned, parked, suspect };
    struct Record {
        Request request;
        std::uint32_t sequence = 0; // of its first push: it keeps its place when given back
        Time leasedAt{};            // when claimed; when orphaned, the end of its lease
        std::uint32_t epoch = 0;    // moves with each claim and each reclaim
        std::uint32_t nextFree = 0;
        State state = State::free;
        std::uint8_t crashes = 0;
        bool unparsable = false;
        bool idReadable = false;
        bool deferred = false; // its end waits for the broker to come back
    };
    static constexpr std::uint32_t kChunk = 1024;
    static constexpr std::uint32_t kNone = 0xffffffff;

    Record& record(std::uint32_t slot) { return chunks_[slot / kChunk][slot % kChunk]; }
    const Record& record(std::uint32_t slot) const { return chunks_[slot / kChunk][slot % kChunk]; }
    void add(Request request, bool unparsable, bool idReadable);
    std::uint32_t allocate();
    void release(std::uint32_t slot);
    std::int64_t* counter(State state);
    void enter(Record& r, State state);
    Record* held(const Request& request);
    void toPending(std::uint32_t slot);
    void reply();
    bool takeSuspect();
    void take(std::uint32_t slot);
    void endUnparsable(std::uint32_t slot);
    void publish(const Request& request, const ResultMessage& result);
    void reclaim(std::uint32_t slot);
    void lose(std::uint32_t slot);
    void announce();
    void emit(EventKind kind, const Request& request, std::uint8_t code = 0,
              std::int32_t status = 0);

    MemoryBroker& broker_;
    QueueListener* listener_ = nullptr;
    std::uint16_t index_;
    std::vector<std::unique_ptr<Record[]>> chunks_;
    std::uint32_t freeHead_ = kNone;
    std::uint32_t sequence_ = 0;
    SlotHeap pending_;
    SlotHeap parked_; // by due time
    std::deque<std::uint32_t> suspects_;
    bool suspectOut_ = false; // one suspect is in flight
    std::vector<Request> taken_;
    std::int32_t wanted_ = 0; // of the outstanding claim; 0: none
    MemberTimer<MemoryQueue, &MemoryQueue::reply> replyTimer_{*this};
    std::unordered_set<std::uint64_t> cancelled_;
    std::deque<std::pair<Time, std::uint64_t>> cancelExpiry_;
    QueueDepth depth_;
    QueueCounts counts_;
};

class MemoryBroker {
  public:
    // Observer and results may be null; all outlive the broker.
    MemoryBroker(BrokerSettings settings, Loop& loop, Observer* observer, ResultListener* results,
                 std::size_t queues);
    ~MemoryBroker();

    std::size_t size() const { return queues_.size(); }
    MemoryQueue& queue(std::size_t index) { return *queues_[index]; }
    std::vector<RequestQueue*> ports();

    BrokerSettings& settings() { return settings_; }

    // The engine process died. What it had popped is lost; what it had leased is redelivered when
    // the lease ends and a living engine scans.
    void killedOwner();

    // The engine was stalled beyond its leases and another engine's scan has taken its claims back:
    // they are redelivered now, and what the stalled owner still says of them is refused.
    void stealClaims();

    // Away: claims come back empty; what ends a claim waits until the broker is up again, or, where
    // results are not durable, is lost after its tries at 0, 100 and 300 ms. An engine that lives
    // through it renews its leases before anybody scans; one that dies meanwhile has not renewed.
    void setDown(bool down);
    bool down() const { return down_; }

    // Every claim is answered this much later.
    void setLatency(Duration latency) { latency_ = latency; }

    // The store comes back without its data. What an engine had popped from it is still there.
    void restartEmpty();

    void checkConservation() const;

  private:
    friend class MemoryQueue;
    // A call that ends a claim, kept in the engine's memory while the broker is away.
    struct Deferred {
        enum class Kind : std::uint8_t { finish, park, giveBack };
        Kind kind;
        std::uint16_t queue;
        Request request;
        Time due{};
        ResultMessage result;
        std::string body;
        Time givesUpAt{};
    };

    void defer(Deferred operation);
    void applyDeferred();
    void giveUpDeferred();
    // The retries of all queues are one set, as llm-d-async's: the earliest due goes first.
    MemoryQueue* earliestRetry();
    void moveRetries();
    void armMover();
    void armScan();
    void scan();
    Time lastHeartbeat() const;

    BrokerSettings settings_;
    Loop& loop_;
    Observer* observer_;
    ResultListener* results_;
    std::vector<std::unique_ptr<MemoryQueue>> queues_;
    struct Orphan {
        Time leaseEnds;
        std::uint16_t queue;
        std::uint32_t slot;
    };
    std::vector<Orphan> orphans_;
    std::vector<Deferred> deferred_;
    bool down_ = false;
    bool ownerAlive_ = false;
    Time attachedAt_{};
    Time downSince_{};
    Duration latency_{0};
    std::uint64_t scans_ = 0;
    Time moverBase_{};
    MemberTimer<MemoryBroker, &MemoryBroker::moveRetries> moverTimer_{*this};
    MemberTimer<MemoryBroker, &MemoryBroker::scan> scanTimer_{*this};
    MemberTimer<MemoryBroker, &MemoryBroker::giveUpDeferred> giveUpTimer_{*this};
};

} // namespace penstock

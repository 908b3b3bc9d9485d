// SPDX-License-Identifier: Apache-2.0
#pragma once

// The inside of the Dispatcher, shared by the files that implement it: lifecycle.cpp (start, stop,
// crash), pump.cpp (what moves when something has changed), rate_poll.cpp and demand_claim.cpp (the
// two meanings of a budget), admit.cpp (the queue's gate), work.cpp (worker slot, pool gate, send),
// settle.cpp (answers, retries, results).
//
// Every entry from outside opens a Scope and marks pools dirty; when the outermost Scope closes,
// each dirty pool is pumped until nothing moves. So no call of a port or a gate, whatever it calls
// back, ever finds a half-made change, and the stack stays shallow.
#include "engine/core/classify.h"
#include "engine/core/dispatcher.h"
#include "engine/core/items.h"
#include "engine/core/limiter.h"
#include "engine/core/merge.h"
#include "engine/core/retry_ladder.h"

#include <memory>
#include <vector>

namespace penstock {

// How often a held request looks whether it has been cancelled (llm-d-async 0.9 asks once a
// second).
inline constexpr Duration kCancelCheck = std::chrono::seconds{1};

class Dispatcher::Impl final : public ItemOwner {
  public:
    Impl(Dispatcher& face, DispatcherSettings settings, Loop& loop, InferenceClient& client,
         std::vector<RequestQueue*> queues, Observer* observer);
    ~Impl();

    void start();
    void stop(Duration drain);
    bool stopped() const { return state_ != State::running && slab_.used() == 0; }
    void crash();
    void settingsChanged();

    void claimed(std::uint16_t queue, std::span<const Request> requests);
    void workArrived(std::uint16_t queue);
    void responded(std::uint32_t attempt, const Response& response);
    void gateChanged();
    void itemTimer(std::uint32_t index) override;

    QueueView queueView(std::uint16_t queue) const;
    PoolView poolView(std::uint16_t pool) const;
    LimiterShares limiter(std::uint16_t queue) const;

    DispatcherSettings settings;

  private:
    enum class State : std::uint8_t { idle, running, draining };

    // What counts against a queue gate's room: for a request about to be sent what flies, for one
    // about to be merged what is merged as well, for a new claim all that was ever asked for.
    // `nextSlot`: what flies, and when every worker is busy one less, for the slot that frees next.
    // What is claimed ahead, so that there are lanes to choose from, takes no room until it is
    // sent: if a full pool kept it from being claimed, whoever has no gate would be the only one at
    // hand.
    enum class Besides : std::uint8_t { nextSlot, flying, merged, everything };

    // What a gate last said, so that only changes are told.
    struct GateMemory {
        double budget = 1.0;
        Reason reason;
        bool told = false;
    };

    struct Queue {
        Queue(Impl& owner, std::uint16_t number) : impl(owner), index(number) {}
        void tick() { impl.tick(*this); }

        Impl& impl;
        std::uint16_t index;
        std::uint16_t pool = 0;
        RequestQueue* port = nullptr;
        bool announces = false;
        Gate* gate = nullptr;
        GateMemory memory;
        MemberTimer<Queue, &Queue::tick> ticker{*this};
        ItemList inbox;
        std::int32_t outstanding = 0; // asked of a claim not yet answered
        Time askedAt{};               // when that claim was made
        std::int32_t atHand = 0;      // claimed, not sent
        std::int32_t inFlight = 0;
        std::int32_t waiting = 0;  // of atHand: held by its own gate for no tenant's sake
        bool dry = false;          // a claim since the last trigger brought less than asked
        bool heldBack = false;     // its gate sent one back since the last trigger
        bool gateShut = false;     // the last look at its gate left no room
        bool ticked = false;       // this trigger is its poll tick
        Time tickedAt{};           // its last one
        bool roundBlocked = false; // scratch of rewake()
        // Rate polls.
        Time pollStart{};
        std::int32_t popsLeft = 0;
        std::int32_t popsGranted = 0;
        bool missedTick = false;
        std::uint32_t handed = kNoItem; // the message that blocks this producer
        std::uint32_t asking = kNoItem; // the message whose gate is still thinking
        // Tenants' refusals.
        Duration tenantDelay{0};
        std::int32_t refusedNow = 0; // since the last trigger
        std::int32_t passedNow = 0;
        HeadClock head;
    };

    struct Pool {
        Pool(Impl& owner, std::uint16_t number, std::size_t queueCount)
            : impl(owner), index(number), merge(owner.slab_, queueCount) {}
        void recheck() { impl.recheck(*this); }

        Impl& impl;
        std::uint16_t index;
        Gate* gate = nullptr;
        GateMemory memory;
        MemberTimer<Pool, &Pool::recheck> rechecker{*this};
        std::vector<std::uint16_t> queues;
        std::int32_t busy = 0;
        std::int32_t inFlight = 0;
        std::int32_t outstanding = 0;
        std::int32_t inboxed = 0;     // claimed and not yet looked at
        std::int32_t parked = 0;      // gate said wait, a timer asks again
        std::int32_t expiredUsed = 0; // slots used up by expired heads until the next tick
        bool waitingBlocks = false;   // somebody waits at the pool's gate for no tenant's sake
        bool gateShut = false;
        std::uint64_t trigger = 0;    // at its last pump
        std::uint64_t overtookIn = 0; // when one that had waited at its gate was last sent
        bool dirty = false;
        bool askAgain = false; // the waiting may have better luck now
        Merge merge;
        ItemList ready;
        ItemList waiting;
        // Scratch of grants(): who may still get one, how many each got, and each one's bounds.
        std::vector<std::uint16_t> candidates;
        std::vector<std::int32_t> granted;
        std::vector<std::int32_t> rooms;
        std::vector<std::int32_t> caps;
    };

    class Scope {
      public:
        explicit Scope(Impl& impl) : impl_(impl) {
            if (impl_.depth_++ > 0) return;
            impl_.now_ = impl_.loop_.now();
            ++impl_.trigger_;
        }
        ~Scope() {
            if (impl_.depth_ == 1) impl_.pumpDirty();
            --impl_.depth_;
        }

      private:
        Impl& impl_;
    };

    // lifecycle.cpp
    void drained();
    void letGo(Item& item, bool toRetrySet);
    void flushHands();
    void disarmAll();
    void engineEvent(std::uint8_t code);

    // pump.cpp
    void touch(Pool& pool) {
        pool.dirty = true;
        pool.askAgain = true;
    }
    void pumpDirty();
    void pump(Pool& pool);
    bool assign(Pool& pool);
    bool askAgainBeforeSend(const Pool& pool, const Queue& queue, const Item& item) const;
    bool rewake(Pool& pool);
    bool rewakeAtQueueGate(Pool& pool, Item& item);
    bool rewakeAtPoolGate(Pool& pool, Item& item);
    void rest(Pool& pool);
    void tick(Queue& queue);
    void armTick(Queue& queue, bool orNow);
    void recheck(Pool& pool);
    HeadClock::Holder holder(const Pool& pool, const Queue& queue, std::int64_t pending) const;
    bool hasWork(const Queue& queue) const;
    void tellBacklog(Queue& queue);

    // rate_poll.cpp
    void ratePoll(Queue& queue);
    bool rateDrive(Pool& pool);
    bool produce(Queue& queue);
    bool mergeHanded(Pool& pool);
    void toReady(Pool& pool, Item& item);

    // demand_claim.cpp
    bool claimExpired(Pool& pool);
    bool demandClaim(Pool& pool);
    bool mayClaim(const Queue& queue) const;
    bool claimByDraw(Pool& pool, std::int32_t total);
    bool claimAhead(Pool& pool);
    std::int32_t committed(const Pool& pool) const;
    std::int32_t queueRoom(Pool& pool, Queue& queue, Besides besides);
    std::int32_t freedNext(const Pool& pool, std::int32_t taken);
    std::int32_t poolRoom(Pool& pool, std::int32_t inFlight);
    bool claim(Pool& pool, Queue& queue, std::int32_t max);

    // admit.cpp
    bool drainInbox(Queue& queue);
    void admit(Queue& queue, Item& item);
    bool shrunkMeanwhile(Queue& queue);
    void expire(Item& item);
    bool askQueueGate(Queue& queue, Item& item);
    bool askQueueGateAgain(Pool& pool, Queue& queue, Item& item);
    void passedQueueGate(Queue& queue, Item& item);
    void refused(Item& item, const Verdict& verdict, bool byPool);
    void waitAtHand(Pool& pool, Item& item, const Verdict& verdict, bool atQueueGate);
    void leaveWaiting(Pool& pool, Item& item);
    void setBlocking(Item& item, bool blocking);

    // work.cpp
    void begin(Pool& pool, Item& item);
    void askPoolGate(Pool& pool, Item& item);
    void parkWorker(Pool& pool, Item& item, const Verdict& verdict);
    void parkedTimer(Pool& pool, Item& item);
    void waitingTimer(Pool& pool, Item& item);
    void send(Pool& pool, Item& item);
    void takeSlot(Pool& pool, Item& item);
    void freeSlot(Pool& pool, Item& item);

    // settle.cpp
    void settle(Item& item, const Response& response);
    void retryLater(Item& item, const Response& response);
    void end(Item& item, const ResultMessage& result);
    void drop(Item& item, const Verdict& verdict);
    void parkUntil(Item& item, Time due);
    void handBack(Item& item);
    void leave(Item& item);
    void moveTo(Item& item, Stage stage);

    // events
    Event about(EventKind kind, const Item& item) const;
    void emit(EventKind kind, const Item& item) {
        if (observer_ != nullptr) observer_->observe(about(kind, item));
    }
    void emitVerdict(EventKind kind, const Item& item, const Reason& reason);
    void readGate(Gate& gate, GateMemory& memory, std::uint16_t queue, std::uint16_t pool);
    void gateClosed(Queue& queue, const Reason& reason, double budget);

    // Time stands still within a Scope.
    Time clockNow() const { return depth_ > 0 ? now_ : loop_.now(); }
    const Semantics& semantics() const { return settings.semantics; }
    bool rate() const { return semantics().budgetMeans == Semantics::BudgetMeans::ratePerPoll; }
    DeadlineClock clock() const { return DeadlineClock(semantics().deadlineWholeSeconds); }
    Duration pollInterval() const;
    std::int32_t batchSize() const;
    std::int32_t workers(const Pool& pool) const { return settings.pools[pool.index].workers; }
    Queue& queueOf(const Item& item) { return *queues_[item.request.queue]; }
    Pool& poolOf(const Item& item) { return *pools_[queueOf(item).pool]; }
    bool tiers() const { return settings.merge.kind == MergeSettings::Kind::tierPriority; }

    Dispatcher& face_;
    Loop& loop_;
    InferenceClient& client_;
    Observer* observer_;
    ItemSlab slab_;
    std::vector<std::unique_ptr<Queue>> queues_;
    std::vector<std::unique_ptr<Pool>> pools_;
    State state_ = State::idle;
    int depth_ = 0;
    Time now_{};
    std::uint64_t trigger_ = 0; // counts entries from outside
    Time gridBase_{};
    std::uint64_t starts_ = 0;
    std::uint64_t picks_ = 0;
    std::uint64_t backoffs_ = 0;
    std::uint64_t jitters_ = 0;
    std::uint64_t probes_ = 0;
    MemberTimer<Impl, &Impl::drained> drainTimer_{*this};
};

} // namespace penstock

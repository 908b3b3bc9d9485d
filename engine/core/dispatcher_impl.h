// SPDX-License-Identifier: Apache-2.0
#pragma once

// The inside of the Dispatcher: one life of the engine process, from construction to crash. Shared
// by the files that implement it: lifecycle.cpp (start, stop, the end), pump.cpp (what moves when
// something has changed), admit.cpp (the queue's gate), rooms.cpp (how much the gates leave),
// work.cpp (worker slot, pool gate, send), settle.cpp (answers, retries, results), narrate.cpp
// (what observers are told). Who holds what is the Ledger's; what a budget means is a
// BudgetReader's.
//
// Every entry from outside opens a Scope and marks pools dirty; when the outermost Scope closes,
// each dirty pool is pumped until nothing moves. So no call of a port or a gate, whatever it calls
// back, ever finds a half-made change, and the stack stays shallow.
#include "engine/core/classify.h"
#include "engine/core/dispatcher.h"
#include "engine/core/ledger.h"
#include "engine/core/merge.h"
#include "engine/core/retry_ladder.h"
#include "engine/types/limiter.h"

#include <memory>
#include <vector>

namespace penstock {

class BudgetReader;

// How often a held request looks whether it has been cancelled (llm-d-async 0.9 asks once a
// second).
inline constexpr Duration kCancelCheck = std::chrono::seconds{1};

// False for a verdict that says something about this request's tenant, or nothing yet, and so
// nothing about the requests behind it.
inline bool concernsOthers(const Verdict& verdict) {
    return verdict.reason.code != ReasonCode::quotaExhausted &&
           verdict.reason.code != ReasonCode::pendingReading;
}

// What outlives a crash: the account of all lives of the process, and how many random numbers each
// purpose has drawn.
struct Dispatcher::Books {
    std::vector<HeadClock> heads; // by queue
    std::uint64_t starts = 0;
    std::uint64_t picks = 0;
    std::uint64_t backoffs = 0;
    std::uint64_t jitters = 0;
    std::uint64_t probes = 0;
};

class Dispatcher::Impl final : public ItemOwner {
  public:
    // Everything outlives it. `face` is who the ports and gates know.
    Impl(Dispatcher& face, DispatcherSettings& settings, Books& books, Loop& loop,
         InferenceClient& client, const std::vector<RequestQueue*>& queues, Observer* observer);
    // As a killed process ends: timers, claims and attempts are gone, and the queues notice by
    // their leases, or not at all.
    ~Impl();

    void start();
    void stop(Duration drain);
    bool stopped() const { return state_ != State::running && ledger_.empty(); }
    // Tells of the crash, and of what is lost by it; the caller then destroys this.
    void crash();
    void settingsChanged();

    void claimed(std::uint16_t queue, ClaimAnswer answer, std::span<const Request> requests);
    void settled(std::uint32_t claim, Settlement settlement);
    void leaseLost(std::uint16_t queue, const Request& request);
    void discovered(std::uint16_t queue, const Request& request, Discovery what,
                    std::uint8_t owners);
    void workArrived(std::uint16_t queue);
    void responded(std::uint32_t attempt, const Response& response);
    void gateChanged();
    void itemTimer(std::uint32_t index) override;

    QueueView queueView(std::uint16_t queue) const;
    PoolView poolView(std::uint16_t pool) const;

  private:
    friend class BudgetReader;
    friend class RatePolls;
    friend class DemandClaims;

    enum class State : std::uint8_t { idle, running, draining };

    // What counts against a queue gate's room: for a request about to be sent what flies, for one
    // about to be merged what is merged as well, for a new claim all that was ever asked for.
    // `nextSlot`: what flies, and when every worker is busy one less, for the slot that frees next.
    // What is claimed ahead, so that there are lanes to choose from, takes no room until it is
    // sent: if a full pool kept it from being claimed, a queue without a gate would be the only one
    // at hand.
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
        QueueTraits traits;
        Gate* gate = nullptr;
        GateMemory memory;
        Reason roomReason; // of the last look at how much it leaves
        MemberTimer<Queue, &Queue::tick> ticker{*this};
        ItemList inbox;
        std::int32_t outstanding = 0;   // asked of a claim not yet answered
        Time askedAt{};                 // when that claim was made
        std::int32_t blocked = 0;       // at hand, held by its own gate for no tenant's sake
        bool heldBack = false;          // its gate sent one back since the last trigger
        bool gateShut = false;          // the last look at its gate left no room
        bool ticked = false;            // this trigger is its poll tick
        Time tickedAt{};                // its last one
        bool roundBlocked = false;      // scratch of rewake()
        std::uint32_t asking = kNoItem; // the message whose gate is still thinking
        // Tenants' refusals.
        Duration tenantDelay{0};
        std::int32_t refusedNow = 0; // since the last trigger
        std::int32_t passedNow = 0;
    };

    struct Pool {
        Pool(Impl& owner, std::uint16_t number, std::size_t queueCount)
            : impl(owner), index(number), merge(owner.ledger_.slab(), queueCount) {}
        void recheck() { impl.recheck(*this); }

        Impl& impl;
        std::uint16_t index;
        Gate* gate = nullptr;
        GateMemory memory;
        MemberTimer<Pool, &Pool::recheck> rechecker{*this};
        std::vector<std::uint16_t> queues;
        std::int32_t outstanding = 0;
        bool waitingBlocks = false; // one waits at the pool's gate for no tenant's sake
        bool gateShut = false;
        std::uint64_t trigger = 0;    // at its last pump
        std::uint64_t overtookIn = 0; // when one that had waited at its gate was last sent
        bool dirty = false;
        bool askAgain = false; // the waiting may have better luck now
        Merge merge;
        ItemList waiting;
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

    // pump.cpp
    void touch(Pool& pool) {
        pool.dirty = true;
        pool.askAgain = true;
    }
    void pumpDirty();
    void pump(Pool& pool);
    bool assign(Pool& pool);
    bool rewake(Pool& pool);
    bool rewakeAtQueueGate(Pool& pool, Item& item);
    bool rewakeAtPoolGate(Pool& pool, Item& item);
    void rest(Pool& pool);
    void tick(Queue& queue);
    void tickAlone(Queue& queue);
    void moverTicked();
    void moveRetries();
    void armMover();
    Time nextTick(bool orNow) const;
    void armTick(Queue& queue, bool orNow);
    void recheck(Pool& pool);
    bool hasWork(const Queue& queue) const;
    void tellBacklog(Queue& queue);
    bool claim(Pool& pool, Queue& queue, std::int32_t max);

    // rooms.cpp
    std::int32_t queueRoom(Pool& pool, Queue& queue, Besides besides);
    std::int32_t freedNext(const Pool& pool, std::int32_t taken) const;
    std::int32_t poolRoom(Pool& pool, std::int32_t inFlight);
    void readGate(Gate& gate, GateMemory& memory, std::uint16_t queue, std::uint16_t pool);

    // admit.cpp
    bool drainInbox(Queue& queue);
    void admit(Queue& queue, Item& item);
    void expire(Item& item);
    bool askQueueGate(Queue& queue, Item& item);
    bool askQueueGateAgain(Pool& pool, Queue& queue, Item& item);
    void standAsking(Queue& queue, Item& item, const Verdict& verdict);
    void passedQueueGate(Queue& queue, Item& item);
    void refused(Item& item, const Verdict& verdict, GateSide side);
    void gateFailed(Item& item, const Verdict& verdict);
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
    void flightTimer(Item& item);

    // settle.cpp
    void settle(Item& item, const Response& response);
    void retryLater(Item& item, const Response& response);
    void end(Item& item, const ResultMessage& result);
    void endCancelled(Item& item) { end(item, {ResultCode::cancelled, 0, "cancelled", {}}); }
    void endLate(Item& item, const ServiceTiming& timing = {}) {
        end(item, {ResultCode::deadlineExceeded, 0, "deadline exceeded", timing});
    }
    void endTooLate(Item& item, const Response& last);
    void drop(Item& item, const Verdict& verdict, GateSide side);
    void parkUntil(Item& item, Time due);
    void handBack(Item& item);
    void forget(Item& item);
    void abandon(Item& item);
    void leave(Item& item, Stage next = Stage::settling);
    void backedOff(Item& item);

    // narrate.cpp
    Event about(EventKind kind, const Request& request) const;
    void emit(EventKind kind, const Request& request) {
        if (observer_ != nullptr) observer_->observe(about(kind, request));
    }
    void emitVerdict(EventKind kind, const Item& item, const Reason& reason, GateSide side);
    void emitGate(EventKind kind, std::uint16_t queue, std::uint16_t pool, const Reason& reason,
                  double budget, GateSide side);
    void gateClosed(Queue& queue, const GateMemory& gate, GateSide side);
    void engineEvent(std::uint8_t code);
    void tellEnd(const Request& request, EventKind kind, std::uint8_t code, std::int32_t status,
                 const ServiceTiming& timing, GateSide side = GateSide::none);
    void tellLeaseLost(Item& item);

    void moveTo(Item& item, Stage stage) { ledger_.move(item, stage, clockNow()); }
    HeadClock& head(const Queue& queue) { return books_.heads[queue.index]; }
    const Holdings& of(const Queue& queue) const { return ledger_.queue(queue.index); }
    const Holdings& of(const Pool& pool) const { return ledger_.pool(pool.index); }

    // Time stands still within a Scope.
    Time clockNow() const { return depth_ > 0 ? now_ : loop_.now(); }
    const Semantics& semantics() const { return settings_.semantics; }
    DeadlineClock clock() const { return DeadlineClock(semantics().deadlineWholeSeconds); }
    Duration pollInterval() const;
    std::int32_t batchSize() const;
    std::int32_t workers(const Pool& pool) const { return settings_.pools[pool.index].workers; }
    Queue& queueOf(const Item& item) { return *queues_[item.request.queue]; }
    Pool& poolOf(const Item& item) { return *pools_[queueOf(item).pool]; }
    bool tiers() const { return settings_.merge.kind == MergeSettings::Kind::tierPriority; }

    Dispatcher& face_;
    DispatcherSettings& settings_;
    Books& books_;
    Loop& loop_;
    InferenceClient& client_;
    Observer* observer_;
    Ledger ledger_;
    std::vector<std::unique_ptr<Queue>> queues_;
    std::vector<std::unique_ptr<Pool>> pools_;
    std::unique_ptr<BudgetReader> reader_;
    State state_ = State::idle;
    int depth_ = 0;
    Time now_{};
    std::uint64_t trigger_ = 0; // counts entries from outside
    Time gridBase_{};
    bool moverDue_ = false; // it has ticked and not moved yet
    MemberTimer<Impl, &Impl::drained> drainTimer_{*this};
    MemberTimer<Impl, &Impl::moverTicked> moverTimer_{*this};
};

// Inline: several times a request.
inline Event Dispatcher::Impl::about(EventKind kind, const Request& request) const {
    Event event;
    event.at = clockNow();
    event.request = request.number;
    event.kind = kind;
    event.queue = request.queue;
    event.pool = queues_[request.queue]->pool;
    event.attempt = request.retries;
    return event;
}

} // namespace penstock

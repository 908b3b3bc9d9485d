// SPDX-License-Identifier: Apache-2.0
#pragma once

// One model server: an engine like vLLM V1 that batches continuously, on virtual time. A discrete
// machine without a clock: the caller submits sequences, asks nextEvent() when something will
// happen by itself, and calls advance() then. Steps in which nothing changes are skipped with the
// closed form of decode_run.h, so a request costs about four events, not hundreds; the result
// equals the step-by-step ReferenceReplica to the nanosecond (tests/sim/fleet/skip_ahead_test.cpp).
//
// A step: running sequences first (every decoder computes one token; a prompt left unfinished by
// the last step goes on), then waiting ones while slots, step tokens and KV blocks last. A decoder
// that needs a block when none is free takes it from the tail of the running list (or from the
// least urgent, SchedulingPolicy::priority), which goes back to the front of the queue and will
// compute its tokens again; such a step admits none. A step that finishes a prompt yields its
// first token.
//
// Order at one instant t, whatever the order of calls: a step that ends at t ends; the next begins
// with those that entered the queue before t; what enters at t meets a step already under way,
// and joins the next, unless nothing is running: then a step begins at t with all that have
// entered.
//
// Sink, given to every call that lets time pass, has these members (t in ns, at most `now`):
//   scheduled(id, t, cachedTokens)  left the waiting queue for the first time; prompt tokens cached
//   firstToken(id, t)   end of the step that finished its prompt
//   finished(id, t)     end of the step that gave the last token; the sequence is forgotten
//   preempted(id, t)    lost its KV blocks and waits again
//   lost(id, t)         was here when the replica was killed; forgotten
// A sink may call submit(), and nothing else, on the replica that is reporting to it.
//
// Two simplifications against vLLM: under SchedulingPolicy::priority, a sequence that gives way to
// itself does not keep those behind it from this step; and a unit of the prefix cache computed
// twice is kept once. In staticBatch mode a batch takes only what fits in KV memory to its end, and
// none once it only decodes; members that are done keep their slot and memory, cost no more time,
// and are reported at the batch's end.
//
// Single-threaded. Copyable when Store is. Allocates only when a run reaches new heights.
#include "sim/fleet/prefix_cache.h"
#include "sim/fleet/replica_types.h"
#include "sim/fleet/slot_heap.h"
#include "sim/fleet/storage.h"

#include <cstdint>

namespace penstock::sim {

struct IgnoreEvents {
    PENSTOCK_HD void scheduled(std::uint64_t, std::int64_t, std::int32_t) {}
    PENSTOCK_HD void firstToken(std::uint64_t, std::int64_t) {}
    PENSTOCK_HD void finished(std::uint64_t, std::int64_t) {}
    PENSTOCK_HD void preempted(std::uint64_t, std::int64_t) {}
    PENSTOCK_HD void lost(std::uint64_t, std::int64_t) {}
};

template <class Store = HeapStore>
class Replica {
  public:
    // The configuration must be sound (checked): see ReplicaConfig for the ranges.
    PENSTOCK_HD explicit Replica(const ReplicaConfig& config);

    PENSTOCK_HD const ReplicaConfig& config() const { return config_; }

    // Hands a sequence to the API server; it enters the waiting queue a0 later. `now` must not be
    // earlier than any time given before. Lengths below 1 count as 1.
    PENSTOCK_HD Submitted submit(std::int64_t now, const Sequence& sequence);

    // When something will next happen if nothing else is asked; kNeverNs if never. Some of these
    // instants report nothing (an arrival that finds no room). Any other call may move it, earlier
    // too, so a caller's one timer is set to it anew after each.
    PENSTOCK_HD std::int64_t nextEvent() const { return nextEvent_; }

    // Lets time pass up to and including `now`.
    template <class Sink>
    PENSTOCK_HD void advance(std::int64_t now, Sink& sink);

    // Takes a sequence out: at once if it waits, at the end of the step in progress if it runs.
    // True if it was here; nothing more is reported of it.
    template <class Sink>
    PENSTOCK_HD bool cancel(std::int64_t now, std::int32_t slot, std::uint64_t id, Sink& sink);

    // Steps that begin later than `now` take `factor` > 0 times as long as they should.
    template <class Sink>
    PENSTOCK_HD void setSlowFactor(std::int64_t now, double factor, Sink& sink);

    // The replica dies: everything here is reported lost (running, waiting, in the API, each in
    // order) and forgotten, the prefix cache too. Totals stay. It can be used again at once.
    template <class Sink>
    PENSTOCK_HD void kill(std::int64_t now, Sink& sink);

    // The state at t, which lies between the last advance() and nextEvent(). Nothing changes.
    PENSTOCK_HD Observation observe(std::int64_t t) const;

    // What the sequences here hold at t, as for observe(). Looks at each of them: to check the sums
    // that observe() keeps, not to read metrics. Ends the process if a cached unit has another
    // number of holders than sequences that hold it. Host only.
    Holdings holdings(std::int64_t t) const;

    // How many of this prompt's tokens the prefix cache holds now.
    PENSTOCK_HD std::int64_t cachedTokens(const Sequence& sequence) const;

    // Sequences anywhere in the replica.
    PENSTOCK_HD std::int64_t inside() const { return running_ + waiting_ + inApi_.size(); }

  private:
    enum class Phase : std::uint8_t { idle, mixedStep, decodeRun };
    enum class State : std::uint8_t { unused, inApi, waiting, prefill, decode, held };
    // Why the queue's head did not get in: without a slot none gets in, without room another may.
    enum class Blocked : std::uint8_t { no, byRoom, bySeat };

    // What every change of a sequence touches: one cache line.
    struct alignas(64) Slot {
        std::uint64_t id = 0;
        std::uint64_t arrival = 0;   // order of submission
        std::uint64_t admission = 0; // order of joining the running list
        std::int64_t finishStep = 0; // decoding: steps_ when its last token comes
        std::int32_t prompt = 0;
        std::int32_t output = 0;
        std::int32_t produced = 0; // output tokens; kept up to date while not decoding
        std::int32_t computed = 0; // prefill: tokens done so far
        std::int32_t chunk = 0;    // prefill: in the step in progress
        std::int32_t blocks = 0;   // prefill and held: KV blocks
        std::int32_t priority = 0;
        State state = State::unused;
        bool cancelled = false;
        bool wasScheduled = false;
    };
    static_assert(sizeof(Slot) == 64);
    // What few configurations ask for.
    struct Rest {
        std::int64_t enteredAt = 0;    // the waiting queue (staticBatch)
        std::int64_t tookBlockIn = -1; // the step for which a short step gave it what it needs
        PrefixInfo prefix;             // the rest with a prefix cache
        std::int32_t units = 0;        // units of the cache it holds, a part of its blocks
        std::int32_t lastPiece = -1;   // of the cache, that ends with them
    };
    // In the running or waiting list, or among the unused. Apart from the slots: what leaves
    // touches both its neighbours.
    struct Links {
        std::int32_t next = -1;
        std::int32_t previous = -1;
    };
    struct List {
        std::int32_t head = -1, tail = -1;
    };

    // replica_lists.h: slots, lists, the waiting queue.
    PENSTOCK_HD std::int32_t takeSlot();
    PENSTOCK_HD void dropSlot(std::int32_t slot);
    PENSTOCK_HD void append(List& list, std::int32_t slot);
    PENSTOCK_HD void prepend(List& list, std::int32_t slot);
    PENSTOCK_HD void unlink(List& list, std::int32_t slot);
    PENSTOCK_HD void enqueue(std::int32_t slot, bool atFront);
    PENSTOCK_HD void dequeue(std::int32_t slot);
    PENSTOCK_HD std::int32_t waitingHead() const;
    PENSTOCK_HD void enterQueueBefore(std::int64_t t);
    PENSTOCK_HD std::int64_t oldestWaiting() const;

    // replica_memory.h: KV blocks.
    PENSTOCK_HD std::int64_t freeBlocks() const { return config_.kvBlocks - used_; }
    PENSTOCK_HD void takeBlocks(std::int64_t n);
    PENSTOCK_HD void nameUnits(std::int32_t slot, std::int64_t tokens);
    PENSTOCK_HD void releaseBlocks(std::int32_t slot, std::int64_t tokens, std::int64_t blocks);
    PENSTOCK_HD typename PrefixCache<Store>::Found cachedUnits(const PrefixInfo& prefix,
                                                               std::int64_t target) const;
    PENSTOCK_HD std::int64_t contextOf(const Slot& s) const {
        return static_cast<std::int64_t>(s.prompt) + s.output - 1 - (s.finishStep - steps_);
    }
    // Output tokens it has had once `steps` steps are made.
    PENSTOCK_HD static std::int64_t producedOf(const Slot& s, std::int64_t steps) {
        return s.state == State::decode ? s.output - (s.finishStep - steps) : s.produced;
    }
    // What a prefill computes before the next output token: after a preemption, those it had too.
    PENSTOCK_HD static std::int32_t targetOf(const Slot& s) { return s.prompt + s.produced; }

    // replica_schedule.h: what a step does.
    struct Fit {
        bool fits = false;
        bool mayFitLater = false; // though none leaves
        Blocked blocked = Blocked::no;
        std::int32_t chunk = 0;
        std::int64_t newBlocks = 0;
        typename PrefixCache<Store>::Found cached;
    };
    PENSTOCK_HD Fit fitHead(std::int64_t budget) const;
    PENSTOCK_HD std::int32_t slots() const;
    template <class Sink>
    PENSTOCK_HD void admit(std::int64_t t, std::int32_t slot, const Fit& fit, Sink& sink);
    template <class Sink>
    PENSTOCK_HD void preempt(std::int64_t t, std::int32_t slot, Sink& sink);
    PENSTOCK_HD std::int32_t victim() const;
    template <class Sink>
    PENSTOCK_HD bool giveDecodersBlocks(std::int64_t t, Sink& sink);
    template <class Sink>
    PENSTOCK_HD bool continuePrefill(std::int64_t t, Sink& sink);
    template <class Sink>
    PENSTOCK_HD void schedule(std::int64_t t, const Fit* headFits, Sink& sink);
    PENSTOCK_HD void startMixedStep(std::int64_t t);
    PENSTOCK_HD void startRun(std::int64_t t, bool retry);

    // replica_steps.h: how time passes.
    PENSTOCK_HD std::int64_t idleStart() const;
    PENSTOCK_HD void findNextEvent();
    PENSTOCK_HD void settleBlocks(std::int64_t k);
    PENSTOCK_HD void endRun(std::int64_t k);
    PENSTOCK_HD void startDecoding(std::int32_t slot, std::int32_t context);
    PENSTOCK_HD void stopDecoding(std::int32_t slot);
    PENSTOCK_HD void leaveRunning(std::int32_t slot, std::int64_t tokens, std::int64_t blocks);
    template <class Sink>
    PENSTOCK_HD void finish(std::int64_t t, std::int32_t slot, std::int64_t tokens, Sink& sink);
    template <class Sink>
    PENSTOCK_HD void endPrefills(std::int64_t t, Sink& sink);
    template <class Sink>
    PENSTOCK_HD void boundary(std::int64_t t, Sink& sink);
    template <class Sink>
    PENSTOCK_HD void startFromIdle(std::int64_t t, Sink& sink);
    template <class Sink>
    PENSTOCK_HD void tryToAdmit(std::int64_t t, Sink& sink);
    template <class Sink>
    PENSTOCK_HD void releaseHeld(std::int64_t t, Sink& sink);
    PENSTOCK_HD void removeCancelled();
    PENSTOCK_HD void discard(const Slot& s, std::int64_t steps);

    template <class T>
    using Array = typename Store::template Array<T>;

    // What every event and every look at the metrics reads comes first, side by side.
    std::int64_t nextEvent_ = kNeverNs;
    std::int64_t time_ = INT64_MIN / 2; // of the last thing that happened here
    Phase phase_ = Phase::idle;
    Blocked blocked_ = Blocked::no;
    bool reporting_ = false;
    bool decodersHaveNext_ = false;  // while scheduling: all have the blocks for the coming step
    std::int32_t firstPrefill_ = -1; // everyone from here to the tail is in prefill
    // Running aggregates, as of the last change of the batch.
    std::int64_t waiting_ = 0;
    std::int64_t running_ = 0;
    std::int64_t decoding_ = 0;
    std::int64_t used_ = 0;  // KV blocks
    std::int64_t steps_ = 0; // made so far: every one gives every decoder a token
    DecodeRun run_;
    std::int64_t runSteps_ = 0;   // the run's length if nothing interferes
    std::int64_t runEnd_ = 0;     // and its end
    std::int64_t runSettled_ = 0; // for how many of its steps blocks have been taken
    SlotHeap<Store> inApi_;       // by the time they enter the queue

    std::int64_t stepStart_ = 0, stepEnd_ = 0; // of a mixed step
    std::int64_t retryFrom_ = kNeverNs; // try the queue's head at the first boundary after this
    std::int64_t cutFrom_ = kNeverNs;   // the batch changes at the first boundary after this
    std::int64_t contextSum_ = 0;       // KV tokens of decoding sequences
    std::int64_t prefillContext_ = 0;   // of those in prefill
    Array<Slot> slots_;
    Array<Rest> rest_; // by slot, as the next two
    Array<Links> links_;
    Array<std::int32_t> places_; // in the heap that it is in
    std::int32_t slotsMade_ = 0;
    std::int32_t unusedSlot_ = -1;
    List waitingList_;          // the waiting queue under SchedulingPolicy::fcfs
    List runningList_;          // in order of admission: decoding (and held), then in prefill
    SlotHeap<Store> finishing_; // decoding, by the step of their last token
    std::uint64_t arrivals_ = 0;
    std::uint64_t admissions_ = 0;
    std::uint64_t changes_ = 0; // of the batch: counts the draws of step jitter
    double slow_ = 1.0;
    std::int32_t cancelledRunning_ = 0;
    std::int32_t batchLeft_ = 0; // staticBatch: how many more may join
    std::int64_t heldContext_ = 0;
    std::int64_t heldFootprint_ = 0; // staticBatch: blocks promised to the batch
    std::int64_t promptTotal_ = 0, generatedTotal_ = 0, finishedTotal_ = 0, preemptions_ = 0;
    std::int64_t discardedTotal_ = 0, discardedPrompts_ = 0;
    std::int64_t cacheQueries_ = 0, cacheHits_ = 0, busyNs_ = 0;

    BlockGrowth growth_; // of the decoding sequences
    ReplicaConfig config_;
    SlotHeap<Store> byPriority_; // the waiting queue under SchedulingPolicy::priority
    PrefixCache<Store> cache_;
    std::int32_t unitTokens_ = 16;
};

} // namespace penstock::sim

#include "sim/fleet/replica_holdings.h"
#include "sim/fleet/replica_lists.h"
#include "sim/fleet/replica_memory.h"
#include "sim/fleet/replica_schedule.h"
#include "sim/fleet/replica_steps.h"

// SPDX-License-Identifier: Apache-2.0
#pragma once

// A dispatch gate: how much may go now, may this one go, and why not. A queue gate acts before a
// message is taken; a pool gate while the message waits for its worker.
//
// Gates are pulled, never blocking: a gate that needs a reading asks for it, answers from the last
// one meanwhile, and calls its listener when its answer may have changed. What a gate reserved for
// a request is released exactly once, when the request leaves the stage that applied the gate.
//
// Run thread only. No allocation per request in the steady state.
#include "engine/types/budget.h"
#include "engine/types/check.h"
#include "engine/types/parameter.h"
#include "engine/types/request.h"
#include "engine/types/result.h"
#include "engine/types/verdict.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace penstock {

class Gate;

// What gates took for one request, to be given back in reverse order. Fixed size: a composite of
// more than kMax reserving gates is refused when the document is read.
class Reservations {
  public:
    static constexpr std::size_t kMax = 6;

    void add(Gate& gate, std::uint64_t token) {
        PENSTOCK_CHECK(size_ < kMax);
        entries_[size_++] = {&gate, token};
    }
    std::size_t size() const { return size_; }

    // Releases everything added after `mark`, newest first.
    void releaseDownTo(std::size_t mark);
    void releaseAll() { releaseDownTo(0); }

    // The process that held them has died: see Gate::abandon.
    void abandonAll();

  private:
    struct Entry {
        Gate* gate;
        std::uint64_t token;
    };
    std::array<Entry, kMax> entries_{};
    std::size_t size_ = 0;
};

class GateListener {
  public:
    // The gate's budget or verdict may differ from what it last said.
    virtual void gateChanged(Gate& gate) = 0;

  protected:
    ~GateListener() = default;
};

// What an adaptive gate may learn from an attempt: only what a live engine can see.
struct AttemptOutcome {
    Duration latency{0}; // send to response
    int status = 0;
    TransportError transport = TransportError::none;
    DroppedReason dropped = DroppedReason::none;
    std::uint32_t outputTokens = 0; // 0: unknown
};

// The share of capacity that a gate leaves for new requests, in [0, 1], and why.
struct Budget {
    double share = 1.0;
    Reason reason;

    Budget() = default;
    Budget(double open, Reason why) : share(open), reason(why) {
        PENSTOCK_CHECK(share >= 0.0 && share <= 1.0); // and so not NaN
    }
};

// How many more requests may be sent, >= 0, and why.
struct Room {
    std::int32_t requests = 0;
    Reason reason;

    Room() = default;
    Room(std::int32_t more, Reason why) : requests(more), reason(why) {
        PENSTOCK_CHECK(requests >= 0);
    }
};

class Gate {
  public:
    virtual ~Gate() = default;

    virtual Budget budget(Time now) = 0;

    // May this request go? May add to `reservations`; a verdict other than proceed adds nothing.
    // The default refuses when the budget is 0, as every metric gate does.
    virtual Verdict apply(Time now, Request& request, Reservations& reservations);

    // Gives back what apply() reserved under `token`.
    virtual void release(std::uint64_t token);

    // The process that reserved `token` was killed. What it counted in its own memory is gone (the
    // default releases it); what it wrote to a shared store stays there until its TTL.
    virtual void abandon(std::uint64_t token) { release(token); }

    // How many more may be sent now, given the capacity (workers) of the pool and what this gate's
    // owner has in flight: the concurrency meaning of a budget. The default is
    // floor(capacity x budget) - inFlight; gates that count for themselves know better.
    virtual Room room(Time now, std::int32_t capacity, std::int32_t inFlight);

    // Gates inside this one (composite, wait-on-refuse...), in their order. What the engine tells a
    // gate reaches those inside it by this alone.
    virtual std::span<const std::unique_ptr<Gate>> inner() const { return {}; }

    // ---- what the engine tells: each call reaches every gate of the tree once, those inside first

    // Of every dispatch and every outcome of the gate's owner.
    void sent(Time now, const Request& request) {
        for (const auto& gate : inner())
            gate->sent(now, request);
        onSent(now, request);
    }
    void settled(Time now, const Request& request, const AttemptOutcome& outcome) {
        for (const auto& gate : inner())
            gate->settled(now, request, outcome);
        onSettled(now, request, outcome);
    }
    // Of the owner's backlog at each poll: pending requests and the earliest deadline.
    void backlog(Time now, std::int64_t pending, Time earliestDeadline) {
        for (const auto& gate : inner())
            gate->backlog(now, pending, earliestDeadline);
        onBacklog(now, pending, earliestDeadline);
    }
    // A request that this gate answered with `wait` leaves without being applied again (cancelled,
    // expired, given back): what the gate holds ready for it is given back. Harmless for others.
    void withdrawn(const Request& request) {
        for (const auto& gate : inner())
            gate->withdrawn(request);
        onWithdrawn(request);
    }
    // The reservation of `request` is about to be released only because a later gate of the same
    // chain is still asking: what release() would give back is to be held for its next apply().
    void keep(const Request& request) {
        for (const auto& gate : inner())
            gate->keep(request);
        onKeep(request);
    }

    // Earliest time at which the answer may change without a gateChanged() call; kNever if none.
    Time recheckAt() const {
        Time earliest = ownRecheckAt();
        for (const auto& gate : inner())
            earliest = std::min(earliest, gate->recheckAt());
        return earliest;
    }

    virtual std::string_view type() const = 0;

    // Shows the numbers that may be turned while a run goes on.
    virtual void parameters(ParameterVisitor&) {}

    // The listener outlives the gate.
    void listen(GateListener* listener) { listener_ = listener; }

  protected:
    virtual void onSent(Time, const Request&) {}
    virtual void onSettled(Time, const Request&, const AttemptOutcome&) {}
    virtual void onBacklog(Time, std::int64_t /*pending*/, Time /*earliestDeadline*/) {}
    virtual void onWithdrawn(const Request&) {}
    virtual void onKeep(const Request&) {}
    virtual Time ownRecheckAt() const { return kNever; }

    void changed() {
        if (listener_ != nullptr) listener_->gateChanged(*this);
    }

  private:
    GateListener* listener_ = nullptr;
};

} // namespace penstock

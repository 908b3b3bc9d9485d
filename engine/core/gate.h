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
#include "engine/types/parameter.h"
#include "engine/types/request.h"
#include "engine/types/result.h"
#include "engine/types/verdict.h"

#include <array>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace penstock {

class Gate;

// What gates took for one request, to be given back in reverse order. Fixed size: a composite of
// more than kMax reserving gates is refused when the document is read.
class Reservations {
  public:
    static constexpr std::size_t kMax = 6;

    void add(Gate& gate, std::uint64_t token) { entries_[size_++] = {&gate, token}; }
    std::size_t size() const { return size_; }
    bool full() const { return size_ == kMax; }

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

class Gate {
  public:
    virtual ~Gate() = default;

    // The share of capacity available for new requests, in [0, 1].
    virtual double budget(Time now) = 0;

    // May this request go? May add to `reservations`; a verdict other than proceed adds nothing.
    // The default refuses when the budget is 0, as every metric gate does.
    virtual Verdict apply(Time now, Request& request, Reservations& reservations);

    // Gives back what apply() reserved under `token`.
    virtual void release(std::uint64_t token);

    // The process that reserved `token` was killed. What it counted in its own memory is gone (the
    // default releases it); what it wrote to a shared store stays there until its TTL.
    virtual void abandon(std::uint64_t token) { release(token); }

    // A request that this gate answered with `wait` leaves without being applied again (cancelled,
    // expired, given back): what the gate holds ready for it is given back. Harmless for others.
    virtual void withdrawn(const Request&) {}

    // The reservation of `request` is about to be released only because a later gate of the same
    // chain is still asking: what release() would give back is to be held for its next apply().
    virtual void keep(const Request&) {}

    // How many more may be sent now, given the capacity (workers) of the pool and what this gate's
    // owner has in flight: the concurrency meaning of a budget. The default is
    // floor(capacity x budget) - inFlight; gates that count for themselves know better.
    virtual std::int32_t room(Time now, std::int32_t capacity, std::int32_t inFlight);

    // Why the last budget() or apply() said what it said.
    const Reason& reason() const { return reason_; }

    // Earliest time at which the answer may change without a gateChanged() call; kNever if none.
    virtual Time recheckAt() const { return kNever; }

    // Told of every dispatch and every outcome of its owner. For adaptive gates.
    virtual void sent(Time, const Request&) {}
    virtual void settled(Time, const Request&, const AttemptOutcome&) {}
    // Told of the owner's backlog at each poll: pending requests and the earliest deadline.
    virtual void backlog(Time, std::int64_t /*pending*/, Time /*earliestDeadline*/) {}

    virtual std::string_view type() const = 0;

    // Shows the numbers that may be turned while a run goes on.
    virtual void parameters(ParameterVisitor&) {}

    // Gates inside this one (composite, wait-on-refuse…), for reports, parameters and advice.
    virtual std::vector<Gate*> inner() { return {}; }

    // The listener outlives the gate. Gates pass it on to those inside.
    virtual void listen(GateListener* listener) { listener_ = listener; }

  protected:
    void changed() {
        if (listener_ != nullptr) listener_->gateChanged(*this);
    }
    Reason reason_;
    GateListener* listener_ = nullptr;
};

} // namespace penstock

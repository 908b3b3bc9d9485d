// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a queue gate's budget means, and so when and how much is claimed. There are two readers:
// RatePolls takes it for floor(batch x budget) messages a poll, as llm-d-async does; DemandClaims
// for the share of the pool's workers that may be in flight. The Dispatcher asks its reader
// wherever the two differ and nowhere else.
#include "engine/core/dispatcher_impl.h"

#include <memory>

namespace penstock {

class BudgetReader {
  public:
    using Impl = Dispatcher::Impl;
    using Queue = Dispatcher::Impl::Queue;
    using Pool = Dispatcher::Impl::Pool;

    virtual ~BudgetReader() = default;

    // Whether a queue's ticker runs though nothing is pending.
    virtual bool ticksWhenIdle() const = 0;
    // A trigger from outside: what was tried in vain may be tried again.
    virtual void triggered(Queue& queue) = 0;
    // Its poll tick has come; backlog and slots used up are already told.
    virtual void ticked(Queue& queue) = 0;
    // Makes claims, and moves what they brought towards the workers; true if anything moved.
    virtual bool drive(Pool& pool) = 0;
    // A claim of `asked` has brought `got`.
    virtual void claimed(Queue& queue, std::int32_t asked, std::int32_t got) = 0;
    // When the clock was read by which a claimed request's deadline is judged.
    virtual Time readAt(const Queue& queue) const = 0;
    // Its producer stands still: it looks at no more messages now.
    virtual bool standing(const Queue& queue) const = 0;
    // The gate has less room now than it had when the claim was made.
    virtual bool shrunkMeanwhile(Queue& queue) = 0;
    // A request was found expired when it was taken from its queue.
    virtual void foundExpired(Queue& queue) = 0;
    // The queue's gate says wait; true if the request goes on all the same.
    virtual bool waitAtQueueGate(Queue& queue, Item& item, const Verdict& verdict) = 0;
    // Through its queue's gate: to the merge policy.
    virtual void admitted(Queue& queue, Item& item) = 0;
    // Whether a request refused for its tenant's sake stays away for a while.
    virtual bool delaysTenants() const = 0;
    // The next request for a free worker slot, or null. `moved`: something else has moved.
    virtual Item* next(Pool& pool, bool& moved) = 0;
    // What holds the head of a queue in which something is pending.
    virtual HeadClock::Holder holder(const Pool& pool, const Queue& queue) const = 0;
    // Nothing moves any more: tell what is shut, set the ticks for what is left.
    virtual void settle(Queue& queue, const QueueDepth& depth) = 0;
    // Whether gates are asked again when they say that their answer may have changed.
    virtual bool rechecksGates() const = 0;
    // Gives back what it holds between the inbox and the merge policy, and between that and the
    // workers.
    virtual void letGoOf(Queue& queue) = 0;
    virtual void letGoOf(Pool& pool) = 0;
};

std::unique_ptr<BudgetReader> makeRatePolls(Dispatcher::Impl& impl);
std::unique_ptr<BudgetReader> makeDemandClaims(Dispatcher::Impl& impl);

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
// A budget as a concurrency: claims are made for free worker slots, and no more than the gates have
// room for. Which queue gets a slot is the merge policy's choice: a draw under random-robin; under
// tier-priority one request of each queue is claimed ahead, so that there are lanes to choose from.
#include "engine/core/budget_reader.h"

#include <algorithm>
#include <vector>

namespace penstock {

class DemandClaims final : public BudgetReader {
  public:
    explicit DemandClaims(Impl& impl)
        : impl_(impl), dry_(impl.queues_.size(), 0), expiredUsed_(impl.pools_.size(), 0),
          granted_(impl.queues_.size(), 0), rooms_(impl.queues_.size(), 0),
          caps_(impl.queues_.size(), 0) {
        candidates_.reserve(impl.queues_.size());
    }

    bool ticksWhenIdle() const override { return false; }
    void triggered(Queue& queue) override { dry_[queue.index] = 0; }
    void ticked(Queue& queue) override;
    bool drive(Pool& pool) override;
    void claimed(Queue& queue, std::int32_t asked, std::int32_t got) override {
        if (got < asked) dry_[queue.index] = 1;
    }
    Time readAt(const Queue&) const override { return impl_.clockNow(); }
    bool standing(const Queue&) const override { return false; }
    bool shrunkMeanwhile(Queue& queue) override;
    void foundExpired(Queue& queue) override {
        if (impl_.semantics().expiredUsesSlot) ++expiredUsed_[queue.pool];
    }
    bool waitAtQueueGate(Queue& queue, Item& item, const Verdict& verdict) override {
        impl_.waitAtHand(*impl_.pools_[queue.pool], item, verdict, true);
        return false;
    }
    void admitted(Queue& queue, Item& item) override {
        impl_.moveTo(item, Stage::merged);
        impl_.pools_[queue.pool]->merge.add(item);
    }
    bool delaysTenants() const override { return true; }
    Item* next(Pool& pool, bool& moved) override;
    HeadClock::Holder holder(const Pool& pool, const Queue& queue) const override;
    void settle(Queue& queue, const QueueDepth& depth) override;
    bool rechecksGates() const override { return true; }
    void letGoOf(Queue&) override {}
    void letGoOf(Pool&) override {}

  private:
    using Besides = Impl::Besides;

    bool ahead(const Pool& pool) const { return impl_.tiers() && pool.queues.size() > 1; }
    std::int32_t committed(const Pool& pool) const;
    bool mayClaim(const Queue& queue) const;
    bool askAgainBeforeSend(const Pool& pool, const Queue& queue, const Item& item) const;
    bool claimExpired(Pool& pool);
    bool claimAhead(Pool& pool);
    bool claimByDraw(Pool& pool, std::int32_t total);
    void findCapacities(Pool& pool);

    Impl& impl_;
    std::vector<std::uint8_t> dry_; // by queue: the last claim brought less than asked
    std::vector<std::int32_t>
        expiredUsed_; // by pool: slots used up by expired heads until the tick
    // Scratch of a claim: which queues may still get a slot, how many each got, and its bounds.
    std::vector<std::uint16_t> candidates_;
    std::vector<std::int32_t> granted_;
    std::vector<std::int32_t> rooms_;
    std::vector<std::int32_t> caps_;
};

std::unique_ptr<BudgetReader> makeDemandClaims(Dispatcher::Impl& impl) {
    return std::make_unique<DemandClaims>(impl);
}

// Gates are told at each poll, whether or not there is a slot to ask for.
void DemandClaims::ticked(Queue& queue) {
    Pool& pool = *impl_.pools_[queue.pool];
    expiredUsed_[queue.pool] = 0;
    if (queue.gate != nullptr) {
        impl_.readGate(*queue.gate, queue.memory, queue.index, queue.pool);
    }
    if (pool.gate != nullptr) impl_.readGate(*pool.gate, pool.memory, kNoIndex, pool.index);
}

// What the pool has taken on: in flight, or claimed for a slot that is still free.
std::int32_t DemandClaims::committed(const Pool& pool) const {
    const Holdings& held = impl_.of(pool);
    return held.inFlight() + pool.merge.size() + held.inboxed() + pool.outstanding;
}

bool DemandClaims::mayClaim(const Queue& queue) const {
    return queue.outstanding == 0 && dry_[queue.index] == 0 && !queue.heldBack &&
           queue.blocked == 0 && !impl_.settings_.queues[queue.index].paused &&
           (queue.ticked || impl_.semantics().pollOnFreedSlot) && impl_.hasWork(queue) &&
           (impl_.of(queue).at(Stage::backingOff) == 0 ||
            impl_.of(queue).at(Stage::backingOff) < impl_.workers(*impl_.pools_[queue.pool]));
}

// A claim takes its time, and the gate may have less room by then than it had when asked.
bool DemandClaims::shrunkMeanwhile(Queue& queue) {
    if (queue.gate == nullptr || queue.askedAt == impl_.clockNow()) return false;
    Pool& pool = *impl_.pools_[queue.pool];
    const Besides besides = ahead(pool) ? Besides::nextSlot : Besides::merged;
    queue.gateShut = impl_.queueRoom(pool, queue, besides) <= 0;
    return queue.gateShut;
}

Item* DemandClaims::next(Pool& pool, bool& moved) {
    while (!pool.merge.empty()) {
        pool.gateShut =
            pool.gate != nullptr && impl_.poolRoom(pool, impl_.of(pool).inFlight()) <= 0;
        if (pool.gateShut) return nullptr;
        const bool choice = !impl_.tiers() && pool.queues.size() > 1;
        const double u =
            choice ? impl_.loop_.random(RandomStream::mergePick, impl_.books_.picks++) : 0.0;
        Item& item = *pool.merge.take(impl_.settings_.merge, impl_.clockNow(), u);
        Queue& queue = impl_.queueOf(item);
        moved = true;
        const bool again = askAgainBeforeSend(pool, queue, item);
        if (!again || impl_.askQueueGateAgain(pool, queue, item)) return &item;
    }
    return nullptr;
}

// The queue's gate said yes when the request was claimed. It may have closed since; or, where
// queues share a budget, others of the same moment may have been sent before.
bool DemandClaims::askAgainBeforeSend(const Pool& pool, const Queue& queue,
                                      const Item& item) const {
    if (queue.gate == nullptr) return false;
    if (item.askedIn != impl_.trigger_) return true;
    const bool reserved = item.queueHeld.size() > 0;
    // By one that waited at the pool's gate until now, or by another queue of the same moment.
    if (pool.overtookIn == impl_.trigger_ && !reserved) return true;
    const bool shared = impl_.semantics().poolBudgetShared && pool.queues.size() > 1;
    return shared && (impl_.tiers() || !reserved);
}

// What has expired needs neither a gate nor a slot to be told so. Without this a closed gate would
// keep senders waiting for an answer that is known.
bool DemandClaims::claimExpired(Pool& pool) {
    if (impl_.semantics().expiredUsesSlot) return false;
    bool moved = false;
    for (const std::uint16_t index : pool.queues) {
        Queue& queue = *impl_.queues_[index];
        // Rarely true, so asked first.
        if (!impl_.clock().passed(queue.port->earliestDeadline(), impl_.clockNow())) continue;
        if (!mayClaim(queue)) continue;
        moved |= impl_.claim(pool, queue, 1);
        queue.askedAt = Time{}; // the gate has not been asked: what comes in time must meet it
    }
    return moved;
}

bool DemandClaims::drive(Pool& pool) {
    if (claimExpired(pool)) return true;
    const std::int32_t free = impl_.workers(pool) - impl_.of(pool).busy() - pool.merge.size() -
                              pool.outstanding - expiredUsed_[pool.index];
    if (pool.waitingBlocks) return false;
    if (free <= 0 && !ahead(pool)) return false;
    candidates_.clear();
    for (const std::uint16_t index : pool.queues) {
        if (mayClaim(*impl_.queues_[index])) candidates_.push_back(index);
    }
    if (candidates_.empty()) return false;
    const std::int32_t flying = impl_.of(pool).inFlight();
    const std::int32_t room = impl_.poolRoom(
        pool, ahead(pool) ? flying - impl_.freedNext(pool, flying) : committed(pool));
    pool.gateShut = room <= 0;
    if (pool.gateShut) return false;
    return ahead(pool) ? claimAhead(pool) : claimByDraw(pool, std::min(free, room));
}

bool DemandClaims::claimAhead(Pool& pool) {
    bool moved = false;
    for (const std::uint16_t index : candidates_) {
        Queue& queue = *impl_.queues_[index];
        if (pool.merge.ofQueue(index) > 0 || !queue.inbox.empty()) continue;
        queue.gateShut = impl_.queueRoom(pool, queue, Besides::nextSlot) <= 0;
        if (!queue.gateShut) moved |= impl_.claim(pool, queue, 1);
    }
    return moved;
}

// Keeps those candidates whose own gate has room, and how many each may get.
void DemandClaims::findCapacities(Pool& pool) {
    const std::int32_t batch = impl_.batchSize();
    std::size_t count = 0;
    for (const std::uint16_t index : candidates_) {
        Queue& queue = *impl_.queues_[index];
        const std::int32_t room = impl_.queueRoom(pool, queue, Besides::everything);
        queue.gateShut = room <= 0;
        if (queue.gateShut) continue;
        const QueueDepth& depth = queue.port->depth();
        const bool exact = queue.traits.announces && queue.traits.exactDepth && depth.known;
        const std::int64_t there = exact ? depth.claimable() : batch;
        granted_[index] = 0;
        rooms_[index] = room;
        caps_[index] = static_cast<std::int32_t>(std::min<std::int64_t>({there, batch, room}));
        candidates_[count++] = index;
    }
    candidates_.resize(count);
}

bool DemandClaims::claimByDraw(Pool& pool, std::int32_t total) {
    findCapacities(pool);
    std::size_t count = candidates_.size();
    if (count == 1) {
        const std::uint16_t only = candidates_[0];
        return impl_.claim(pool, *impl_.queues_[only], std::min(total, caps_[only]));
    }
    const bool shared = impl_.semantics().poolBudgetShared;
    std::int64_t wanted = 0;
    for (const std::uint16_t index : candidates_)
        wanted += caps_[index];
    std::int32_t given = 0;
    while (given < total && given < wanted && count > 0) {
        const double u = impl_.loop_.random(RandomStream::mergePick, impl_.books_.picks++);
        const auto pick = static_cast<std::size_t>(u * static_cast<double>(count));
        const std::uint16_t index = candidates_[pick];
        const bool full = granted_[index] >= caps_[index] || (shared && given >= rooms_[index]);
        if (full) {
            std::swap(candidates_[pick], candidates_[--count]);
        } else {
            ++granted_[index];
            ++given;
            // What is sent last must still find its own gate's room kept.
            if (shared) total = std::min(total, rooms_[index]);
        }
    }
    bool moved = false;
    // In queue order, so that what is claimed at one instant does not depend on the draws' order.
    for (const std::uint16_t index : pool.queues) {
        const auto chosen = std::find(candidates_.begin(), candidates_.end(), index);
        if (chosen == candidates_.end() || granted_[index] == 0) continue;
        const std::int32_t max = granted_[index];
        granted_[index] = 0;
        moved |= impl_.claim(pool, *impl_.queues_[index], max);
    }
    return moved;
}

HeadClock::Holder DemandClaims::holder(const Pool& pool, const Queue& queue) const {
    using Holder = HeadClock::Holder;
    const bool shut = queue.gateShut || pool.gateShut || pool.waitingBlocks || queue.blocked > 0 ||
                      queue.heldBack;
    const Holdings& held = impl_.of(pool);
    if (held.parked() > 0) return Holder::gate;
    if (impl_.workers(pool) - held.busy() - pool.merge.size() <= 0) return Holder::workerSlot;
    return shut ? Holder::gate : Holder::pollTick;
}

void DemandClaims::settle(Queue& queue, const QueueDepth& depth) {
    const Pool& pool = *impl_.pools_[queue.pool];
    const bool work = !queue.traits.announces || !depth.known || depth.claimable() > 0;
    if (queue.ticked && work && (queue.gateShut || pool.gateShut)) {
        const Impl::GateMemory& shut = queue.gateShut ? queue.memory : pool.memory;
        impl_.gateClosed(queue, shut, queue.gateShut ? GateSide::queueGate : GateSide::poolGate);
    }
    // A whole batch of refusals for their tenants' sake: make them come back later.
    if (queue.refusedNow >= impl_.batchSize() && queue.passedNow == 0) {
        queue.tenantDelay = std::min<Duration>(2 * queue.tenantDelay, std::chrono::seconds{60});
    } else if (queue.passedNow > 0) {
        queue.tenantDelay = impl_.semantics().refusedDelay;
    }
    const bool running = impl_.state_ == Impl::State::running;
    if (work && running && !queue.ticker.armed()) impl_.armTick(queue, false);
}

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
// A budget as a rate: at each tick of a queue's own ticker floor(batch x budget) pops, each message
// handed to the merge policy over an unbuffered channel. While the policy does not take it the
// producer stands still, and of the ticks it misses one is kept. Source: llm-d-async 0.9,
// pkg/redis/sortedset_impl.go and pkg/async/mergepolicy.
#include "engine/core/budget_reader.h"

#include <vector>

namespace penstock {

namespace {
constexpr std::int32_t kLaneBuffer = 1000; // tier-priority's bound for each lane
} // namespace

class RatePolls final : public BudgetReader {
  public:
    explicit RatePolls(Impl& impl)
        : impl_(impl), producers_(impl.queues_.size()), ready_(impl.pools_.size()) {
        candidates_.reserve(impl.queues_.size());
    }

    bool ticksWhenIdle() const override { return true; }
    void triggered(Queue&) override {}
    void ticked(Queue& queue) override;
    bool drive(Pool& pool) override;
    void claimed(Queue& queue, std::int32_t asked, std::int32_t got) override;
    // llm-d-async reads the clock once a poll, before it pops.
    Time readAt(const Queue& queue) const override { return producers_[queue.index].pollStart; }
    bool standing(const Queue& queue) const override {
        return producers_[queue.index].handed != kNoItem;
    }
    bool shrunkMeanwhile(Queue&) override { return false; }
    void foundExpired(Queue& queue) override {
        if (!impl_.semantics().expiredUsesSlot) ++producers_[queue.index].popsLeft;
    }
    bool waitAtQueueGate(Queue& queue, Item& item, const Verdict& verdict) override;
    void admitted(Queue& queue, Item& item) override;
    bool delaysTenants() const override { return false; }
    Item* next(Pool& pool, bool& moved) override;
    HeadClock::Holder holder(const Pool& pool, const Queue& queue) const override;
    void settle(Queue&, const QueueDepth&) override {}
    bool rechecksGates() const override { return false; }
    void letGoOf(Queue& queue) override;
    void letGoOf(Pool& pool) override;

  private:
    // The goroutine that polls one queue.
    struct Producer {
        Time pollStart{};
        std::int32_t popsLeft = 0;
        std::int32_t popsGranted = 0;
        bool missedTick = false;
        std::uint32_t handed = kNoItem; // the message that blocks it
    };

    bool busy(const Queue& queue) const {
        return queue.outstanding > 0 || !queue.inbox.empty() || queue.asking != kNoItem ||
               producers_[queue.index].handed != kNoItem;
    }
    void poll(Queue& queue);
    bool produce(Queue& queue);
    bool mergeHanded(Pool& pool);
    void toReady(Pool& pool, Item& item);
    Item& takeHanded(Queue& queue);

    Impl& impl_;
    std::vector<Producer> producers_; // by queue
    std::vector<ItemList> ready_;     // by pool: chosen, for the next free worker
    std::vector<std::uint16_t> candidates_;
};

std::unique_ptr<BudgetReader> makeRatePolls(Dispatcher::Impl& impl) {
    return std::make_unique<RatePolls>(impl);
}

void RatePolls::ticked(Queue& queue) {
    impl_.armTick(queue, false);
    Producer& producer = producers_[queue.index];
    if (producer.popsLeft > 0 || busy(queue)) {
        producer.missedTick = true; // a Go ticker keeps one
    } else {
        poll(queue);
    }
}

void RatePolls::poll(Queue& queue) {
    if (impl_.settings_.queues[queue.index].paused) return;
    Producer& producer = producers_[queue.index];
    const std::int32_t batch = impl_.batchSize();
    producer.pollStart = impl_.clockNow();
    producer.popsGranted = batch;
    if (queue.gate != nullptr) {
        impl_.readGate(*queue.gate, queue.memory, queue.index, queue.pool);
        producer.popsGranted = batchOf(batch, queue.memory.budget);
    }
    queue.gateShut = producer.popsGranted <= 0;
    if (!queue.gateShut) {
        producer.popsLeft = producer.popsGranted;
    } else if (queue.port->depth().pending > 0) {
        impl_.gateClosed(queue, queue.memory, GateSide::queueGate);
    }
}

bool RatePolls::drive(Pool& pool) {
    bool moved = false;
    for (const std::uint16_t index : pool.queues)
        moved |= produce(*impl_.queues_[index]);
    moved |= mergeHanded(pool);
    return moved;
}

bool RatePolls::produce(Queue& queue) {
    Producer& producer = producers_[queue.index];
    const bool oneByOne = impl_.semantics().claiming == Semantics::Claiming::destructivePop;
    bool moved = false;
    while (!busy(queue)) {
        if (producer.popsLeft <= 0) {
            if (!producer.missedTick) break;
            producer.missedTick = false;
            poll(queue);
            if (producer.popsLeft <= 0) break;
        }
        const std::int32_t pops = oneByOne ? 1 : producer.popsLeft;
        producer.popsLeft -= pops;
        moved |= impl_.claim(*impl_.pools_[queue.pool], queue, pops);
        impl_.drainInbox(queue);
    }
    return moved;
}

void RatePolls::claimed(Queue& queue, std::int32_t, std::int32_t got) {
    if (got == 0 && !impl_.hasWork(queue)) producers_[queue.index].popsLeft = 0;
}

bool RatePolls::waitAtQueueGate(Queue& queue, Item& item, const Verdict& verdict) {
    if (impl_.semantics().queueWaitProceeds && !verdict.inside) return true;
    impl_.standAsking(queue, item, verdict);
    return false;
}

void RatePolls::admitted(Queue& queue, Item& item) {
    impl_.moveTo(item, Stage::handed);
    producers_[queue.index].handed = item.index;
}

Item& RatePolls::takeHanded(Queue& queue) {
    Producer& producer = producers_[queue.index];
    Item& item = impl_.ledger_[producer.handed];
    producer.handed = kNoItem;
    return item;
}

void RatePolls::toReady(Pool& pool, Item& item) {
    impl_.moveTo(item, Stage::ready);
    ready_[pool.index].pushBack(impl_.ledger_.slab(), item);
}

// The policy takes from blocked producers. What it has merged waits in a channel of one place a
// queue, and one more message is in its hand.
bool RatePolls::mergeHanded(Pool& pool) {
    const auto capacity = static_cast<std::int32_t>(pool.queues.size()) + 1;
    const ItemList& ready = ready_[pool.index];
    bool moved = false;
    if (impl_.tiers()) {
        for (const std::uint16_t index : pool.queues) {
            Queue& queue = *impl_.queues_[index];
            if (!standing(queue)) continue;
            const std::uint8_t lane = impl_.ledger_[producers_[index].handed].lane;
            if (pool.merge.laneSize(lane) >= kLaneBuffer) continue;
            Item& item = takeHanded(queue);
            impl_.moveTo(item, Stage::merged);
            item.handSince = impl_.clockNow();
            pool.merge.add(item);
            moved = true;
        }
        while (ready.size() < capacity && !pool.merge.empty()) {
            toReady(pool, *pool.merge.take(impl_.settings_.merge, impl_.clockNow(), 0.0));
            moved = true;
        }
        return moved;
    }
    while (ready.size() < capacity) {
        candidates_.clear();
        for (const std::uint16_t index : pool.queues) {
            if (standing(*impl_.queues_[index])) candidates_.push_back(index);
        }
        if (candidates_.empty()) break;
        std::size_t pick = 0;
        if (candidates_.size() > 1) {
            const double u = impl_.loop_.random(RandomStream::mergePick, impl_.books_.picks++);
            pick = static_cast<std::size_t>(u * static_cast<double>(candidates_.size()));
        }
        Queue& queue = *impl_.queues_[candidates_[pick]];
        toReady(pool, takeHanded(queue));
        produce(queue); // its producer is as quick as the policy: its next one is in the next draw
        moved = true;
    }
    return moved;
}

Item* RatePolls::next(Pool& pool, bool&) {
    ItemList& ready = ready_[pool.index];
    return ready.empty() ? nullptr : &ready.popFront(impl_.ledger_.slab());
}

HeadClock::Holder RatePolls::holder(const Pool& pool, const Queue& queue) const {
    using Holder = HeadClock::Holder;
    const Producer& producer = producers_[queue.index];
    if (queue.asking != kNoItem || queue.heldBack || producer.popsGranted < impl_.batchSize()) {
        return Holder::gate;
    }
    if (producer.handed == kNoItem) return Holder::pollTick;
    return impl_.of(pool).parked() > 0 ? Holder::gate : Holder::workerSlot;
}

void RatePolls::letGoOf(Queue& queue) {
    Producer& producer = producers_[queue.index];
    producer.popsLeft = 0;
    producer.missedTick = false;
    if (standing(queue)) impl_.letGo(takeHanded(queue), false);
}

void RatePolls::letGoOf(Pool& pool) {
    ItemList& ready = ready_[pool.index];
    while (!ready.empty())
        impl_.letGo(ready.popFront(impl_.ledger_.slab()), true);
}

} // namespace penstock

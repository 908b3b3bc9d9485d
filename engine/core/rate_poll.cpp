// SPDX-License-Identifier: Apache-2.0
// A budget as a rate: at each tick of a queue's own ticker floor(batch x budget) pops, each message
// handed to the merge policy over an unbuffered channel. While the policy does not take it the
// producer stands still, and of the ticks it misses one is kept. Source: llm-d-async 0.9,
// pkg/redis/sortedset_impl.go and pkg/async/mergepolicy.
#include "engine/core/dispatcher_impl.h"

namespace penstock {

namespace {
constexpr std::int32_t kLaneBuffer = 1000; // tier-priority's bound for each lane
} // namespace

void Dispatcher::Impl::ratePoll(Queue& queue) {
    if (settings.queues[queue.index].paused) return;
    const std::int32_t batch = batchSize();
    queue.pollStart = clockNow();
    queue.popsGranted = batch;
    if (queue.gate != nullptr) {
        readGate(*queue.gate, queue.memory, queue.index, queue.pool);
        queue.popsGranted = batchOf(batch, queue.memory.budget);
    }
    queue.gateShut = queue.popsGranted <= 0;
    if (!queue.gateShut) {
        queue.popsLeft = queue.popsGranted;
    } else if (queue.port->depth().pending > 0) {
        gateClosed(queue, queue.memory.reason, queue.memory.budget);
    }
}

bool Dispatcher::Impl::rateDrive(Pool& pool) {
    bool moved = mergeHanded(pool);
    for (const std::uint16_t index : pool.queues)
        moved |= produce(*queues_[index]);
    return moved;
}

bool Dispatcher::Impl::produce(Queue& queue) {
    const auto standing = [&queue] {
        return queue.handed != kNoItem || queue.asking != kNoItem || queue.outstanding > 0 ||
               !queue.inbox.empty();
    };
    const bool oneByOne = semantics().claiming == Semantics::Claiming::destructivePop;
    bool moved = false;
    while (!standing()) {
        if (queue.popsLeft <= 0) {
            if (!queue.missedTick) break;
            queue.missedTick = false;
            ratePoll(queue);
            if (queue.popsLeft <= 0) break;
        }
        const std::int32_t pops = oneByOne ? 1 : queue.popsLeft;
        queue.popsLeft -= pops;
        moved |= claim(*pools_[queue.pool], queue, pops);
        drainInbox(queue);
    }
    return moved;
}

void Dispatcher::Impl::toReady(Pool& pool, Item& item) {
    moveTo(item, Stage::ready);
    pool.ready.pushBack(slab_, item);
}

// The policy takes from blocked producers. What it has merged waits in a channel of one place a
// queue, and one more message is in its hand.
bool Dispatcher::Impl::mergeHanded(Pool& pool) {
    const auto capacity = static_cast<std::int32_t>(pool.queues.size()) + 1;
    bool moved = false;
    if (tiers()) {
        for (const std::uint16_t index : pool.queues) {
            Queue& queue = *queues_[index];
            if (queue.handed == kNoItem) continue;
            Item& item = slab_[queue.handed];
            if (pool.merge.laneSize(item.lane) >= kLaneBuffer) continue;
            queue.handed = kNoItem;
            moveTo(item, Stage::merged);
            item.handSince = clockNow();
            pool.merge.add(item);
            moved = true;
        }
        while (pool.ready.size() < capacity && !pool.merge.empty()) {
            toReady(pool, *pool.merge.take(settings.merge, clockNow(), 0.0));
            moved = true;
        }
        return moved;
    }
    while (pool.ready.size() < capacity) {
        pool.candidates.clear();
        for (const std::uint16_t index : pool.queues) {
            if (queues_[index]->handed != kNoItem) pool.candidates.push_back(index);
        }
        if (pool.candidates.empty()) break;
        std::size_t pick = 0;
        if (pool.candidates.size() > 1) {
            const double u = loop_.random(RandomStream::mergePick, picks_++);
            pick = static_cast<std::size_t>(u * static_cast<double>(pool.candidates.size()));
        }
        Queue& queue = *queues_[pool.candidates[pick]];
        Item& item = slab_[queue.handed];
        queue.handed = kNoItem;
        toReady(pool, item);
        moved = true;
    }
    return moved;
}

} // namespace penstock

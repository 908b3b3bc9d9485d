// SPDX-License-Identifier: Apache-2.0
// A budget as a concurrency: claims are made for free worker slots, and no more than the gates have
// room for. Which queue gets a slot is the merge policy's choice: a draw under random-robin; under
// tier-priority one request of each queue is claimed ahead, so that there are lanes to choose from.
#include "engine/core/dispatcher_impl.h"
#include "engine/types/check.h"

#include <algorithm>

namespace penstock {

namespace {
constexpr std::int32_t kNoLimit = INT32_MAX;
} // namespace

// What the pool has taken on: in flight, or claimed for a slot that is still free.
std::int32_t Dispatcher::Impl::committed(const Pool& pool) const {
    return pool.inFlight + pool.merge.size() + pool.inboxed + pool.outstanding;
}

std::int32_t Dispatcher::Impl::freedNext(const Pool& pool, std::int32_t taken) {
    return taken > 0 && pool.busy >= workers(pool) ? 1 : 0;
}

std::int32_t Dispatcher::Impl::poolRoom(Pool& pool, std::int32_t inFlight) {
    if (pool.gate == nullptr) return kNoLimit;
    readGate(*pool.gate, pool.memory, kNoIndex, pool.index);
    return pool.gate->room(clockNow(), workers(pool), inFlight);
}

// For one more on top of `besides`. A gate that counts its own reservations knows better than both.
std::int32_t Dispatcher::Impl::queueRoom(Pool& pool, Queue& queue, Besides besides) {
    if (queue.gate == nullptr) return kNoLimit;
    readGate(*queue.gate, queue.memory, queue.index, queue.pool);
    const bool shared = semantics().poolBudgetShared;
    std::int32_t taken = shared ? pool.inFlight : queue.inFlight;
    if (besides == Besides::nextSlot) taken -= freedNext(pool, taken);
    if (besides >= Besides::merged) {
        taken += shared ? pool.merge.size() : pool.merge.ofQueue(queue.index);
    }
    if (besides == Besides::everything) {
        taken += shared ? pool.inboxed + pool.outstanding : queue.inbox.size() + queue.outstanding;
    }
    return queue.gate->room(clockNow(), workers(pool), taken);
}

bool Dispatcher::Impl::mayClaim(const Queue& queue) const {
    return queue.outstanding == 0 && !queue.dry && !queue.heldBack && queue.waiting == 0 &&
           !settings.queues[queue.index].paused && (queue.ticked || semantics().pollOnFreedSlot) &&
           hasWork(queue);
}

bool Dispatcher::Impl::claim(Pool& pool, Queue& queue, std::int32_t max) {
    PENSTOCK_CHECK(queue.outstanding == 0 && max > 0);
    queue.outstanding = max;
    queue.askedAt = clockNow();
    pool.outstanding += max;
    const std::int32_t before = queue.inbox.size();
    queue.port->claim(max);
    return queue.inbox.size() != before;
}

// What has expired needs neither a gate nor a slot to be told so. Without this a closed gate would
// keep senders waiting for an answer that is known.
bool Dispatcher::Impl::claimExpired(Pool& pool) {
    if (semantics().expiredUsesSlot) return false;
    bool moved = false;
    for (const std::uint16_t index : pool.queues) {
        Queue& queue = *queues_[index];
        if (!mayClaim(queue)) continue;
        if (!clock().passed(queue.port->earliestDeadline(), clockNow())) continue;
        moved |= claim(pool, queue, 1);
        queue.askedAt = Time{}; // nobody has asked the gate: what comes in time must meet it
    }
    return moved;
}

bool Dispatcher::Impl::demandClaim(Pool& pool) {
    if (claimExpired(pool)) return true;
    const std::int32_t free =
        workers(pool) - pool.busy - pool.merge.size() - pool.outstanding - pool.expiredUsed;
    const bool ahead = tiers() && pool.queues.size() > 1;
    if (pool.waitingBlocks) return false;
    if (free <= 0 && !ahead) return false;
    pool.candidates.clear();
    for (const std::uint16_t index : pool.queues) {
        if (mayClaim(*queues_[index])) pool.candidates.push_back(index);
    }
    if (pool.candidates.empty()) return false;
    const std::int32_t room =
        poolRoom(pool, ahead ? pool.inFlight - freedNext(pool, pool.inFlight) : committed(pool));
    pool.gateShut = room <= 0;
    if (pool.gateShut) return false;
    return ahead ? claimAhead(pool) : claimByDraw(pool, std::min(free, room));
}

bool Dispatcher::Impl::claimAhead(Pool& pool) {
    bool moved = false;
    for (const std::uint16_t index : pool.candidates) {
        Queue& queue = *queues_[index];
        if (pool.merge.ofQueue(index) > 0 || !queue.inbox.empty()) continue;
        queue.gateShut = queueRoom(pool, queue, Besides::nextSlot) <= 0;
        if (!queue.gateShut) moved |= claim(pool, queue, 1);
    }
    return moved;
}

bool Dispatcher::Impl::claimByDraw(Pool& pool, std::int32_t total) {
    const std::int32_t batch = batchSize();
    const bool shared = semantics().poolBudgetShared;
    std::size_t count = 0;
    std::int64_t wanted = 0;
    for (const std::uint16_t index : pool.candidates) {
        Queue& queue = *queues_[index];
        const std::int32_t room = queueRoom(pool, queue, Besides::everything);
        queue.gateShut = room <= 0;
        if (queue.gateShut) continue;
        const QueueDepth depth = queue.port->depth();
        const std::int64_t there = queue.announces ? depth.pending + depth.suspect : batch;
        pool.granted[index] = 0;
        pool.rooms[index] = room;
        pool.caps[index] = static_cast<std::int32_t>(std::min<std::int64_t>({there, batch, room}));
        wanted += pool.caps[index];
        pool.candidates[count++] = index;
    }
    pool.candidates.resize(count);
    if (count == 1) {
        const std::uint16_t only = pool.candidates[0];
        return claim(pool, *queues_[only], std::min(total, pool.caps[only]));
    }
    std::int32_t given = 0;
    while (given < total && given < wanted && count > 0) {
        const double u = loop_.random(RandomStream::mergePick, picks_++);
        const auto pick = static_cast<std::size_t>(u * static_cast<double>(count));
        const std::uint16_t index = pool.candidates[pick];
        const bool full =
            pool.granted[index] >= pool.caps[index] || (shared && given >= pool.rooms[index]);
        if (full) {
            std::swap(pool.candidates[pick], pool.candidates[--count]);
        } else {
            ++pool.granted[index];
            ++given;
            // Whoever is sent last must still find its own gate's room kept.
            if (shared) total = std::min(total, pool.rooms[index]);
        }
    }
    bool moved = false;
    // In queue order, so that what is claimed at one instant does not depend on the draws' order.
    for (const std::uint16_t index : pool.queues) {
        const auto chosen = std::find(pool.candidates.begin(), pool.candidates.end(), index);
        if (chosen == pool.candidates.end() || pool.granted[index] == 0) continue;
        const std::int32_t max = pool.granted[index];
        pool.granted[index] = 0;
        moved |= claim(pool, *queues_[index], max);
    }
    return moved;
}

} // namespace penstock

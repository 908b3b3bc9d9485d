// SPDX-License-Identifier: Apache-2.0
#pragma once

// Who holds what: every request in the engine's hands is one Item in one Stage, and all counts that
// decisions are made by (at hand, in flight, parked, worker slots) follow from moves between
// stages, for its queue and for its pool. A move that no request can make ends the process.
//
// Run thread only. No allocation per request once the most ever held has been reached.
#include "engine/core/items.h"
#include "engine/types/limiter.h"

#include <array>
#include <cstdint>
#include <vector>

namespace penstock {

// Where a request may go from each stage, as bits.
inline constexpr std::uint32_t stageBit(Stage stage) {
    return 1U << static_cast<unsigned>(stage);
}

inline constexpr std::array<std::uint32_t, kStages> kStageMoves = [] {
    std::array<std::uint32_t, kStages> moves{};
    const auto from = [&moves](Stage stage) -> std::uint32_t& {
        return moves[static_cast<std::size_t>(stage)];
    };
    const std::uint32_t out = stageBit(Stage::settling) | stageBit(Stage::backingOff);
    const std::uint32_t gate = stageBit(Stage::parked) | stageBit(Stage::waiting);
    from(Stage::free) = stageBit(Stage::inbox);
    from(Stage::inbox) =
        stageBit(Stage::asking) | stageBit(Stage::handed) | stageBit(Stage::merged) | gate | out;
    from(Stage::asking) =
        stageBit(Stage::asking) | stageBit(Stage::handed) | stageBit(Stage::merged) | out;
    from(Stage::handed) = stageBit(Stage::merged) | stageBit(Stage::ready) | out;
    from(Stage::merged) = stageBit(Stage::merged) | stageBit(Stage::ready) |
                          stageBit(Stage::inFlight) | gate | stageBit(Stage::asking) | out;
    from(Stage::ready) = stageBit(Stage::inFlight) | gate | out;
    from(Stage::parked) = stageBit(Stage::inFlight) | gate | out;
    from(Stage::waiting) =
        stageBit(Stage::handed) | stageBit(Stage::merged) | stageBit(Stage::inFlight) | gate | out;
    from(Stage::inFlight) = out;
    from(Stage::backingOff) = stageBit(Stage::inbox) | stageBit(Stage::settling);
    from(Stage::settling) = stageBit(Stage::free);
    return moves;
}();

inline LifeStage stageWaitsFor(Stage stage) {
    switch (stage) {
    case Stage::asking:
    case Stage::parked:
    case Stage::waiting:
        return LifeStage::gate;
    default:
        return LifeStage::workerSlot;
    }
}

// What one queue, or one pool, has in the engine's hands.
class Holdings {
  public:
    std::int32_t at(Stage stage) const { return at_[static_cast<std::size_t>(stage)]; }
    std::int32_t inFlight() const { return at(Stage::inFlight); }
    std::int32_t parked() const { return at(Stage::parked); }
    std::int32_t inboxed() const { return at(Stage::inbox); }
    // Claimed, not yet sent.
    std::int32_t atHand() const { return held_ - inFlight() - at(Stage::settling); }
    // Worker slots taken.
    std::int32_t busy() const { return busy_; }

  private:
    friend class Ledger;
    std::array<std::int32_t, kStages> at_{}; // Stage::free is not counted
    std::int32_t held_ = 0;
    std::int32_t busy_ = 0;
};

class Ledger {
  public:
    // `poolOfQueue[q]` is the pool of queue q; `heads[q]` keeps the account of where its requests'
    // time went, and outlives the ledger.
    Ledger(ItemOwner& owner, std::vector<std::uint16_t> poolOfQueue, std::size_t pools,
           std::vector<HeadClock>& heads);

    Item& operator[](std::uint32_t index) { return slab_[index]; }
    ItemSlab& slab() { return slab_; }
    std::uint32_t capacity() const { return slab_.capacity(); }
    bool empty() const { return slab_.used() == 0; }

    const Holdings& queue(std::uint16_t index) const { return queues_[index]; }
    const Holdings& pool(std::uint16_t index) const { return pools_[index]; }

    // A request has been claimed: it is in its queue's inbox.
    Item& take(const Request& request, Time now);
    // Charges the time since the last move to what the old stage waits for.
    void move(Item& item, Stage stage, Time now);
    // Its claim has been settled: the engine knows it no more.
    void give(Item& item, Time now);

    void takeSlot(Item& item);
    void freeSlot(Item& item);

  private:
    void count(const Item& item, Stage stage, std::int32_t by);

    ItemSlab slab_;
    std::vector<std::uint16_t> poolOfQueue_;
    std::vector<HeadClock>& heads_;
    std::vector<Holdings> queues_;
    std::vector<Holdings> pools_;
};

// ---- inline: once or more a request

inline void Ledger::count(const Item& item, Stage stage, std::int32_t by) {
    const auto at = static_cast<std::size_t>(stage);
    Holdings& queue = queues_[item.request.queue];
    Holdings& pool = pools_[poolOfQueue_[item.request.queue]];
    queue.at_[at] += by;
    pool.at_[at] += by;
    PENSTOCK_CHECK(queue.at_[at] >= 0 && pool.at_[at] >= queue.at_[at]);
}

inline Item& Ledger::take(const Request& request, Time now) {
    Item& item = slab_.take(request);
    PENSTOCK_CHECK(request.queue < queues_.size());
    item.stageSince = now;
    count(item, Stage::inbox, 1);
    ++queues_[request.queue].held_;
    ++pools_[poolOfQueue_[request.queue]].held_;
    return item;
}

inline void Ledger::move(Item& item, Stage stage, Time now) {
    PENSTOCK_CHECK((kStageMoves[static_cast<std::size_t>(item.stage)] & stageBit(stage)) != 0);
    // A flight is charged as its answer says, a back-off as it was planned.
    const bool ours = item.stage != Stage::inFlight && item.stage != Stage::backingOff &&
                      item.stage != Stage::settling;
    if (ours && now > item.stageSince) {
        heads_[item.request.queue].account().at(stageWaitsFor(item.stage)) +=
            toSeconds(now - item.stageSince);
    }
    if (item.stage != stage) {
        count(item, item.stage, -1);
        count(item, stage, 1);
    }
    item.stage = stage;
    item.stageSince = now;
}

inline void Ledger::give(Item& item, Time now) {
    PENSTOCK_CHECK(item.stage == Stage::settling && !item.holdsSlot);
    count(item, Stage::settling, -1);
    --queues_[item.request.queue].held_;
    --pools_[poolOfQueue_[item.request.queue]].held_;
    item.stageSince = now;
    slab_.give(item);
}

inline void Ledger::takeSlot(Item& item) {
    if (item.holdsSlot) return;
    item.holdsSlot = true;
    ++pools_[poolOfQueue_[item.request.queue]].busy_;
}

inline void Ledger::freeSlot(Item& item) {
    if (!item.holdsSlot) return;
    item.holdsSlot = false;
    Holdings& pool = pools_[poolOfQueue_[item.request.queue]];
    --pool.busy_;
    PENSTOCK_CHECK(pool.busy_ >= 0);
}

} // namespace penstock

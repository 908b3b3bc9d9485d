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

} // namespace penstock

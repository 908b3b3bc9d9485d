// SPDX-License-Identifier: Apache-2.0
#include "engine/core/ledger.h"

#include <utility>

namespace penstock {

namespace {

constexpr std::uint32_t bit(Stage stage) {
    return 1U << static_cast<unsigned>(stage);
}

// Where a request may go from each stage.
constexpr std::array<std::uint32_t, kStages> kMoves = [] {
    std::array<std::uint32_t, kStages> moves{};
    const auto from = [&moves](Stage stage) -> std::uint32_t& {
        return moves[static_cast<std::size_t>(stage)];
    };
    const std::uint32_t out = bit(Stage::settling) | bit(Stage::backingOff);
    const std::uint32_t gate = bit(Stage::parked) | bit(Stage::waiting);
    from(Stage::free) = bit(Stage::inbox);
    from(Stage::inbox) = bit(Stage::asking) | bit(Stage::handed) | bit(Stage::merged) | gate | out;
    from(Stage::asking) = bit(Stage::asking) | bit(Stage::handed) | bit(Stage::merged) | out;
    from(Stage::handed) = bit(Stage::merged) | bit(Stage::ready) | out;
    from(Stage::merged) = bit(Stage::merged) | bit(Stage::ready) | bit(Stage::inFlight) | gate |
                          bit(Stage::asking) | out;
    from(Stage::ready) = bit(Stage::inFlight) | gate | out;
    from(Stage::parked) = bit(Stage::inFlight) | gate | out;
    from(Stage::waiting) =
        bit(Stage::handed) | bit(Stage::merged) | bit(Stage::inFlight) | gate | out;
    from(Stage::inFlight) = out;
    from(Stage::backingOff) = bit(Stage::inbox) | bit(Stage::settling);
    from(Stage::settling) = bit(Stage::free);
    return moves;
}();

LifeStage waitsFor(Stage stage) {
    switch (stage) {
    case Stage::asking:
    case Stage::parked:
    case Stage::waiting:
        return LifeStage::gate;
    default:
        return LifeStage::workerSlot;
    }
}

} // namespace

Ledger::Ledger(ItemOwner& owner, std::vector<std::uint16_t> poolOfQueue, std::size_t pools,
               std::vector<HeadClock>& heads)
    : slab_(owner), poolOfQueue_(std::move(poolOfQueue)), heads_(heads),
      queues_(poolOfQueue_.size()), pools_(pools) {
    PENSTOCK_CHECK(heads_.size() == queues_.size());
    for (const std::uint16_t pool : poolOfQueue_)
        PENSTOCK_CHECK(pool < pools);
}

void Ledger::count(const Item& item, Stage stage, std::int32_t by) {
    const auto at = static_cast<std::size_t>(stage);
    Holdings& queue = queues_[item.request.queue];
    Holdings& pool = pools_[poolOfQueue_[item.request.queue]];
    queue.at_[at] += by;
    pool.at_[at] += by;
    PENSTOCK_CHECK(queue.at_[at] >= 0 && pool.at_[at] >= queue.at_[at]);
}

Item& Ledger::take(const Request& request, Time now) {
    Item& item = slab_.take(request);
    PENSTOCK_CHECK(request.queue < queues_.size());
    item.stageSince = now;
    count(item, Stage::inbox, 1);
    ++queues_[request.queue].held_;
    ++pools_[poolOfQueue_[request.queue]].held_;
    return item;
}

void Ledger::move(Item& item, Stage stage, Time now) {
    PENSTOCK_CHECK((kMoves[static_cast<std::size_t>(item.stage)] & bit(stage)) != 0);
    // A flight is charged as its answer says, a back-off as it was planned.
    const bool ours = item.stage != Stage::inFlight && item.stage != Stage::backingOff &&
                      item.stage != Stage::settling;
    if (ours && now > item.stageSince) {
        heads_[item.request.queue].account().at(waitsFor(item.stage)) +=
            toSeconds(now - item.stageSince);
    }
    if (item.stage != stage) {
        count(item, item.stage, -1);
        count(item, stage, 1);
    }
    item.stage = stage;
    item.stageSince = now;
}

void Ledger::give(Item& item, Time now) {
    PENSTOCK_CHECK(item.stage == Stage::settling && !item.holdsSlot);
    count(item, Stage::settling, -1);
    --queues_[item.request.queue].held_;
    --pools_[poolOfQueue_[item.request.queue]].held_;
    item.stageSince = now;
    slab_.give(item);
}

void Ledger::takeSlot(Item& item) {
    if (item.holdsSlot) return;
    item.holdsSlot = true;
    ++pools_[poolOfQueue_[item.request.queue]].busy_;
}

void Ledger::freeSlot(Item& item) {
    if (!item.holdsSlot) return;
    item.holdsSlot = false;
    Holdings& pool = pools_[poolOfQueue_[item.request.queue]];
    --pool.busy_;
    PENSTOCK_CHECK(pool.busy_ >= 0);
}

} // namespace penstock

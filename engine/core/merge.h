// SPDX-License-Identifier: Apache-2.0
#pragma once

// The requests a pool has at hand, and which of them goes next. Lanes and their rotation are those
// of llm-d-async 0.9 (pkg/async/mergepolicy): strict between lanes, round-robin between queues
// within one; random-robin is one lane and a draw. See merge_policy.h for the settings.
#include "engine/core/items.h"
#include "engine/core/merge_policy.h"

#include <array>
#include <cstdint>
#include <vector>

namespace penstock {

inline constexpr int kLanes = 6;

// 3 x (reserved ? 0 : 1) + {interactive 0, async 1, batch and anything else 2}. The queue's labels
// win over the message's own, as they do there.
std::uint8_t laneOf(const Request& request, const Labels& queueLabels, std::string_view tierLabel);

class Merge {
  public:
    Merge(ItemSlab& slab, std::size_t queues);

    bool empty() const { return size_ == 0; }
    std::int32_t size() const { return size_; }
    std::int32_t laneSize(std::uint8_t lane) const { return lanes_[lane].size; }
    std::int32_t ofQueue(std::uint16_t queue) const { return ofQueue_[queue]; }

    // `item.lane` is set and stays below kLanes.
    void add(Item& item);

    // The next to go, taken out; null if there is none. `u` draws among the queues under
    // random-robin. Under tier-priority with aging, what has waited long enough rises first.
    Item* take(const MergeSettings& settings, Time now, double u);

    void clear();

  private:
    struct Lane {
        std::vector<ItemList> lists;      // by queue
        std::vector<std::uint16_t> order; // queues with something here, in turn
        std::size_t next = 0;
        std::int32_t size = 0;
    };

    void promote(Time now, Duration aging);
    Item& takeFrom(Lane& lane, std::size_t turn, bool rotate);
    void addTo(Lane& lane, Item& item);

    ItemSlab& slab_;
    std::array<Lane, kLanes> lanes_;
    std::vector<std::int32_t> ofQueue_;
    std::int32_t size_ = 0;
};

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
#include "engine/core/merge.h"

namespace penstock {

std::uint8_t laneOf(const Request& request, const Labels& queueLabels, std::string_view tierLabel) {
    const std::string* tier = findLabel(queueLabels, tierLabel);
    if (tier == nullptr && request.envelope != nullptr) {
        tier = findLabel(request.envelope->labels, tierLabel);
    }
    int index = 2;
    if (tier != nullptr && *tier == "interactive") index = 0;
    if (tier != nullptr && *tier == "async") index = 1;
    if (request.classification != Classification::reserved) index += 3;
    return static_cast<std::uint8_t>(index);
}

Merge::Merge(ItemSlab& slab, std::size_t queues) : slab_(slab), ofQueue_(queues, 0) {
    for (Lane& lane : lanes_) {
        lane.lists.resize(queues);
        lane.order.reserve(queues);
    }
}

void Merge::addTo(Lane& lane, Item& item) {
    ItemList& list = lane.lists[item.request.queue];
    if (list.empty()) lane.order.push_back(item.request.queue);
    list.pushBack(slab_, item);
    ++lane.size;
}

void Merge::add(Item& item) {
    addTo(lanes_[item.lane], item);
    ++ofQueue_[item.request.queue];
    ++size_;
}

Item& Merge::takeFrom(Lane& lane, std::size_t turn, bool rotate) {
    ItemList& list = lane.lists[lane.order[turn]];
    Item& item = list.popFront(slab_);
    --lane.size;
    if (list.empty()) {
        lane.order.erase(lane.order.begin() + static_cast<std::ptrdiff_t>(turn));
        if (turn < lane.next) --lane.next;
    } else if (rotate) {
        ++lane.next;
    }
    if (lane.next >= lane.order.size()) lane.next = 0;
    return item;
}

void Merge::promote(Time now, Duration aging) {
    for (int index = 1; index < kLanes; ++index) {
        Lane& lane = lanes_[static_cast<std::size_t>(index)];
        std::size_t turn = 0;
        while (turn < lane.order.size()) {
            const std::uint16_t queue = lane.order[turn];
            Item& oldest = slab_[lane.lists[queue].front()];
            if (now - oldest.handSince < aging) {
                ++turn;
                continue;
            }
            Item& item = takeFrom(lane, turn, false);
            item.handSince = now; // the next step up takes as long again
            --item.lane;
            addTo(lanes_[item.lane], item);
        }
    }
}

Item* Merge::take(const MergeSettings& settings, Time now, double u) {
    if (size_ == 0) return nullptr;
    const bool tiers = settings.kind == MergeSettings::Kind::tierPriority;
    if (tiers && settings.aging > Duration{0}) promote(now, settings.aging);
    for (Lane& lane : lanes_) {
        if (lane.size == 0) continue;
        const auto queues = static_cast<double>(lane.order.size());
        const std::size_t turn = tiers ? lane.next : static_cast<std::size_t>(u * queues);
        Item& item = takeFrom(lane, turn, tiers);
        --ofQueue_[item.request.queue];
        --size_;
        return &item;
    }
    return nullptr;
}

void Merge::clear() {
    for (Lane& lane : lanes_) {
        for (ItemList& list : lane.lists)
            list.clear();
        lane.order.clear();
        lane.next = 0;
        lane.size = 0;
    }
    for (std::int32_t& count : ofQueue_)
        count = 0;
    size_ = 0;
}

} // namespace penstock

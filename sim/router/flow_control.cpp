// SPDX-License-Identifier: Apache-2.0
#include "sim/router/flow_control.h"

#include "engine/types/check.h"

#include <algorithm>

namespace penstock::sim {

bool FlowControl::offer(int priority, std::uint32_t fairness, const Item& item) {
    Band& band = bands_[priority];
    if (band.size >= spec_.bandCapacityRequests ||
        band.bytes + item.bytes > spec_.bandCapacityBytes) {
        return false;
    }
    // Global-strict does not tell flows apart: the best of all goes first.
    const std::uint32_t flowId =
        spec_.fairness == RouterSpec::Fairness::globalStrict ? 0 : fairness;
    const auto [found, isNew] = band.flowOf.try_emplace(flowId, band.flows.size());
    if (isNew) band.flows.emplace_back();
    Flow& flow = band.flows[found->second];
    const bool byArrival = spec_.order == RouterSpec::Order::fcfs;
    const Time key = byArrival ? item.arrived : item.deadline;
    flow.heap.push_back({key.time_since_epoch().count(), sequence_++, item});
    std::push_heap(flow.heap.begin(), flow.heap.end());
    band.byAge.push_back(item);
    ++band.size;
    band.bytes += item.bytes;
    ++size_;
    bytes_ += item.bytes;
    return true;
}

bool FlowControl::mayTake(double saturation) const {
    for (const auto& [priority, band] : bands_) {
        if (ceilingOf(priority) <= saturation) return false;
        if (band.size > 0) return true;
    }
    return false;
}

void FlowControl::clear() {
    bands_.clear();
    size_ = bytes_ = 0;
}

void FlowControl::removed(int priority, std::int64_t bytes) {
    Band& band = bands_[priority];
    PENSTOCK_CHECK(band.size > 0);
    Item item;
    item.bytes = bytes;
    leave(band, item);
}

} // namespace penstock::sim

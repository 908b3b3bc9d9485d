// SPDX-License-Identifier: Apache-2.0
#pragma once

// The router's queues when flow control is on: bands in descending priority, within a band flows by
// fairness id, within a flow first come first served or earliest deadline first. Source:
// llm-d-router (pkg/epp/flowcontrol), August 2026. Bounded by requests and bytes a band.
//
// `edf` and `slo-deadline` order by the request's own deadline, which its sender knows; those
// without one come last. (The router of that date gives every request the same TTL, by which its
// edf counts, so that there edf is first come first served unless TTLs are set.)
//
// Jobs are small numbers given by the router; removing one is lazy, so the caller says at take()
// and sweep() which are still alive.
#include "engine/types/check.h"
#include "engine/types/time.h"
#include "sim/router/router_spec.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace penstock::sim {

class FlowControl {
  public:
    using Job = std::uint32_t;

    struct Item {
        Job job = 0;
        std::uint64_t ticket = 0; // tells a reused job number from its first owner
        Time arrived{};
        Time deadline{};
        std::int64_t bytes = 0;
    };

    explicit FlowControl(const RouterSpec& spec) : spec_(spec) {}

    // False when the band is full.
    bool offer(int priority, std::uint32_t fairness, const Item& item);

    // The next item that may go at this saturation: the best of the highest band that holds any.
    // Nothing goes once a band is met, empty or not, whose ceiling is at or below the saturation.
    // `alive` weeds out the removed.
    template <class Alive>
    std::optional<Item> take(double saturation, Alive&& alive);

    // Whether take() would find one at this saturation.
    bool mayTake(double saturation) const;

    // Everything waiting is gone, and none is told.
    void clear();

    // Hands every item older than the TTL to `expire` and forgets it.
    template <class Alive, class Expire>
    void sweep(Time now, Alive&& alive, Expire&& expire);

    // The caller has ended an item itself (its client went away).
    void removed(int priority, std::int64_t bytes);

    std::int64_t size() const { return size_; }
    std::int64_t bytes() const { return bytes_; }
    // Requests queued in each band, highest first: for the queue-size gauge.
    template <class Visit>
    void eachBand(Visit&& visit) const {
        for (const auto& [priority, band] : bands_)
            visit(priority, band.size);
    }

  private:
    struct Ranked {
        std::int64_t key;
        std::uint64_t sequence;
        Item item;
        bool operator<(const Ranked& other) const { // std heaps keep the largest on top
            return key != other.key ? key > other.key : sequence > other.sequence;
        }
    };
    struct Flow {
        std::vector<Ranked> heap;
    };
    struct Band {
        std::map<std::uint32_t, std::size_t> flowOf;
        std::vector<Flow> flows;
        std::size_t turn = 0;
        std::deque<Item> byAge;
        std::int64_t size = 0;
        std::int64_t bytes = 0;
    };

    double ceilingOf(int priority) const {
        const auto found = spec_.ceilings.find(priority);
        return found == spec_.ceilings.end() ? spec_.ceiling : found->second;
    }
    void leave(Band& band, const Item& item) {
        --band.size;
        band.bytes -= item.bytes;
        --size_;
        bytes_ -= item.bytes;
        PENSTOCK_CHECK(band.size >= 0 && band.bytes >= 0 && size_ >= band.size);
        if (band.size > 0) return;
        band.flows.clear(); // the dead in them too: flows do not pile up with the ids that come by
        band.flowOf.clear();
        band.turn = 0;
    }

    const RouterSpec& spec_;
    std::map<int, Band, std::greater<>> bands_;
    std::int64_t size_ = 0;
    std::int64_t bytes_ = 0;
    std::uint64_t sequence_ = 0;
};

template <class Alive>
std::optional<FlowControl::Item> FlowControl::take(double saturation, Alive&& alive) {
    for (auto& [priority, band] : bands_) {
        if (ceilingOf(priority) <= saturation) return std::nullopt;
        if (band.size == 0) continue;
        for (std::size_t tried = 0; tried < band.flows.size(); ++tried) {
            Flow& flow = band.flows[band.turn % band.flows.size()];
            band.turn = (band.turn + 1) % band.flows.size();
            while (!flow.heap.empty()) {
                std::pop_heap(flow.heap.begin(), flow.heap.end());
                const Item item = flow.heap.back().item;
                flow.heap.pop_back();
                if (!alive(item)) continue;
                leave(band, item);
                return item;
            }
        }
    }
    return std::nullopt;
}

template <class Alive, class Expire>
void FlowControl::sweep(Time now, Alive&& alive, Expire&& expire) {
    for (auto& [priority, band] : bands_) {
        while (!band.byAge.empty()) {
            const Item item = band.byAge.front();
            const bool queued = alive(item);
            if (queued && item.arrived + spec_.queueTtl > now) break;
            band.byAge.pop_front();
            if (!queued) continue;
            leave(band, item);
            expire(item);
        }
    }
}

} // namespace penstock::sim

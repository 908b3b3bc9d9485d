// SPDX-License-Identifier: Apache-2.0
#pragma once

// The in-memory broker with an engine that only claims.
#include "tests/engine/core/support.h"

#include <gtest/gtest.h>

namespace penstock::testing {

class Claimer final : public QueueListener {
  public:
    void claimed(std::uint16_t, ClaimAnswer, std::span<const Request> requests) override {
        got.assign(requests.begin(), requests.end());
        ++replies;
    }
    void settled(std::uint16_t, std::uint32_t claim, Settlement settlement) override {
        settlements.emplace_back(claim, settlement);
    }
    void leaseLost(std::uint16_t, const Request& request) override {
        lost.push_back(request.number);
    }
    void discovered(std::uint16_t, const Request& request, Discovery what,
                    std::uint8_t owners) override {
        discoveries.push_back({request.number, what, owners});
    }
    void workArrived(std::uint16_t) override { ++announcements; }
    std::size_t count(Discovery what) const {
        return static_cast<std::size_t>(std::count_if(
            discoveries.begin(), discoveries.end(), [&](const auto& d) { return d.what == what; }));
    }
    struct Found {
        std::uint64_t number;
        Discovery what;
        std::uint8_t owners;
    };
    std::vector<std::pair<std::uint32_t, Settlement>> settlements;
    std::vector<std::uint64_t> lost;
    std::vector<Found> discoveries;
    std::vector<Request> got;
    int replies = 0;
    int announcements = 0;
};

struct BrokerBench {
    explicit BrokerBench(Semantics semantics = Semantics::penstock())
        : broker(BrokerSettings::of(semantics), loop, &results, 1), queue(broker.queue(0)) {
        queue.attach(claimer, 0);
    }
    Request push(Duration left = 1h) {
        Request request;
        request.number = ++numbers;
        request.deadline = loop.now() + left;
        queue.push(request);
        return request;
    }
    // Ends a claim as an engine would, and says what became of it.
    Settlement finish(const Request& request, const ResultMessage& result) {
        queue.finish(request, result, 0);
        return claimer.settlements.back().second;
    }
    std::vector<Request> claim(std::int32_t max) {
        queue.claim(max);
        return claimer.got;
    }
    void run(Duration time) { loop.runUntil(loop.now() + time); }

    sim::EventLoop loop{kStart, 1};
    EventLog log;
    ResultLog results{loop, log};
    Claimer claimer;
    std::uint64_t numbers = 0;
    MemoryBroker broker;
    MemoryQueue& queue;
};

} // namespace penstock::testing

// SPDX-License-Identifier: Apache-2.0
#pragma once

// The in-memory broker with an engine that only claims.
#include "tests/engine/core/support.h"

#include <gtest/gtest.h>

namespace penstock::testing {

class Claimer final : public QueueListener {
  public:
    void claimed(std::uint16_t, std::span<const Request> requests) override {
        got.assign(requests.begin(), requests.end());
        ++replies;
    }
    void workArrived(std::uint16_t) override { ++announcements; }
    std::vector<Request> got;
    int replies = 0;
    int announcements = 0;
};

struct BrokerBench {
    explicit BrokerBench(Semantics semantics = Semantics::penstock())
        : broker(BrokerSettings::of(semantics, semantics.pollInterval), loop, &log, &results, 1),
          queue(broker.queue(0)) {
        queue.attach(claimer, 0);
    }
    Request push(Duration left = 1h) {
        Request request;
        request.number = ++numbers;
        request.deadline = loop.now() + left;
        queue.push(request);
        return request;
    }
    std::vector<Request> claim(std::int32_t max) {
        queue.claim(max);
        return claimer.got;
    }
    void run(Duration time) { loop.runUntil(loop.now() + time); }

    sim::EventLoop loop{kStart, 1};
    EventLog log;
    ResultLog results{loop};
    Claimer claimer;
    std::uint64_t numbers = 0;
    MemoryBroker broker;
    MemoryQueue& queue;
};

} // namespace penstock::testing

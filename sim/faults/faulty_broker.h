// SPDX-License-Identifier: Apache-2.0
#pragma once

// What can go wrong between an engine and its broker, laid over the broker's queues: every call
// takes its time, and at times the broker cannot be reached. Then claims come back as such, and
// what ends a claim is deferred until the broker is back, or, where the version's results are not
// durable, given up after its tries. The queues beneath know nothing of it.
//
// Run thread only. Allocates only while the broker is away.
#include "engine/broker/memory_queue.h"

#include <memory>
#include <string>
#include <vector>

namespace penstock::sim {

class FaultyBroker {
  public:
    // The broker and the loop outlive it. `resultsDurable`: what cannot be written is tried for
    // ever.
    FaultyBroker(MemoryBroker& broker, Loop& loop, bool resultsDurable);
    ~FaultyBroker();

    // The queues as the engine is to see them, in the broker's order.
    std::vector<RequestQueue*> ports();

    void setDown(bool down);
    // Every claim is answered this much later.
    void setLatency(Duration latency) { latency_ = latency; }

    // The engine died, and with it what it still wanted to write.
    void killedOwner();

  private:
    class Queue;
    enum class Kind : std::uint8_t { finish, park, giveBack };
    // A call that ends a claim, kept in the engine's memory while the broker is away.
    struct Deferred {
        Kind kind;
        std::uint16_t queue;
        std::uint32_t claim;
        Request request;
        Time due{};
        ResultMessage result;
        std::string body;
        Time givesUpAt{};
    };

    void defer(Deferred operation);
    void applyDeferred();
    void giveUp();

    MemoryBroker& broker_;
    Loop& loop_;
    bool resultsDurable_;
    std::vector<std::unique_ptr<Queue>> queues_;
    std::vector<Deferred> deferred_;
    bool down_ = false;
    Duration latency_{0};
    MemberTimer<FaultyBroker, &FaultyBroker::giveUp> giveUpTimer_{*this};
};

} // namespace penstock::sim

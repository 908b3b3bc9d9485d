// SPDX-License-Identifier: Apache-2.0
#pragma once

// A router with its replicas on an event loop, and a client that writes down every answer.
#include "sim/kernel/event_loop.h"
#include "sim/router/router.h"

#include <gtest/gtest.h>

#include <map>
#include <vector>

namespace penstock::sim::test {

using namespace std::chrono_literals;

// A step of 10 ms whatever it holds, a first token in one step, no API delay: a request of n output
// tokens takes n x 10 ms.
inline ReplicaConfig plainReplica(std::int32_t slots = 4, std::int64_t kvBlocks = 100000) {
    ReplicaConfig config;
    config.cost = coefficientStepCost(10e6, 0, 0);
    config.maxNumSeqs = slots;
    config.kvBlocks = kvBlocks;
    return config;
}

class RouterBench final : private RouterClient {
  public:
    struct Answer {
        Time at;
        Response response;
    };

    explicit RouterBench(RouterSpec routerSpec) : spec(std::move(routerSpec)) {}

    void add(int replicas, const ReplicaConfig& config = plainReplica(), Duration startsIn = 0s) {
        for (int i = 0; i < replicas; ++i)
            router.addEndpoint(config, 1min, startsIn);
    }
    // Returns the tag under which the answer will be.
    std::uint32_t send(RouterRequest request) {
        const std::uint32_t tag = tags_++;
        if (request.promptTokens == 0) request.promptTokens = 16;
        if (request.outputTokens == 0) request.outputTokens = 10;
        jobs[tag] = router.submit(request, *this, tag);
        return tag;
    }
    std::uint32_t send(int priority = 0, std::uint32_t outputTokens = 10) {
        RouterRequest request;
        request.priority = priority;
        request.outputTokens = outputTokens;
        return send(request);
    }
    void run(Duration time) { loop.runUntil(loop.now() + time); }

    bool answered(std::uint32_t tag) const { return answers.contains(tag); }
    int status(std::uint32_t tag) const { return answered(tag) ? at(tag).status : -1; }
    DroppedReason reason(std::uint32_t tag) const { return at(tag).dropped; }
    const Response& at(std::uint32_t tag) const { return answers.at(tag).response; }
    Duration when(std::uint32_t tag) const { return answers.at(tag).at - kStart; }

    // Submitted = ended + inside, as the world checks at the end of each run.
    void expectConserved() const {
        const RouterTotals& t = router.totals();
        EXPECT_EQ(t.submitted, t.completed + t.rejected + t.aborted + t.lost +
                                   static_cast<std::uint64_t>(router.inside()));
    }

    static constexpr Time kStart{Duration{1000000000000}};
    EventLoop loop{kStart, 1};
    RouterSpec spec;
    Router router{spec, loop, 1};
    std::map<std::uint32_t, Answer> answers;
    std::map<std::uint32_t, Router::JobId> jobs;

  private:
    void routed(std::uint32_t tag, const Response& response) override {
        EXPECT_FALSE(answers.contains(tag)) << "answered twice";
        answers[tag] = {loop.now(), response};
    }
    std::uint32_t tags_ = 0;
};

} // namespace penstock::sim::test

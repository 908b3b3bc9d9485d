// SPDX-License-Identifier: Apache-2.0
// Goal: with flow control the router looks at its queues whenever something may go, and only as
// often as the router that it models, once a millisecond. Method: the same requests through routers
// that may differ in what must not matter, and through one whose instants can be told beforehand.
#include "tests/sim/router/router_support.h"

#include <functional>
#include <utility>

namespace penstock::sim {
namespace {

using namespace test;

using Answers = std::vector<std::pair<Duration, int>>;

// Forty requests of different lengths at once, then one every 30 ms.
Answers answersOf(const RouterSpec& spec) {
    RouterBench bench{spec};
    bench.add(2, plainReplica(2));
    for (std::uint32_t i = 0; i < 40; ++i)
        bench.send(0, 5 + i % 7);
    for (std::uint32_t i = 0; i < 40; ++i) {
        bench.run(30ms);
        bench.send(0, 5 + i % 11);
    }
    bench.run(60s);
    Answers answers;
    for (const auto& [tag, answer] : bench.answers) {
        answers.emplace_back(bench.when(tag), answer.response.status);
    }
    bench.expectConserved();
    return answers;
}

RouterSpec byConcurrency() {
    RouterSpec spec;
    spec.flowControl = true;
    spec.detector = RouterSpec::Detector::concurrency;
    spec.maxConcurrency = 2;
    spec.queueWeight = spec.kvWeight = 0.0; // nor does the choice of an endpoint look at metrics
    return spec;
}

TEST(RouterCycles, whatTheRouterCountsItselfNeedsNoMetrics) {
    for (const auto mode :
         {RouterSpec::ConcurrencyMode::requests, RouterSpec::ConcurrencyMode::tokens,
          RouterSpec::ConcurrencyMode::hybrid}) {
        RouterSpec spec = byConcurrency();
        spec.concurrencyMode = mode;
        spec.maxTokens = 200;
        spec.metricsRefresh = 1ms;
        const Answers often = answersOf(spec);
        EXPECT_EQ(often.size(), 80U);
        for (const Duration refresh : {Duration{7ms}, Duration{50ms}, Duration{10s}}) {
            spec.metricsRefresh = refresh;
            EXPECT_EQ(answersOf(spec), often) << refresh.count();
        }
    }
}

TEST(RouterCycles, aPlaceIsTakenAtTheNextTick) {
    RouterSpec spec = byConcurrency();
    spec.maxConcurrency = 1;
    spec.metricsRefresh = 10s;
    RouterBench bench{spec};
    bench.add(1, plainReplica(1));
    bench.run(300us);
    bench.send(0, 10);                    // done at 100.3 ms
    const auto second = bench.send(0, 5); // sent at 101 ms
    bench.run(1s);
    EXPECT_EQ(bench.when(second), 151ms);
    EXPECT_EQ(bench.at(second).timing.routerQueue, 100700us);
}

TEST(RouterCycles, anEndpointThatIsReadyIsSeenAtTheNextTick) {
    RouterSpec spec = byConcurrency();
    spec.metricsRefresh = 10s;
    RouterBench bench{spec};
    bench.add(1, plainReplica(1), 2s + 300us);
    const auto tag = bench.send(0, 10);
    bench.run(5s);
    EXPECT_EQ(bench.when(tag), 2101ms);
}

TEST(RouterCycles, twoWaysToSayACeiling) {
    RouterSpec one;
    one.flowControl = true;
    one.queueDepthThreshold = 1;
    one.ceiling = 1.5;
    RouterSpec other = one;
    other.ceiling = 1.0;
    other.ceilings = {{0, 1.5}};
    const Answers answers = answersOf(one);
    EXPECT_EQ(answers.size(), 80U);
    EXPECT_EQ(answersOf(other), answers);
}

} // namespace
} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
// Goal: what the detectors call saturation, told from one another and from the truth: the law,
// stale and missing endpoints as 1, an empty pool as 1, no clamp. Method: pools of known content,
// expected values by hand.
#include "tests/sim/router/router_support.h"

namespace penstock::sim {
namespace {

using test::plainReplica;
using test::RouterBench;
using namespace std::chrono_literals;

TEST(Saturation, utilizationIsTheWorseOfQueueAndCacheAveragedOverEndpoints) {
    RouterBench bench{{}};
    bench.add(1, plainReplica(1));
    bench.add(1, plainReplica(1));
    EXPECT_EQ(bench.router.saturation(), 0.0);
    // Twelve requests, balanced by the scorers: one runs and five wait on each.
    for (int i = 0; i < 12; ++i) {
        bench.send(0, 1000);
        bench.run(60ms);
    }
    bench.run(60ms);
    EXPECT_NEAR(bench.router.saturation(), (5.0 + 5.0) / 5.0 / 2.0, 1e-9);
    EXPECT_EQ(bench.router.saturation(), bench.router.trueSaturation());
}

TEST(Saturation, theCacheCountsAgainstItsOwnThreshold) {
    RouterBench bench{{}};
    bench.add(1, plainReplica(8, 100));
    RouterRequest request;
    request.promptTokens = 16 * 40 - 1;
    request.outputTokens = 500; // fits
    bench.send(request);
    bench.run(500ms);
    const double blocks = (request.promptTokens + 50.0) / 16.0;
    EXPECT_NEAR(bench.router.trueSaturation(), blocks / 100.0 / 0.8, 0.02);
}

TEST(Saturation, anEmptyPoolIsFull) {
    for (const auto detector :
         {RouterSpec::Detector::utilization, RouterSpec::Detector::concurrency}) {
        RouterSpec spec;
        spec.detector = detector;
        RouterBench bench{spec};
        EXPECT_EQ(bench.router.saturation(), 1.0) << "before any endpoint";
        bench.add(2);
        EXPECT_EQ(bench.router.saturation(), 0.0);
        bench.router.endpoint(0).kill();
        EXPECT_EQ(bench.router.saturation(), 0.0);
        bench.router.endpoint(1).kill();
        EXPECT_EQ(bench.router.saturation(), 1.0);
        EXPECT_EQ(bench.router.trueSaturation(), 1.0);
    }
}

// An endpoint whose metrics are older than 200 ms counts as full, the idlest too.
TEST(Saturation, staleEndpointsCountAsFull) {
    RouterBench bench{{}};
    bench.add(4);
    bench.run(1s);
    EXPECT_EQ(bench.router.saturation(), 0.0);
    bench.router.endpoint(2).setPartitioned(true);
    bench.run(150ms);
    EXPECT_EQ(bench.router.saturation(), 0.0) << "not older than 200 ms yet";
    bench.run(150ms);
    EXPECT_EQ(bench.router.saturation(), 0.25);
    EXPECT_EQ(bench.router.trueSaturation(), 0.0) << "the truth does not age";
    bench.router.endpoint(2).setPartitioned(false);
    bench.run(60ms);
    EXPECT_EQ(bench.router.saturation(), 0.0);
}

TEST(Saturation, theRouterKnowsWhatItReadAtItsLastTick) {
    RouterBench bench{{}};
    bench.add(1, plainReplica(1));
    bench.run(1s);
    for (int i = 0; i < 6; ++i)
        bench.send(0, 1000);
    bench.run(1ms);
    EXPECT_EQ(bench.router.saturation(), 0.0) << "nothing has been read since";
    EXPECT_EQ(bench.router.trueSaturation(), 1.0);
    bench.run(50ms);
    EXPECT_EQ(bench.router.saturation(), 1.0);
}

TEST(Saturation, concurrencyCountsWhatTheRouterSent) {
    struct Case {
        const char* what;
        RouterSpec::ConcurrencyMode mode;
        double expected;
    };
    // Five requests of 100 prompt tokens on two endpoints: two blocks of 64 each, and nothing for
    // the 900 tokens of output that nobody can know.
    for (const Case& c : {
             Case{"requests", RouterSpec::ConcurrencyMode::requests, 5.0 / (2 * 10)},
             Case{"tokens", RouterSpec::ConcurrencyMode::tokens, 640.0 / (2 * 400)},
             Case{"hybrid", RouterSpec::ConcurrencyMode::hybrid, 640.0 / (2 * 400)},
         }) {
        RouterSpec spec;
        spec.detector = RouterSpec::Detector::concurrency;
        spec.concurrencyMode = c.mode;
        spec.maxConcurrency = 10;
        spec.maxTokens = 400;
        RouterBench bench{spec};
        bench.add(2, plainReplica(64));
        RouterRequest request;
        request.promptTokens = 100;
        request.outputTokens = 900;
        for (int i = 0; i < 5; ++i)
            bench.send(request);
        EXPECT_DOUBLE_EQ(bench.router.saturation(), c.expected) << c.what;
        bench.run(60s);
        EXPECT_EQ(bench.router.saturation(), 0.0) << c.what;
    }
}

// Of a prompt only what the endpoint must compute counts, and only until it is computed where the
// client can tell: when its first token comes. Method: one request alone in its batch, 10 ms a
// token.
TEST(Saturation, tokensAreThoseOfPromptsThatMustBeComputed) {
    struct Case {
        const char* what;
        RouterSpec::PrefixIndex index;
        double prefixWeight;
        double first;  // tokens counted of a prompt of 128 that nobody has seen
        double second; // and of the next with the same first 64
    };
    for (const bool streams : {true, false}) {
        for (const Case& c : {
                 Case{"what was sent", RouterSpec::PrefixIndex::approximate, 3, 128, 64},
                 Case{"what is cached", RouterSpec::PrefixIndex::precise, 3, 128, 64},
                 Case{"no prefix scorer", RouterSpec::PrefixIndex::approximate, 0, 128, 128},
             }) {
            SCOPED_TRACE(c.what);
            RouterSpec spec;
            spec.detector = RouterSpec::Detector::concurrency;
            spec.concurrencyMode = RouterSpec::ConcurrencyMode::tokens;
            spec.maxTokens = 1000;
            spec.prefixIndex = c.index;
            spec.prefixWeight = c.prefixWeight;
            RouterBench bench{spec};
            ReplicaConfig config = plainReplica();
            config.prefixCache = true;
            bench.add(1, config);
            RouterRequest request;
            request.promptTokens = 128;
            request.outputTokens = 50;
            request.streams = streams;
            request.prefix.groups[0] = {7, 64};
            for (const double counted : {c.first, c.second}) {
                bench.send(request);
                EXPECT_DOUBLE_EQ(bench.router.saturation(), counted / 1000);
                bench.run(9ms);
                EXPECT_DOUBLE_EQ(bench.router.saturation(), counted / 1000);
                bench.run(2ms); // its first token has come
                EXPECT_DOUBLE_EQ(bench.router.saturation(), streams ? 0.0 : counted / 1000);
                bench.run(1s);
                EXPECT_EQ(bench.router.saturation(), 0.0);
            }
        }
    }
}

TEST(Saturation, hybridAsksEachEndpointForItsWorse) {
    RouterSpec spec;
    spec.detector = RouterSpec::Detector::concurrency;
    spec.concurrencyMode = RouterSpec::ConcurrencyMode::hybrid;
    spec.maxConcurrency = 10;
    EndpointScores scores{spec};
    for (int i = 0; i < 2; ++i) {
        scores.add();
        scores.setReady(static_cast<std::size_t>(i), true);
    }
    for (int i = 0; i < 8; ++i)
        scores.sent(0); // many short ones
    scores.counted(0, 1000);
    scores.sent(1); // and a long one
    scores.counted(1, 600000);
    // Over the pool both ratios are small: 9 of 20 requests, 601 000 of 2 000 000 tokens.
    EXPECT_DOUBLE_EQ(scores.saturation(Time{}), (0.8 + 0.6) / 2);
}

// What the perfect gate goes by: everything inside that does not run, wherever it is.
TEST(Saturation, committedCountsWhatIsOnItsWay) {
    RouterBench bench{{}};
    ReplicaConfig config = plainReplica(1);
    config.apiDelayNs = 20000000;
    bench.add(1, config);
    for (int i = 0; i < 6; ++i)
        bench.send(0, 1000);
    EXPECT_EQ(bench.router.trueSaturation(), 0.0) << "all are still in the API server";
    EXPECT_DOUBLE_EQ(bench.router.committedSaturation(), 6.0 / 5.0);
    bench.run(500ms);
    EXPECT_DOUBLE_EQ(bench.router.committedSaturation(), bench.router.trueSaturation());
    EXPECT_EQ(bench.router.slots(), 1);
}

} // namespace
} // namespace penstock::sim

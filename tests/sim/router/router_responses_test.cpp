// SPDX-License-Identifier: Apache-2.0
// Goal: every answer the router can give, with its status and its x-llm-d-request-dropped-reason,
// as llm-d-router gives it (pkg/epp/requestcontrol, August 2026). Method: one small pool for each,
// driven into the state that calls for the answer.
#include "tests/sim/router/router_support.h"

namespace penstock::sim {
namespace {

using test::plainReplica;
using test::RouterBench;
using namespace std::chrono_literals;

// One slot and nine waiting are a saturation of 9/5.
void saturate(RouterBench& bench, int requests = 10) {
    for (int i = 0; i < requests; ++i)
        bench.send(0, 1000);
    bench.run(200ms);
    ASSERT_GE(bench.router.saturation(), 1.0);
}

RouterSpec withFlowControl() {
    RouterSpec spec;
    spec.flowControl = true;
    return spec;
}

TEST(RouterResponses, aServedRequestIsA200WithItsTiming) {
    RouterBench bench{{}};
    bench.add(1);
    const auto tag = bench.send();
    bench.run(1s);
    ASSERT_EQ(bench.status(tag), 200);
    EXPECT_EQ(bench.at(tag).timing.outputTokens, 10U);
    EXPECT_EQ(bench.when(tag), 100ms);
    EXPECT_EQ(bench.at(tag).timing.prefill, 10ms);
    EXPECT_EQ(bench.at(tag).timing.decode, 90ms);
    bench.expectConserved();
}

TEST(RouterResponses, withoutFlowControlOnlySheddableRequestsAreShedAndWithoutAReason) {
    RouterBench bench{{}};
    bench.add(1, plainReplica(1));
    saturate(bench);
    const auto sheddable = bench.send(-1);
    const auto ordinary = bench.send(0);
    EXPECT_EQ(bench.status(sheddable), 429);
    EXPECT_EQ(bench.reason(sheddable), DroppedReason::none);
    EXPECT_LT(bench.at(sheddable).retryAfter, 0s) << "no Retry-After is sent";
    EXPECT_FALSE(bench.answered(ordinary)) << "priority 0 is always admitted";
    bench.run(200s);
    EXPECT_EQ(bench.status(ordinary), 200);
    bench.expectConserved();
}

TEST(RouterResponses, withoutSaturationASheddableRequestIsServed) {
    RouterBench bench{{}};
    bench.add(1);
    const auto tag = bench.send(-1);
    bench.run(1s);
    EXPECT_EQ(bench.status(tag), 200);
}

TEST(RouterResponses, noEndpointsIsA503) {
    for (const bool flowControl : {false, true}) {
        RouterSpec spec;
        spec.flowControl = flowControl;
        spec.queueTtl = 5s;
        RouterBench bench{spec};
        bench.add(1);
        bench.router.endpoint(0).kill();
        const auto tag = bench.send(0);
        bench.run(10s);
        ASSERT_EQ(bench.status(tag), 503) << flowControl;
        EXPECT_EQ(bench.reason(tag), DroppedReason::rejectedNoEndpoints);
        // With flow control it waits for its time limit first: somebody may come back.
        EXPECT_EQ(bench.when(tag) > 4s, flowControl);
        bench.expectConserved();
    }
}

TEST(RouterResponses, anEmptyPoolLooksSaturatedToSheddableRequests) {
    RouterBench bench{{}};
    bench.add(1);
    bench.router.endpoint(0).kill();
    const auto tag = bench.send(-1);
    EXPECT_EQ(bench.status(tag), 429);
    EXPECT_EQ(bench.reason(tag), DroppedReason::none);
}

TEST(RouterResponses, aFullBandIsA429Saturated) {
    RouterSpec spec = withFlowControl();
    spec.bandCapacityRequests = 2;
    RouterBench bench{spec};
    bench.add(1, plainReplica(1));
    // One runs, five wait in the server: saturation 1, and the router holds the rest back.
    for (int i = 0; i < 6; ++i) {
        bench.send(0, 1000);
        bench.run(60ms);
    }
    const auto first = bench.send(-1);
    const auto second = bench.send(-1);
    const auto third = bench.send(-1);
    const auto other = bench.send(5);
    EXPECT_FALSE(bench.answered(first) || bench.answered(second));
    EXPECT_EQ(bench.status(third), 429);
    EXPECT_EQ(bench.reason(third), DroppedReason::rejectedSaturated);
    EXPECT_FALSE(bench.answered(other)) << "another band has room of its own";
    EXPECT_EQ(bench.router.queued(), 3);
    bench.expectConserved();
}

TEST(RouterResponses, aFullBandBeforeAnEmptyPoolIsA503) {
    RouterSpec spec = withFlowControl();
    spec.bandCapacityRequests = 1;
    RouterBench bench{spec};
    bench.add(1);
    bench.router.endpoint(0).kill();
    bench.send(0);
    const auto second = bench.send(0);
    EXPECT_EQ(bench.status(second), 503);
    EXPECT_EQ(bench.reason(second), DroppedReason::rejectedNoEndpoints);
}

TEST(RouterResponses, waitingTooLongIsA429TtlExpired) {
    RouterSpec spec = withFlowControl();
    spec.queueTtl = 5s;
    RouterBench bench{spec};
    bench.add(1, plainReplica(1));
    for (int i = 0; i < 6; ++i) {
        bench.send(0, 3000);
        bench.run(60ms);
    }
    const auto tag = bench.send(0);
    bench.run(7s);
    ASSERT_EQ(bench.status(tag), 429);
    EXPECT_EQ(bench.reason(tag), DroppedReason::rejectedTtlExpired);
    // Swept once a second: between the limit and a second more.
    const Duration waited = bench.at(tag).timing.routerQueue;
    EXPECT_GE(waited, 5s);
    EXPECT_LE(waited, 6s);
    bench.expectConserved();
}

TEST(RouterResponses, retryAfterIsSentWhereAsked) {
    RouterSpec spec;
    spec.retryAfter = 7s;
    RouterBench bench{spec};
    bench.add(1, plainReplica(1));
    saturate(bench);
    EXPECT_EQ(bench.at(bench.send(-1)).retryAfter, 7s);
}

TEST(RouterResponses, theServersOwnBounds) {
    RouterBench bench{{}};
    ReplicaConfig config = plainReplica(1, 10);
    config.waitingCap = 2;
    bench.add(1, config);
    RouterRequest endless;
    endless.promptTokens = 200; // more than 10 blocks of 16 ever hold
    EXPECT_EQ(bench.status(bench.send(endless)), 400);
    std::vector<std::uint32_t> tags;
    for (int i = 0; i < 6; ++i)
        tags.push_back(bench.send(0, 100));
    int refused = 0;
    for (const auto tag : tags) {
        if (bench.status(tag) == 429) ++refused;
    }
    EXPECT_GT(refused, 0) << "beyond its waiting cap a server says 429 itself";
    EXPECT_EQ(bench.router.totals().byReason[0], static_cast<std::uint64_t>(refused) + 1)
        << "without a reason of the router's";
    bench.expectConserved();
}

TEST(RouterResponses, aRouterInTrouble) {
    RouterBench bench{{}};
    bench.add(1);
    Router::Trouble down;
    down.down = true;
    bench.router.setTrouble(down);
    EXPECT_EQ(bench.at(bench.send()).transport, TransportError::refused);

    Router::Trouble errors;
    errors.errorStatus = 500;
    errors.errorProbability = 1.0;
    errors.errorRetryAfter = 3s;
    bench.router.setTrouble(errors);
    const auto failed = bench.send();
    EXPECT_EQ(bench.status(failed), 500);
    EXPECT_EQ(bench.at(failed).retryAfter, 3s);

    Router::Trouble slow;
    slow.latency = 400ms;
    bench.router.setTrouble(slow);
    const auto late = bench.send();
    const Duration before = bench.loop.now() - RouterBench::kStart;
    bench.run(2s);
    EXPECT_EQ(bench.when(late), before + 100ms + 400ms);
    bench.expectConserved();
}

TEST(RouterResponses, aServerThatDiesIsTheProxysStatusOrABrokenConnection) {
    EXPECT_EQ(RouterSpec{}.dying, RouterSpec::Dying::unavailable); // a router has a proxy before it
    const struct {
        RouterSpec::Dying dying;
        int status;
        TransportError transport;
    } cases[] = {{RouterSpec::Dying::badGateway, 502, TransportError::none},
                 {RouterSpec::Dying::unavailable, 503, TransportError::none},
                 {RouterSpec::Dying::gatewayTimeout, 504, TransportError::none},
                 {RouterSpec::Dying::reset, 0, TransportError::reset},
                 {RouterSpec::Dying::resetInBody, 0, TransportError::cut}};
    for (const auto& c : cases) {
        RouterSpec spec;
        spec.dying = c.dying;
        RouterBench bench{spec};
        bench.add(1);
        const auto tag = bench.send(0, 1000);
        bench.run(500ms);
        bench.router.endpoint(0).kill();
        ASSERT_TRUE(bench.answered(tag));
        EXPECT_EQ(bench.at(tag).status, c.status);
        EXPECT_EQ(bench.at(tag).transport, c.transport);
        EXPECT_EQ(bench.router.totals().lost, 1U);
        EXPECT_EQ(bench.router.totals().rejected, 0U);
        bench.expectConserved();
    }
}

// Behind a partition a server still refuses, but nobody hears of it before the partition ends.
TEST(RouterResponses, aPartitionHoldsRefusalsBackToo) {
    RouterBench bench{{}};
    ReplicaConfig config = plainReplica(1, 10);
    config.waitingCap = 0;
    bench.add(1, config);
    bench.router.endpoint(0).setPartitioned(true);
    RouterRequest endless;
    endless.promptTokens = 200;
    const auto tooLong = bench.send(endless);
    const auto served = bench.send(0, 100);
    const auto refused = bench.send(0, 100);
    const auto left = bench.send(0, 100);
    bench.run(30s);
    EXPECT_TRUE(bench.answers.empty());
    EXPECT_EQ(bench.router.inFlight(), 4);
    bench.expectConserved();
    bench.router.abort(bench.jobs[left]);
    bench.router.endpoint(0).setPartitioned(false);
    EXPECT_EQ(bench.status(tooLong), 400);
    EXPECT_EQ(bench.status(refused), 429);
    EXPECT_EQ(bench.status(served), 200);
    EXPECT_FALSE(bench.answered(left));
    EXPECT_EQ(bench.router.inFlight(), 0);
    bench.expectConserved();
}

// A router that goes down takes everything with it: what waits in it, the connections through it,
// the answers on their way, and what it knew of prefixes. Nothing is sent until it is back.
TEST(RouterResponses, aRouterThatGoesDown) {
    RouterSpec spec = withFlowControl();
    spec.queueWeight = spec.kvWeight = 0.0;
    RouterBench bench{spec};
    ReplicaConfig config = plainReplica(1);
    config.responseDelayNs = 1000000000;
    bench.add(1, config);
    const auto answering = bench.send(0, 10);
    bench.run(200ms);
    const auto running = bench.send(0, 3000);
    for (int i = 0; i < 5; ++i) {
        bench.run(60ms);
        bench.send(0, 3000);
    }
    bench.run(60ms);
    const auto queued = bench.send(0);
    ASSERT_EQ(bench.router.queued(), 1);
    ASSERT_FALSE(bench.answered(answering));

    Router::Trouble down;
    down.down = true;
    bench.router.setTrouble(down);
    bench.run(1ms);
    for (const auto tag : {answering, running, queued}) {
        ASSERT_TRUE(bench.answered(tag));
        EXPECT_EQ(bench.at(tag).transport, TransportError::reset);
    }
    EXPECT_EQ(bench.router.totals().lost, 8U);
    EXPECT_EQ(bench.router.totals().completed, 0U);
    EXPECT_EQ(bench.router.totals().unheardTokens, 10U) << "of the answer that was on its way";
    EXPECT_EQ(bench.router.inside(), 0);
    EXPECT_EQ(bench.at(bench.send()).transport, TransportError::refused);
    bench.run(10s);
    EXPECT_EQ(bench.router.endpoint(0).inside(), 0) << "whoever served has heard of it";
    EXPECT_EQ(bench.router.queued(), 0);
    bench.expectConserved();

    bench.router.setTrouble({});
    const auto after = bench.send(0, 10);
    bench.run(2s);
    EXPECT_EQ(bench.status(after), 200);
    bench.expectConserved();
}

TEST(RouterResponses, aRouterThatWasDownKnowsNoPrefixes) {
    RouterSpec spec;
    spec.detector = RouterSpec::Detector::concurrency;
    spec.concurrencyMode = RouterSpec::ConcurrencyMode::tokens;
    spec.maxTokens = 1000;
    RouterBench bench{spec};
    bench.add(1);
    RouterRequest request;
    request.promptTokens = 128;
    request.prefix.groups[0] = {7, 128};
    bench.send(request);
    bench.run(1s);
    Router::Trouble down;
    down.down = true;
    bench.router.setTrouble(down);
    bench.router.setTrouble({});
    bench.send(request);
    EXPECT_DOUBLE_EQ(bench.router.saturation(), 0.128) << "all of it is to be computed";
}

// A client that leaves while the router queues its request, while a server works on it, and while
// the answer is on its way: counted once each, and its number may be used again.
TEST(RouterResponses, whoeverLeavesIsForgotten) {
    RouterSpec spec = withFlowControl();
    RouterBench bench{spec};
    bench.add(1, plainReplica(1));
    const auto working = bench.send(0, 1000);
    bench.run(60ms);
    for (int i = 0; i < 5; ++i)
        bench.send(0, 10);
    bench.run(60ms);
    const auto queued = bench.send(0, 10);
    ASSERT_EQ(bench.router.queued(), 1);
    bench.router.abort(bench.jobs[queued]);
    bench.router.abort(bench.jobs[working]);
    bench.run(5s);
    EXPECT_FALSE(bench.answered(queued) || bench.answered(working));
    EXPECT_EQ(bench.router.totals().aborted, 2U);
    EXPECT_EQ(bench.answers.size(), 5U);
    bench.expectConserved();
}

} // namespace
} // namespace penstock::sim

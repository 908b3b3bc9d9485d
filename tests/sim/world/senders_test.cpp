// SPDX-License-Identifier: Apache-2.0
// Goal: what senders bring with them counts, and what befalls their requests comes back to them and
// to the report: priorities of a trace, the pause of whoever is refused, connections that break
// with the router, tokens generated for nobody. Method: small worlds in which each can be counted.
#include "tests/sim/world/scenario_support.h"

#include <fmt/format.h>

#include <fstream>

namespace penstock::sim {
namespace {

using namespace std::chrono_literals;

std::string senderScenario(const std::string& sources, const std::string& rest = "",
                           const std::string& router = "{}") {
    return "scenario: {name: senders, seed: 3, horizon: 1m}\n"
           "pool:\n"
           "  replicas: [{count: 1, gpu: H100, model: Llama-3.1-8B, max_num_seqs: 4}]\n"
           "  router: " +
           router +
           "\n"
           "sources:\n" +
           sources +
           "engine: {semantics: penstock, transport: {queues: [{id: q, queue_name: q}]}}\n" + rest;
}

// Refused at the instant they ask, users who do not think must not hold the clock.
TEST(Senders, refusedUsersPause) {
    struct Case {
        const char* to;
        const char* more; // of the source
        const char* router;
        const char* fault;
        double perUser; // requests in a minute
    };
    for (const Case& c : {
             Case{"router", "", "{}", "{kind: router-down, at: 0s}", 60},
             Case{"router", ", retry_pause: 10s", "{}", "{kind: router-down, at: 0s}", 6},
             Case{"router", "", "{retry_after: 20s}", "{kind: replica-drained, at: 0s, replica: 0}",
                  3},
             Case{"queue:q", "", "{}", "{kind: router-errors, at: 0s, status: 400}", 60},
         }) {
        auto world = test::makeText(senderScenario(
            fmt::format("  - {{name: people, to: '{}', deadline: 5m, arrivals: {{process: "
                        "closed_loop, users: 3{}}}}}\n",
                        c.to, c.more),
            fmt::format("faults: [{}]\n", c.fault), c.router));
        ASSERT_NE(world, nullptr);
        for (int events = 0; events < 100000 && world->step(); ++events) {}
        ASSERT_TRUE(world->done()) << c.to << c.more << ": the clock stands at "
                                   << toSeconds(world->now() - world->start()) << " s";
        const Report report = *world->report(1.0);
        EXPECT_NEAR(static_cast<double>(report.sources.front().arrivals), 3 * c.perUser, 3.0)
            << c.to << c.more;
    }
}

// A row's own priority goes before the source's; rows without one have the source's. To be told
// apart without anybody to serve: what may be shed is, with a 429, and the rest finds no endpoint.
TEST(Senders, prioritiesOfATraceCount) {
    const std::string trace = ::testing::TempDir() + "priorities.csv";
    std::ofstream(trace) << "arrived_at,prompt_tokens,output_tokens,priority\n"
                            "0,100,10,-1\n1,100,10,\n2,100,10,4\n3,100,10,-2\n4,100,10,\n";
    struct Case {
        int ofSource;
        std::uint64_t shed;
    };
    for (const Case& c : {Case{0, 2}, Case{-1, 4}}) {
        auto world = test::makeText(senderScenario(
            fmt::format("  - {{name: people, to: router, priority: {}, arrivals: {{process: trace, "
                        "file: '{}', format: csv, columns: {{time: arrived_at}}}}}}\n",
                        c.ofSource, trace),
            "faults: [{kind: replica-drained, at: 0s, replica: 0}]\n"));
        ASSERT_NE(world, nullptr);
        const Report report = test::run(*world);
        EXPECT_EQ(report.sources.front().arrivals, 5U);
        const RouterTotals& totals = world->router().totals();
        const auto noEndpoints = static_cast<std::size_t>(DroppedReason::rejectedNoEndpoints);
        EXPECT_EQ(totals.byReason[0], c.shed);
        EXPECT_EQ(totals.byReason[noEndpoints], 5 - c.shed);
    }
}

// Everybody who was on the line when the router went down hears of it: people as a failure, the
// engine as a transport error, after which it tries again.
TEST(Senders, aRouterThatGoesDownBreaksConnections) {
    auto world = test::makeText(senderScenario(
        "  - {name: people, to: router, arrivals: {process: lump, count: 6}, output_tokens: 6000}\n"
        "  - {name: batch, to: 'queue:q', deadline: 1h, arrivals: {process: lump, count: 5, at: "
        "5s},\n"
        "     output_tokens: 6000}\n",
        "faults: [{kind: router-down, at: 20s, for: 5s}]\n",
        "{flow_control: true, queue_depth_threshold: 1}"));
    ASSERT_NE(world, nullptr);
    world->runUntil(world->start() + 20s - 1ms);
    EXPECT_EQ(world->router().inside(), 11);
    EXPECT_EQ(world->router().queued(), 5);
    world->runUntil(world->start() + 20s + 1ms);
    EXPECT_EQ(world->router().inside(), 0);
    EXPECT_EQ(world->router().totals().lost, 11U);
    const Report atFault = *world->report(1.0);
    EXPECT_EQ(atFault.sources.front().failed, 6U);
    EXPECT_EQ(atFault.queues.front().transportErrors, 5U);
    const Report report = test::run(*world);
    EXPECT_EQ(report.losses.attemptsLost, 11U);
    EXPECT_GT(report.queues.front().retries, 0U);
}

// Tokens for somebody who gave up are wasted from then on, whatever else is in flight.
TEST(Senders, whatIsGeneratedForNobodyIsWasted) {
    auto world = test::makeText(senderScenario(
        "  - {name: people, to: router, timeout: 10s, arrivals: {process: lump, count: 1},\n"
        "     output_tokens: 20000}\n"
        "  - {name: patient, to: router, arrivals: {process: lump, count: 1},\n"
        "     output_tokens: 20000}\n"));
    ASSERT_NE(world, nullptr);
    world->runUntil(world->start() + 9s);
    EXPECT_EQ(world->report(1.0)->wastedTokens, 0U) << "nobody has left";
    world->runUntil(world->start() + 11s);
    const auto wasted = static_cast<double>(world->report(1.0)->wastedTokens);
    const Report report = test::run(*world);
    // Of the two that ran side by side for 10 s, one: the other runs on, alone and not much faster.
    EXPECT_NEAR(wasted, static_cast<double>(report.pool.generatedTokens) / 7, wasted * 0.1);
    EXPECT_EQ(static_cast<double>(report.wastedTokens), wasted) << "and no more afterwards";
}

} // namespace
} // namespace penstock::sim

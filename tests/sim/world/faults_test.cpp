// SPDX-License-Identifier: Apache-2.0
// Goal: each fault takes what it should and nothing else, is undone when it ends, and leaves every
// conservation law whole, whatever overlaps with what. Method: one busy little world, one fault at
// a time with what it must cost; then overlapping ones; then a hundred random timelines.
#include "tests/sim/world/scenario_support.h"

#include <fmt/format.h>

#include <functional>
#include <map>

namespace penstock::sim {
namespace {

using namespace std::chrono_literals;

std::string scenario(const std::string& faults, const std::string& semantics = "penstock",
                     const std::string& extra = "") {
    return "scenario: {name: faulty, seed: 3, horizon: 12m}\n"
           "pool:\n"
           "  replicas: [{count: 2, gpu: H100, model: Llama-3.1-8B, max_num_seqs: 64, start_up: "
           "30s}]\n" +
           extra +
           "sources:\n"
           "  - {name: people, to: router, arrivals: {process: poisson, rate: 4}, timeout: 1m,\n"
           "     prompt_tokens: 500, output_tokens: {law: lognormal, mean: 300, cv: 0.5}}\n"
           "  - {name: batch, to: 'queue:q', deadline: 8m, arrivals: {process: poisson, rate: 4},\n"
           "     prompt_tokens: 500, output_tokens: {law: lognormal, mean: 300, cv: 0.5}}\n"
           "engine:\n"
           "  semantics: " +
           semantics +
           "\n"
           "  transport:\n"
           "    queues: [{id: q, queue_name: q, gate_type: prometheus-saturation,\n"
           "              gate_params: {pool: pool, threshold: 0.8}}]\n"
           "faults: [" +
           faults + "]\n";
}

Report runWith(const std::string& faults, const std::string& semantics = "penstock",
               const std::string& extra = "") {
    auto world = test::makeText(scenario(faults, semantics, extra));
    return world == nullptr ? Report{} : test::run(*world); // which checks every conservation law
}

TEST(Faults, withoutAnyNothingIsLost) {
    const Report report = runWith("");
    EXPECT_EQ(report.losses.faults, 0U);
    EXPECT_EQ(report.losses.attemptsLost, 0U);
    EXPECT_EQ(report.losses.requestsLost, 0U);
    EXPECT_EQ(report.losses.interactiveFailed, 0U);
    EXPECT_DOUBLE_EQ(report.retryAmplification, 1.0);
}

// With no proxy before the replicas a dying one breaks connections. Up to 0.10 that is final,
// unless it broke within the body.
TEST(Faults, aBrokenConnectionIsFinalUpTo010AndABrokenBodyNever) {
    const std::string fault = "{kind: replica-killed, replica: 0, at: 4m, for: 1m}";
    for (const char* version : {"llm-d-async-0.9.0", "llm-d-async-0.9", "llm-d-async-0.9.1",
                                "llm-d-async-0.10", "llm-d-async-0.11", "penstock"}) {
        const std::string name = version;
        const bool retries = name == "llm-d-async-0.11" || name == "penstock";
        const Report reset = runWith(fault, name, "  router: {dying_replica: reset}\n");
        EXPECT_EQ(reset.queues.front().failed > 0, !retries) << name;
        const Report cut = runWith(fault, name, "  router: {dying_replica: reset-in-body}\n");
        EXPECT_EQ(cut.queues.front().failed, 0U) << name;
        EXPECT_GT(cut.queues.front().retries, 0U) << name;
        EXPECT_GT(cut.losses.attemptsLost, 0U) << name;
    }
}

TEST(Faults, eachTakesWhatItMust) {
    struct Case {
        std::string fault;
        std::string semantics;
        const char* what;
        std::function<bool(const Report&)> holds;
    };
    const auto queue = [](const Report& r) -> const QueueReport& { return r.queues.front(); };
    const auto nothingLost = [queue](const Report& r) {
        return queue(r).lost == 0 && queue(r).failed == 0 && queue(r).deadlineExceeded == 0;
    };
    const std::string ours = "penstock";
    const std::string theirs = "llm-d-async-0.9";
    for (const Case& c : {
             Case{"{kind: replica-killed, replica: 0, at: 4m, for: 1m}", ours,
                  "what ran there dies; queued work is sent again, people are not",
                  [=](const Report& r) {
                      return r.losses.attemptsLost > 5 && nothingLost(r) && queue(r).retries > 0 &&
                             r.losses.interactiveFailed > 0 &&
                             r.losses.interactiveFailed < r.losses.attemptsLost;
                  }},
             Case{"{kind: replica-killed, replica: 0, at: 4m, for: 1m}", theirs,
                  "0.9 retries the proxy's 503",
                  [=](const Report& r) { return nothingLost(r) && queue(r).retries > 0; }},
             Case{"{kind: replica-killed, replica: 0, at: 4m}", ours,
                  "a crash without a length: it starts again at once",
                  [=](const Report& r) {
                      return r.losses.attemptsLost > 5 && nothingLost(r) && r.pool.replicas == 2;
                  }},
             Case{"{kind: replica-drained, replica: 0, at: 4m, for: 2m}", ours,
                  "a drained replica finishes what it has",
                  [=](const Report& r) {
                      return r.losses.attemptsLost == 0 && nothingLost(r) &&
                             r.losses.interactiveFailed == 0 && queue(r).retries == 0;
                  }},
             Case{"{kind: replica-slow, replica: 0, at: 4m, for: 2m, factor: 4}", ours,
                  "slow is not lost",
                  [=](const Report& r) {
                      return nothingLost(r) && r.losses.interactiveFailed == 0 &&
                             r.sources.front().tpotMs.max > 3 * r.sources.front().tpotMs.p50;
                  }},
             Case{"{kind: replica-partition, replica: 0, at: 4m, for: 2m}", ours,
                  "answers wait until the partition ends, people lose patience after a minute",
                  [=](const Report& r) {
                      return nothingLost(r) && r.losses.attemptsLost == 0 &&
                             r.losses.interactiveFailed > 0 && queue(r).e2eMs.max > 60000;
                  }},
             Case{"{kind: router-errors, at: 4m, for: 2m, status: 503, probability: 0.5}", ours,
                  "half the answers are errors; queued work tries again",
                  [=](const Report& r) {
                      return nothingLost(r) && r.retryAmplification > 1.05 &&
                             r.losses.interactiveFailed > 100;
                  }},
             Case{"{kind: router-errors, at: 4m, for: 2m, status: 400}", ours,
                  "a 400 is final for queued work too",
                  [=](const Report& r) {
                      return queue(r).failed > 100 && queue(r).lost == 0 && queue(r).retries == 0;
                  }},
             Case{"{kind: router-errors, at: 4m, for: 1m, status: 429, retry_after: 90s}", ours,
                  "Retry-After is heeded",
                  [=](const Report& r) { return nothingLost(r) && queue(r).e2eMs.max > 90000; }},
             Case{"{kind: router-latency, at: 4m, for: 2m, delay: 3s}", ours,
                  "everybody waits three seconds longer",
                  [=](const Report& r) {
                      return nothingLost(r) && r.sources.front().e2eMs.p99 > 3000 &&
                             r.losses.interactiveFailed == 0;
                  }},
             Case{"{kind: router-down, at: 4m, for: 1m}", ours, "refused connections are retried",
                  [=](const Report& r) {
                      return nothingLost(r) && queue(r).transportErrors > 0 &&
                             r.losses.interactiveFailed > 100;
                  }},
             Case{"{kind: router-down, at: 4m, for: 1m}", theirs, "but not by 0.9",
                  [=](const Report& r) { return queue(r).failed > 50; }},
             Case{"{kind: queue-down, at: 4m, for: 1m}", ours, "a silent broker is waited for",
                  [=](const Report& r) { return nothingLost(r) && queue(r).waitMs.max > 30000; }},
             Case{"{kind: queue-slow, at: 4m, for: 1m, delay: 200ms}", ours, "so is a slow one",
                  [=](const Report& r) { return nothingLost(r) && queue(r).waitMs.max > 200; }},
             Case{"{kind: engine-crash, at: 4m, for: 10s}", ours,
                  "claims of a dead owner are delivered again",
                  [=](const Report& r) { return nothingLost(r) && queue(r).redelivered > 0; }},
             Case{"{kind: engine-crash, at: 4m, for: 10s}", theirs,
                  "what 0.9 had popped is gone, and nobody is told",
                  [=](const Report& r) {
                      return queue(r).lost > 0 && r.losses.resultsLost >= queue(r).lost;
                  }},
             Case{"{kind: engine-drain, at: 4m, for: 10s}", ours, "a drained engine loses nothing",
                  [=](const Report& r) {
                      return nothingLost(r) && queue(r).redelivered == 0 &&
                             r.losses.attemptsLost == 0;
                  }},
             Case{"{kind: prometheus-down, at: 4m, for: 5m}", ours,
                  "the gate is blind for half the run",
                  [=](const Report& r) {
                      return nothingLost(r) && r.gates.front().stats.sourceAvailableShare < 0.7;
                  }},
             Case{"{kind: clock-skew, at: 4m, for: 5m, delay: 30s}", ours,
                  "samples from the future are seen half a minute later",
                  [=](const Report& r) {
                      return nothingLost(r) && r.gates.front().stats.ageMax > 30;
                  }},
             Case{"{kind: clock-skew, at: 1m, for: 10m, delay: -6m}", ours,
                  "samples of six minutes ago are too old to be looked at",
                  [=](const Report& r) {
                      return nothingLost(r) && r.gates.front().stats.sourceAvailableShare < 0.7;
                  }},
         }) {
        const Report report = runWith(c.fault, c.semantics);
        EXPECT_TRUE(c.holds(report)) << c.fault << " " << c.semantics << ": " << c.what << "\n"
                                     << toText(report);
        EXPECT_EQ(report.losses.faults, 1U) << c.fault;
    }
}

// The gate reads the router's metrics: faults of it blind the gate, faults of others do not.
TEST(Faults, ofMetricsHitTheirTarget) {
    const auto answered = [](const std::string& fault) {
        return runWith(fault).gates.front().stats.sourceAvailableShare;
    };
    const double untouched = answered("");
    EXPECT_GT(untouched, 0.95);
    for (const char* kind : {"metrics-nan", "series-missing", "scrape-failure"}) {
        const std::string begin = fmt::format("{{kind: {}, at: 4m, for: 5m", kind);
        EXPECT_LT(answered(begin + "}"), 0.8) << kind;
        EXPECT_LT(answered(begin + ", target: router}"), 0.8) << kind;
        EXPECT_EQ(answered(begin + ", target: model-servers}"), untouched) << kind;
        EXPECT_EQ(answered(begin + ", target: pool-decode-1}"), untouched) << kind;
        EXPECT_EQ(answered(begin + ", replica: 0}"), untouched) << kind;
    }
}

// Killed while it drains: what it still had in flight is delivered again, as after any crash.
TEST(Faults, anEngineMayCrashWhileItDrains) {
    const Report report = runWith("{kind: engine-drain, at: 4m, for: 30s},"
                                  "{kind: engine-crash, at: 241s, for: 5s}");
    EXPECT_EQ(report.losses.faults, 2U);
    EXPECT_GT(report.queues.front().redelivered, 0U);
    EXPECT_EQ(report.queues.front().lost, 0U);
    EXPECT_EQ(report.queues.front().failed, 0U);
}

TEST(Faults, aBrokerThatRestartsEmptyLosesWhatLayThere) {
    const Report report = runWith("{kind: queue-restart-empty, at: 6m}", "penstock",
                                  "  router: {flow_control: true}\n");
    // Whatever was claimed or pending is gone, and said to be so.
    EXPECT_GT(report.losses.requestsLost, 0U);
    EXPECT_LT(report.losses.requestsLost, report.queues.front().enqueued / 4);
    EXPECT_EQ(report.losses.resultsLost, report.losses.requestsLost);
}

// What an engine has at hand and in flight when the store comes back empty: it goes on with it, is
// refused, and only then is the request gone. No count is below 0 and none is missing, at any
// moment.
TEST(Faults, aBrokerThatRestartsEmptyKeepsItsBooks) {
    for (const std::string& semantics : Semantics::names()) {
        SCOPED_TRACE(semantics);
        auto world = test::makeText(
            scenario("{kind: queue-restart-empty, at: 6m}, {kind: queue-restart-empty, every: 20s}",
                     semantics));
        ASSERT_NE(world, nullptr);
        for (int i = 0; i < 200 && !world->done(); ++i) {
            world->runUntil(world->now() + 4s);
            const auto report = world->report(0.0);
            ASSERT_TRUE(report) << report.error().text();
            for (const QueueReport& q : report->queues) {
                EXPECT_LE(q.stillQueued, q.enqueued);
                EXPECT_LE(q.inFlight, q.enqueued);
                EXPECT_EQ(q.enqueued, q.ended + q.stillQueued + q.inFlight);
            }
        }
    }
}

// A replica that was drained by one fault and killed by another is back after both.
TEST(Faults, ofTwoKindsKeepAReplicaAwayUntilBothAreOver) {
    auto world = test::makeText(scenario("{kind: replica-drained, replica: 0, at: 2m, for: 1m},"
                                         "{kind: replica-killed, replica: 0, at: 150s, for: 3m}"));
    ASSERT_NE(world, nullptr);
    world->runUntil(world->start() + 4min);
    EXPECT_EQ(world->router().readyEndpoints(), 1);
    world->runUntil(world->start() + 330s + 31s);
    EXPECT_EQ(world->router().readyEndpoints(), 2);
    test::run(*world);
}

// Of two faults on one replica the first to end does not undo the other.
TEST(Faults, mayOverlap) {
    auto world =
        test::makeText(scenario("{kind: replica-killed, replica: 0, at: 2m, for: 1m},"
                                "{kind: replica-killed, replica: 0, at: 150s, for: 3m},"
                                "{kind: replica-slow, replica: 1, at: 2m, for: 4m, factor: 2},"
                                "{kind: replica-slow, replica: 1, at: 3m, for: 1m, factor: 8},"
                                "{kind: router-latency, at: 2m, for: 3m, delay: 1s},"
                                "{kind: router-latency, at: 3m, for: 1m, delay: 5s}"));
    ASSERT_NE(world, nullptr);
    const auto readyAt = [&](Duration at) {
        world->runUntil(world->start() + at);
        return world->router().readyEndpoints();
    };
    EXPECT_EQ(readyAt(119s), 2);
    EXPECT_EQ(readyAt(3min + 45s), 1) << "the first kill has ended, the second has not";
    EXPECT_EQ(readyAt(5min + 31s), 1) << "it starts";
    EXPECT_EQ(readyAt(6min + 1s), 2);
    const Report report = test::run(*world);
    EXPECT_EQ(report.losses.faults, 6U);
    // From minute 4 to 5 the latency of the longer fault is in force again.
    EXPECT_EQ(report.queues.front().failed, 0U);
}

// The pool grows while a fault is on: it must end on the replica that it began on.
TEST(Faults, endWhereTheyBegan) {
    auto world = test::makeText(
        scenario("{kind: replica-partition, at: 2m, for: 4m}", "penstock",
                 "  autoscaler: {min: 2, max: 4, target_saturation: 0.01, cold_start: 10s}\n"));
    ASSERT_NE(world, nullptr);
    world->runUntil(world->start() + 5min);
    EXPECT_EQ(world->router().endpointCount(), 4U);
    world->runUntil(world->start() + 7min);
    for (std::size_t i = 0; i < 4; ++i) {
        const Duration age = world->now() - world->router().endpoint(i).lastRead().at;
        EXPECT_LT(age, 200ms) << "replica " << i << " is still cut off";
    }
    test::run(*world);
}

// A client gives up on a request whose answer a partition holds back; when the partition ends, the
// answer must not reach whoever has the request's number by then.
TEST(Faults, aPartitionsLateAnswersReachNobody) {
    auto world = test::makeText(scenario("{kind: replica-partition, replica: 0, at: 2m, for: 3m},"
                                         "{kind: replica-killed, replica: 0, at: 4m, for: 10s}"));
    ASSERT_NE(world, nullptr);
    const Report report = test::run(*world); // a wrong delivery breaks a check
    EXPECT_GT(report.losses.interactiveFailed, 50U);
    EXPECT_EQ(report.queues.front().lost, 0U);
}

// Random processes of every kind at once, many seeds: conservation is checked in each report.
TEST(Faults, everyLawHoldsUnderRandomFaults) {
    const std::map<std::string_view, std::string> values{{"for", "40s"},
                                                         {"factor", "3"},
                                                         {"status", "503"},
                                                         {"probability", "0.7"},
                                                         {"delay", "300ms"}};
    std::string all;
    for (const FaultKindInfo& kind : faultKinds()) {
        all += fmt::format("{}{{kind: {}, every: 4m", all.empty() ? "" : ", ", kind.name);
        for (const FaultKeyInfo& key : faultKeys()) {
            const bool has = ((kind.needs | kind.takes) & key.key) != 0;
            if (has && values.contains(key.name)) {
                all += fmt::format(", {}: {}", key.name, values.at(key.name));
            }
        }
        all += "}";
    }
    std::uint64_t begun = 0;
    for (int seed = 1; seed <= 12; ++seed) {
        for (const char* semantics : {"penstock", "llm-d-async-0.9", "llm-d-async-0.10"}) {
            auto world =
                test::makeText(scenario(all, semantics, "  autoscaler: {min: 2, max: 3}\n"),
                               {fmt::format("scenario.seed={}", seed)});
            ASSERT_NE(world, nullptr);
            const Report report = test::run(*world);
            begun += report.losses.faults;
            const QueueReport& q = report.queues.front();
            EXPECT_EQ(q.enqueued, q.ended + q.stillQueued + q.inFlight) << seed << semantics;
        }
    }
    EXPECT_GT(begun, 1000U);
}

} // namespace
} // namespace penstock::sim

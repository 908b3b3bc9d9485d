// SPDX-License-Identifier: Apache-2.0
// Counts of the real program beside those of its presets. A row is a set-up that llm-d-async 0.9.0,
// 0.9 (a main of August 2026) and 0.9.1 (the main of 19 August) were run in over a stub router,
// with what was counted there in November 2026: results by code, what was left in the queue and in
// the retry set, and attempts where the poll alone decides them.
#include "engine/broker/memory_key_value.h"
#include "engine/gates/llm_d_async/local_max_concurrency.h"
#include "engine/gates/llm_d_async/redis_quota.h"
#include "tests/engine/core/support.h"

#include <gtest/gtest.h>

#include <cmath>
#include <optional>
#include <string>

namespace penstock::testing {
namespace {

using Codes = std::map<std::string, int>;

struct Count {
    Codes codes; // results by code or status
    std::int64_t queue = 0;
    std::int64_t retrySet = 0;
    std::optional<std::size_t> attempts; // where chance has no part in them
};

struct Row {
    std::string name;
    int messages;
    Duration deadline;
    Duration time;
    std::function<void(World&)> set;
    std::map<std::string, Count> real; // by version
};

Count counted(const World& world) {
    Count count;
    for (const auto& entry : world.results.entries) {
        const std::string code(name(entry.code));
        ++count.codes[code.empty() ? std::to_string(entry.status) : code];
    }
    count.queue = world.broker->queue(0).depth().pending;
    count.retrySet = world.broker->queue(0).depth().parked;
    count.attempts = world.router.sent.size();
    return count;
}

std::function<void(World&)> always(int code, Duration retryAfter = Duration{-1},
                                   TransportError error = TransportError::none) {
    return [=](World& w) {
        w.router.answer = [=](const Request&) {
            Response r = status(code);
            r.retryAfter = retryAfter;
            r.transport = error;
            return r;
        };
        w.router.serviceTime = [](const Request&) { return 5ms; };
    };
}

std::function<void(World&)> failingOnce(Duration poll, std::int32_t batch) {
    return [=](World& w) {
        w.settings.pollInterval = poll;
        w.settings.batchSize = batch;
        w.router.answer = [](const Request& r) { return status(r.retries == 0 ? 500 : 200); };
        w.router.serviceTime = [](const Request&) { return 5ms; };
    };
}

std::vector<Row> rows() {
    const auto answersTake = [](Duration time) {
        return [=](World& w) { w.router.serviceTime = [=](const Request&) { return time; }; };
    };
    const auto quick = [](Duration poll, const std::function<void(World&)>& set) {
        return [=](World& w) {
            set(w);
            w.settings.pollInterval = poll;
        };
    };
    const Codes none;
    return {
        {"always-500-defaults",
         100,
         30s,
         40s,
         always(500),
         {{"llm-d-async-0.9.0", {{{"INFERENCE_ERROR", 10}}, 0, 0, {}}},
          {"llm-d-async-0.9", {{{"INFERENCE_ERROR", 10}}, 0, 0, {}}},
          {"llm-d-async-0.9.1", {{{"DEADLINE_EXCEEDED", 100}}, 0, 0, {}}}}},
        {"deadline-retry-poll100",
         20,
         8s,
         12s,
         quick(100ms, always(500)),
         {{"llm-d-async-0.9.0", {{{"INFERENCE_ERROR", 20}}, 0, 0, {}}},
          {"llm-d-async-0.9", {{{"INFERENCE_ERROR", 20}}, 0, 0, {}}},
          {"llm-d-async-0.9.1", {{{"DEADLINE_EXCEEDED", 20}}, 0, 0, {}}}}},
        {"twelve-of-100-always-failing",
         100,
         1h,
         25s,
         [](World& w) {
             w.router.answer = [](const Request& r) { return status(r.number <= 12 ? 500 : 200); };
             w.router.serviceTime = [](const Request&) { return 5ms; };
         },
         {{"llm-d-async-0.9.0", {none, 100, 0, 250}},
          {"llm-d-async-0.9", {{{"200", 88}}, 0, 12, {}}},
          {"llm-d-async-0.9.1", {{{"200", 88}}, 0, 12, {}}}}},
        {"deadline-in-flight",
         10,
         4s,
         9s,
         answersTake(20s),
         {{"llm-d-async-0.9.0", {{{"INFERENCE_ERROR", 10}}, 0, 0, 10}},
          {"llm-d-async-0.9", {{{"INFERENCE_ERROR", 10}}, 0, 0, 10}},
          {"llm-d-async-0.9.1", {{{"DEADLINE_EXCEEDED", 10}}, 0, 0, 10}}}},
        {"request-timeout",
         10,
         1h,
         7s,
         [](World& w) {
             w.settings.requestTimeout = 2s;
             w.router.serviceTime = [](const Request&) { return 20s; };
         },
         {{"llm-d-async-0.9.0", {{{"INFERENCE_ERROR", 10}}, 0, 0, 10}},
          {"llm-d-async-0.9", {{{"INFERENCE_ERROR", 10}}, 0, 0, 10}},
          {"llm-d-async-0.9.1", {{{"DEADLINE_EXCEEDED", 10}}, 0, 0, 10}}}},
        {"429-retry-after-beyond-deadline",
         3,
         20s,
         3500ms,
         always(429, 100s),
         {{"llm-d-async-0.9.0", {{{"429", 3}}, 0, 0, 3}},
          {"llm-d-async-0.9", {none, 0, 3, 3}},
          {"llm-d-async-0.9.1", {none, 0, 3, 3}}}},
        {"503-retry-after-3",
         3,
         1h,
         7s,
         quick(100ms, always(503, 3s)),
         {{"llm-d-async-0.9", {none, 0, 3, 6}}, {"llm-d-async-0.9.1", {none, 0, 3, 6}}}},
        {"refused",
         5,
         1h,
         3s,
         always(0, Duration{-1}, TransportError::refused),
         {{"llm-d-async-0.9.0", {{{"INFERENCE_ERROR", 5}}, 0, 0, 5}},
          {"llm-d-async-0.9", {{{"INFERENCE_ERROR", 5}}, 0, 0, 5}},
          {"llm-d-async-0.9.1", {{{"INFERENCE_ERROR", 5}}, 0, 0, 5}}}},
        {"reset-before-answer",
         5,
         1h,
         3s,
         always(0, Duration{-1}, TransportError::reset),
         {{"llm-d-async-0.9.0", {{{"INFERENCE_ERROR", 5}}, 0, 0, 5}},
          {"llm-d-async-0.9", {{{"INFERENCE_ERROR", 5}}, 0, 0, 5}},
          {"llm-d-async-0.9.1", {{{"INFERENCE_ERROR", 5}}, 0, 0, 5}}}},
        {"reset-mid-body",
         5,
         1h,
         3s,
         always(0, Duration{-1}, TransportError::cut),
         {{"llm-d-async-0.9.0", {none, 5, 0, {}}},
          {"llm-d-async-0.9", {none, 0, 5, 5}},
          {"llm-d-async-0.9.1", {none, 0, 5, 5}}}},
        {"mover-batch500-poll100",
         300,
         10s,
         14s,
         failingOnce(100ms, 500),
         {{"llm-d-async-0.9", {{{"200", 300}}, 0, 0, 600}},
          {"llm-d-async-0.9.1", {{{"200", 300}}, 0, 0, 600}}}},
        {"mover-batch10-poll1000",
         10,
         1h,
         12s,
         failingOnce(1s, 10),
         {{"llm-d-async-0.9", {{{"200", 10}}, 0, 0, 20}},
          {"llm-d-async-0.9.1", {{{"200", 10}}, 0, 0, 20}}}},
        {"pool-gate-closed",
         30,
         1h,
         6s,
         [](World& w) {
             w.settings.pools[0] = {"default", 4, std::make_unique<KnobGate>(0.0)};
         },
         {{"llm-d-async-0.9.0", {none, 30, 0, 0}}, {"llm-d-async-0.9", {none, 20, 10, 0}}}},
    };
}

TEST(MeasuredRows, AreWhatThePresetsGive) {
    for (const Row& row : rows()) {
        for (const auto& [version, real] : row.real) {
            World world(*Semantics::byName(version));
            row.set(world);
            world.start();
            for (int i = 0; i < row.messages; ++i)
                world.push(row.deadline);
            world.run(row.time);
            const Count got = counted(world);
            EXPECT_EQ(got.codes, real.codes) << row.name << " " << version;
            EXPECT_EQ(got.queue, real.queue) << row.name << " " << version;
            EXPECT_EQ(got.retrySet, real.retrySet) << row.name << " " << version;
            if (real.attempts) {
                EXPECT_EQ(got.attempts, real.attempts) << row.name << " " << version;
            }
            for (const auto& sent : world.router.sent)
                EXPECT_LT(sent.at, kStart + row.deadline) << row.name << " " << version;
        }
    }
}

// When each message was tried again, in seconds after the first attempt of all.
std::vector<double> secondAttempts(const World& world) {
    std::vector<double> times;
    for (const auto& sent : world.router.sent) {
        if (sent.retries == 1)
            times.push_back(std::round(toSeconds(sent.at - world.router.sent[0].at) * 1e3) / 1e3);
    }
    return times;
}

// Ten failing once at the defaults: a poll that finds nothing has ended before the mover moves, one
// that pops finds what it moved, so all ten come back 4 s after the first attempt. 100: ten
// re-attempts a tick, after all fresh ones.
TEST(MeasuredRows, TheMoverMovesABatchAfterThePollOfATick) {
    const char* version = "llm-d-async-0.9";
    World ten(*Semantics::byName(version));
    failingOnce(1s, 10)(ten);
    ten.start();
    for (int i = 0; i < 10; ++i)
        ten.push(1h);
    ten.run(12s);
    EXPECT_EQ(secondAttempts(ten), std::vector<double>(10, 4.0)) << version;

    World three(*Semantics::byName(version));
    failingOnce(500ms, 3)(three);
    three.start();
    for (int i = 0; i < 30; ++i)
        three.push(1h);
    three.run(16s);
    std::vector<double> expected;
    for (int tick = 0; tick < 10; ++tick)
        expected.insert(expected.end(), 3, 5.0 + 0.5 * tick);
    EXPECT_EQ(secondAttempts(three), expected) << version;

    World hundred(*Semantics::byName(version));
    failingOnce(1s, 10)(hundred);
    hundred.start();
    for (int i = 0; i < 100; ++i)
        hundred.push(1h);
    hundred.run(21s);
    expected.clear();
    for (int tick = 0; tick < 10; ++tick)
        expected.insert(expected.end(), 10, 10.0 + tick);
    EXPECT_EQ(secondAttempts(hundred), expected) << version;
}

// Limit 4, answers of 1 s: blocking never exceeds it and keeps the order. As a queue gate 3.1 to
// 3.2 requests a second (43 to 45 in 15 s), as a pool gate 4.3 (60).
TEST(MeasuredRows, ABlockingLocalLimitHoldsThePollAndTheOrder) {
    for (const bool ofPool : {false, true}) {
        for (const char* version : {"llm-d-async-0.9.0", "llm-d-async-0.9", "llm-d-async-0.9.1"}) {
            World world(*Semantics::byName(version));
            auto gate = std::make_unique<LocalMaxConcurrencyGate>(
                LocalMaxConcurrencyGate::Settings{4, true});
            if (ofPool) {
                world.settings.pools[0].gate = std::move(gate);
            } else {
                world.addQueue("q", std::move(gate));
            }
            world.start();
            for (int i = 0; i < 80; ++i)
                world.push(1h);
            world.run(15s);
            EXPECT_EQ(world.router.inFlightMax, 4) << version << ofPool;
            for (std::size_t i = 0; i < world.router.sent.size(); ++i)
                EXPECT_EQ(world.router.sent[i].number, i + 1) << version << ofPool;
            if (ofPool) {
                EXPECT_NEAR(static_cast<double>(world.router.sent.size()), 60.0, 4.0) << version;
            } else {
                EXPECT_NEAR(static_cast<double>(world.router.sent.size()), 44.0, 4.0) << version;
            }
        }
    }
}

// A gate whose own Redis is away: 30 GATE_ERROR at a pool gate; at a queue gate none, one message
// standing and 29 left.
TEST(MeasuredRows, AQuotaWithoutItsRedis) {
    for (const bool ofPool : {false, true}) {
        for (const char* version : {"llm-d-async-0.9.0", "llm-d-async-0.9", "llm-d-async-0.9.1"}) {
            World world(*Semantics::byName(version));
            world.envelope.metadata = {{"userid", "ann"}};
            MemoryKeyValue store(world.loop);
            store.setFailing(true);
            auto gate = std::make_unique<RedisQuotaGate>(RedisQuotaGate::Settings{}, store);
            if (ofPool) {
                world.settings.pools[0].gate = std::move(gate);
            } else {
                world.addQueue("q", std::move(gate));
            }
            world.start();
            for (int i = 0; i < 30; ++i)
                world.push(1h);
            world.run(9s);
            const Codes all{{"GATE_ERROR", 30}};
            EXPECT_EQ(counted(world).codes, ofPool ? all : Codes{}) << version;
            // Where a batch is claimed at once, those behind the standing one are claimed too.
            const QueueDepth depth = world.broker->queue(0).depth();
            EXPECT_EQ(depth.pending + depth.claimed, ofPool ? 0 : 30) << version;
            if (std::string_view(version) != "llm-d-async-0.9.1") {
                EXPECT_EQ(depth.pending, ofPool ? 0 : 29) << version;
            }
            EXPECT_TRUE(world.router.sent.empty());
            world.engine.reset(); // before the store
        }
    }
}

// Two queues of ten on one worker: they are mixed from the first message on.
TEST(MeasuredRows, RandomRobinMixesFromTheFirstMessage) {
    int longest = 0;
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        World world(Semantics::llmDAsync09(), seed);
        world.addQueue("q");
        world.addQueue("r");
        world.settings.pools[0].workers = 1;
        world.router.serviceTime = [](const Request&) { return 20ms; };
        world.start();
        for (std::size_t i = 0; i < 20; ++i)
            world.push(1h, i / 10);
        world.run(5s);
        ASSERT_EQ(world.router.sent.size(), 20U);
        int run = 0;
        while (run < 20 && (world.router.sent[static_cast<std::size_t>(run)].number <= 10) ==
                               (world.router.sent[0].number <= 10)) {
            ++run;
        }
        longest = std::max(longest, run);
    }
    EXPECT_GT(longest, 1); // not in turns
    EXPECT_LT(longest, 10);
}

// SIGTERM with a blocking gate at its limit: the message that stands in it is lost, those in flight
// go to the retry set, or with 0.9.0 back to the queue.
TEST(MeasuredRows, ADrainLosesTheMessageThatStandsInItsGate) {
    for (const char* version : {"llm-d-async-0.9.0", "llm-d-async-0.9"}) {
        World world(*Semantics::byName(version));
        world.addQueue("q", std::make_unique<LocalMaxConcurrencyGate>(
                                LocalMaxConcurrencyGate::Settings{4, true}));
        world.router.serviceTime = [](const Request&) { return 30s; };
        world.start();
        for (int i = 0; i < 100; ++i)
            world.push(1h);
        world.run(1600ms);
        world.dispatcher->stop(2s);
        world.run(3s);
        const bool release = std::string_view(version) == "llm-d-async-0.9.0";
        EXPECT_EQ(counted(world).queue, release ? 99 : 95) << version;
        EXPECT_EQ(counted(world).retrySet, release ? 0 : 4) << version;
        EXPECT_EQ(world.log.count(EventKind::lost), 1U) << version;
    }
}

TEST(CancelledInFlight, EndsTheAttemptWithinASecondFrom011On) {
    for (const char* version : {"llm-d-async-0.10", "llm-d-async-0.11"}) {
        World world(*Semantics::byName(version));
        world.router.serviceTime = [](const Request&) { return 10s; };
        world.start();
        const std::uint64_t number = world.push(1h);
        world.run(2500ms);
        ASSERT_EQ(world.router.inFlight, 1);
        world.broker->queue(0).cancel(number);
        world.run(20s);
        ASSERT_EQ(world.results.entries.size(), 1U);
        const bool ends = std::string_view(version) == "llm-d-async-0.11";
        EXPECT_EQ(world.results.entries[0].code, ends ? ResultCode::cancelled : ResultCode::http);
        if (ends) {
            EXPECT_LE(world.results.entries[0].at, kStart + 3500ms);
        }
        EXPECT_EQ(world.router.inFlight, 0);
    }
}

// An open gate grants one slot even where budget x workers is below one; a closed one none.
TEST(SmallPool, IsNotStrandedByAnOpenGate) {
    for (const double budget : {0.0, 0.01, 0.3, 1.0}) {
        World world(Semantics::penstock());
        world.addQueue("q", std::make_unique<KnobGate>(budget));
        world.settings.pools[0].workers = 1;
        world.start();
        for (int i = 0; i < 5; ++i)
            world.push(1h);
        world.run(20s);
        EXPECT_EQ(world.results.entries.size(), budget > 0.0 ? 5U : 0U) << budget;
        EXPECT_LE(world.router.inFlightMax, 1);
    }
}

} // namespace
} // namespace penstock::testing

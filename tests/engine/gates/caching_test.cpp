// SPDX-License-Identifier: Apache-2.0
// Goal: the source is asked once per TTL and one question at a time, errors live as long as the
// semantics say, and the age of a reading is that of its sample. Method: a source that counts its
// questions, on virtual time.
#include "tests/engine/gates/support.h"

namespace penstock::test {
namespace {

constexpr const char* kParams = R"({"query":"q","fallback":0.125})";

TEST(Caching, asksOncePerTtl) {
    Bench bench;
    bench.metrics.say("q", 0.5);
    auto gate = bench.make("prometheus-query", kParams);
    for (int i = 0; i < 100; ++i)
        gate->budget(bench.now());
    EXPECT_EQ(bench.metrics.asked.size(), 1U);
    EXPECT_EQ(gate->recheckAt(), kStart + 5s);
    bench.metrics.say("q", 0.75);
    bench.pass(4999ms);
    EXPECT_DOUBLE_EQ(gate->budget(bench.now()).share, 0.5);
    bench.pass(1ms);
    EXPECT_DOUBLE_EQ(gate->budget(bench.now()).share, 0.75);
    EXPECT_EQ(bench.metrics.asked.size(), 2U);
}

TEST(Caching, theTtlIsTheGatesOwnTheDocumentsOrTurnedLive) {
    Bench bench;
    bench.cacheTtl = 2s;
    bench.metrics.say("q", 0.5);
    auto fromFlag = bench.make("prometheus-query", kParams);
    auto fromGate = bench.make("prometheus-query", R"({"query":"q","cache_ttl":"1m30s"})");
    fromFlag->budget(bench.now());
    fromGate->budget(bench.now());
    EXPECT_EQ(fromFlag->recheckAt(), kStart + 2s);
    EXPECT_EQ(fromGate->recheckAt(), kStart + 90s);
    ASSERT_TRUE(turn(*fromGate, "cache_ttl", 0.5));
    EXPECT_EQ(fromGate->recheckAt(), kStart + 500ms);
}

TEST(Caching, zeroAsksEveryTimeAndNeverSchedulesARecheck) {
    Bench bench;
    bench.cacheTtl = 0s;
    bench.metrics.say("q", 0.5);
    auto gate = bench.make("prometheus-query", kParams);
    for (int i = 0; i < 10; ++i)
        gate->budget(bench.now());
    EXPECT_EQ(bench.metrics.asked.size(), 10U);
    EXPECT_EQ(gate->recheckAt(), kNever);
    // A late answer that says nothing new does not wake anyone: that would never end.
    CountingListener listener;
    gate->listen(&listener);
    bench.metrics.setLate(true);
    gate->budget(bench.now());
    bench.metrics.deliver();
    EXPECT_EQ(listener.changes, 0);
    bench.metrics.say("q", 0.25);
    gate->budget(bench.now());
    bench.metrics.deliver();
    EXPECT_EQ(listener.changes, 1);
}

TEST(Caching, anEmptyAnswerIsNoErrorAndStaysForTheTtl) {
    Bench bench;
    auto gate = bench.make("prometheus-query", kParams);
    EXPECT_DOUBLE_EQ(gate->budget(bench.now()).share, 0.125);
    EXPECT_EQ(gate->recheckAt(), kStart + 5s);
}

TEST(Caching, oneQuestionAtATimeAndTheLastAnswerServesMeanwhile) {
    Bench bench;
    bench.metrics.say("q", 0.5);
    auto gate = bench.make("prometheus-query", kParams);
    CountingListener listener;
    gate->listen(&listener);
    gate->budget(bench.now());
    bench.metrics.setLate(true);
    bench.metrics.say("q", 0.75);
    bench.pass(6s);
    for (int i = 0; i < 10; ++i)
        EXPECT_DOUBLE_EQ(gate->budget(bench.now()).share, 0.5);
    EXPECT_EQ(bench.metrics.asked.size(), 2U);
    EXPECT_EQ(gate->recheckAt(), kNever);
    bench.metrics.deliver();
    EXPECT_EQ(listener.changes, 1);
    EXPECT_DOUBLE_EQ(gate->budget(bench.now()).share, 0.75);
    EXPECT_EQ(gate->recheckAt(), kStart + 11s); // from the question on, as there
}

TEST(Caching, ageIsThatOfTheSample) {
    Bench bench;
    bench.metrics.say("q", 0.5, kStart - 12s);
    auto gate = bench.make("prometheus-query", kParams);
    bench.pass(3s);
    gate->budget(bench.now());
    EXPECT_EQ(gate->budget(bench.now()).reason.age, 15s);
    bench.pass(1s);
    gate->budget(bench.now());
    EXPECT_EQ(gate->budget(bench.now()).reason.age, 16s);
    EXPECT_EQ(gate->budget(bench.now()).reason.source, "q");
}

TEST(Caching, aCascadeIsRecheckedWhenItsFirstSilentQueryMayAnswerAgain) {
    Bench bench;
    bench.metrics.fail("flow_control_queue_size");
    bench.metrics.say("per_endpoint_queue_size", 0.5);
    auto gate = bench.make("prometheus-budget", R"({"pool":"p","baseline":0})");
    EXPECT_DOUBLE_EQ(gate->budget(bench.now()).share, 0.5);
    EXPECT_EQ(gate->recheckAt(), kStart + 1s); // the failed one is retried, the second is warm
    bench.metrics.say("flow_control_queue_size", 0.25);
    bench.pass(1s);
    EXPECT_DOUBLE_EQ(gate->budget(bench.now()).share, 0.25);
    EXPECT_EQ(bench.metrics.asked.size(), 3U);
}

} // namespace
} // namespace penstock::test

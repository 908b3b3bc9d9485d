// SPDX-License-Identifier: Apache-2.0
// Goal: quotas count what llm-d-async's scripts count, under the same keys, with the same lifetime,
// whether the store answers at once or late. Method: the in-process store on virtual time.
#include "engine/gates/llm_d_async/redis_quota.h"
#include "tests/engine/gates/support.h"

namespace penstock::test {
namespace {

Labels user(const std::string& name) {
    return {{"userid", name}};
}

TEST(Quota, concurrencyCountsRequestsPerValueAndRefusesOverTheLimit) {
    Bench bench;
    auto gate = bench.make("redis-quota", R"({"address":"r","mode":"concurrency","limit":"2"})");
    Message a{1, user("ann")};
    Message b{2, user("ann")};
    Message c{3, user("ann")};
    Message d{4, user("bob")};
    Reservations ra, rb, rc, rd;
    EXPECT_EQ(gate->apply(bench.now(), a.request, ra).action, Action::proceed);
    EXPECT_EQ(gate->apply(bench.now(), b.request, rb).action, Action::proceed);
    const Verdict over = gate->apply(bench.now(), c.request, rc);
    EXPECT_EQ(over.action, Action::refuse);
    EXPECT_EQ(over.reason.code, ReasonCode::quotaExhausted);
    EXPECT_EQ(c.request.classification, Classification::overflow);
    EXPECT_EQ(a.request.classification, Classification::reserved);
    EXPECT_EQ(gate->apply(bench.now(), d.request, rd).action, Action::proceed);
    EXPECT_EQ(bench.store.count("quota:userid:ann"), 2);
    EXPECT_EQ(bench.store.count("quota:userid:bob"), 1);
    EXPECT_EQ(gate->budget(bench.now()).share, 1.0);
    ra.releaseAll();
    EXPECT_EQ(gate->apply(bench.now(), c.request, rc).action, Action::proceed);
    EXPECT_EQ(c.request.classification, Classification::reserved);
}

TEST(Quota, aReleaseWakesWhoeverWasDenied) {
    Bench bench;
    auto gate = bench.make("redis-quota", R"({"address":"r","mode":"concurrency","limit":1})");
    CountingListener listener;
    gate->listen(&listener);
    Message a{1, user("ann")};
    Message b{2, user("ann")};
    Reservations ra, rb;
    gate->apply(bench.now(), a.request, ra);
    ra.releaseAll();
    EXPECT_EQ(listener.changes, 0); // nobody was denied
    gate->apply(bench.now(), a.request, ra);
    gate->apply(bench.now(), b.request, rb);
    ra.releaseAll();
    EXPECT_EQ(listener.changes, 1);
}

TEST(Quota, classifyingLabelsAndAlwaysContinues) {
    Bench bench;
    auto gate = bench.make(
        "redis-quota",
        R"({"address":"r","mode":"concurrency","limit":1,"gating_mode":"classifying","attribute":"team","prefix":"x/"})");
    Message a{1, {{"team", "t"}}};
    Message b{2, {{"team", "t"}}};
    Reservations ra, rb;
    EXPECT_EQ(gate->apply(bench.now(), a.request, ra).action, Action::proceed);
    EXPECT_EQ(gate->apply(bench.now(), b.request, rb).action, Action::proceed);
    EXPECT_EQ(a.request.classification, Classification::reserved);
    EXPECT_EQ(b.request.classification, Classification::overflow);
    EXPECT_EQ(ra.size(), 1U);
    EXPECT_EQ(rb.size(), 0U);
    EXPECT_EQ(bench.store.count("x/team:t"), 1);
}

TEST(Quota, withoutTheAttributeARequestPassesUncounted) {
    Bench bench;
    auto gate = bench.make("redis-quota", R"({"address":"r","mode":"concurrency","limit":1})");
    for (std::uint64_t i = 0; i < 5; ++i) {
        Message m{i, {{"other", "x"}}};
        Reservations r;
        EXPECT_EQ(gate->apply(bench.now(), m.request, r).action, Action::proceed);
        EXPECT_EQ(m.request.classification, Classification::none);
        EXPECT_EQ(r.size(), 0U);
    }
    EXPECT_EQ(bench.store.keys(), 0U);
}

TEST(Quota, rateLimitIsASlidingWindow) {
    Bench bench;
    auto gate = bench.make("redis-quota", R"({"address":"r","limit":3,"window":"10s"})");
    const auto asks = [&](std::uint64_t number) {
        Message m{number, user("ann")};
        Reservations r;
        const bool passed = gate->apply(bench.now(), m.request, r).action == Action::proceed;
        r.releaseAll(); // a place in the window is not given back
        return passed;
    };
    EXPECT_TRUE(asks(1));
    bench.pass(4s);
    EXPECT_TRUE(asks(2));
    EXPECT_TRUE(asks(3));
    EXPECT_FALSE(asks(4));
    bench.pass(5999ms);
    EXPECT_FALSE(asks(5));
    bench.pass(1ms); // the first is ten seconds old
    EXPECT_TRUE(asks(6));
    EXPECT_FALSE(asks(7));
    bench.pass(4s);
    EXPECT_TRUE(asks(8));
    EXPECT_TRUE(asks(9));
    EXPECT_FALSE(asks(10));
}

TEST(Quota, aFailingStoreRefusesWithGateError) {
    for (const char* mode : {"blocking", "classifying"}) {
        Bench bench;
        bench.store.setFailing(true);
        auto gate =
            bench.make("redis-quota",
                       std::string(R"({"address":"r","limit":3,"gating_mode":")") + mode + "\"}");
        Message m{1, user("ann")};
        Reservations r;
        const Verdict v = gate->apply(bench.now(), m.request, r);
        EXPECT_EQ(v.action, Action::refuse);
        EXPECT_EQ(v.reason.code, ReasonCode::gateError);
        EXPECT_EQ(m.request.classification, Classification::none);
    }
}

TEST(Quota, aLateAnswerIsWaitedForAndTakenOnce) {
    Bench bench;
    bench.store.setLatency(3ms);
    auto gate = bench.make("redis-quota", R"({"address":"r","mode":"concurrency","limit":1})");
    CountingListener listener;
    gate->listen(&listener);
    Message a{1, user("ann")};
    Message b{2, user("ann")};
    Reservations ra, rb;
    for (int i = 0; i < 3; ++i) { // asking again does not ask the store again
        const Verdict v = gate->apply(bench.now(), a.request, ra);
        EXPECT_EQ(v.action, Action::wait);
        EXPECT_EQ(v.reason.code, ReasonCode::pendingReading);
    }
    EXPECT_EQ(gate->apply(bench.now(), b.request, rb).action, Action::wait);
    bench.pass(3ms);
    EXPECT_EQ(listener.changes, 2);
    EXPECT_EQ(gate->apply(bench.now(), a.request, ra).action, Action::proceed);
    EXPECT_EQ(gate->apply(bench.now(), b.request, rb).action, Action::refuse);
    EXPECT_EQ(bench.store.count("quota:userid:ann"), 1);
    ra.releaseAll();
    EXPECT_EQ(bench.store.count("quota:userid:ann"), 0);
}

TEST(Quota, anAnswerNobodyComesForIsGivenBack) {
    const std::string key = "quota:userid:ann";
    for (const int when : {0, 1, 2}) { // withdrawn before the answer, after it, or never
        Bench bench;
        bench.store.setLatency(3ms);
        auto made = bench.make("redis-quota", R"({"address":"r","mode":"concurrency","limit":1})");
        auto& gate = dynamic_cast<RedisQuotaGate&>(*made);
        Message a{1, user("ann")};
        a.request.deadline = kStart + 10s;
        Reservations ra;
        gate.apply(bench.now(), a.request, ra);
        if (when == 0) gate.withdrawn(a.request);
        bench.pass(3ms);
        if (when == 1) gate.withdrawn(a.request);
        if (when == 2) {
            EXPECT_EQ(bench.store.count(key), 1);
            bench.pass(11s);
            Message other{2, user("bob")};
            Reservations ro;
            gate.apply(bench.now(), other.request, ro); // any request sweeps
            EXPECT_EQ(gate.held(), 1U);
        } else {
            EXPECT_EQ(gate.held(), 0U);
        }
        EXPECT_EQ(bench.store.count(key), 0) << when;
    }
}

} // namespace
} // namespace penstock::test

// SPDX-License-Identifier: Apache-2.0
// Goal: a composite is as open as its least open gate and takes all or nothing, also when a store
// answers late, also nested. Method: composites of counting gates and quotas, and random walks in
// which whatever was reserved must come back.
#include "engine/gates/llm_d_async/composite.h"
#include "engine/gates/llm_d_async/local_max_concurrency.h"
#include "engine/gates/llm_d_async/redis_quota.h"
#include "tests/engine/gates/support.h"

#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace penstock::test {
namespace {

std::string composite(std::initializer_list<std::string> gates) {
    std::string out = R"({"gates":[)";
    for (const std::string& gate : gates)
        out += (out.back() == '[' ? "" : ",") + gate;
    return out + "]}";
}
std::string inner(const std::string& type, const std::string& params) {
    return R"({"gate_type":")" + type + R"(","gate_params":)" + params + "}";
}
std::string localMax(int limit) {
    return inner("local-max-concurrency", R"({"limit":)" + std::to_string(limit) + "}");
}
std::string quota(const std::string& attribute, int limit) {
    return inner("redis-quota", R"({"address":"r","mode":"concurrency","attribute":")" + attribute +
                                    R"(","limit":)" + std::to_string(limit) + "}");
}

TEST(Composite, budgetAndRoomAreTheLeastOfAll) {
    Bench bench;
    bench.metrics.say("a", 0.5);
    bench.metrics.say("b", 0.25);
    auto gate = bench.make(
        "composite", composite({inner("prometheus-query", R"({"query":"a"})"),
                                inner("prometheus-query", R"({"query":"b"})"), localMax(10)}));
    EXPECT_DOUBLE_EQ(gate->budget(bench.now()).share, 0.25);
    EXPECT_EQ(gate->budget(bench.now()).reason.source, "b");
    EXPECT_EQ(gate->room(bench.now(), 64, 0).requests, 10);
    EXPECT_EQ(gate->room(bench.now(), 64, 14).requests, 2);
    EXPECT_EQ(gate->room(bench.now(), 64, 64).requests, 0);
}

TEST(Composite, withoutGatesIsOpenToLlmDAsyncAndRefusedByUs) {
    Bench bench;
    EXPECT_FALSE(bench.tryMake("composite", R"({"gates":[]})"));
    bench.semantics = Semantics::llmDAsync010();
    auto gate = bench.make("composite", R"({"gates":[]})");
    EXPECT_EQ(gate->budget(bench.now()).share, 1.0);
    EXPECT_EQ(gate->room(bench.now(), 8, 3).requests, 5);
    Message message{1};
    Reservations none;
    EXPECT_EQ(gate->apply(bench.now(), message.request, none).action, Action::proceed);
}

TEST(Composite, givesBackWhatTheFirstTookWhenALaterOneRefuses) {
    Bench bench;
    auto gate = bench.make("composite", composite({localMax(5), localMax(1)}));
    CountingListener listener;
    gate->listen(&listener);
    auto* first = dynamic_cast<LocalMaxConcurrencyGate*>(gate->inner()[0].get());
    Message a{1};
    Message b{2};
    Reservations ofA;
    Reservations ofB;
    EXPECT_EQ(gate->apply(bench.now(), a.request, ofA).action, Action::proceed);
    EXPECT_EQ(ofA.size(), 2U);
    EXPECT_EQ(gate->apply(bench.now(), b.request, ofB).action, Action::refuse);
    EXPECT_EQ(ofB.size(), 0U);
    EXPECT_EQ(first->inFlight(), 1);
    EXPECT_EQ(listener.changes, 0); // a refusal that changed nothing is no news
    ofA.releaseAll();
    EXPECT_EQ(first->inFlight(), 0);
    EXPECT_EQ(listener.changes, 1);
}

TEST(Composite, nestsAndRollsBackThroughItsLevels) {
    Bench bench;
    const std::string nested = inner("composite", composite({localMax(3), localMax(2)}));
    auto gate =
        bench.make("composite",
                   composite({nested, inner("wait-on-refuse", R"({"gate":)" + localMax(1) + "}")}));
    std::vector<std::unique_ptr<Message>> messages;
    std::vector<Reservations> held(3);
    for (std::uint64_t i = 0; i < 3; ++i) {
        messages.push_back(std::make_unique<Message>(i));
        const Verdict v = gate->apply(bench.now(), messages.back()->request, held[i]);
        EXPECT_EQ(v.action, i == 0 ? Action::proceed : Action::wait);
    }
    auto* outer = dynamic_cast<CompositeGate*>(gate->inner()[0].get());
    for (const auto& counted : outer->inner()) {
        EXPECT_EQ(dynamic_cast<LocalMaxConcurrencyGate*>(counted.get())->inFlight(), 1);
    }
    held[0].releaseAll();
    EXPECT_EQ(dynamic_cast<LocalMaxConcurrencyGate*>(outer->inner()[1].get())->inFlight(), 0);
}

// Two quotas in a late store: the grant of the first is held while the second is asked, so that the
// request gets both after two answers, and the store counts each once.
TEST(Composite, twoLateQuotasAreBothTakenOnce) {
    Bench bench;
    bench.store.setLatency(5ms);
    auto gate = bench.make("composite", composite({quota("team", 4), quota("user", 4)}));
    CountingListener listener;
    gate->listen(&listener);
    Message m{9, {{"team", "t"}, {"user", "u"}}};
    Reservations held;
    int asked = 0;
    while (gate->apply(bench.now(), m.request, held).action == Action::wait) {
        ASSERT_LT(++asked, 5);
        EXPECT_EQ(held.size(), 0U);
        const int before = listener.changes;
        bench.pass(5ms);
        EXPECT_EQ(listener.changes, before + 1);
    }
    EXPECT_EQ(asked, 2);
    EXPECT_EQ(held.size(), 2U);
    EXPECT_EQ(bench.store.count("quota:team:t"), 1);
    EXPECT_EQ(bench.store.count("quota:user:u"), 1);
    held.releaseAll();
    EXPECT_EQ(bench.store.count("quota:team:t"), 0);
    EXPECT_EQ(bench.store.count("quota:user:u"), 0);
}

TEST(Composite, aHeldGrantIsGivenBackWhenAnEarlierGateRefusesLater) {
    Bench bench;
    bench.store.setLatency(5ms);
    bench.metrics.say("q", 1.0);
    bench.cacheTtl = 0s;
    auto gate = bench.make(
        "composite", composite({inner("prometheus-query", R"({"query":"q"})"), quota("user", 4)}));
    Message m{9, {{"user", "u"}}};
    Reservations held;
    EXPECT_EQ(gate->apply(bench.now(), m.request, held).action, Action::wait);
    bench.pass(5ms);
    EXPECT_EQ(bench.store.count("quota:user:u"), 1);
    bench.metrics.say("q", 0.0);
    EXPECT_EQ(gate->apply(bench.now(), m.request, held).action, Action::refuse);
    EXPECT_EQ(bench.store.count("quota:user:u"), 0);
}

TEST(Composite, moreReservationsThanARequestCanHoldAreRefusedWhenRead) {
    Bench bench;
    std::string gates;
    for (int i = 0; i < 7; ++i)
        gates += (i == 0 ? "" : ",") + localMax(5);
    auto made = bench.tryMake("composite", R"({"gates":[)" + gates + "]}");
    ASSERT_FALSE(made);
    EXPECT_NE(made.error().message.find("7 reservations"), std::string::npos);
}

RC_GTEST_PROP(Composite, reservationsBalanceWhateverTheOrderOfAnswersAndEnds, ()) {
    Bench bench;
    const auto limits = *rc::gen::container<std::vector<int>>(3, rc::gen::inRange(1, 6));
    auto gate = bench.make("composite",
                           composite({localMax(limits[0] + 3), quota("user", limits[1]),
                                      inner("composite", composite({quota("team", limits[2] + 2),
                                                                    localMax(limits[0])}))}));
    struct Guest {
        std::unique_ptr<Message> message;
        Reservations held;
        bool inside = false;
        bool waiting = false;
    };
    std::vector<Guest> guests(12);
    for (std::size_t i = 0; i < guests.size(); ++i) {
        guests[i].message =
            std::make_unique<Message>(i, Labels{{"user", i % 2 == 0 ? "a" : "b"}, {"team", "t"}});
    }
    for (int step = *rc::gen::inRange(0, 200); step > 0; --step) {
        bench.store.setLatency(std::chrono::milliseconds{*rc::gen::inRange(0, 4)});
        bench.store.setFailing(*rc::gen::inRange(0, 10) == 0);
        Guest& guest = guests[*rc::gen::inRange<std::size_t>(0, guests.size())];
        const int what = *rc::gen::inRange(0, 4);
        if (guest.inside) {
            bench.store.setFailing(false); // a failed release leaves the counter to its TTL
            guest.held.releaseAll();
            guest.inside = false;
        } else if (what == 0 && guest.waiting) {
            bench.store.setFailing(false);
            gate->withdrawn(guest.message->request);
            guest.waiting = false;
        } else {
            // What a refusal gives back, a failing store would keep.
            if (guest.waiting) bench.store.setFailing(false);
            const Verdict v = gate->apply(bench.now(), guest.message->request, guest.held);
            guest.inside = v.action == Action::proceed;
            guest.waiting = v.action == Action::wait;
            RC_ASSERT(guest.inside || guest.held.size() == 0U);
        }
        bench.store.setFailing(false);
        bench.pass(std::chrono::milliseconds{*rc::gen::inRange(0, 3)});
        const double budget = gate->budget(bench.now()).share;
        RC_ASSERT(budget >= 0.0 && budget <= 1.0);
        RC_ASSERT(bench.store.count("quota:user:a") <= limits[1]);
        RC_ASSERT(bench.store.count("quota:team:t") <= limits[2] + 2);
    }
    for (Guest& guest : guests) {
        guest.held.releaseAll();
        gate->withdrawn(guest.message->request);
    }
    bench.pass(1s);
    for (const char* key : {"quota:user:a", "quota:user:b", "quota:team:t"}) {
        RC_ASSERT(bench.store.count(key) == 0);
    }
    RC_ASSERT(gate->budget(bench.now()).share == 1.0);
    RC_ASSERT(dynamic_cast<RedisQuotaGate*>(gate->inner()[1].get())->held() == 0U);
}

} // namespace
} // namespace penstock::test

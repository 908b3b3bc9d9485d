// SPDX-License-Identifier: Apache-2.0
// Goal: who waits, who is refused and who is dropped when an inner gate says no; and the gate that
// counts by itself. Method: tables over the verdicts of an inner gate that says what it is told.
#include "engine/gates/llm_d_async/local_max_concurrency.h"
#include "engine/gates/llm_d_async/tier_priority_admission.h"
#include "engine/gates/llm_d_async/wait_on_refuse.h"
#include "tests/engine/gates/support.h"

namespace penstock::test {
namespace {

class ToldGate final : public Gate {
  public:
    Verdict verdict;
    double budget(Time) override { return 0.5; }
    Verdict apply(Time, Request&, Reservations&) override { return verdict; }
    std::int32_t room(Time, std::int32_t, std::int32_t) override { return 3; }
    std::string_view type() const override { return "constant"; }
    void change() { changed(); }
};

Verdict verdictOf(Action action, ReasonCode code = ReasonCode::closedByThreshold) {
    Verdict v;
    v.action = action;
    v.reason.code = code;
    return v;
}

TEST(WaitOnRefuse, turnsRefusalsAndNothingElseIntoWaiting) {
    auto told = std::make_unique<ToldGate>();
    ToldGate& inner = *told;
    WaitOnRefuseGate gate{std::move(told)};
    Message m{1};
    Reservations r;
    for (const auto& [from, to] : {std::pair{Action::proceed, Action::proceed},
                                   {Action::refuse, Action::wait},
                                   {Action::wait, Action::wait},
                                   {Action::drop, Action::drop}}) {
        inner.verdict = verdictOf(from);
        EXPECT_EQ(gate.apply(kStart, m.request, r).action, to);
    }
    inner.verdict = verdictOf(Action::refuse, ReasonCode::gateError);
    EXPECT_EQ(gate.apply(kStart, m.request, r).action, Action::refuse);
    EXPECT_EQ(gate.budget(kStart), 0.5);
    EXPECT_EQ(gate.room(kStart, 64, 0), 3);
    CountingListener listener;
    gate.listen(&listener);
    inner.change();
    EXPECT_EQ(listener.changes, 1);
}

TEST(TierPriority, tableOfWhoMayWait) {
    struct Case {
        Classification classification;
        const char* tier;
        Action action;
    };
    for (const Case& c : {
             Case{Classification::reserved, "interactive", Action::wait},
             Case{Classification::reserved, "batch", Action::wait},
             Case{Classification::reserved, "", Action::wait},
             Case{Classification::overflow, "interactive", Action::drop},
             Case{Classification::overflow, "async", Action::refuse},
             Case{Classification::overflow, "batch", Action::refuse},
             Case{Classification::overflow, "", Action::refuse},
             Case{Classification::none, "interactive", Action::refuse},
             Case{Classification::none, "", Action::refuse},
         }) {
        auto told = std::make_unique<ToldGate>();
        ToldGate& inner = *told;
        TierPriorityAdmissionGate gate{{}, std::move(told)};
        Message m{1, {}, {{"tier", c.tier}}};
        m.request.classification = c.classification;
        Reservations r;
        inner.verdict = verdictOf(Action::proceed);
        EXPECT_EQ(gate.apply(kStart, m.request, r).action, Action::proceed);
        inner.verdict = verdictOf(Action::refuse);
        const Verdict v = gate.apply(kStart, m.request, r);
        EXPECT_EQ(v.action, c.action) << c.tier;
        if (v.action == Action::drop) {
            EXPECT_EQ(v.dropStatus, 429);
            EXPECT_EQ(v.dropBody, R"({"error": "Too Many Requests", "code": 429})");
            EXPECT_EQ(v.reason.code, ReasonCode::droppedOverflow);
        }
    }
}

TEST(TierPriority, readsTheLabelItIsTold) {
    Bench bench;
    bench.metrics.say("saturation", 0.0);
    auto gate = bench.make("tier-priority-admission",
                           R"({"saturation_gate":"prometheus-saturation",
                               "saturation_gate_params":"{\"pool\":\"p\"}","tier_label":"class"})");
    Message m{1, {}, {{"tier", "batch"}, {"class", "interactive"}}};
    m.request.classification = Classification::overflow;
    Reservations r;
    EXPECT_EQ(gate->apply(bench.now(), m.request, r).action, Action::drop);
}

// llm-d-async lets a request through when its inner gate says wait.
TEST(TierPriority, aWaitingInnerGateIsSaturationOrNotByTheSemantics) {
    for (const bool heeds : {true, false}) {
        auto told = std::make_unique<ToldGate>();
        told->verdict = verdictOf(Action::wait);
        TierPriorityAdmissionGate gate{{.heedsWait = heeds}, std::move(told)};
        Message m{1};
        m.request.classification = Classification::reserved;
        Reservations r;
        EXPECT_EQ(gate.apply(kStart, m.request, r).action, heeds ? Action::wait : Action::proceed);
    }
    for (const ReasonCode code : {ReasonCode::pendingReading, ReasonCode::gateError}) {
        auto told = std::make_unique<ToldGate>();
        told->verdict = verdictOf(Action::wait, code);
        TierPriorityAdmissionGate gate{{.heedsWait = false}, std::move(told)};
        Message m{1};
        Reservations r;
        EXPECT_EQ(gate.apply(kStart, m.request, r).action, Action::wait);
    }
}

TEST(LocalMaxConcurrency, countsAndRefusesOrWaits) {
    for (const bool blocking : {false, true}) {
        Bench bench;
        auto gate =
            bench.make("local-max-concurrency",
                       blocking ? R"({"limit":2,"gating_mode":"blocking"})" : R"({"limit":"2"})");
        CountingListener listener;
        gate->listen(&listener);
        EXPECT_EQ(gate->budget(bench.now()), 1.0);
        Message m{1};
        Reservations held;
        EXPECT_EQ(gate->apply(bench.now(), m.request, held).action, Action::proceed);
        EXPECT_EQ(gate->budget(bench.now()), 0.5);
        EXPECT_EQ(gate->room(bench.now(), 64, 9), 1);
        EXPECT_EQ(gate->apply(bench.now(), m.request, held).action, Action::proceed);
        EXPECT_EQ(gate->budget(bench.now()), 0.0);
        EXPECT_EQ(gate->room(bench.now(), 64, 9), 0);
        const Verdict full = gate->apply(bench.now(), m.request, held);
        EXPECT_EQ(full.action, blocking ? Action::wait : Action::refuse);
        EXPECT_EQ(full.reason.code, ReasonCode::atLimit);
        EXPECT_EQ(listener.changes, 0);
        held.releaseAll();
        EXPECT_EQ(listener.changes, 1); // once, when the first place became free
        ASSERT_TRUE(turn(*gate, "limit", 1));
        EXPECT_EQ(gate->apply(bench.now(), m.request, held).action, Action::proceed);
        EXPECT_EQ(gate->budget(bench.now()), 0.0);
        held.releaseAll();
    }
}

} // namespace
} // namespace penstock::test

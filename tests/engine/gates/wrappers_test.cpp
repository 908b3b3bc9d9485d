// SPDX-License-Identifier: Apache-2.0
// Goal: who waits, who is refused and who is dropped when an inner gate says no; and the gate that
// counts by itself. Method: tables over the verdicts of an inner gate that says what it is told.
#include "engine/gates/llm_d_async/composite.h"
#include "engine/gates/llm_d_async/local_max_concurrency.h"
#include "engine/gates/llm_d_async/tier_priority_admission.h"
#include "engine/gates/llm_d_async/wait_on_refuse.h"
#include "tests/engine/gates/support.h"

#include <rapidcheck/gtest.h>

namespace penstock::test {
namespace {

class ToldGate final : public Gate {
  public:
    Verdict verdict;
    Budget budget(Time) override { return {0.5, {}}; }
    Verdict apply(Time, Request&, Reservations&) override { return verdict; }
    Room room(Time, std::int32_t, std::int32_t) override { return {3, {}}; }
    std::string_view type() const override { return "constant"; }
    void change() { changed(); }
};

Verdict verdictOf(Action action, ReasonCode code = ReasonCode::closedByThreshold) {
    Verdict v;
    v.action = action;
    v.reason.code = code;
    return v;
}

// A tree of wrappers over gates that count: what is told to the outside reaches each gate inside
// once, the budget lies in [0, 1] and is that of the gate that leaves least, with that gate's
// reason.
class CountingGate final : public Gate {
  public:
    explicit CountingGate(double share, std::string name) : share_(share), name_(std::move(name)) {}
    int sent = 0, settled = 0, backlog = 0, withdrawn = 0, kept = 0;
    Budget budget(Time) override { return {share_, {.source = name_}}; }
    std::string_view type() const override { return "constant"; }

  private:
    void onSent(Time, const Request&) override { ++sent; }
    void onSettled(Time, const Request&, const AttemptOutcome&) override { ++settled; }
    void onBacklog(Time, std::int64_t, Time) override { ++backlog; }
    void onWithdrawn(const Request&) override { ++withdrawn; }
    void onKeep(const Request&) override { ++kept; }
    Time ownRecheckAt() const override { return kStart + fromSeconds(1.0 + share_); }
    double share_;
    std::string name_;
};

std::unique_ptr<Gate> randomTree(int depth, std::vector<CountingGate*>& leaves) {
    const int kind = depth == 0 ? 0 : *rc::gen::inRange(0, 4);
    if (kind == 0) {
        auto leaf = std::make_unique<CountingGate>(*rc::gen::inRange(0, 101) / 100.0,
                                                   "leaf " + std::to_string(leaves.size()));
        leaves.push_back(leaf.get());
        return leaf;
    }
    if (kind == 1) return std::make_unique<WaitOnRefuseGate>(randomTree(depth - 1, leaves));
    if (kind == 2) {
        return std::make_unique<TierPriorityAdmissionGate>(TierPriorityAdmissionGate::Settings{},
                                                           randomTree(depth - 1, leaves));
    }
    std::vector<std::unique_ptr<Gate>> gates;
    for (int i = 0, n = *rc::gen::inRange(1, 4); i < n; ++i)
        gates.push_back(randomTree(depth - 1, leaves));
    return std::make_unique<CompositeGate>(std::move(gates));
}

RC_GTEST_PROP(GateTrees, tellEveryGateOnceAndAnswerForTheLeast, ()) {
    std::vector<CountingGate*> leaves;
    const auto tree = randomTree(4, leaves);
    Message m{1};
    tree->sent(kStart, m.request);
    tree->settled(kStart, m.request, {});
    tree->backlog(kStart, 5, kNever);
    tree->withdrawn(m.request);
    tree->keep(m.request);
    double least = 1.0;
    Time soonest = kNever;
    for (CountingGate* leaf : leaves) {
        RC_ASSERT(leaf->sent == 1 && leaf->settled == 1 && leaf->backlog == 1);
        RC_ASSERT(leaf->withdrawn == 1 && leaf->kept == 1);
        least = std::min(least, leaf->budget(kStart).share);
        soonest = std::min(soonest, leaf->recheckAt());
    }
    const Budget open = tree->budget(kStart);
    RC_ASSERT(open.share == least);
    RC_ASSERT(tree->recheckAt() == soonest);
    const auto bound = std::find_if(leaves.begin(), leaves.end(), [&](CountingGate* leaf) {
        return leaf->budget(kStart).reason.source == open.reason.source;
    });
    RC_ASSERT(bound != leaves.end());
    RC_ASSERT((*bound)->budget(kStart).share == least);
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
    EXPECT_EQ(gate.budget(kStart).share, 0.5);
    EXPECT_EQ(gate.room(kStart, 64, 0).requests, 3);
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
        EXPECT_EQ(gate->budget(bench.now()).share, 1.0);
        Message m{1};
        Reservations held;
        EXPECT_EQ(gate->apply(bench.now(), m.request, held).action, Action::proceed);
        EXPECT_EQ(gate->budget(bench.now()).share, 0.5);
        EXPECT_EQ(gate->room(bench.now(), 64, 9).requests, 1);
        EXPECT_EQ(gate->apply(bench.now(), m.request, held).action, Action::proceed);
        EXPECT_EQ(gate->budget(bench.now()).share, 0.0);
        EXPECT_EQ(gate->room(bench.now(), 64, 9).requests, 0);
        const Verdict full = gate->apply(bench.now(), m.request, held);
        EXPECT_EQ(full.action, blocking ? Action::wait : Action::refuse);
        EXPECT_EQ(full.reason.code, ReasonCode::atLimit);
        EXPECT_EQ(listener.changes, 0);
        held.releaseAll();
        EXPECT_EQ(listener.changes, 1); // once, when the first place became free
        ASSERT_TRUE(turn(*gate, "limit", 1));
        EXPECT_EQ(gate->apply(bench.now(), m.request, held).action, Action::proceed);
        EXPECT_EQ(gate->budget(bench.now()).share, 0.0);
        held.releaseAll();
    }
}

} // namespace
} // namespace penstock::test

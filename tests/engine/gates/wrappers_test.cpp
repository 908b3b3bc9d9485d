// SPDX-License-Identifier: Apache-2.0
// Goal: who waits, who is refused and who is dropped when an inner gate says no; and the gate that
// counts by itself. Method: tables over the verdicts of an inner gate that says what it is told.
#include "engine/gates/adaptive/deadline_floor.h"
#include "engine/gates/llm_d_async/composite.h"
#include "engine/gates/llm_d_async/local_max_concurrency.h"
#include "engine/gates/llm_d_async/tier_priority_admission.h"
#include "engine/gates/llm_d_async/wait_on_refuse.h"
#include "tests/engine/gates/support.h"

#include <rapidcheck/gtest.h>

#include <algorithm>

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

// A gate with a fixed budget and an answer of its own that counts what it is told and holds.
class CountingGate final : public Gate {
  public:
    CountingGate(double share, Action answer, bool reserves, std::string name)
        : share_(share), answer_(answer), reserves_(reserves), name_(std::move(name)) {}

    Budget budget(Time) override { return {share_, {.source = name_}}; }
    Verdict apply(Time, Request&, Reservations& reservations) override {
        if (answer_ == Action::proceed && reserves_) {
            ++held;
            reservations.add(*this, ++taken);
        }
        return verdictOf(answer_);
    }
    void release(std::uint64_t) override {
        --held;
        ++released;
    }
    void abandon(std::uint64_t) override {
        --held;
        ++abandoned;
    }
    std::string_view type() const override { return "constant"; }
    std::string_view name() const { return name_; }
    bool reserves() const { return reserves_; }
    void change() { changed(); }

    int sent = 0, settled = 0, backlog = 0, withdrawn = 0, kept = 0;
    int held = 0, released = 0, abandoned = 0;
    std::uint64_t taken = 0;

  private:
    void onSent(Time, const Request&) override { ++sent; }
    void onSettled(Time, const Request&, const AttemptOutcome&) override { ++settled; }
    void onBacklog(Time, std::int64_t, Time) override { ++backlog; }
    void onWithdrawn(const Request&) override { ++withdrawn; }
    void onKeep(const Request&) override { ++kept; }
    Time ownRecheckAt() const override { return kStart + fromSeconds(1.0 + share_); }

    double share_;
    Action answer_;
    bool reserves_;
    std::string name_;
};

// Every wrapper that there is over counting gates, which `leaves` lists in the order in which they
// are asked. No more of them reserve than one request can hold.
std::unique_ptr<Gate> randomTree(int depth, std::vector<CountingGate*>& leaves) {
    const int kind = depth == 0 ? 0 : *rc::gen::inRange(0, 6);
    switch (kind) {
    case 0: {
        const Action answer = *rc::gen::weightedElement<Action>(
            {{8, Action::proceed}, {1, Action::refuse}, {1, Action::wait}, {1, Action::drop}});
        auto leaf = std::make_unique<CountingGate>(*rc::gen::inRange(0, 101) / 100.0, answer,
                                                   leaves.size() < Reservations::kMax,
                                                   "leaf " + std::to_string(leaves.size()));
        leaves.push_back(leaf.get());
        return leaf;
    }
    case 1:
        return std::make_unique<WaitOnRefuseGate>(randomTree(depth - 1, leaves));
    case 2:
        return std::make_unique<TierPriorityAdmissionGate>(TierPriorityAdmissionGate::Settings{},
                                                           randomTree(depth - 1, leaves));
    case 3:
        return std::make_unique<DeadlineFloorGate>(
            DeadlineFloorGate::Settings{.horizon = 1h, .margin = 1s, .burst = 4, .maxRate = 100},
            randomTree(depth - 1, leaves));
    default:
        std::vector<std::unique_ptr<Gate>> gates;
        for (int i = 0, n = *rc::gen::inRange(1, 4); i < n; ++i)
            gates.push_back(randomTree(depth - 1, leaves));
        return std::make_unique<CompositeGate>(std::move(gates));
    }
}

// What is told to the outside reaches each gate inside once, and what a gate inside says of a
// change is heard outside once.
RC_GTEST_PROP(GateTrees, tellEveryGateOnce, ()) {
    std::vector<CountingGate*> leaves;
    const auto tree = randomTree(4, leaves);
    CountingListener listener;
    tree->listen(&listener);
    Message m{1};
    tree->sent(kStart, m.request);
    tree->settled(kStart, m.request, {});
    tree->backlog(kStart, 5, kNever);
    tree->withdrawn(m.request);
    tree->keep(m.request);
    for (CountingGate* leaf : leaves) {
        RC_ASSERT(leaf->sent == 1 && leaf->settled == 1 && leaf->backlog == 1);
        RC_ASSERT(leaf->withdrawn == 1 && leaf->kept == 1);
    }
    RC_ASSERT(listener.changes == 0);
    for (std::size_t i = 0; i < leaves.size(); ++i) {
        leaves[i]->change();
        RC_ASSERT(listener.changes == static_cast<int>(i) + 1);
    }
}

// The budget and the room are the least of all, with the reason of the first gate that bound.
RC_GTEST_PROP(GateTrees, answerForTheFirstOfTheLeast, ()) {
    std::vector<CountingGate*> leaves;
    const auto tree = randomTree(4, leaves);
    const auto capacity = *rc::gen::inRange<std::int32_t>(0, 200);
    const auto inFlight = *rc::gen::inRange<std::int32_t>(0, 100);
    const auto least = [&leaves](auto answer) {
        return **std::min_element(leaves.begin(), leaves.end(),
                                  [&](auto* a, auto* b) { return answer(*a) < answer(*b); });
    };
    const auto share = [](CountingGate& gate) { return gate.budget(kStart).share; };
    const auto room = [&](CountingGate& gate) {
        return gate.room(kStart, capacity, inFlight).requests;
    };
    CountingGate narrowest = least(share);
    const Budget open = tree->budget(kStart);
    RC_ASSERT(open.share >= 0.0 && open.share <= 1.0);
    RC_ASSERT(open.share == share(narrowest));
    RC_ASSERT(open.reason.source == narrowest.name());
    RC_ASSERT(tree->recheckAt() == narrowest.recheckAt());

    CountingGate fullest = least(room);
    const Room more = tree->room(kStart, capacity, inFlight);
    RC_ASSERT(more.requests == room(fullest));
    RC_ASSERT(more.reason.source == fullest.name());
}

// A request that may go holds one reservation of each gate that reserves, another none; and each is
// given back, or abandoned, once.
RC_GTEST_PROP(GateTrees, giveBackEveryReservationOnce, ()) {
    std::vector<CountingGate*> leaves;
    const auto tree = randomTree(4, leaves);
    Message m{1};
    Reservations held;
    const bool goes = tree->apply(kStart, m.request, held).action == Action::proceed;
    std::size_t reserving = 0;
    for (CountingGate* leaf : leaves) {
        RC_ASSERT(leaf->held == (goes && leaf->reserves() ? 1 : 0));
        if (goes && leaf->reserves()) ++reserving;
    }
    RC_ASSERT(held.size() == reserving);
    const bool dies = *rc::gen::arbitrary<bool>();
    dies ? held.abandonAll() : held.releaseAll();
    RC_ASSERT(held.size() == 0U);
    for (CountingGate* leaf : leaves) {
        RC_ASSERT(leaf->held == 0);
        RC_ASSERT(leaf->abandoned == (goes && dies && leaf->reserves() ? 1 : 0));
        RC_ASSERT(static_cast<std::uint64_t>(leaf->released + leaf->abandoned) == leaf->taken);
    }
}

// What our own code could get wrong stops the program where it happens.
TEST(GateValues, outOfRangeDie) {
    for (const double share : {-0.1, 1.1, kNaN})
        EXPECT_DEATH((Budget{share, {}}), "check failed");
    EXPECT_DEATH((Room{-1, {}}), "check failed");
    Reservations held;
    CountingGate gate{1.0, Action::proceed, true, "leaf"};
    for (std::size_t i = 0; i < Reservations::kMax; ++i)
        held.add(gate, i);
    EXPECT_DEATH(held.add(gate, 0), "check failed");
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
        told->verdict.inside = code == ReasonCode::pendingReading; // it holds its caller
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

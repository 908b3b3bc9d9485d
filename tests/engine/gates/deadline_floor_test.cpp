// SPDX-License-Identifier: Apache-2.0
// Goal: a closed gate lets through what the earliest deadline needs, and no more; an open one is
// left alone. Method: a backlog that drains through the gate on virtual time.
#include "engine/gates/adaptive/deadline_floor.h"
#include "tests/engine/gates/support.h"

namespace penstock::test {
namespace {

struct Drain {
    Bench bench;
    std::unique_ptr<Gate> gate;
    std::int64_t backlog;
    std::vector<double> sentAt;

    Drain(double open, std::int64_t waiting, const std::string& params = "") : backlog(waiting) {
        bench.metrics.say("q", open);
        gate =
            bench.make("deadline-floor",
                       R"({"gate":{"gate_type":"prometheus-query","gate_params":{"query":"q"}})" +
                           params + "}");
    }
    void run(Duration span, Time deadline) {
        const Time end = bench.now() + span;
        while (bench.now() < end) {
            gate->backlog(bench.now(), backlog, deadline);
            for (auto room = gate->room(bench.now(), 4, 0).requests; room > 0 && backlog > 0;
                 --room) {
                Message m{static_cast<std::uint64_t>(backlog)};
                Reservations r;
                if (gate->apply(bench.now(), m.request, r).action != Action::proceed) break;
                gate->sent(bench.now(), m.request);
                sentAt.push_back(toSeconds(bench.now() - kStart));
                --backlog;
            }
            bench.pass(50ms);
        }
    }
};

TEST(DeadlineFloor, spreadsTheBacklogOverTheSlack) {
    Drain drain(0.0, 100);
    drain.run(100s, kStart + 100s);
    EXPECT_EQ(drain.backlog, 0);
    // Even until twice the margin of 15 s is left, then the rest ahead of the deadline.
    EXPECT_NEAR(drain.sentAt[9], 8.5, 1.0);
    EXPECT_NEAR(drain.sentAt[49], 42.5, 1.0);
    EXPECT_NEAR(drain.sentAt[79], 68.0, 1.0);
    EXPECT_LT(drain.sentAt[94], 85.0);
    EXPECT_LT(drain.sentAt.back(), 99.0);
}

TEST(DeadlineFloor, leavesAClosedGateClosedBeyondTheHorizonAndWithoutBacklog) {
    Drain far(0.0, 100, R"(,"horizon":"30s")");
    far.run(60s, kStart + 2h);
    EXPECT_EQ(far.backlog, 100);
    EXPECT_EQ(far.gate->budget(far.bench.now()).share, 0.0);
    EXPECT_EQ(far.gate->budget(far.bench.now()).reason.code, ReasonCode::closedByThreshold);
    Drain nothing(0.0, 0);
    nothing.run(60s, kNever);
    EXPECT_EQ(nothing.gate->room(nothing.bench.now(), 64, 0).requests, 0);
}

TEST(DeadlineFloor, addsNothingToAGateThatIsOpenEnough) {
    Drain drain(1.0, 40);
    drain.run(10s, kStart + 20s);
    EXPECT_EQ(drain.backlog, 0);
    EXPECT_LT(drain.sentAt.back(), 1.0); // four a step, by the inner gate's own room
    auto& gate = dynamic_cast<DeadlineFloorGate&>(*drain.gate);
    EXPECT_EQ(gate.rate(), 0.0);
}

TEST(DeadlineFloor, slackIsLessTheMeanAnswer) {
    Drain drain(0.0, 10);
    Message m{1};
    drain.gate->settled(drain.bench.now(), m.request, {.latency = 40s, .status = 200});
    drain.gate->backlog(drain.bench.now(), 10, kStart + 60s);
    EXPECT_NEAR(dynamic_cast<DeadlineFloorGate&>(*drain.gate).rate(), 10.0 / (60.0 - 15.0 - 40.0),
                1e-9);
    // Past saving for the mean answer: as fast as allowed.
    drain.gate->backlog(drain.bench.now(), 10, kStart + 30s);
    EXPECT_EQ(dynamic_cast<DeadlineFloorGate&>(*drain.gate).rate(), 100.0);
    drain.gate->backlog(drain.bench.now(), 10, kStart - 1s);
    EXPECT_EQ(dynamic_cast<DeadlineFloorGate&>(*drain.gate).rate(), 0.0);
}

TEST(DeadlineFloor, doesNotOverruleATenantsQuota) {
    Bench bench;
    auto gate = bench.make("deadline-floor",
                           R"({"gate":{"gate_type":"redis-quota","gate_params":
                               {"address":"r","limit":1,"window":"1h"}}})");
    for (int i = 0; i < 3; ++i) {
        gate->backlog(bench.now(), 100, bench.now() + 10s);
        bench.pass(1s);
        Message m{static_cast<std::uint64_t>(i), {{"userid", "ann"}}};
        Reservations r;
        EXPECT_EQ(gate->apply(bench.now(), m.request, r).action,
                  i == 0 ? Action::proceed : Action::refuse);
        r.releaseAll();
    }
}

TEST(DeadlineFloor, isAskedAgainWhenTheNextTokenIsThere) {
    Drain drain(0.0, 10);
    drain.gate->budget(drain.bench.now());
    drain.gate->backlog(drain.bench.now(), 10, kStart + 115s);           // one in ten seconds
    EXPECT_NEAR(toSeconds(drain.gate->recheckAt() - kStart), 5.0, 0.01); // the reading first
    drain.bench.pass(9s);
    EXPECT_EQ(drain.gate->room(drain.bench.now(), 64, 0).requests, 0);
    drain.bench.pass(1001ms);
    EXPECT_EQ(drain.gate->room(drain.bench.now(), 64, 0).requests, 1);
}

} // namespace
} // namespace penstock::test

// SPDX-License-Identifier: Apache-2.0
// Faults begin and end when the scenario says, random ones are the same for the same seed and come
// at the rate they promise.
#include "sim/faults/timeline.h"
#include "sim/kernel/event_loop.h"

#include <gtest/gtest.h>

namespace penstock::sim {
namespace {

using namespace std::chrono_literals;

struct Log final : FaultListener {
    EventLoop* loop = nullptr;
    std::vector<std::string> lines;
    void add(const char* what, const Fault& fault) {
        lines.push_back(std::string(what) + " " + std::string(name(fault.kind)) + " at " +
                        std::to_string(static_cast<int>(unixSeconds(loop->now()))));
    }
    void faultBegins(std::size_t, const Fault& fault) override { add("begin", fault); }
    void faultEnds(std::size_t, const Fault& fault) override { add("end", fault); }
};

TEST(FaultTimeline, whatLastsAsLongAsTimeDoesNotEndBeforeItBegan) {
    const Time start{Duration{1'767'571'200'000'000'000}};
    EventLoop loop{start, 1};
    Log log;
    log.loop = &loop;
    Fault down{.kind = FaultKind::routerDown, .at = 10s, .lasting = Duration::max()};
    FaultTimeline timeline{{down}, loop, start, log};
    loop.runUntil(start + 1000h);
    EXPECT_EQ(timeline.active(), 1);
    EXPECT_EQ(log.lines.size(), 1u);
}

TEST(FaultTimeline, beginsAndEndsOnTime) {
    EventLoop loop{Time{}, 1};
    Log log;
    log.loop = &loop;
    Fault down{.kind = FaultKind::prometheusDown, .at = 10s, .lasting = 5s};
    Fault crash{.kind = FaultKind::engineCrash, .at = 12s};
    Fault forever{.kind = FaultKind::routerDown, .at = 20s, .lasting = -1s};
    FaultTimeline timeline{{down, crash, forever}, loop, Time{}, log};
    loop.runUntil(Time{13s});
    EXPECT_EQ(timeline.active(), 1);
    loop.runUntil(Time{100s});
    EXPECT_EQ(timeline.active(), 1);
    EXPECT_EQ(log.lines,
              (std::vector<std::string>{"begin prometheus-down at 10", "begin engine-crash at 12",
                                        "end prometheus-down at 15", "begin router-down at 20"}));
}

TEST(FaultTimeline, randomFaultsFollowTheSeedAndTheRate) {
    const std::vector<FaultProcess> processes{
        {{.kind = FaultKind::replicaKilled, .lasting = 60s}, 600s},
        {{.kind = FaultKind::routerErrors, .lasting = 5s}, 100s}};
    const auto a = drawFaults({}, processes, 100000s, 7);
    const auto b = drawFaults({}, processes, 100000s, 7);
    const auto c = drawFaults({}, processes, 100000s, 8);
    ASSERT_EQ(a.size(), b.size());
    for (std::size_t i = 0; i < a.size(); ++i)
        EXPECT_EQ(a[i].at, b[i].at);
    EXPECT_NE(a[0].at, c[0].at);
    EXPECT_TRUE(std::is_sorted(a.begin(), a.end(),
                               [](const Fault& x, const Fault& y) { return x.at < y.at; }));
    EXPECT_NEAR(static_cast<double>(a.size()), 100000.0 / 600 + 100000.0 / 100, 120);
}

TEST(FaultKinds, everyKindHasItsName) {
    for (const FaultKindInfo& info : faultKinds())
        EXPECT_EQ(name(info.kind), info.name);
}

} // namespace
} // namespace penstock::sim

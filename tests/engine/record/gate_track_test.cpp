// SPDX-License-Identifier: Apache-2.0
// Goal: what is said of a gate is what it did. Method: scripted readings whose closed time, budget
// and overshoot can be told by hand.
#include "engine/record/measures/gate_track.h"

#include <gtest/gtest.h>

namespace penstock {
namespace {

using namespace std::chrono_literals;
constexpr Time kStart{};

GateTrack track(Duration warmup = 0s) {
    return GateTrack(kStart, kStart + warmup, 1s, true);
}

Reason reading(double value, bool available = true) {
    return {.code = value >= 0.8 ? ReasonCode::closedByThreshold : ReasonCode::open,
            .available = available,
            .value = value,
            .threshold = 0.8,
            .age = 3s,
            .source = {}};
}

TEST(GateTrack, closedTimeIsWeightedByTime) {
    GateTrack g = track();
    g.read(kStart, reading(0.5), 0.3);
    g.read(kStart + 60s, reading(0.9), 0.0);
    g.read(kStart + 90s, reading(0.2), 0.6);
    const auto s = g.statistics(kStart + 100s);
    EXPECT_NEAR(s.closedShare, 0.3, 1e-9);
    EXPECT_NEAR(s.budgetMean, (60 * 0.3 + 10 * 0.6) / 100, 1e-9);
    EXPECT_NEAR(s.budgetP50, 0.3, 0.01);
    EXPECT_EQ(s.closures, 1u);
    EXPECT_EQ(s.verdict, GateVerdict::active);
    const auto spans = g.closedSpans(kStart + 100s);
    ASSERT_EQ(spans.size(), 1u);
    EXPECT_EQ(spans[0].from, kStart + 60s);
    EXPECT_EQ(spans[0].to, kStart + 90s);
    EXPECT_EQ(closedReasonName(spans[0].reason), "closed-by-threshold");
}

TEST(GateTrack, timeBeforeWarmupDoesNotCount) {
    GateTrack g = track(50s);
    g.read(kStart, reading(0.9), 0.0);
    g.read(kStart + 50s, reading(0.1), 0.7);
    EXPECT_DOUBLE_EQ(g.statistics(kStart + 100s).closedShare, 0.0);
}

TEST(GateTrack, aBudgetTooSmallForOneRequestCloses) {
    GateTrack g = track();
    g.read(kStart, reading(0.75), 0.05);
    g.noRoom(kStart + 10s, false);
    g.noRoom(kStart + 11s, false);
    g.letThrough(kStart + 20s);
    const auto s = g.statistics(kStart + 100s);
    EXPECT_NEAR(s.closedShare, 0.1, 1e-9);
    EXPECT_EQ(g.closedSpans(kStart + 100s).at(0).reason, kNoRoom);
}

TEST(GateTrack, aBudgetUsedUpByItsOwnWorkIsNotClosed) {
    GateTrack g = track();
    g.read(kStart, reading(0.5), 0.3);
    g.noRoom(kStart + 10s, true);
    const auto s = g.statistics(kStart + 100s);
    EXPECT_DOUBLE_EQ(s.closedShare, 0.0);
    EXPECT_EQ(s.verdict, GateVerdict::pinnedOpen); // it limited, but never closed
}

TEST(GateTrack, verdicts) {
    struct Case {
        const char* name;
        double value, budget;
        bool available;
        GateVerdict verdict;
    };
    for (const Case& c : {Case{"a threshold never reached", 0.3, 0.9, true, GateVerdict::inert},
                          Case{"always beyond it", 0.9, 0.0, true, GateVerdict::pinnedClosed},
                          Case{"blind and open", 0.0, 1.0, false, GateVerdict::pinnedOpen},
                          Case{"blind and shut", 0.0, 0.0, false, GateVerdict::pinnedClosed}}) {
        GateTrack g = track();
        g.read(kStart, reading(c.value, c.available), c.budget);
        const auto s = g.statistics(kStart + 100s);
        EXPECT_EQ(s.verdict, c.verdict) << c.name;
        EXPECT_DOUBLE_EQ(s.sourceAvailableShare, c.available ? 1.0 : 0.0) << c.name;
    }
    EXPECT_EQ(track().statistics(kStart + 100s).verdict, GateVerdict::inert);
}

TEST(GateTrack, overshootCountsOnlyWhileItsWorkIsThere) {
    GateTrack g = track();
    g.read(kStart, reading(0.5), 0.3);
    GateSample s{.reason = reading(0.5), .budget = 0.3, .trueValue = 1.3, .trueKnown = true};
    s.inFlight = 4;
    g.sample(kStart + 1s, s);
    g.sample(kStart + 2s, s);
    s.inFlight = 0;
    g.sample(kStart + 3s, s);
    const auto stats = g.statistics(kStart + 10s);
    EXPECT_NEAR(stats.overshootMax, 0.5, 1e-9);
    EXPECT_NEAR(stats.overshootIntegral, 1.0, 1e-9);
    EXPECT_NEAR(stats.ageMean, 3.0, 1e-9);
    EXPECT_NEAR(stats.trackingError, 0.8, 1e-9);
}

TEST(GateTrack, manyClosuresStayBoundedAndTheShareExact) {
    GateTrack g = track();
    for (int i = 0; i < 100'000; ++i) {
        g.read(kStart + i * 1s, reading(0.9), 0.0);
        g.read(kStart + i * 1s + 250ms, reading(0.5), 0.3);
    }
    const Time end = kStart + 100'000s;
    EXPECT_NEAR(g.statistics(end).closedShare, 0.25, 1e-9);
    EXPECT_EQ(g.statistics(end).closures, 100'000u);
    EXPECT_LE(g.closedSpans(end).size(), 2049u);
}

} // namespace
} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
// The pacer's rules, on clocks that the test moves: how far a paced run may go by when, what
// becomes of one that cannot keep up, what ends a target, what is measured. A fake run does what it
// is told at a speed of its own.
#include "app/session/run/pacer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace penstock::app {
namespace {

using namespace std::chrono_literals;
using Act = Pacer::Plan::Act;

constexpr Time kStart{1000s};
constexpr Time kEnd{1000s + 1h};

// A run that can do `capacity` engine seconds a second, under a pacer, on a simulated wall clock.
struct Bench {
    Pacer pacer{kStart, kEnd};
    Pacer::Wall wall{};
    Time engine = kStart;
    std::uint64_t events = 0;
    double capacity = 1e9;
    std::chrono::nanoseconds longestPortion{0};

    void advance(std::chrono::nanoseconds time) {
        const auto until = wall + time;
        while (wall < until) {
            const auto plan = pacer.next(engine, wall);
            if (plan.act == Act::wait) {
                wall = plan.until ? std::min(*plan.until, until) : until;
            } else if (plan.act == Act::step) {
                ++events;
                engine += 1ms;
                pacer.stepped();
                wall += 1us;
            } else {
                const Duration possible = fromSeconds(toSeconds(plan.budget) * capacity);
                const Duration done = std::min<Duration>(plan.limit - engine, possible);
                const auto took = std::max<std::chrono::nanoseconds>(
                    fromSeconds(toSeconds(done) / capacity), 1us);
                longestPortion = std::max(longestPortion, took);
                engine += done;
                events += 10;
                wall += took;
            }
            pacer.measure(engine, events, wall);
        }
    }
    double seconds() const { return toSeconds(engine - kStart); }
};

TEST(Pacer, isPausedAtFirst) {
    Bench bench;
    bench.advance(10s);
    EXPECT_EQ(bench.engine, kStart);
    EXPECT_FALSE(bench.pacer.running());
    EXPECT_FALSE(bench.pacer.next(kStart, bench.wall).until.has_value());
    EXPECT_EQ(bench.pacer.achievedSpeed(), 0.0);
    EXPECT_FALSE(bench.pacer.remainingSeconds(kStart).has_value());
}

TEST(Pacer, keepsThePace) {
    for (const double speed : {0.01, 0.5, 1.0, 50.0, 1000.0}) {
        Bench bench;
        bench.pacer.paced(speed, bench.engine, bench.wall);
        for (int i = 1; i <= 20; ++i) {
            bench.advance(150ms);
            // Never ahead of the clock, and never more than one tick behind it.
            const double owed = 0.15 * i * speed;
            EXPECT_LE(bench.seconds(), owed + 1e-6) << speed;
            EXPECT_GE(bench.seconds(), owed - 0.0041 * speed - 1e-6) << speed;
        }
        EXPECT_NEAR(bench.pacer.achievedSpeed(), speed, speed * 0.01);
        EXPECT_EQ(bench.pacer.targetSpeed(), speed);
    }
}

TEST(Pacer, whatCannotBeKeptUpIsNotMadeUpFor) {
    Bench bench;
    bench.capacity = 10; // a tenth of what is asked
    bench.pacer.paced(100, bench.engine, bench.wall);
    bench.advance(5s);
    EXPECT_NEAR(bench.pacer.achievedSpeed(), 10, 0.5);
    EXPECT_NEAR(bench.seconds(), 50, 1);
    EXPECT_LE(bench.longestPortion, Pacer::kPortion);
    // Once it can again, it goes at ×100 from here on, having owed kLag at most.
    bench.capacity = 1e9;
    const double before = bench.seconds();
    bench.advance(1s);
    EXPECT_GE(bench.seconds() - before, 99);
    EXPECT_LE(bench.seconds() - before, 111);
}

TEST(Pacer, aNewSpeedBeginsFromHere) {
    Bench bench;
    bench.pacer.paced(100, bench.engine, bench.wall);
    bench.advance(1s);
    bench.pacer.paced(1, bench.engine, bench.wall);
    const double before = bench.seconds();
    bench.advance(1s);
    EXPECT_NEAR(bench.seconds() - before, 1, 0.01);
    bench.pacer.pause();
    const Time paused = bench.engine;
    bench.advance(10s);
    EXPECT_EQ(bench.engine, paused);
    // The pause is not owed.
    bench.pacer.paced(1, bench.engine, bench.wall);
    bench.advance(100ms);
    EXPECT_LE(bench.seconds() - toSeconds(paused - kStart), 0.101);
}

TEST(Pacer, nonsenseSpeedsAreHeldWithinBounds) {
    Pacer pacer(kStart, kEnd);
    for (const auto& [given, kept] :
         std::initializer_list<std::pair<double, double>>{{0, Pacer::kSlowest},
                                                          {-5, Pacer::kSlowest},
                                                          {1e300, Pacer::kFastest},
                                                          {NAN, 1.0},
                                                          {INFINITY, 1.0},
                                                          {7, 7}}) {
        pacer.paced(given, kStart, {});
        EXPECT_EQ(pacer.targetSpeed(), kept) << given;
    }
}

TEST(Pacer, stepsAddUpAndThenItPauses) {
    Bench bench;
    bench.pacer.fast(bench.engine, bench.wall);
    for (int i = 0; i < 3; ++i)
        bench.pacer.step();
    EXPECT_TRUE(bench.pacer.running());
    bench.advance(1s);
    EXPECT_EQ(bench.events, 3u);
    EXPECT_FALSE(bench.pacer.running());
}

TEST(Pacer, untilEndsThereExactly) {
    Bench bench;
    bench.capacity = 1e4;
    bench.pacer.until(kStart + 20min, bench.engine, bench.wall);
    bench.advance(50ms);
    EXPECT_EQ(bench.pacer.target(), kStart + 20min);
    EXPECT_NEAR(bench.pacer.progress(bench.engine), 500.0 / 1200.0, 0.02);
    bench.advance(1s);
    EXPECT_EQ(bench.engine, kStart + 20min);
    EXPECT_FALSE(bench.pacer.running());
    // From here the next one counts anew.
    bench.pacer.until(kNever, bench.engine, bench.wall);
    EXPECT_EQ(bench.pacer.target(), kEnd);
    EXPECT_EQ(bench.pacer.progress(bench.engine), 0.0);
}

TEST(Pacer, aTargetSurvivesAChangeOfPaceAndNotAPause) {
    Bench bench;
    bench.pacer.until(kStart + 10s, bench.engine, bench.wall);
    bench.pacer.paced(100, bench.engine, bench.wall);
    bench.advance(1s);
    EXPECT_EQ(bench.engine, kStart + 10s);
    EXPECT_FALSE(bench.pacer.running());

    bench.pacer.until(kStart + 1min, bench.engine, bench.wall);
    bench.pacer.pause();
    bench.pacer.paced(1000, bench.engine, bench.wall);
    bench.advance(1s);
    EXPECT_GT(bench.engine, kStart + 1min);
}

TEST(Pacer, tellsWhenItWillBeThere) {
    Bench bench;
    bench.capacity = 100;
    bench.pacer.until(kStart + 1000s, bench.engine, bench.wall);
    bench.advance(2s);
    ASSERT_TRUE(bench.pacer.remainingSeconds(bench.engine).has_value());
    EXPECT_NEAR(*bench.pacer.remainingSeconds(bench.engine), 8, 0.2);
    EXPECT_NEAR(bench.pacer.progress(bench.engine), 0.2, 0.01);
    // What is measured is the last second, not the whole run.
    bench.capacity = 1000;
    bench.advance(500ms);
    EXPECT_GT(bench.pacer.achievedSpeed(), 400);
    EXPECT_GT(bench.pacer.eventsPerSecond(), 0);
}

} // namespace
} // namespace penstock::app

// SPDX-License-Identifier: Apache-2.0
// Goal: the pace of our own answers is read rightly whatever their length, from milliseconds to a
// minute, so that the brake neither sleeps through a burst of other people's requests nor takes
// noise or our own growth for one. Method: answers of a pool whose speed is known, for the reading;
// the plant of plant.h with scattered latencies, for what the gates let through.
#include "engine/gates/adaptive/speed_brake.h"
#include "tests/engine/gates/plant.h"

#include <random>

namespace penstock::test {
namespace {

constexpr Duration kLengths[] = {5ms, 30ms, 300ms, 3s, 60s};

// Sequences that are served one after another in each of some places, at a speed that may change.
// At speed 1 an answer takes `length` times a factor of its own, which its work tells, and besides
// some time more or less, which nothing tells: its prompt, its turn in the batch.
class Places {
  public:
    Places(Duration length, std::size_t places)
        : length_(toSeconds(length)), untold_(0.0, std::min(0.3 * length_, 0.2)), all_(places) {
        for (One& one : all_) { // each at some point of its life
            begin(one, kStart);
            const double gone = phase_(random_) * one.left;
            one.left -= gone;
            one.sent -= fromSeconds(gone);
        }
    }
    // Calls answered(at, latency, work) for all of `span`; work is 100 in the mean.
    template <typename Answered>
    void run(Duration span, double speed, Answered answered) {
        const double step = std::min(0.02, length_ / 10.0);
        const Time end = now_ + span;
        while (now_ < end) {
            now_ += fromSeconds(step);
            for (One& one : all_) {
                one.left -= step * speed;
                if (one.left > 0.0) continue;
                answered(now_, now_ - one.sent, 100.0 * one.factor);
                begin(one, now_);
            }
        }
    }

  private:
    struct One {
        double factor = 1.0;
        double left = 0.0; // seconds at speed 1
        Time sent{};
    };
    void begin(One& one, Time now) {
        one.factor = factor_(random_);
        one.left = length_ * one.factor + std::max(untold_(random_), -0.5 * length_ * one.factor);
        one.sent = now;
    }

    double length_;
    std::mt19937 random_{7};
    std::lognormal_distribution<double> factor_{-0.08, 0.4};
    std::normal_distribution<double> untold_;
    std::uniform_real_distribution<double> phase_{0.0, 0.95};
    Time now_ = kStart;
    std::vector<One> all_;
};

// All but the brake's own offset.
std::uint32_t tokensOf(double work) {
    return static_cast<std::uint32_t>(std::max(1.0, work - 16.0));
}

TEST(PoolSpeed, isReadFromAnswersOfAnyLength) {
    for (const Duration length : kLengths) {
        for (const std::size_t places : {1U, 8U, 64U}) {
            Places pool{length, places};
            PoolSpeed speed;
            const double unit = 100.0 / toSeconds(length);
            double sum = 0.0;
            int read = 0;
            pool.run(std::max<Duration>(20s, 12 * length), 1.0,
                     [&](Time now, Duration latency, double work) {
                         speed.answered(now, latency, work);
                         if (now < kStart + std::max<Duration>(10s, 9 * length)) return;
                         sum += speed.speed() / unit;
                         ++read;
                     });
            ASSERT_GT(read, 0);
            // Time that nothing tells makes the pace seem slower by its variance, always alike.
            EXPECT_NEAR(sum / read, 1.0, length < 1s ? 0.2 : 0.1)
                << toSeconds(length) << " s, " << places;
        }
    }
}

TEST(PoolSpeed, followsAChangeInSecondsHoweverLongTheAnswersTake) {
    for (const Duration length : kLengths) {
        Places pool{length, 64};
        PoolSpeed speed;
        const auto tell = [&speed](Time now, Duration latency, double work) {
            speed.answered(now, latency, work);
        };
        pool.run(std::max<Duration>(60s, 4 * length), 1.0, tell);
        const double before = speed.speed();
        // Of the longest one comes a second.
        pool.run(length < 10s ? 4s : 12s, 0.5, tell);
        EXPECT_LT(speed.speed(), 0.65 * before) << toSeconds(length) << " s";
        EXPECT_GT(speed.speed(), 0.3 * before) << toSeconds(length) << " s";
    }
}

TEST(PoolSpeed, aPauseTeachesNothing) {
    PoolSpeed speed;
    Time now = kStart;
    for (int i = 0; i < 200; ++i)
        speed.answered(now += 500ms, 4s, 100.0);
    EXPECT_NEAR(speed.speed(), 25.0, 1.0);
    now += 2h;
    speed.answered(now, 4s, 100.0);
    EXPECT_NEAR(speed.speed(), 25.0, 1.0);
    speed.answered(now += 3h, 30ms, 0.75);
    EXPECT_NEAR(speed.speed(), 25.0, 1.0);
}

// What a pool of forty places can take at the gate's target, it gets: nobody else is there, so
// that whatever the brake holds back is lost for nothing. Answers are of very different lengths,
// which the gate is told in tokens, or not at all.
TEST(SpeedBrake, letsThroughWhatThePoolCanTakeWhateverAnAnswerTakes) {
    struct Case {
        std::string type;
        std::string params;
        double saturation; // that it steers for
    };
    for (const Case& c : {Case{"headroom", R"({"pool":"p","target":0.8})", 0.8},
                          Case{"pi", R"({"pool":"p","target":0.8})", 0.8},
                          Case{"gradient", R"({"max_window":32})", 0.8}}) {
        for (const Duration length : kLengths) {
            for (const double slowdown : {0.0, 0.1}) {
                for (const bool tokens : {true, false}) {
                    // Delay a token is what gradient goes by: among so few answers as of a minute
                    // each it needs the tokens.
                    if (c.type == "gradient" && !tokens && length > 10s) continue;
                    constexpr double kDeviation = 0.4;
                    std::mt19937 random{11};
                    std::lognormal_distribution<double> lengths{-0.5 * kDeviation * kDeviation,
                                                                kDeviation};
                    Bench bench;
                    Plant plant{bench};
                    plant.service = length;
                    plant.step = std::min<Duration>(50ms, length / 5);
                    plant.slowdown = slowdown;
                    plant.length = [&] { return lengths(random); };
                    plant.tellsTokens = tokens;
                    auto gate = gateOn(bench, plant, c.type, c.params);
                    // Learns: a window grows by steps, each of which takes a flight.
                    plant.run(*gate, 30s + (c.type == "gradient" ? 40 : 10) * length);
                    plant.served = 0;
                    const Duration span = std::max<Duration>(30s, 10 * length);
                    plant.run(*gate, span);
                    plant.finish(*gate);
                    const double each = toSeconds(length) * (1.0 + slowdown * c.saturation) +
                                        0.5 * toSeconds(plant.step);
                    const double could = c.saturation * plant.places * toSeconds(span) / each;
                    EXPECT_GT(static_cast<double>(plant.served) / could, 0.9)
                        << c.type << ", " << toSeconds(length) << " s, slowdown " << slowdown
                        << (tokens ? "" : ", tokens unknown");
                }
            }
        }
    }
}

// Prompts without answers share a pool that computes as much whoever asks: twice as many are each
// twice as slow. That is not somebody else's burst.
TEST(SpeedBrake, ourOwnGrowthIsNoBurst) {
    SpeedBrake brake{{.slowdown = 1.5, .refill = 20s}};
    struct Flight {
        double left;
        Time sent;
    };
    Time now = kStart;
    std::uint64_t number = 0;
    std::vector<Flight> flying;
    const auto share = [&](Duration span, double capacity, std::size_t wanted) {
        const Time end = now + span;
        while (now < end) {
            while (flying.size() < wanted)
                flying.push_back({1.0 + 0.02 * static_cast<double>(number++ * 5 % 8), now});
            now += 5ms;
            const auto many = static_cast<std::int32_t>(flying.size());
            for (Flight& flight : flying) {
                flight.left -= 0.005 * capacity / many;
                if (flight.left <= 0.0) brake.answered(now, now - flight.sent, 84, many);
            }
            std::erase_if(flying, [](const Flight& flight) { return flight.left <= 0.0; });
        }
    };
    share(60s, 8.0, 4);
    share(60s, 8.0, 8);
    share(60s, 8.0, 32);
    EXPECT_FALSE(brake.slow());
    share(10s, 3.0, 32); // but this is
    EXPECT_TRUE(brake.slow());
}

// A pool that was replaced by a slower one is not waited for for ever.
TEST(SpeedBrake, whatLastsIsTheNewNormal) {
    Places pool{2s, 16};
    SpeedBrake brake{{.slowdown = 1.5, .refill = 20s}};
    const auto tell = [&](Time at, Duration latency, double work) {
        brake.answered(at, latency, tokensOf(work), 16);
    };
    pool.run(60s, 1.0, tell);
    EXPECT_FALSE(brake.slow());
    pool.run(60s, 0.5, tell);
    EXPECT_TRUE(brake.slow());
    pool.run(10min, 0.5, tell);
    EXPECT_FALSE(brake.slow());
}

TEST(SpeedBrake, holdsWhileOthersBurstAndFillsUpAfterwards) {
    for (const Duration length : kLengths) {
        if (length > 10s) continue;
        Places pool{length, 32};
        SpeedBrake brake{{.slowdown = 1.5, .refill = 20s}};
        Time now{};
        int slow = 0;
        int answers = 0;
        const auto tell = [&](Time at, Duration latency, double work) {
            now = at;
            brake.answered(at, latency, tokensOf(work), 32);
            slow += brake.slow() ? 1 : 0;
            ++answers;
        };
        pool.run(120s, 1.0, tell);
        EXPECT_LT(slow, answers / 100) << toSeconds(length);
        pool.run(10s, 0.4, tell);
        EXPECT_TRUE(brake.slow()) << toSeconds(length);
        EXPECT_EQ(brake.eased(now, 32.0, 4), 0.0);
        EXPECT_TRUE(brake.duringSlowSpell(now));
        pool.run(10s, 1.0, tell);
        EXPECT_FALSE(brake.slow()) << toSeconds(length);
        EXPECT_NE(brake.recheckAt(now), kNever);
        EXPECT_GT(brake.eased(now, 32.0, 4), 4.0);
        EXPECT_LT(brake.eased(now, 32.0, 4), 32.0);
        EXPECT_EQ(brake.eased(now + 20s, 32.0, 4), 32.0);
    }
}

} // namespace
} // namespace penstock::test

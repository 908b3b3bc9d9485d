// SPDX-License-Identifier: Apache-2.0
// Goal: where queueing theory has an answer, a replica gives it. Method: with steps of constant
// length whatever the batch, a replica with c seats is a queue with c servers whose service time is
// the number of output tokens; its mean wait must be that of M/M/1, M/D/1 and M/M/c (Erlang) within
// 2 % up to 90 % load. And Little's law must hold on a replica with real step times.
#include "sim/fleet/replica.h"
#include "sim/kernel/random.h"

#include <gtest/gtest.h>

#include <cmath>

namespace penstock::sim::testing {
namespace {

constexpr double kStepNs = 1000.0;

ReplicaConfig servers(int count) {
    ReplicaConfig config;
    config.cost = constantStepCost(kStepNs);
    config.maxNumSeqs = count;
    config.kvBlocks = 1'000'000'000;
    return config;
}

// Sums waits: the time of scheduling less the time of arrival, which it looks up by id.
struct Waits {
    std::vector<std::int64_t> arrivedAt = std::vector<std::int64_t>(1 << 20);
    std::uint64_t skip = 0;
    double sum = 0.0;
    double count = 0.0;
    void scheduled(std::uint64_t id, std::int64_t t, std::int32_t) {
        if (id < skip) return;
        sum += static_cast<double>(t - arrivedAt[id & (arrivedAt.size() - 1)]);
        count += 1.0;
    }
    void firstToken(std::uint64_t, std::int64_t) {}
    void finished(std::uint64_t, std::int64_t) {}
    void preempted(std::uint64_t, std::int64_t) {}
    void lost(std::uint64_t, std::int64_t) {}
};

// The mean wait in units of the mean service time.
double meanWait(int seats, double load, bool exponential, double meanTokens, std::uint64_t count,
                std::uint64_t seed) {
    Replica<> replica(servers(seats));
    RandomSequence arrivals(seed, 1, 0), lengths(seed, 2, 0);
    // The ceiling of an exponential is geometric; this is its mean.
    const double service = exponential ? 1.0 / -std::expm1(-1.0 / meanTokens) : meanTokens;
    const double gap = kStepNs * service / (load * seats);
    Waits waits;
    waits.skip = count / 50;
    double t = 0.0;
    for (std::uint64_t i = 0; i < count; ++i) {
        t += gap * arrivals.exponential();
        const auto at = static_cast<std::int64_t>(t);
        replica.advance(at, waits);
        Sequence s;
        s.id = i;
        s.outputTokens = static_cast<std::int32_t>(
            exponential ? std::max(1.0, std::ceil(meanTokens * lengths.exponential()))
                        : meanTokens);
        waits.arrivedAt[i & (waits.arrivedAt.size() - 1)] = at;
        replica.submit(at, s);
    }
    return waits.sum / waits.count / (kStepNs * service);
}

double erlangWait(int servers, double load) {
    double term = 1.0, sum = 1.0; // (c rho)^k / k!
    for (int k = 1; k < servers; ++k)
        sum += term *= servers * load / k;
    const double last = term * servers * load / servers / (1.0 - load);
    return last / (sum + last) / (servers * (1.0 - load));
}

struct Case {
    int servers;
    bool exponential;
    double load;
    std::uint64_t count;
};

class QueueingTheory : public ::testing::TestWithParam<Case> {};

TEST_P(QueueingTheory, MeanWaitIsWithinTwoPercent) {
    const Case& c = GetParam();
    const double expected =
        c.exponential ? erlangWait(c.servers, c.load) : 0.5 * c.load / (1.0 - c.load);
    const double wait = meanWait(c.servers, c.load, c.exponential, 4000.0, c.count, 7);
    std::printf("  %s/%d load %.1f: wait %.4f, theory %.4f (%+.2f %%)\n",
                c.exponential ? "M/M" : "M/D", c.servers, c.load, wait, expected,
                100.0 * (wait / expected - 1.0));
    EXPECT_NEAR(wait / expected, 1.0, 0.02);
}
INSTANTIATE_TEST_SUITE_P(
    Waits, QueueingTheory,
    ::testing::Values(Case{1, true, 0.3, 400'000}, Case{1, true, 0.6, 400'000},
                      Case{1, true, 0.8, 1'000'000}, Case{1, true, 0.9, 3'000'000},
                      Case{1, false, 0.3, 200'000}, Case{1, false, 0.6, 200'000},
                      Case{1, false, 0.8, 400'000}, Case{1, false, 0.9, 1'000'000},
                      Case{4, true, 0.5, 1'500'000}, Case{4, true, 0.7, 1'000'000},
                      Case{4, true, 0.9, 3'000'000}, Case{16, true, 0.9, 3'000'000}));

TEST(LittlesLaw, HoldsOnARealisticReplica) {
    const GpuSpec gpu{989e12, 3.35e12, 80e9, 450e9};
    const ModelSpec model{32, 4096, 32, 8, 128, 14336, 128256};
    ReplicaConfig config;
    config.cost = deriveStepCost(gpu, model, 1, StepConstants{});
    config.kvBlocks = 6000;
    config.apiDelayNs = 18'400'000;
    config.maxNumSeqs = 64;
    struct Sojourns {
        std::vector<std::int64_t> arrivedAt;
        double sum = 0.0;
        void scheduled(std::uint64_t, std::int64_t, std::int32_t) {}
        void firstToken(std::uint64_t, std::int64_t) {}
        void finished(std::uint64_t id, std::int64_t t) {
            sum += static_cast<double>(t - arrivedAt[id]);
        }
        void preempted(std::uint64_t, std::int64_t) {}
        void lost(std::uint64_t, std::int64_t) {}
    } sink;
    Replica<> replica(config);
    RandomSequence draw(3, 3, 0);
    constexpr int kCount = 50'000;
    double t = 0.0, inside = 0.0, looks = 0.0;
    std::int64_t look = 0;
    const auto playUntil = [&](std::int64_t until) {
        for (; look < until; look += 50'000'000) {
            replica.advance(look, sink);
            const Observation o = replica.observe(look);
            EXPECT_EQ(o.running + o.waiting + o.inApi, replica.inside());
            inside += static_cast<double>(o.running + o.waiting + o.inApi);
            looks += 1.0;
        }
        replica.advance(until, sink);
    };
    for (std::uint64_t i = 0; i < kCount; ++i) {
        t += 1e9 * draw.exponential() / 13.0;
        const auto at = static_cast<std::int64_t>(t);
        playUntil(at);
        Sequence s;
        s.id = i;
        s.promptTokens = static_cast<std::int32_t>(1 + 1155 * draw.exponential());
        s.outputTokens = static_cast<std::int32_t>(1 + 211 * draw.exponential());
        sink.arrivedAt.push_back(at);
        ASSERT_EQ(replica.submit(at, s).verdict, Admission::accepted);
    }
    while (replica.inside() > 0)
        playUntil(look + 50'000'000);
    // L = lambda W, with both means over the same span.
    const double number = inside / looks;
    const double fromLaw = sink.sum / static_cast<double>(look);
    std::printf("  mean number inside %.2f, arrival rate x mean sojourn %.2f\n", number, fromLaw);
    EXPECT_GT(number, 10.0);
    EXPECT_NEAR(number / fromLaw, 1.0, 0.01);
}

} // namespace
} // namespace penstock::sim::testing

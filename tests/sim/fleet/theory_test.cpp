// SPDX-License-Identifier: Apache-2.0
// Goal: Little's law holds on a replica with real step times. Method: random work, the mean number
// inside against the arrival rate times the mean sojourn. (The queues that theory has solved are in
// tests/sim/calibration/theory_test.cpp.)
#include "sim/fleet/replica.h"
#include "sim/kernel/random.h"

#include <gtest/gtest.h>

#include <cmath>

namespace penstock::sim::testing {
namespace {

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

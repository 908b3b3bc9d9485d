// SPDX-License-Identifier: Apache-2.0
// Goal: a replica does what its header promises, one promise a test. Method: steps of simple known
// lengths, so that every instant can be worked out by hand.
#include "sim/fleet/memory.h"
#include "sim/fleet/replica.h"
#include "sim/kernel/random.h"
#include "tests/sim/fleet/workload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

namespace {
std::atomic<std::int64_t> allocations{0};
}
// GCC takes the pair for a mismatch where it inlines one half of it.
#pragma GCC diagnostic ignored "-Wmismatched-new-delete"
void* operator new(std::size_t size) {
    ++allocations;
    if (void* memory = std::malloc(size)) return memory;
    throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
    std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

namespace penstock::sim::testing {
namespace {

using ::testing::ElementsAre;

// One replica and what it reported, as short words: "s1@150" is sequence 1 scheduled at 150.
struct Bench {
    Replica<> replica;
    std::vector<std::string> words;
    std::vector<std::int32_t> slots = std::vector<std::int32_t>(100, -1);

    explicit Bench(const ReplicaConfig& config) : replica(config) {}

    void word(char kind, std::uint64_t id, std::int64_t t, std::int32_t cached = 0) {
        words.push_back(kind + std::to_string(id) + "@" + std::to_string(t) +
                        (cached > 0 ? "+" + std::to_string(cached) : ""));
    }
    void scheduled(std::uint64_t id, std::int64_t t, std::int32_t c) { word('s', id, t, c); }
    void firstToken(std::uint64_t id, std::int64_t t) { word('f', id, t); }
    void finished(std::uint64_t id, std::int64_t t) { word('e', id, t); }
    void preempted(std::uint64_t id, std::int64_t t) { word('p', id, t); }
    void lost(std::uint64_t id, std::int64_t t) { word('l', id, t); }

    Admission submit(std::int64_t t, std::uint64_t id, int prompt, int output, int priority = 0,
                     PrefixInfo prefix = {}) {
        // As a world's loop would: what is due at t comes after what is submitted at t.
        while (replica.nextEvent() < t)
            replica.advance(replica.nextEvent(), *this);
        const Submitted s = replica.submit(t, {id, prompt, output, priority, prefix});
        slots[id] = s.slot;
        return s.verdict;
    }
    bool cancel(std::int64_t t, std::uint64_t id) {
        return replica.cancel(t, slots[id], id, *this);
    }
    std::vector<std::string> until(std::int64_t t) {
        replica.advance(t, *this);
        return std::exchange(words, {});
    }
};

ReplicaConfig constant(double stepNs) {
    ReplicaConfig config;
    config.cost = constantStepCost(stepNs);
    config.kvBlocks = 1000;
    config.maxNumSeqs = 8;
    config.maxNumBatchedTokens = 64;
    return config;
}
constexpr std::int64_t kLater = 1'000'000'000'000;

TEST(Replica, TheStepThatFinishesThePromptYieldsTheFirstToken) {
    ReplicaConfig config = constant(1000);
    config.apiDelayNs = 50;
    Bench b(config);
    b.submit(100, 1, 10, 5);
    EXPECT_EQ(b.replica.observe(120).inApi, 1);
    EXPECT_EQ(b.replica.nextEvent(), 150);
    EXPECT_THAT(b.until(kLater), ElementsAre("s1@150", "f1@1150", "e1@5150"));
    EXPECT_EQ(b.replica.nextEvent(), kNeverNs);
}

TEST(Replica, LongPromptsAreChunkedBetweenTheDecodesOfOthers) {
    Bench b(constant(1000));
    b.submit(0, 1, 1, 6);
    b.submit(500, 2, 150, 1); // 63 tokens a step beside one decode: three steps
    EXPECT_THAT(b.until(kLater),
                ElementsAre("s1@0", "f1@1000", "s2@1000", "f2@4000", "e2@4000", "e1@6000"));
}

TEST(Replica, AnArrivalJoinsTheFirstStepThatBeginsAfterIt) {
    Bench b(constant(1000));
    b.submit(0, 1, 1, 10);
    b.submit(1500, 2, 1, 1);
    b.submit(4000, 3, 1, 1); // at a boundary: that step is under way
    EXPECT_THAT(b.until(kLater), ElementsAre("s1@0", "f1@1000", "s2@2000", "f2@3000", "e2@3000",
                                             "s3@5000", "f3@6000", "e3@6000", "e1@10000"));
}

TEST(Replica, BatchingPays) {
    // One sequence takes 1 s; eight together 1.5 s.
    ReplicaConfig config = constant(0);
    const double each = 0.05e9 / 7.0;
    config.cost = coefficientStepCost(0.1e9 - each, each, each);
    const auto perSecond = [&](BatchMode mode, int count) {
        config.mode = mode;
        Bench b(config);
        for (int i = 0; i < count; ++i)
            b.submit(0, static_cast<std::uint64_t>(i), 1, 10);
        b.until(kLater);
        return count / (1e-9 * static_cast<double>(b.replica.observe(kLater).busyNs));
    };
    EXPECT_NEAR(perSecond(BatchMode::single, 1), 1.0, 1e-6);
    EXPECT_NEAR(perSecond(BatchMode::single, 8), 1.0, 1e-6);
    EXPECT_NEAR(perSecond(BatchMode::continuous, 8), 8 / 1.5, 1e-6);
    EXPECT_NEAR(perSecond(BatchMode::staticBatch, 8), 8 / 1.5, 1e-6);
}

TEST(Replica, AStaticBatchWaitsForItsSizeOrItsPatience) {
    ReplicaConfig config = constant(1000);
    config.mode = BatchMode::staticBatch;
    config.staticSize = 2;
    config.staticMaxWaitNs = 700;
    Bench b(config);
    b.submit(0, 1, 1, 1);
    b.submit(300, 2, 1, 3); // full
    b.submit(400, 3, 1, 1); // too late for it, and alone when it ends
    EXPECT_THAT(b.until(kLater), ElementsAre("s1@300", "s2@300", "f1@1300", "f2@1300", "e1@3300",
                                             "e2@3300", "s3@3300", "f3@4300", "e3@4300"));
    b.submit(kLater, 4, 1, 1);
    EXPECT_EQ(b.replica.nextEvent(), kLater);
    b.until(kLater);
    EXPECT_EQ(b.replica.nextEvent(), kLater + 700);
}

TEST(Replica, TheTailGivesWayWhenBlocksRunOutAndComputesItsTokensAgain) {
    ReplicaConfig config = constant(1000);
    config.kvBlocks = 4;
    Bench b(config);
    b.submit(0, 1, 30, 20);
    b.submit(0, 2, 30, 20);
    // Both hold two blocks; after three tokens the first needs a third. The second waits until all
    // of its 32 tokens fit again, that is, until the first has finished.
    EXPECT_THAT(b.until(kLater), ElementsAre("s1@0", "s2@0", "f1@1000", "f2@1000", "p2@3000",
                                             "e1@20000", "e2@37000"));
    EXPECT_EQ(b.replica.observe(kLater).preemptions, 1);
    EXPECT_EQ(b.replica.observe(kLater).generatedTokens, 40);
    EXPECT_EQ(b.replica.observe(kLater).promptTokens, 60);
}

TEST(Replica, WithPrioritiesTheLeastUrgentGivesWayAndWaitsLast) {
    ReplicaConfig config = constant(1000);
    config.kvBlocks = 4;
    config.policy = SchedulingPolicy::priority;
    Bench b(config);
    b.submit(0, 1, 30, 20, 5);
    b.submit(0, 2, 30, 20, 1);
    b.submit(0, 3, 30, 1, 3);
    EXPECT_THAT(b.until(kLater),
                ElementsAre("s2@0", "s3@0", "f2@1000", "f3@1000", "e3@1000", "s1@1000", "f1@2000",
                            "p1@3000", "e2@20000", "e1@38000"));
}

TEST(Replica, TheWaitingCapRefusesThoseWithoutASeat) {
    ReplicaConfig config = constant(1000);
    config.maxNumSeqs = 2;
    config.waitingCap = 1;
    Bench b(config);
    EXPECT_EQ(b.submit(0, 1, 1, 9), Admission::accepted);
    EXPECT_EQ(b.submit(0, 2, 1, 9), Admission::accepted);
    EXPECT_EQ(b.submit(0, 3, 1, 9), Admission::accepted);
    EXPECT_EQ(b.submit(0, 4, 1, 9), Admission::waitingFull);
    b.until(9'500);
    EXPECT_EQ(b.submit(9'500, 5, 1, 9), Admission::accepted);
    EXPECT_EQ(b.submit(9'500, 6, 16'000, 9), Admission::tooLong);
}

TEST(Replica, ASharedPrefixIsComputedOnceAndASessionFindsItsOwnAnswer) {
    ReplicaConfig config = constant(1000);
    config.prefixCache = true;
    config.maxNumBatchedTokens = 1000;
    Bench b(config);
    PrefixInfo shared;
    shared.groups[0] = {7, 60};
    b.submit(0, 1, 60, 2, 0, shared);
    b.submit(0, 2, 60, 2, 0, shared); // of 60 tokens 3 blocks of 16; computed earlier in this step
    EXPECT_THAT(b.until(5000),
                ElementsAre("s1@0", "s2@0+48", "f1@1000", "f2@1000", "e1@2000", "e2@2000"));
    PrefixInfo session = shared;
    session.groups[1] = {1001, 400};
    b.submit(5000, 3, 100, 50, 0, session); // 149 tokens computed in the end: nine blocks
    b.until(100'000);
    b.submit(100'000, 4, 300, 1, 0, session);
    EXPECT_THAT(b.until(kLater), ElementsAre("s4@100000+144", "f4@101000", "e4@101000"));
    EXPECT_EQ(b.replica.cachedTokens({5, 200, 1, 0, session}), 192);
    EXPECT_EQ(b.replica.observe(kLater).cacheHitTokens, 48 + 48 + 144);
}

// A trace's hashes come one a block of its own size: coarser than the cache's units (Mooncake's 512
// tokens) or finer (16). Two prompts share what their hashes share, whole units of it, and the same
// numbers in another trace are other texts.
TEST(Replica, HashesOfATraceHaveABlockSizeOfTheirOwn) {
    const std::uint64_t first[] = {1, 2, 3, 4, 5, 6, 7, 8};
    const std::uint64_t second[] = {1, 2, 3, 4, 5, 9, 10, 11}; // the same up to the fifth block
    struct Case {
        std::int32_t hashTokens, unitBlocks, prompt;
        std::int32_t shared; // of the second prompt, when the first has been served
    };
    for (const Case& c : {
             Case{512, 1, 4096, 5 * 512}, Case{512, 4, 4096, 5 * 512}, Case{16, 1, 128, 5 * 16},
             Case{16, 4, 128, 4 * 16}, // units of 64 tokens: the second is cut by the difference
             Case{24, 1, 192, 7 * 16}, // 120 tokens in common are seven blocks and a half
         }) {
        ReplicaConfig config;
        config.cost = constantStepCost(1e6);
        config.kvBlocks = 1000;
        config.prefixCache = true;
        config.cacheUnitBlocks = c.unitBlocks;
        Bench b(config);
        PrefixInfo prefix{first, 8, c.hashTokens, 1};
        b.submit(0, 1, c.prompt, 4, 0, prefix);
        while (b.replica.nextEvent() < kNeverNs)
            b.replica.advance(b.replica.nextEvent(), b);
        prefix.hashes = second;
        EXPECT_EQ(b.replica.cachedTokens({2, c.prompt, 1, 0, prefix}), c.shared)
            << c.hashTokens << " " << c.unitBlocks;
        prefix.space = 2;
        EXPECT_EQ(b.replica.cachedTokens({3, c.prompt, 1, 0, prefix}), 0) << "another trace";
        prefix.hashes = first;
        prefix.space = 1;
        EXPECT_EQ(b.replica.cachedTokens({4, c.prompt + 100, 1, 0, prefix}),
                  c.prompt / (16 * c.unitBlocks) * (16 * c.unitBlocks));
    }
}

TEST(Replica, ACancelledSequenceLeavesAtTheNextStepAndIsHeardOfNoMore) {
    ReplicaConfig config = constant(1000);
    config.maxNumSeqs = 1;
    Bench b(config);
    b.submit(0, 1, 1, 100);
    b.submit(0, 2, 1, 2);
    b.submit(0, 3, 1, 2);
    EXPECT_TRUE(b.cancel(2500, 2));
    EXPECT_FALSE(b.cancel(2500, 2));
    EXPECT_TRUE(b.cancel(2500, 1));
    EXPECT_THAT(b.until(kLater), ElementsAre("s1@0", "f1@1000", "s3@3000", "f3@4000", "e3@5000"));
    EXPECT_FALSE(b.cancel(kLater, 3));
}

TEST(Replica, ASlowReplicaIsSlowFromItsNextStep) {
    Bench b(constant(1000));
    b.submit(0, 1, 1, 4);
    b.until(1500);
    b.replica.setSlowFactor(1500, 3.0, b);
    EXPECT_THAT(b.until(kLater), ElementsAre("e1@8000"));
}

TEST(Replica, ADeadReplicaReportsEveryoneAndCanBeUsedAgain) {
    ReplicaConfig config = constant(1000);
    config.maxNumSeqs = 1;
    config.apiDelayNs = 100;
    Bench b(config);
    b.submit(0, 1, 1, 9);
    b.submit(0, 2, 1, 9);
    b.submit(1450, 3, 1, 9);
    b.until(1500);
    b.replica.kill(1500, b);
    EXPECT_THAT(std::exchange(b.words, {}), ElementsAre("l1@1500", "l2@1500", "l3@1500"));
    EXPECT_EQ(b.replica.inside(), 0);
    EXPECT_EQ(b.replica.observe(1500).busyNs, 1400);
    b.submit(2000, 4, 1, 1);
    EXPECT_THAT(b.until(kLater), ElementsAre("s4@2100", "f4@3100", "e4@3100"));
}

TEST(Replica, ObservationsInTheMiddleOfASkippedRunAreThoseOfItsSteps) {
    Bench b(constant(1000));
    b.submit(0, 1, 15, 100);
    b.until(1000);
    EXPECT_GT(b.replica.nextEvent(), 90'000); // nothing to wake up for before the end
    // The step that begins at 2000 computes token 17, the first of the second block.
    EXPECT_EQ(b.replica.observe(1500).kvBlocksUsed, 1);
    EXPECT_EQ(b.replica.observe(2000).kvBlocksUsed, 2);
    EXPECT_EQ(b.replica.observe(1999).contextTokens, 15);
    EXPECT_EQ(b.replica.observe(2000).contextTokens, 16);
    EXPECT_EQ(b.replica.observe(50'500).generatedTokens, 50);
    EXPECT_EQ(b.replica.observe(50'500).busyNs, 50'500);
}

// After the first minutes nothing is allocated any more, with the prefix cache on and memory tight.
TEST(Replica, DoesNotAllocateInTheSteadyState) {
    ReplicaConfig config;
    config.cost = coefficientStepCost(7e6, 20e3, 50e3, 10);
    config.kvBlocks = 600;
    config.maxNumSeqs = 64;
    config.prefixCache = true;
    config.waitingCap = 100;
    config.apiDelayNs = 10'000'000;
    Replica<> replica(config);
    IgnoreEvents sink;
    RandomSequence draw(5, 5, 0);
    double t = 0.0;
    std::int64_t before = 0, preemptions = 0;
    for (std::uint64_t i = 0; i < 40'000; ++i) {
        t += 1e9 * draw.exponential() / 9.0;
        const auto at = static_cast<std::int64_t>(t);
        while (replica.nextEvent() <= at)
            replica.advance(replica.nextEvent(), sink);
        Sequence s;
        s.id = i;
        s.promptTokens = static_cast<std::int32_t>(1 + std::min(3000.0, 400 * draw.exponential()));
        s.outputTokens = static_cast<std::int32_t>(1 + std::min(2000.0, 200 * draw.exponential()));
        s.prefix.groups[0] = {i % 10, 200};
        s.prefix.groups[1] = {100 + i, 2000};
        replica.submit(at, s);
        if (i == 20'000) before = allocations;
        preemptions = replica.observe(at).preemptions;
    }
    EXPECT_LE(allocations - before, 2); // a new height of the queue may double an array once more
    EXPECT_GT(preemptions, 100);
}

// A model of 34 billion parameters on two H100 cannot serve four such requests a second: it
// saturates around three, less what preemption makes it compute twice, with queues of minutes.
TEST(Replica, OverloadIsNotMistakenForSpeed) {
    const GpuSpec gpu{989e12, 3.35e12, 80.0 * (1 << 30), 450e9};
    const ModelSpec model{48, 8192, 64, 8, 128, 22016, 32000};
    ReplicaConfig config;
    config.cost = deriveStepCost(gpu, model, 2, StepConstants{});
    config.kvBlocks = kvBlocksFor(gpu, model, 2, 8192);
    config.prefixCache = true; // as by default: the preempted find their own blocks again
    struct Ends {
        std::int64_t lateEnds = 0;
        std::vector<std::int64_t> sent, first;
        void scheduled(std::uint64_t, std::int64_t, std::int32_t) {}
        void firstToken(std::uint64_t id, std::int64_t t) { first[id] = t; }
        void finished(std::uint64_t, std::int64_t t) { lateEnds += t > 500'000'000'000; }
        void preempted(std::uint64_t, std::int64_t) {}
        void lost(std::uint64_t, std::int64_t) {}
    } sink;
    Replica<> replica(config);
    RandomSequence draw(4, 4, 0);
    double t = 0.0;
    for (std::uint64_t i = 0; i < 4'000; ++i) {
        t += 1e9 * draw.exponential() / 4.0;
        const auto at = static_cast<std::int64_t>(t);
        replica.advance(at, sink);
        sink.sent.push_back(at);
        sink.first.push_back(kNeverNs);
        Sequence s;
        s.id = i;
        s.promptTokens = 1082;
        s.outputTokens = 1448;
        s.prefix.groups[0] = {1 + i, 1082 + 1448};
        replica.submit(at, s);
    }
    const double throughput = static_cast<double>(sink.lateEnds) / (1e-9 * t - 500.0);
    const std::int64_t preemptions = replica.observe(static_cast<std::int64_t>(t)).preemptions;
    replica.advance(kNeverNs - 1, sink);
    const double lastTtft = 1e-9 * static_cast<double>(sink.first[3'900] - sink.sent[3'900]);
    std::printf("  %.2f requests/s, %ld preemptions; the 3900th waits %.0f s for its first token\n",
                throughput, static_cast<long>(preemptions), lastTtft);
    EXPECT_GT(throughput, 2.3);
    EXPECT_LT(throughput, 3.6);
    EXPECT_GT(lastTtft, 60.0);
}

} // namespace
} // namespace penstock::sim::testing

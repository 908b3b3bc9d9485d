// SPDX-License-Identifier: Apache-2.0
// Goal: the law of a step's length says what physics and its own limits say. Method: figures that
// were measured (a decode of one sequence, the price of an uncached prompt token), limits of the
// formula (overlap 0 and 1, many experts, two GPUs), and its closed forms against plain sums.
#include "sim/fleet/memory.h"
#include "sim/fleet/replica.h"
#include "sim/fleet/tables.h"
#include "tests/sim/fleet/resources.h"

#include <gtest/gtest.h>

#include <cmath>

namespace penstock::sim::testing {
namespace {

GpuSpec gpu(const char* name) {
    return readGpuTable(kResources + "gpus.yaml")->find(name).value();
}
ModelSpec model(const char* name) {
    return readModelTable(kResources + "models.yaml")->find(name).value();
}
BatchShape decodes(std::int64_t count, std::int64_t context) {
    BatchShape b;
    b.decodes = count;
    b.context = count * context;
    return b;
}

TEST(StepTime, OneSequenceOfAnEightBillionModelDecodesInSevenMilliseconds) {
    const StepCost cost = deriveStepCost(gpu("H100"), model("Llama-3.1-8B"), 1, StepConstants{});
    EXPECT_NEAR(stepNs(cost, decodes(1, 236)) * 1e-6, 7.1, 0.05 * 7.1);
}

// The price that a server under load pays for not having a prompt cached: saturated, 128 slots, 204
// tokens in of which 192 are cached or not, 62 out.
TEST(StepTime, AnUncachedPromptTokenCostsTwentyMicroseconds) {
    const auto secondsPerRequest = [&](bool cached) {
        ReplicaConfig config;
        config.cost = deriveStepCost(gpu("H100"), model("Llama-3.1-8B"), 1, StepConstants{});
        config.maxNumSeqs = 128;
        config.kvBlocks = 28'000;
        config.prefixCache = cached;
        Replica<> replica(config);
        Sequence s;
        s.promptTokens = 204;
        s.outputTokens = 62;
        s.prefix.groups[0] = {1, 204};
        constexpr int kCount = 4000;
        for (int i = 0; i < kCount; ++i)
            replica.submit(0, s);
        IgnoreEvents sink;
        replica.advance(kNeverNs - 1, sink);
        return static_cast<double>(replica.observe(kNeverNs - 1).busyNs) * 1e-9 / kCount;
    };
    const double perToken = (secondsPerRequest(false) - secondsPerRequest(true)) / 192.0;
    EXPECT_NEAR(perToken * 1e6, 20.6, 0.2 * 20.6);
}

TEST(StepTime, OverlapZeroIsTheLongerAndOneTheSum) {
    StepConstants c;
    c.stepSeconds = c.layerSeconds = c.sequenceSeconds = c.tokenSeconds = 0.0;
    const auto time = [&](double overlap, std::int64_t prompt) {
        c.overlap = overlap;
        BatchShape b;
        b.prefillTokens = prompt;
        b.prefillSequences = 1;
        const StepCost cost = deriveStepCost(gpu("H100"), model("Llama-3.1-8B"), 1, c);
        return std::tuple{stepNs(cost, b), cost.weights,
                          cost.multiplyPerToken * static_cast<double>(prompt)};
    };
    for (const std::int64_t prompt : {1, 200, 5000}) {
        auto [longer, w, g] = time(0.0, prompt);
        EXPECT_NEAR(longer / std::max(w, g), 1.0, 1e-12);
        auto [sum, w1, g1] = time(1.0, prompt);
        EXPECT_NEAR(sum / (w1 + g1), 1.0, 1e-12);
        auto [between, w2, g2] = time(0.29, prompt);
        EXPECT_GT(between, longer);
        EXPECT_LT(between, sum);
    }
}

// Two of eight experts a token: a lone decode streams two, a large batch all of them.
TEST(StepTime, MixtureOfExpertsStreamsTheExpertsThatTokensChose) {
    const ModelSpec mixtral = model("Mixtral-8x7B");
    const StepCost cost = deriveStepCost(gpu("H100"), mixtral, 2, StepConstants{});
    const auto streamed = [&](std::int64_t tokens) {
        return cost.experts * (1.0 - integerPower(cost.expertMissShare, tokens));
    };
    EXPECT_DOUBLE_EQ(streamed(1), 2.0);
    EXPECT_NEAR(streamed(4), 8 * (1 - std::pow(0.75, 4)), 1e-12);
    EXPECT_NEAR(streamed(64), 8.0, 1e-6);
    // 46.7 billion parameters in memory, and 12.9 of them multiplied per token (with both ends of
    // the vocabulary): the figures of Mistral AI's paper.
    EXPECT_NEAR(weightBytes(mixtral) / 2.0, 46.7e9, 0.1e9);
    EXPECT_GT(stepNs(cost, decodes(8, 100)), 1.3 * stepNs(cost, decodes(1, 100)));
}

TEST(StepTime, MoreGpusShareTheWorkAndPayForTalking) {
    const auto time = [&](int tp, const BatchShape& b) {
        return stepNs(deriveStepCost(gpu("H100"), model("Llama-3.1-70B"), tp, StepConstants{}), b);
    };
    const BatchShape decode = decodes(16, 1000);
    EXPECT_LT(time(4, decode), time(2, decode));
    EXPECT_GT(time(4, decode), 0.5 * time(2, decode));
    StepConstants slowLink;
    slowLink.linkEfficiency = 0.04;
    EXPECT_GT(stepNs(deriveStepCost(gpu("H100"), model("Llama-3.1-70B"), 4, slowLink), decode),
              time(4, decode));
}

// What a sequence costs a group beyond its tokens: nothing alone, and more the more of it are
// peers.
TEST(StepTime, ASequenceCostsAGroupByItsShareOfPeers) {
    StepConstants without;
    without.groupSeconds = 0.0;
    const auto extra = [&](int tp) {
        const auto time = [&](const StepConstants& c) {
            return stepNs(deriveStepCost(gpu("H100"), model("Qwen3-32B"), tp, c), decodes(10, 500));
        };
        return (time(StepConstants{}) - time(without)) * 1e-10;
    };
    const double whole = StepConstants{}.groupSeconds;
    EXPECT_EQ(extra(1), 0.0);
    EXPECT_NEAR(extra(2), whole / 2.0, 1e-9);
    EXPECT_NEAR(extra(8), whole * 7.0 / 8.0, 1e-9);
}

// Weights of one byte stream in half the time and multiply at the GPU's 8-bit rate, if it has one.
TEST(StepTime, EightBitWeightsTakeHalf) {
    ModelSpec wide = model("Llama-3.1-70B");
    ModelSpec narrow = model("Llama-3.1-70B-FP8");
    const auto cost = [](const char* name, const ModelSpec& m) {
        return deriveStepCost(gpu(name), m, 4, StepConstants{});
    };
    EXPECT_DOUBLE_EQ(cost("H100", narrow).weights, cost("H100", wide).weights / 2.0);
    EXPECT_NEAR(cost("H100", narrow).multiplyPerToken / cost("H100", wide).multiplyPerToken, 0.5,
                1e-3);
    EXPECT_DOUBLE_EQ(cost("H100", narrow).perAttention, cost("H100", wide).perAttention);
    EXPECT_DOUBLE_EQ(cost("A100", narrow).multiplyPerToken, cost("A100", wide).multiplyPerToken);
}

TEST(StepTime, CoefficientsAndConstantsAreWhatTheySay) {
    BatchShape b = decodes(3, 100);
    EXPECT_DOUBLE_EQ(stepNs(constantStepCost(1234.0), b), 1234.0);
    b.prefillTokens = 50;
    b.prefillSequences = 2;
    EXPECT_DOUBLE_EQ(stepNs(coefficientStepCost(1000, 2, 10, 0.5), b), 1000 + 100 + 30 + 150);
}

// More GPUs than KV heads: each still keeps one, so a head's cache is there more than once. The
// cache of all GPUs together then grows no further, nor does reading it become faster.
TEST(StepTime, kvHeadsAreReplicatedBeyondTheirNumber) {
    const ModelSpec m = model("Llama-3.1-70B"); // 64 heads, 8 KV heads
    for (const int tp : {1, 2, 4, 8, 16, 32, 64})
        EXPECT_TRUE(headsDivide(m, tp)) << tp;
    for (const int tp : {3, 5, 6, 12, 24, 128})
        EXPECT_FALSE(headsDivide(m, tp)) << tp;
    const auto perToken = [&](int tp) {
        return deriveStepCost(gpu("H100"), m, tp, StepConstants{}).perContextToken;
    };
    EXPECT_DOUBLE_EQ(perToken(4), 2.0 * perToken(8));
    EXPECT_DOUBLE_EQ(perToken(16), perToken(8));
    const auto bytes = [&](int tp) { return kvBytesPerToken(sharedOut(m, tp)); };
    EXPECT_DOUBLE_EQ(bytes(8), kvBytesPerToken(m));
    EXPECT_DOUBLE_EQ(bytes(16), 2.0 * kvBytesPerToken(m));
    // Twice the GPUs hold twice as many bytes, a little more after the weights, but no more tokens.
    const double eight = static_cast<double>(kvBlocksFor(gpu("H100"), m, 8, 8192));
    const double sixteen = static_cast<double>(kvBlocksFor(gpu("H100"), m, 16, 8192));
    EXPECT_NEAR(sixteen / eight, 1.13, 0.1);
}

TEST(StepTime, MemoryLeavesTheBlocksThatVllmReports) {
    EXPECT_NEAR(kvBlocksFor(gpu("RTX-4090"), model("Llama-3.1-8B"), 1, 2048), 2588, 0.02 * 2588);
    EXPECT_EQ(kvBlocksFor(gpu("RTX-4090"), model("Llama-3.1-70B"), 1, 2048), 0);
    EXPECT_NEAR(kvBlocksFor(gpu("H100"), model("Llama-3.1-70B"), 4, 8192), 30251, 0.02 * 30251);
    const double tokens = 16.0 * kvBlocksFor(gpu("H100"), model("Llama-3.1-8B"), 1, 8192);
    EXPECT_GT(tokens, 420'000);
    EXPECT_LT(tokens, 480'000);
}

TEST(DecodeRun, CountsTheStepsThatASumWouldCount) {
    for (const double growth : {0.0, 0.37, 5.0, 1e4}) {
        for (const double first : {1.0, 7.3, 7.1e6}) {
            if (first < growth) continue;
            const DecodeRun run{1000, 1, first, growth};
            double sum = 0.0;
            for (std::int64_t k = 0; k < 2000; ++k) {
                const std::int64_t end = run.end(k);
                EXPECT_NEAR(static_cast<double>(end - 1000), sum, 0.51);
                EXPECT_EQ(run.stepsOverAt(end), k);
                EXPECT_EQ(run.stepsOverAt(end + 1), run.end(k + 1) > end + 1 ? k : k + 1);
                EXPECT_EQ(run.boundaryAfter(end), run.end(k + 1));
                sum += first + growth * static_cast<double>(k);
            }
        }
    }
    // A day of steps, where the root alone would be off.
    const DecodeRun run{0, 50, 7.1e6, 3.0};
    for (std::int64_t k = 1; k < 12'000'000; k += 99'991) {
        EXPECT_EQ(run.stepsOverAt(run.end(k)), k);
        EXPECT_EQ(run.stepsOverAt(run.end(k) - 1), k - 1);
    }
}

TEST(BlockGrowth, NeedsWhatSequencesOneByOneWouldNeed) {
    for (const std::int32_t blockSize : {1, 16, 64}) {
        BlockGrowth growth;
        growth.setBlockSize(blockSize);
        const std::int64_t step = 12345;
        const std::vector<std::int64_t> contexts{1, 15, 16, 17, 31, 32, 100, 4096, 77, 16};
        const auto count = static_cast<std::int64_t>(contexts.size());
        for (const auto c : contexts)
            growth.add(c, step);
        const auto blocks = [&](std::int64_t k) {
            std::int64_t sum = 0;
            for (const auto c : contexts)
                sum += growth.blocksFor(c + k);
            return sum;
        };
        for (std::int64_t k = 0; k < 200; ++k) {
            EXPECT_EQ(growth.needed(step, k, count), blocks(k) - blocks(0));
        }
        EXPECT_EQ(growth.neededByNext(step), blocks(1) - blocks(0));
        for (std::int64_t free = 0; free < 60; ++free) {
            const std::int64_t k = growth.stepsThatFit(step, free, 1'000'000, count);
            EXPECT_LE(blocks(k) - blocks(0), free);
            EXPECT_GT(blocks(k + 1) - blocks(0), free);
            EXPECT_EQ(growth.stepsThatFit(step, free, 3, count), std::min<std::int64_t>(k, 3));
        }
    }
}

} // namespace
} // namespace penstock::sim::testing

// SPDX-License-Identifier: Apache-2.0
#pragma once

// How many KV blocks a deployment has: what is left of the memory an engine may use after weights
// and the working memory of one step. A real deployment's own count, which vLLM logs at start, is
// always better than this estimate.
#include "sim/fleet/step_time.h"

#include <cstdint>

namespace penstock::sim {

// All weights, every expert and both ends of the vocabulary included (untied embeddings).
PENSTOCK_HD inline double weightBytes(const ModelSpec& m) {
    const double d = m.hidden, dh = m.headDim;
    const double layer =
        2.0 * d * m.heads * dh + 2.0 * d * m.kvHeads * dh + 3.0 * d * m.feedForward * m.experts;
    return m.weightBytes * (m.layers * layer + 2.0 * m.vocabulary * d);
}

PENSTOCK_HD inline double kvBytesPerToken(const ModelSpec& m) {
    return 2.0 * m.layers * m.kvHeads * m.headDim * m.kvBytes;
}

// What a step of so many tokens needs per GPU: the widest layer's activations (the gated
// feed-forward's two halves and a few copies of the hidden state, 16-bit) and a fixed part for
// driver, runtime, workspaces and captured graphs. The fixed part is set so that an RTX 4090 with
// Llama-3.1-8B and 2048 tokens a step has the 2588 blocks that vLLM 0.19 reports there.
PENSTOCK_HD inline double workingBytes(const ModelSpec& m, int tp, std::int64_t stepTokens) {
    constexpr double kFixed = 1.5e9;
    const double perToken = 2.0 * (2.0 * m.feedForward / tp + 4.0 * m.hidden);
    return kFixed + perToken * static_cast<double>(stepTokens);
}

// 0 when the model does not fit. `share` is gpu_memory_utilization.
PENSTOCK_HD inline std::int64_t kvBlocksFor(const GpuSpec& gpu, const ModelSpec& whole, int tp,
                                            std::int64_t stepTokens, std::int32_t blockSize = 16,
                                            double share = 0.9) {
    const ModelSpec m = sharedOut(whole, tp);
    const double left =
        share * gpu.memory * tp - weightBytes(m) - tp * workingBytes(m, tp, stepTokens);
    if (left <= 0.0) return 0;
    return static_cast<std::int64_t>(left / (kvBytesPerToken(m) * blockSize));
}

} // namespace penstock::sim

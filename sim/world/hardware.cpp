// SPDX-License-Identifier: Apache-2.0
#include "sim/world/hardware.h"

#include "engine/config/reader.h"

namespace penstock::sim {

namespace {
constexpr double kGiB = 1024.0 * 1024.0 * 1024.0;
constexpr double kMemoryShare = 0.9; // vLLM's gpu_memory_utilization
constexpr Range kFigure{.min = 0, .max = 1e18, .above = true};

// Reads a mapping of names to mappings.
template <class Entry, class Read>
Status table(const std::string& file, std::map<std::string, Entry, std::less<>>& out, Read&& read) {
    const auto document = Document::load(file, Syntax::yaml);
    if (!document) return fail(document.error());
    Problems problems;
    for (const Member& member : document->root().members) {
        Reader reader{*document, member.value, member.key, problems};
        out[member.key] = read(reader);
        reader.finish();
    }
    return problems.status();
}
} // namespace

Result<Hardware> Hardware::load(const std::string& directory) {
    Hardware hardware;
    auto gpus = table(directory + "/gpus.yaml", hardware.gpus, [](Reader& r) {
        GpuSpec gpu;
        gpu.flops = r.number("flops", kFigure);
        gpu.bandwidth = r.number("bandwidth", kFigure);
        gpu.memory = r.number("memory_gib", kFigure) * kGiB;
        gpu.linkBandwidth = r.number("link", {.min = 0, .max = 1e18});
        return gpu;
    });
    if (!gpus) return fail(gpus.error());
    auto models = table(directory + "/models.yaml", hardware.models, [](Reader& r) {
        const auto count = [&r](std::string_view key, std::optional<int> fallback = {}) {
            return r.integer<int>(key, {1, 100000000}, fallback);
        };
        ModelSpec m;
        m.layers = count("layers");
        m.hidden = count("hidden");
        m.heads = count("heads");
        m.kvHeads = count("kv_heads");
        m.headDim = count("head_dim");
        m.feedForward = count("feed_forward");
        m.vocabulary = count("vocabulary");
        m.experts = count("experts", 1);
        m.expertsPerToken = count("experts_per_token", 1);
        m.weightBytes = r.number("weight_bytes", kFigure, 2.0);
        m.kvBytes = r.number("kv_bytes", kFigure, 2.0);
        return m;
    });
    if (!models) return fail(models.error());
    return hardware;
}

std::int64_t kvBlocksThatFit(const GpuSpec& gpu, const ModelSpec& m, int tp, int blockSize,
                             int batchedTokens) {
    const double d = m.hidden;
    const double attention =
        static_cast<double>(m.layers) *
        (2.0 * d * m.heads * m.headDim + 2.0 * d * m.kvHeads * m.headDim);
    const double feedForward = static_cast<double>(m.layers) * 3.0 * d * m.feedForward * m.experts;
    const double embeddings = 2.0 * static_cast<double>(m.vocabulary) * d;
    const double weights = (attention + feedForward + embeddings) * m.weightBytes;
    // The widest moment of a step: the feed-forward of its tokens, gate and up, beside the residual.
    const double activations = static_cast<double>(batchedTokens) * (2.0 * m.feedForward + 4.0 * d) * 2.0;
    const double perToken = 2.0 * m.layers * m.kvHeads * m.headDim * m.kvBytes;
    const double left = kMemoryShare * gpu.memory * tp - weights - activations;
    return static_cast<std::int64_t>(left / (perToken * blockSize));
}

} // namespace penstock::sim

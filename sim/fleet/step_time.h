// SPDX-License-Identifier: Apache-2.0
#pragma once

// How long one step of a model server takes. From a GPU, a model, a tensor-parallel degree and a
// few efficiencies, deriveStepCost() makes a small struct; batchNs() and decodeLine() then give the
// time of a step from running aggregates of its batch, in O(1), with nothing but + - * / and sqrt,
// so that host and device agree to the bit. All times are in nanoseconds, as doubles.
//
// The law is a smooth roofline: with W the time to stream the weights, G the time to multiply, and
// the rest additive (KV reads, prefill attention, collectives, launch and sampling overheads),
//   T = (W + G + sqrt((W-G)^2 + 4 k W G)) / 2 + T_kv + T_attention + T_allreduce + overheads.
// k = 0 is max(W, G) and k = 1 their sum. Models with 8-bit weights multiply at the GPU's 8-bit
// rate where it has one, their attention at the 16-bit rate.
#include "engine/types/check.h"
#include "engine/types/hd.h"
#include "sim/fleet/operator_table.h"

#include <cmath>
#include <cstdint>

namespace penstock::sim {

// One accelerator. Sources of the shipped figures: resources/gpus.yaml.
struct GpuSpec {
    double flops = 0.0;         // dense multiply-adds x 2 in 16-bit floats, per second
    double bandwidth = 0.0;     // device memory, bytes per second
    double memory = 0.0;        // device memory, bytes
    double linkBandwidth = 0.0; // to its peers, bytes per second one way; 0 when tp is always 1
    double flops8Bit = 0.0;     // the same in 8-bit floats; 0: it has none, and computes in 16 bits
};

// One transformer. Sources of the shipped figures: resources/models.yaml.
struct ModelSpec {
    int layers = 0;
    int hidden = 0;      // d
    int heads = 0;       // H
    int kvHeads = 0;     // kv
    int headDim = 0;     // dh
    int feedForward = 0; // dff, of one expert
    int vocabulary = 0;  // V
    int experts = 1;     // per layer; 1 is a dense model
    int expertsPerToken = 1;
    double weightBytes = 2.0; // per parameter
    double kvBytes = 2.0;     // per cached number
};

// Efficiencies (shares of the data sheet's peak) and overheads. The defaults are those of
// resources/profiles/h100.yaml, where it says what they were fitted to and how well.
struct StepConstants {
    double weightEfficiency = 0.87;      // e_w
    double kvEfficiency = 0.94;          // e_kv
    double computeEfficiency = 0.6622;   // e_c
    double attentionEfficiency = 0.4795; // e_a
    double linkEfficiency = 0.6707;      // e_nv
    double overlap = 0.3909;           // kappa: 0 streaming and multiplying overlap, 1 they do not
    double stepSeconds = 1.803e-3;     // c0, per step
    double layerSeconds = 9.104e-6;    // cL, per step and layer
    double sequenceSeconds = 1.274e-5; // cB, per step and sequence
    double tokenSeconds = 9.18e-7;     // cN, per token of a model of 32 layers and width 4096
    double reduceSeconds = 1.295e-5;   // r0, per collective
    double reducePeerSeconds = 8.443e-7; // r1, per collective and peer
    // c_g, per step and sequence, of the share (tp - 1)/tp of a group that are peers: the batch
    // goes to their processes and comes back, and short messages do not reach the links' bandwidth.
    // Measured rows of models twice as deep and wide say that it does not grow with the model.
    double groupSeconds = 3.681e-5;
};

enum class StepBackEnd : std::uint8_t { analytic, coefficients, table };

// What one step computes. `context` counts, over the decoding sequences, the tokens attention
// reads, the one being computed included; `attentionWork` is the sum over prefill chunks of q(2c +
// q), where q is the chunk and c the tokens computed before it (twice the A of the law, so that it
// is exact).
struct BatchShape {
    std::int64_t prefillTokens = 0;
    std::int64_t prefillSequences = 0;
    std::int64_t prefillContext = 0; // sum of c over the prefill chunks
    std::int64_t decodes = 0;
    std::int64_t context = 0;
    std::int64_t attentionWork = 0;

    PENSTOCK_HD std::int64_t tokens() const { return prefillTokens + decodes; }
    PENSTOCK_HD std::int64_t sequences() const { return prefillSequences + decodes; }
};

// A plain value; `table` must outlive it when backEnd is table.
struct StepCost {
    StepBackEnd backEnd = StepBackEnd::analytic;

    // analytic
    double weights = 0.0;         // W of what every step streams
    double expertWeights = 0.0;   // W of one expert in every layer
    double experts = 0.0;         // per layer; 0 for a dense model
    double expertMissShare = 0.0; // probability that a token leaves an expert alone
    double multiplyPerToken = 0.0;
    double fourOverlap = 0.0;
    double perAttention = 0.0; // per unit of BatchShape::attentionWork
    double fixed = 0.0;
    double perSequence = 0.0;
    double perToken = 0.0;

    // analytic and coefficients
    double perContextToken = 0.0;

    // coefficients: b0 + b1 * prefill tokens + b2 * decodes (+ perContextToken * context)
    double perPrefillToken = 0.0;
    double perDecode = 0.0;

    OperatorTable table{};
};

// Steps last at least this long, whatever the parameters: virtual time must move.
inline constexpr double kShortestStepNs = 1.0;

// Attention is shared out by heads. With more GPUs than KV heads each still needs one, so that some
// heads, their cache and their weights exist more than once (vLLM replicates them): all GPUs
// together hold what a model with `tp` KV heads would.
PENSTOCK_HD inline ModelSpec sharedOut(ModelSpec model, int tp) {
    if (model.kvHeads < tp) model.kvHeads = tp;
    return model;
}

// vLLM's condition: whole heads for every GPU, and KV heads shared out or replicated evenly.
PENSTOCK_HD inline bool headsDivide(const ModelSpec& model, int tp) {
    return model.heads % tp == 0 &&
           (model.kvHeads < tp ? tp % model.kvHeads == 0 : model.kvHeads % tp == 0);
}

PENSTOCK_HD inline StepCost deriveStepCost(const GpuSpec& gpu, const ModelSpec& whole, int tp,
                                           const StepConstants& c) {
    const ModelSpec model = sharedOut(whole, tp);
    PENSTOCK_CHECK(tp >= 1 && (tp == 1 || gpu.linkBandwidth > 0.0));
    PENSTOCK_CHECK(model.experts >= 1 && model.expertsPerToken <= model.experts);
    constexpr double kNs = 1e9;
    const double layers = model.layers, d = model.hidden, dh = model.headDim;
    const double attention = layers * (2.0 * d * model.heads * dh + 2.0 * d * model.kvHeads * dh);
    const double expert = layers * 3.0 * d * model.feedForward;
    const double head = static_cast<double>(model.vocabulary) * d;
    const double stream = kNs * model.weightBytes / (tp * gpu.bandwidth * c.weightEfficiency);
    const double collectives = tp > 1 ? 2.0 * layers : 0.0;

    StepCost cost;
    cost.weights = (attention + head + (model.experts == 1 ? expert : 0.0)) * stream;
    if (model.experts > 1) {
        cost.expertWeights = expert * stream;
        cost.experts = model.experts;
        cost.expertMissShare = 1.0 - static_cast<double>(model.expertsPerToken) / model.experts;
    }
    const bool eightBit = model.weightBytes == 1.0 && gpu.flops8Bit > 0.0;
    cost.multiplyPerToken = kNs * 2.0 * (attention + expert * model.expertsPerToken) /
                            (tp * (eightBit ? gpu.flops8Bit : gpu.flops) * c.computeEfficiency);
    cost.fourOverlap = 4.0 * c.overlap;
    cost.perContextToken = kNs * 2.0 * layers * model.kvHeads * dh * model.kvBytes /
                           (tp * gpu.bandwidth * c.kvEfficiency);
    cost.perAttention =
        kNs * 2.0 * layers * model.heads * dh / (tp * gpu.flops * c.attentionEfficiency);
    cost.fixed = kNs * (c.stepSeconds + c.layerSeconds * layers +
                        collectives * (c.reduceSeconds + c.reducePeerSeconds * (tp - 1)));
    cost.perSequence = kNs * c.sequenceSeconds;
    cost.perToken = kNs * c.tokenSeconds * (layers / 32.0) * (d / 4096.0) / tp;
    if (tp > 1) {
        cost.perSequence += kNs * c.groupSeconds * (tp - 1) / tp;
        cost.perToken += kNs * collectives * d * 2.0 * 2.0 * (tp - 1) / tp /
                         (gpu.linkBandwidth * c.linkEfficiency);
    }
    return cost;
}

// A step of constant length whatever the batch: what queueing theory assumes.
PENSTOCK_HD inline StepCost constantStepCost(double stepNs) {
    StepCost cost;
    cost.backEnd = StepBackEnd::coefficients;
    cost.fixed = stepNs;
    return cost;
}

PENSTOCK_HD inline StepCost coefficientStepCost(double baseNs, double prefillTokenNs,
                                                double decodeNs, double contextTokenNs = 0.0) {
    StepCost cost = constantStepCost(baseNs);
    cost.perPrefillToken = prefillTokenNs;
    cost.perDecode = decodeNs;
    cost.perContextToken = contextTokenNs;
    return cost;
}

// base^exponent by squaring: reproducible on host and device, unlike pow. exponent >= 0.
PENSTOCK_HD inline double integerPower(double base, std::int64_t exponent) {
    double result = 1.0;
    for (; exponent > 0; exponent >>= 1) {
        if (exponent & 1) result *= base;
        base *= base;
    }
    return result;
}

// The time of a step but for reading the KV cache of its decoding sequences (back ends analytic and
// coefficients; the table's attention is not separable, so there it is the whole step).
PENSTOCK_HD inline double batchNs(const StepCost& cost, const BatchShape& batch) {
    if (cost.backEnd == StepBackEnd::coefficients) {
        return cost.fixed + cost.perPrefillToken * static_cast<double>(batch.prefillTokens) +
               cost.perDecode * static_cast<double>(batch.decodes);
    }
    if (cost.backEnd == StepBackEnd::table) {
        return cost.table.stepNs(batch.prefillTokens, batch.prefillSequences, batch.prefillContext,
                                 batch.decodes, batch.context);
    }
    const double n = static_cast<double>(batch.tokens());
    double w = cost.weights;
    if (cost.experts > 0.0) {
        // Tokens choose experts independently: an expert is streamed if any token chose it.
        w += cost.expertWeights * cost.experts *
             (1.0 - integerPower(cost.expertMissShare, batch.tokens()));
    }
    const double g = cost.multiplyPerToken * n;
    const double difference = w - g;
    const double roofline =
        0.5 * (w + g + std::sqrt(difference * difference + cost.fourOverlap * w * g));
    return roofline + cost.perAttention * static_cast<double>(batch.attentionWork) + cost.fixed +
           cost.perSequence * static_cast<double>(batch.sequences()) + cost.perToken * n;
}

// The time of any step: what a mixed step of prefill chunks and decodes costs.
PENSTOCK_HD inline double stepNs(const StepCost& cost, const BatchShape& batch) {
    if (cost.backEnd == StepBackEnd::table) return batchNs(cost, batch);
    return batchNs(cost, batch) + cost.perContextToken * static_cast<double>(batch.context);
}

// Steps of pure decode cost alpha + beta * context as long as context <= contextMax. Only the table
// has a bound: its interpolation is linear between two columns of its grid.
struct DecodeLine {
    double alpha = 0.0;
    double beta = 0.0;
    std::int64_t contextMax = INT64_MAX;
};

// The line for a pure decode batch of `decodes` >= 1 sequences at `context` tokens.
PENSTOCK_HD inline DecodeLine decodeLine(const StepCost& cost, std::int64_t decodes,
                                         std::int64_t context) {
    if (cost.backEnd == StepBackEnd::table) {
        DecodeLine line;
        cost.table.decodeLine(decodes, context, line.alpha, line.beta, line.contextMax);
        return line;
    }
    BatchShape batch;
    batch.decodes = decodes;
    return {batchNs(cost, batch), cost.perContextToken, INT64_MAX};
}

} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
#pragma once

// The closed form that lets a replica skip steps. While the same B sequences decode and nothing
// else happens, step j (from 0) costs alpha + beta (C + B j), so k steps cost
//   F(k) = k (alpha + beta C) + beta B k (k - 1) / 2,
// and the end of step k *is* start + round(F(k)): by definition, in the step-by-step reference too,
// so that skipping is exact and not an approximation. Times are virtual nanoseconds.
#include "engine/types/hd.h"

#include <cmath>
#include <cstdint>

namespace penstock::sim {

struct DecodeRun {
    std::int64_t start = 0;     // when the first step begins: the last change of the batch
    std::int64_t sequences = 0; // B >= 1
    double first = 0.0;         // alpha + beta C: what the first step costs, >= 1
    double growth = 0.0;        // beta B: how much longer each step is than the one before, >= 0

    // When the first k steps are over. end(0) is the start; strictly increasing in k.
    PENSTOCK_HD std::int64_t end(std::int64_t k) const {
        const double steps = static_cast<double>(k);
        const double ns = steps * first + growth * (0.5 * steps * (steps - 1.0));
        return start + static_cast<std::int64_t>(ns + 0.5);
    }

    // How many steps are over at time t >= start: the largest k with end(k) <= t.
    PENSTOCK_HD std::int64_t stepsOverAt(std::int64_t t) const {
        // The root of growth/2 k^2 + (first - growth/2) k = t - start, in the form without
        // cancellation; rounding is then mended on the exact integers.
        const double elapsed = static_cast<double>(t - start);
        const double half = 0.5 * growth;
        const double linear = first - half;
        const double root =
            2.0 * elapsed / (linear + std::sqrt(linear * linear + 4.0 * half * elapsed));
        std::int64_t k = static_cast<std::int64_t>(root);
        while (k > 0 && end(k) > t)
            --k;
        while (end(k + 1) <= t)
            ++k;
        return k;
    }

    // The first step boundary strictly after t.
    PENSTOCK_HD std::int64_t boundaryAfter(std::int64_t t) const { return end(stepsOverAt(t) + 1); }
};

// How the KV blocks of the decoding sequences grow: each takes a block when its context is a
// multiple of the block size, and all contexts grow by one a step. Sequences are counted by
// (context - steps so far) mod block size, which does not change while they decode.
inline constexpr std::int32_t kMaxBlockSize = 128;

struct BlockGrowth {
    std::int32_t mask = 15; // block size - 1; the block size is a power of two
    std::int32_t shift = 4;
    std::int32_t count[kMaxBlockSize] = {};

    PENSTOCK_HD void setBlockSize(std::int32_t blockSize) {
        mask = blockSize - 1;
        for (shift = 0; (1 << shift) < blockSize;)
            ++shift;
    }
    PENSTOCK_HD std::int64_t blocksFor(std::int64_t tokens) const {
        return (tokens + mask) >> shift;
    }
    PENSTOCK_HD void add(std::int64_t context, std::int64_t step) {
        ++count[(context - step) & mask];
    }
    PENSTOCK_HD void remove(std::int64_t context, std::int64_t step) {
        --count[(context - step) & mask];
    }
    // New blocks taken by the next step, after `step` steps have been made.
    PENSTOCK_HD std::int64_t neededByNext(std::int64_t step) const { return count[-step & mask]; }
    // New blocks taken by the next k steps of `sequences` decoders.
    PENSTOCK_HD std::int64_t needed(std::int64_t step, std::int64_t k,
                                    std::int64_t sequences) const {
        std::int64_t blocks = sequences * (k >> shift);
        for (std::int64_t j = 0; j < (k & mask); ++j)
            blocks += count[-(step + j) & mask];
        return blocks;
    }
    // The largest k <= limit whose steps need at most `free` blocks. sequences >= 1, free >= 0.
    PENSTOCK_HD std::int64_t stepsThatFit(std::int64_t step, std::int64_t free, std::int64_t limit,
                                          std::int64_t sequences) const {
        const std::int64_t rounds = free / sequences;
        std::int64_t k = rounds << shift;
        if (k >= limit) return limit;
        std::int64_t left = free - rounds * sequences;
        while (k < limit && count[-(step + k) & mask] <= left) {
            left -= count[-(step + k) & mask];
            ++k;
        }
        return k;
    }
};

} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
#pragma once

// The measured step time: operator times of a real GPU on grids, interpolated linearly along every
// axis. This struct only points at the grids (their loader keeps them: OperatorTables in
// tables.h), so it can be copied to a device with pointers of its own. Times are nanoseconds of the
// whole model (layers already multiplied in); beyond a grid's end its last slope goes on.
#include "engine/types/hd.h"

#include <cstdint>

namespace penstock::sim {

// One axis: ascending whole numbers. count >= 2 unless the axis is not measured (count 0).
struct GridAxis {
    const double* at = nullptr;
    std::int32_t count = 0;
};

// Where x lies: between at[low] and at[low + 1], `share` of the way (above 1 past the end).
struct GridPlace {
    std::int32_t low = 0;
    double share = 0.0;
};

PENSTOCK_HD inline GridPlace placeOn(const GridAxis& axis, double x) {
    std::int32_t low = 0, high = axis.count - 1;
    while (high - low > 1) {
        const std::int32_t middle = (low + high) / 2;
        if (axis.at[middle] <= x) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return {low, (x - axis.at[low]) / (axis.at[low + 1] - axis.at[low])};
}

struct OperatorTable {
    GridAxis tokens; // dense operators by tokens of the step
    const double* denseNs = nullptr;
    GridAxis sequences; // output head and sampler by sequences of the step
    const double* sequenceNs = nullptr;
    GridAxis chunk;         // attention by prefill tokens,
    GridAxis chunkContext;  //   the mean context before a prefill chunk,
    GridAxis decodes;       //   decoding sequences,
    GridAxis decodeContext; //   and their mean context, in this order, the last one contiguous
    const double* attentionNs = nullptr;
    double fixedNs = 0.0; // per step, whatever it computes

    PENSTOCK_HD static double along(const GridAxis& axis, const double* values, double x) {
        const GridPlace p = placeOn(axis, x);
        return values[p.low] + p.share * (values[p.low + 1] - values[p.low]);
    }

    PENSTOCK_HD const double* attentionRow(std::int32_t c, std::int32_t k, std::int32_t n) const {
        const std::int64_t row =
            (static_cast<std::int64_t>(c) * chunkContext.count + k) * decodes.count + n;
        return attentionNs + row * decodeContext.count;
    }

    PENSTOCK_HD double stepNs(std::int64_t prefillTokens, std::int64_t prefillSequences,
                              std::int64_t prefillContext, std::int64_t decoding,
                              std::int64_t context) const {
        const double kp = prefillSequences > 0 ? static_cast<double>(prefillContext) /
                                                     static_cast<double>(prefillSequences)
                                               : 0.0;
        const double kd =
            decoding > 0 ? static_cast<double>(context) / static_cast<double>(decoding) : 0.0;
        const GridPlace c = placeOn(chunk, static_cast<double>(prefillTokens));
        const GridPlace k = placeOn(chunkContext, kp);
        const GridPlace n = placeOn(decodes, static_cast<double>(decoding));
        double attention = 0.0;
        for (std::int32_t corner = 0; corner < 8; ++corner) {
            const std::int32_t dc = corner & 1, dk = (corner >> 1) & 1, dn = corner >> 2;
            const double weight = (dc ? c.share : 1.0 - c.share) * (dk ? k.share : 1.0 - k.share) *
                                  (dn ? n.share : 1.0 - n.share);
            if (weight == 0.0) continue;
            attention +=
                weight * along(decodeContext, attentionRow(c.low + dc, k.low + dk, n.low + dn), kd);
        }
        return attention + along(tokens, denseNs, static_cast<double>(prefillTokens + decoding)) +
               along(sequences, sequenceNs, static_cast<double>(prefillSequences + decoding)) +
               fixedNs;
    }

    // Pure decode: alpha + beta * context holds from the given context up to contextMax, the last
    // one before the mean context of the batch enters the grid's next cell. decoding >= 1.
    PENSTOCK_HD void decodeLine(std::int64_t decoding, std::int64_t context, double& alpha,
                                double& beta, std::int64_t& contextMax) const {
        const double count = static_cast<double>(decoding);
        std::int32_t cell = placeOn(decodeContext, static_cast<double>(context) / count).low;
        // The bound is in whole tokens, so decide the cell in whole tokens too.
        const auto edge = [&](std::int32_t i) {
            return static_cast<std::int64_t>(decodeContext.at[i]) * decoding;
        };
        while (cell > 0 && context < edge(cell))
            --cell;
        while (cell + 2 < decodeContext.count && context >= edge(cell + 1))
            ++cell;
        contextMax = cell + 2 < decodeContext.count ? edge(cell + 1) - 1 : INT64_MAX;

        const GridPlace n = placeOn(decodes, count);
        const double* below = attentionRow(0, 0, n.low);
        const double* above = attentionRow(0, 0, n.low + 1);
        const double left = below[cell] + n.share * (above[cell] - below[cell]);
        const double right = below[cell + 1] + n.share * (above[cell + 1] - below[cell + 1]);
        const double from = decodeContext.at[cell];
        const double slope = (right - left) / (decodeContext.at[cell + 1] - from); // per mean token
        beta = slope / count;
        alpha = left - slope * from + along(tokens, denseNs, count) +
                along(sequences, sequenceNs, count) + fixedNs;
    }
};

} // namespace penstock::sim

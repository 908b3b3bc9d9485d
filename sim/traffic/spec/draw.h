// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where every random number of a source comes from. A draw is named by (seed, purpose, source,
// number), so that the 17th request's length is the same whatever else is drawn, in whatever order:
// a change of one law never moves another. This is what makes two policies comparable.
#include "sim/kernel/random.h"

#include <cstdint>

namespace penstock::sim {

// The stream numbers of Philox that traffic uses; other folders keep clear of 0x54xxxxxx.
enum class Purpose : std::uint32_t {
    gaps = 0x54000001,
    phases,
    lengths,
    maxTokensAtom,
    deadline,
    jobSize,
    jobWindow,
    turns,
    turnGap,
    tenant,
    tier,
    priority,
    label,
    cancelled,
    cancelAfter,
    poison,
    malformed,
    prefixGroup,
    prefixTokens,
    think,
    thin,
    dither,
    rotate,
    windowGaps,
    windowLengths,
};

// The identity of a source's randomness: of the source itself, or of one job, session or user in
// it.
struct DrawKey {
    std::uint64_t seed = 0;
    std::uint32_t lane = 0;

    // The key of part number `index` (finaliser of splitmix64, Steele et al. 2014).
    DrawKey part(std::uint64_t index) const {
        std::uint64_t z = seed + 0x9e3779b97f4a7c15ULL * (index + 1);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
        return {z ^ (z >> 31), lane};
    }

    UniformPair uniforms(Purpose purpose, std::uint64_t number) const {
        return philox(seed, static_cast<std::uint32_t>(purpose), lane, number);
    }
    double uniform(Purpose purpose, std::uint64_t number) const {
        return uniforms(purpose, number).first;
    }
    RandomSequence sequence(Purpose purpose) const {
        return {seed, static_cast<std::uint32_t>(purpose), lane};
    }
};

// Two independent standard normals from two uniforms (Box and Muller, 1958).
struct NormalPair {
    double first;
    double second;
};
inline NormalPair normals(UniformPair u) {
    const double radius = std::sqrt(-2.0 * std::log1p(-u.first));
    const double angle = 2.0 * std::numbers::pi * u.second;
    return {radius * std::cos(angle), radius * std::sin(angle)};
}

} // namespace penstock::sim

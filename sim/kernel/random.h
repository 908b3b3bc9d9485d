// SPDX-License-Identifier: Apache-2.0
#pragma once

// Counter-based random numbers: a draw is a pure function of (seed, stream, index), so nothing is
// shared, nothing has to be rewound, and drawing more of one thing never changes another (common
// random numbers between policies). Philox-4x32-10 of Random123 (Salmon et al., SC 2011).
//
// Host only: log, exp and pow are not reproducible on a device.
#include <Random123/philox.h>

#include <cmath>
#include <cstdint>
#include <numbers>

namespace penstock::sim {

// Two independent uniforms in [0, 1) with 53 random bits each.
struct UniformPair {
    double first;
    double second;
};

inline UniformPair philox(std::uint64_t seed, std::uint32_t stream, std::uint32_t lane,
                          std::uint64_t index) {
    r123::Philox4x32 generator;
    const r123::Philox4x32::ctr_type counter = {
        {static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32), stream, lane}};
    const r123::Philox4x32::key_type key = {
        {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)}};
    const auto bits = generator(counter, key);
    const auto unit = [](std::uint32_t high, std::uint32_t low) {
        const std::uint64_t word = (static_cast<std::uint64_t>(high) << 32) | low;
        return static_cast<double>(word >> 11) * 0x1.0p-53;
    };
    return {unit(bits[0], bits[1]), unit(bits[2], bits[3])};
}

// A sequence of draws from one stream: (seed, stream, lane) name it, position() says how far it is.
// `lane` tells sources or replicas of one purpose apart.
class RandomSequence {
  public:
    RandomSequence(std::uint64_t seed, std::uint32_t stream, std::uint32_t lane)
        : seed_(seed), stream_(stream), lane_(lane) {}

    double uniform() {
        if (spareFull_) {
            spareFull_ = false;
            return spare_;
        }
        const UniformPair pair = philox(seed_, stream_, lane_, index_++);
        spare_ = pair.second;
        spareFull_ = true;
        return pair.first;
    }

    // Mean 1.
    double exponential() { return -std::log1p(-uniform()); }

    // Mean 0, variance 1 (Box-Muller; one of the pair is used, so that the position stays simple).
    double normal() {
        const double radius = std::sqrt(2.0 * exponential());
        return radius * std::cos(2.0 * std::numbers::pi * uniform());
    }

    // Mean `shape`, scale 1 (Marsaglia and Tsang, 2000; boosted below shape 1).
    double gamma(double shape) {
        if (shape < 1.0) return gamma(shape + 1.0) * std::pow(1.0 - uniform(), 1.0 / shape);
        const double d = shape - 1.0 / 3.0;
        const double c = 1.0 / std::sqrt(9.0 * d);
        while (true) {
            const double x = normal();
            const double v = (1.0 + c * x) * (1.0 + c * x) * (1.0 + c * x);
            if (v <= 0.0) continue;
            if (std::log1p(-uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return d * v;
        }
    }

    std::uint64_t position() const { return index_; }

  private:
    std::uint64_t seed_;
    std::uint32_t stream_;
    std::uint32_t lane_;
    std::uint64_t index_ = 0;
    double spare_ = 0.0;
    bool spareFull_ = false;
};

} // namespace penstock::sim

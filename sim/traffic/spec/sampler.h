// SPDX-License-Identifier: Apache-2.0
#pragma once

// Laws made ready to draw from. A length is a function of one standard normal, whatever its law:
// that is what lets prompt and output be correlated by a Gaussian copula, and lets one law change
// without moving the other's draws.
#include "sim/traffic/spec/draw.h"
#include "sim/traffic/spec/laws.h"

#include <cstdint>
#include <vector>

namespace penstock::sim {

// An index with given weights in constant time (Walker's alias method; Vose, 1991).
class WeightedIndex {
  public:
    WeightedIndex() = default;
    explicit WeightedIndex(const std::vector<double>& weights); // not empty, >= 0, sum > 0

    std::uint32_t at(double uniform) const { // uniform in [0, 1)
        const double scaled = uniform * static_cast<double>(keep_.size());
        const auto slot = static_cast<std::uint32_t>(scaled);
        return scaled - slot < keep_[slot] ? slot : other_[slot];
    }
    bool trivial() const { return keep_.size() <= 1; }

  private:
    std::vector<double> keep_;
    std::vector<std::uint32_t> other_;
};

class LengthSampler {
  public:
    explicit LengthSampler(const LengthLaw& law = ConstantLength{});

    bool constant() const { return kind_ == Kind::constant; }
    // The law's quantile at the probability of z under the standard normal, rounded, >= 1.
    std::uint32_t fromNormal(double z) const;
    std::uint32_t draw(const DrawKey& key, Purpose purpose, std::uint64_t number) const {
        return constant() ? fromNormal(0)
                          : fromNormal(normals(key.uniforms(purpose, number)).first);
    }

  private:
    enum class Kind : std::uint8_t { constant, uniform, logNormal, exponential, empirical };
    struct Bin {
        double cumulative; // probability of all bins up to and with this one
        double low;
        double width; // whole numbers in the bin
    };

    Kind kind_ = Kind::constant;
    double a_ = 1;
    double b_ = 0;
    double cap_ = 0;
    std::vector<Bin> bins_;
};

// Two lengths with the given Spearman rank correlation.
class LengthPairSampler {
  public:
    LengthPairSampler(const LengthLaw& prompt, const LengthLaw& output, double rankCorrelation);

    struct Pair {
        std::uint32_t prompt;
        std::uint32_t output;
    };
    Pair draw(const DrawKey& key, std::uint64_t number) const {
        if (constant_) return {prompt_.fromNormal(0), output_.fromNormal(0)};
        const NormalPair z = normals(key.uniforms(Purpose::lengths, number));
        return {prompt_.fromNormal(z.first),
                output_.fromNormal(own_ * z.second + shared_ * z.first)};
    }

  private:
    LengthSampler prompt_;
    LengthSampler output_;
    double shared_;
    double own_;
    bool constant_;
};

class DurationSampler {
  public:
    explicit DurationSampler(const DurationLaw& law = ConstantSeconds{});
    double seconds(const DrawKey& key, Purpose purpose, std::uint64_t number) const;
    std::int64_t ns(const DrawKey& key, Purpose purpose, std::uint64_t number) const {
        return toNs(seconds(key, purpose, number));
    }
    // Saturates far before overflow: a time added to it is still a time.
    static std::int64_t toNs(double seconds) {
        return seconds >= 4e9 ? std::int64_t{4'000'000'000'000'000'000}
                              : static_cast<std::int64_t>(seconds * 1e9 + 0.5);
    }

  private:
    DurationLaw law_;
    WeightedIndex choice_;
};

} // namespace penstock::sim

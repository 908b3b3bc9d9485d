// SPDX-License-Identifier: Apache-2.0
// Turns laws into draws, and knows their means.
#include "sim/traffic/spec/sampler.h"

#include "engine/types/check.h"
#include "sim/traffic/spec/overload.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace penstock::sim {
namespace {

constexpr double kMostSampled = 4e9; // fits 32 bits

double normalCdf(double z) {
    return 0.5 * std::erfc(-z * (1.0 / std::numbers::sqrt2));
}

// Mean of min(X, cap) for X = exp(mu + sigma Z).
double cappedLogNormalMean(double mu, double sigma, double cap) {
    const double mean = std::exp(mu + 0.5 * sigma * sigma);
    if (cap <= 0) return mean;
    if (sigma == 0) return std::min(mean, cap);
    const double d = (std::log(cap) - mu) / sigma;
    return mean * normalCdf(d - sigma) + cap * normalCdf(-d);
}

double weightedMean(const std::vector<double>& values, const std::vector<double>& weights) {
    double sum = 0;
    double total = 0;
    for (std::size_t i = 0; i < values.size(); ++i) {
        const double w = weights.empty() ? 1.0 : weights[i];
        sum += w * values[i];
        total += w;
    }
    return total > 0 ? sum / total : 0;
}

} // namespace

WeightedIndex::WeightedIndex(const std::vector<double>& weights)
    : keep_(weights.size()), other_(weights.size()) {
    PENSTOCK_CHECK(!weights.empty());
    double total = 0;
    for (const double w : weights)
        total += w;
    PENSTOCK_CHECK(total > 0);
    std::vector<std::uint32_t> small;
    std::vector<std::uint32_t> large;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        keep_[i] = weights[i] / total * static_cast<double>(weights.size());
        other_[i] = static_cast<std::uint32_t>(i);
        (keep_[i] < 1 ? small : large).push_back(static_cast<std::uint32_t>(i));
    }
    while (!small.empty() && !large.empty()) {
        const std::uint32_t poor = small.back();
        const std::uint32_t rich = large.back();
        small.pop_back();
        other_[poor] = rich;
        keep_[rich] -= 1 - keep_[poor];
        if (keep_[rich] < 1) {
            large.pop_back();
            small.push_back(rich);
        }
    }
    for (const std::uint32_t i : small)
        keep_[i] = 1; // left over by rounding alone
    for (const std::uint32_t i : large)
        keep_[i] = 1;
}

LengthSampler::LengthSampler(const LengthLaw& law) {
    std::visit(
        Overload{
            [&](const ConstantLength& l) { a_ = l.tokens; },
            [&](const UniformLength& l) {
                kind_ = Kind::uniform;
                a_ = l.minTokens;
                b_ = l.maxTokens - l.minTokens + 1;
                cap_ = l.maxTokens;
            },
            [&](const LogNormalLength& l) {
                kind_ = Kind::logNormal;
                a_ = l.mu;
                b_ = l.sigma;
                cap_ = l.capTokens;
            },
            [&](const ExponentialLength& l) {
                kind_ = Kind::exponential;
                a_ = l.meanTokens;
                cap_ = l.capTokens;
            },
            [&](const EmpiricalLength& l) {
                kind_ = Kind::empirical;
                double total = 0;
                for (const LengthBin& bin : l.bins)
                    total += bin.weight;
                double sum = 0;
                for (const LengthBin& bin : l.bins) {
                    if (bin.weight <= 0) continue;
                    sum += bin.weight / total;
                    bins_.push_back({sum, bin.lowTokens, bin.highTokens - bin.lowTokens + 1});
                }
                PENSTOCK_CHECK(!bins_.empty());
                bins_.back().cumulative = 1;
            },
        },
        law);
    if (cap_ <= 0) cap_ = kMostSampled;
    if (kind_ == Kind::logNormal && b_ == 0) {
        kind_ = Kind::constant;
        a_ = std::min(std::exp(a_), cap_);
    }
}

std::uint32_t LengthSampler::fromNormal(double z) const {
    double tokens = a_;
    switch (kind_) {
    case Kind::constant:
        break;
    case Kind::uniform:
        tokens = std::floor(a_ + b_ * normalCdf(z));
        break;
    case Kind::logNormal:
        tokens = std::exp(a_ + b_ * z);
        break;
    case Kind::exponential:
        tokens = -a_ * std::log(normalCdf(-z));
        break;
    case Kind::empirical: {
        const double u = normalCdf(z);
        const auto bin =
            std::lower_bound(bins_.begin(), bins_.end() - 1, u,
                             [](const Bin& b, double value) { return b.cumulative < value; });
        const double before = bin == bins_.begin() ? 0.0 : (bin - 1)->cumulative;
        const double within = (u - before) / (bin->cumulative - before);
        tokens = bin->low + std::min(std::floor(within * bin->width), bin->width - 1);
        break;
    }
    }
    tokens = std::clamp(tokens, 1.0, cap_);
    return static_cast<std::uint32_t>(tokens + 0.5);
}

// Spearman's rho of a Gaussian copula with correlation r is 6/pi asin(r/2) (Kruskal, 1958).
LengthPairSampler::LengthPairSampler(const LengthLaw& prompt, const LengthLaw& output,
                                     double rankCorrelation)
    : prompt_(prompt), output_(output),
      shared_(2.0 * std::sin(std::numbers::pi * rankCorrelation / 6.0)),
      own_(std::sqrt(std::max(0.0, 1.0 - shared_ * shared_))),
      constant_(prompt_.constant() && output_.constant()) {}

DurationSampler::DurationSampler(const DurationLaw& law) : law_(law) {
    if (const auto* l = std::get_if<ChoiceSeconds>(&law_)) {
        choice_ = WeightedIndex(l->weights.empty() ? std::vector<double>(l->seconds.size(), 1.0)
                                                   : l->weights);
    }
}

double DurationSampler::seconds(const DrawKey& key, Purpose purpose, std::uint64_t number) const {
    return std::visit(
        Overload{
            [&](const ConstantSeconds& l) { return l.seconds; },
            [&](const UniformSeconds& l) {
                return l.minSeconds + (l.maxSeconds - l.minSeconds) * key.uniform(purpose, number);
            },
            [&](const ExponentialSeconds& l) {
                return -l.meanSeconds * std::log1p(-key.uniform(purpose, number));
            },
            [&](const LogNormalSeconds& l) {
                const double z = normals(key.uniforms(purpose, number)).first;
                const double value = l.medianSeconds * std::exp(l.sigma * z);
                return l.capSeconds > 0 ? std::min(value, l.capSeconds) : value;
            },
            [&](const ChoiceSeconds& l) {
                return l.seconds[choice_.at(key.uniform(purpose, number))];
            },
            [&](const CycleSeconds& l) { return l.seconds[number % l.seconds.size()]; },
        },
        law_);
}

LogNormalLength logNormalLength(double meanTokens, double cv, double capTokens) {
    const double variance = std::log1p(cv * cv);
    return {std::log(meanTokens) - 0.5 * variance, std::sqrt(variance), capTokens};
}

LogNormalSeconds logNormalSeconds(double meanSeconds, double cv, double capSeconds) {
    const double variance = std::log1p(cv * cv);
    return {meanSeconds * std::exp(-0.5 * variance), std::sqrt(variance), capSeconds};
}

double meanOf(const LengthLaw& law) {
    return std::visit(Overload{
                          [](const ConstantLength& l) { return l.tokens; },
                          [](const UniformLength& l) { return 0.5 * (l.minTokens + l.maxTokens); },
                          [](const LogNormalLength& l) {
                              return cappedLogNormalMean(l.mu, l.sigma, l.capTokens);
                          },
                          [](const ExponentialLength& l) {
                              return l.capTokens > 0
                                         ? l.meanTokens * -std::expm1(-l.capTokens / l.meanTokens)
                                         : l.meanTokens;
                          },
                          [](const EmpiricalLength& l) {
                              std::vector<double> middles;
                              std::vector<double> weights;
                              for (const LengthBin& bin : l.bins) {
                                  middles.push_back(0.5 * (bin.lowTokens + bin.highTokens));
                                  weights.push_back(bin.weight);
                              }
                              return weightedMean(middles, weights);
                          },
                      },
                      law);
}

double meanOf(const DurationLaw& law) {
    return std::visit(
        Overload{
            [](const ConstantSeconds& l) { return l.seconds; },
            [](const UniformSeconds& l) { return 0.5 * (l.minSeconds + l.maxSeconds); },
            [](const ExponentialSeconds& l) { return l.meanSeconds; },
            [](const LogNormalSeconds& l) {
                return cappedLogNormalMean(std::log(l.medianSeconds), l.sigma, l.capSeconds);
            },
            [](const ChoiceSeconds& l) { return weightedMean(l.seconds, l.weights); },
            [](const CycleSeconds& l) { return weightedMean(l.seconds, {}); },
        },
        law);
}

} // namespace penstock::sim

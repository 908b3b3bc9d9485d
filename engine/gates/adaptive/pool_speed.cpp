// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/adaptive/pool_speed.h"

#include <algorithm>
#include <cmath>

namespace penstock {
namespace {

// The speed walks by this share of itself within a second.
constexpr double kRestlessness = 0.2;
// A speed is never believed to be less than this share of what the last answer itself says: the
// filter is linear and would else pass through zero after a sudden stop.
constexpr double kLeastShare = 0.05;
constexpr double kBinsPerLife = 10.0;
constexpr double kLeastBinSeconds = 0.1; // nothing is to be known within less
constexpr double kLifeChange = 2.0;      // by this factor, and the bins are cut anew
constexpr double kForgetLife = 0.02;
// How answers scatter is learned over this many of them.
constexpr double kScatterMemory = 200.0;
constexpr double kLeastScatter = 0.01; // share of the work
constexpr double kFarOut = 3.0;        // standard deviations: a change rather than scatter

double binFor(double life) {
    return std::max(kLeastBinSeconds, life / kBinsPerLife);
}

} // namespace

double PoolSpeed::doubt() const {
    return std::sqrt(std::max(0.0, covariance_[0][0]));
}

// All that is known is that the speed has been about this.
void PoolSpeed::begin(Time now, double life, double work) {
    binSeconds_ = binFor(life);
    binStart_ = now - fromSeconds(std::min(life, binSeconds_));
    speed_.fill(work / life);
    for (Row& row : covariance_)
        row.fill(speed_[0] * speed_[0]);
}

void PoolSpeed::advance(Time now) {
    const double elapsed = toSeconds(now - binStart_);
    if (elapsed < binSeconds_) return;
    const double whole = std::floor(elapsed / binSeconds_);
    binStart_ += fromSeconds(whole * binSeconds_);
    const auto shifts = static_cast<std::size_t>(std::min(whole, static_cast<double>(kBins)));
    for (std::size_t shift = 0; shift < shifts; ++shift) {
        for (std::size_t i = kBins - 1; i > 0; --i) {
            speed_[i] = speed_[i - 1];
            for (std::size_t j = kBins - 1; j > 0; --j)
                covariance_[i][j] = covariance_[i - 1][j - 1];
        }
        // The new bin is as the one before it, but for the walk.
        for (std::size_t j = 1; j < kBins; ++j)
            covariance_[0][j] = covariance_[j][0] = covariance_[1][j];
        const double walk = kRestlessness * speed_[0];
        covariance_[0][0] = covariance_[1][1] + walk * walk * binSeconds_;
    }
}

PoolSpeed::Row PoolSpeed::secondsInBins(Time now, double life) const {
    Row seconds{};
    double bin = toSeconds(now - binStart_);
    for (std::size_t i = 0; i + 1 < kBins && life > 0.0; ++i) {
        seconds[i] = std::min(life, bin);
        life -= seconds[i];
        bin = binSeconds_;
    }
    seconds[kBins - 1] = std::max(0.0, life);
    return seconds;
}

void PoolSpeed::answered(Time now, Duration latency, double work) {
    if (latency <= Duration::zero() || work <= 0.0) return;
    const double life = toSeconds(latency);
    ++answers_;
    if (answers_ == 1) {
        life_ = life;
        begin(now, life, work);
        return;
    }
    life_ += std::max(kForgetLife, 1.0 / answers_) * (life - life_);
    const double wanted = binFor(life_);
    if (wanted > kLifeChange * binSeconds_ || wanted * kLifeChange < binSeconds_) {
        begin(now, life_, speed_[0] * life_);
    }
    advance(now);

    const Row seconds = secondsInBins(now, life);
    Row gain{}; // covariance x seconds
    double expected = 0.0;
    double known = 0.0; // variance of what is expected
    for (std::size_t j = 0; j < kBins; ++j) {
        if (seconds[j] <= 0.0) continue; // most of them, of a short answer
        expected += seconds[j] * speed_[j];
        for (std::size_t i = 0; i < kBins; ++i)
            gain[i] += covariance_[j][i] * seconds[j];
    }
    for (std::size_t i = 0; i < kBins; ++i)
        known += seconds[i] * gain[i];
    const double total = known + scatter_ * work * work;
    const double surprise = work - expected;
    const double square = std::min(surprise * surprise, kFarOut * kFarOut * total);
    const double memory = std::min(kScatterMemory, static_cast<double>(answers_));
    scatter_ += (std::max(0.0, square - known) / (work * work) - scatter_) / memory;
    scatter_ = std::max(scatter_, kLeastScatter * kLeastScatter);

    const double least = kLeastShare * work / life;
    for (std::size_t i = 0; i < kBins; ++i)
        speed_[i] = std::max(least, speed_[i] + gain[i] * surprise / total);
    for (std::size_t i = 0; i < kBins; ++i) {
        for (std::size_t j = 0; j < kBins; ++j)
            covariance_[i][j] -= gain[i] * gain[j] / total;
    }
}

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/speed_brake.h"

#include <algorithm>
#include <cmath>

namespace penstock {
namespace {

constexpr double kLearnUpSeconds = 5.0;
constexpr double kLearnDownSeconds = 30.0;
constexpr double kLongestLessonSeconds = 1.0; // of learning, so that a pause teaches nothing

} // namespace

bool SpeedBrake::well() const {
    return pool_.speed() * 0.5 * (1.0 + settings_.slowdown) >= normal_;
}

void SpeedBrake::answered(Time now, Duration latency, std::uint32_t outputTokens) {
    // Once tokens are known, an answer that does not tell them is of another measure.
    tokensKnown_ = tokensKnown_ || outputTokens > 0;
    if (tokensKnown_ && outputTokens == 0) return;
    pool_.answered(now, latency,
                   tokensKnown_ ? static_cast<double>(outputTokens) + settings_.tokenOffset : 1.0);
    if (!pool_.known()) return;
    const double speed = pool_.speed();
    const double seconds = std::clamp(toSeconds(now - lastAnswer_), 0.0, kLongestLessonSeconds);
    lastAnswer_ = now;
    if (normal_ <= 0.0) normal_ = speed;
    const bool brakes = settings_.slowdown > 1.0;
    if (!slow_ && brakes && speed * settings_.slowdown < normal_) {
        slow_ = true;
        from_ = lastWell_;
        until_ = kNever;
    } else if (slow_ && (!brakes || well())) {
        slow_ = false;
        until_ = now;
    }
    if (slow_) return;
    if (well()) lastWell_ = now;
    const double time = speed > normal_ ? kLearnUpSeconds : kLearnDownSeconds;
    normal_ += (speed - normal_) * seconds / (time + seconds);
}

void SpeedBrake::release(Time now) {
    if (!slow_) return;
    slow_ = false;
    until_ = now;
    normal_ = std::sqrt(normal_ * pool_.speed());
}

double SpeedBrake::eased(Time now, double limit, std::int32_t flying) {
    if (slow_) {
        refillFrom_ = flying;
        return 0.0;
    }
    if (!refilling(now) || limit <= refillFrom_) return limit;
    return refillFrom_ +
           (limit - refillFrom_) * toSeconds(now - until_) / toSeconds(settings_.refill);
}

} // namespace penstock

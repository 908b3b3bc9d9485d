// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/adaptive/speed_brake.h"

#include "engine/gates/parts/catalogue.h"

#include <algorithm>
#include <cmath>

namespace penstock {
namespace {

constexpr double kSurely = 1.0; // standard deviations of the pool's speed
constexpr double kLearnUpSeconds = 5.0;
constexpr double kLearnDownSeconds = 30.0;
constexpr double kAcceptSeconds = 300.0; // a slow spell that lasts so long is the new normal
// Before this has passed it is unknown what is normal, and the first guess is as likely too high.
constexpr Duration kFirstNormal = std::chrono::seconds{15};
constexpr Duration kRecheck = std::chrono::milliseconds{200};
constexpr double kLongestLessonSeconds = 1.0; // of learning, so that a pause teaches nothing

} // namespace

bool SpeedBrake::well() const {
    const double regained = 0.5 * (1.0 + settings_.slowdown);
    return pool_.speed() * regained >= normal_ || together_ * regained >= normalTogether_;
}

void SpeedBrake::answered(Time now, Duration latency, std::uint32_t outputTokens,
                          std::int32_t flying) {
    // Once tokens are known, an answer that does not tell them is of another measure.
    tokensKnown_ = tokensKnown_ || outputTokens > 0;
    if (tokensKnown_ && outputTokens == 0) return;
    pool_.answered(now, latency,
                   tokensKnown_ ? static_cast<double>(outputTokens) + settings_.tokenOffset : 1.0);
    if (!pool_.known()) return;
    const double speed = pool_.speed();
    together_ = speed * std::max(1, flying);
    const double seconds = std::clamp(toSeconds(now - lastAnswer_), 0.0, kLongestLessonSeconds);
    lastAnswer_ = now;
    if (normal_ <= 0.0) {
        normal_ = speed;
        normalTogether_ = together_;
        firstKnown_ = now;
    }
    const bool brakes =
        settings_.slowdown > 1.0 && tokensKnown_ && now >= firstKnown_ + kFirstNormal;
    const double surely = speed + kSurely * pool_.doubt();
    if (!slow_ && brakes && surely * settings_.slowdown < normal_ &&
        together_ * settings_.slowdown < normalTogether_) {
        slow_ = true;
        from_ = lastWell_;
        until_ = kNever;
    } else if (slow_ && (!brakes || well())) {
        slow_ = false;
        until_ = now;
    }
    learn(now, speed, seconds);
}

void SpeedBrake::learn(Time now, double speed, double seconds) {
    const auto follow = [seconds](double& normal, double value, double down) {
        const double time = value > normal ? kLearnUpSeconds : down;
        normal += (value - normal) * seconds / (time + seconds);
    };
    if (slow_) {
        follow(normal_, speed, kAcceptSeconds);
        return;
    }
    if (well()) lastWell_ = now;
    const double down = now < firstKnown_ + kFirstNormal ? kLearnUpSeconds : kLearnDownSeconds;
    follow(normal_, speed, down);
    // What a spell has emptied is few by our own will.
    if (together_ > normalTogether_ || !refilling(now)) {
        follow(normalTogether_, together_, down);
    }
}

void SpeedBrake::release(Time now) {
    if (!slow_) return;
    slow_ = false;
    until_ = now;
    normal_ = std::sqrt(normal_ * pool_.speed());
}

Time SpeedBrake::recheckAt(Time at) const {
    return refilling(at) ? at + kRecheck : kNever;
}

void SpeedBrake::parameters(const GateKnobs& show) {
    show("slowdown", settings_.slowdown);
    show("refill", settings_.refill);
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

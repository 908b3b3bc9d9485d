// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/adaptive/gradient.h"

#include "engine/gates/parts/catalogue.h"

#include <algorithm>
#include <cmath>

namespace penstock {
namespace {

constexpr double kFewSamples = 5.0; // before the first step, and between two
constexpr double kRoundsPerFlight = 4.0;
constexpr double kLeastGradient = 0.5;

} // namespace

double GradientGate::limit(Time now) {
    limitAt_ = now;
    return std::max(bounded(0.0), brake_.eased(now, bounded(window_), held()));
}

Time GradientGate::ownRecheckAt() const {
    return brake_.recheckAt(limitAt_);
}

Reason GradientGate::explain(double limit, bool full) const {
    Reason reason = WindowGate::explain(limit, full);
    if (full && brake_.slow()) reason.code = ReasonCode::closedBySlowdown;
    return reason;
}

void GradientGate::onSettled(Time now, const Request&, const AttemptOutcome& outcome) {
    switch (loadSignOf(outcome)) {
    case LoadSign::served:
        break;
    case LoadSign::shed:
    case LoadSign::late:
        if (now - outcome.latency >= lastDecrease_) {
            window_ = bounded(bounded(window_) * settings_.decrease);
            lastDecrease_ = now;
        }
        return;
    case LoadSign::silent:
        return;
    }
    brake_.answered(now, outcome.latency, outcome.outputTokens, held());
    if (!brake_.slow()) learn(now);
}

void GradientGate::learn(Time now) {
    const double speed = brake_.pool().speed();
    if (!(speed > 0.0)) return;
    const double delay = 1.0 / speed;
    const double most = std::max(1.0, settings_.samples);
    seen_ = std::min(seen_ + 1.0, most);
    delay_ += (delay - delay_) / seen_;
    if (base_ > 0.0) {
        const double minutes = toSeconds(now - lastSample_) / 60.0;
        base_ *= 1.0 + settings_.driftPerMinute * std::min(1.0, std::max(0.0, minutes));
    }
    lastSample_ = now;
    if (seen_ >= std::min(kFewSamples, most) && (base_ <= 0.0 || delay_ < base_)) base_ = delay_;
    round_ += 1.0;
    if (base_ > 0.0 && round_ >= std::max(kFewSamples, window_ / kRoundsPerFlight)) step();
}

void GradientGate::step() {
    round_ = 0.0;
    const double gradient = std::clamp(settings_.tolerance * base_ / delay_, kLeastGradient, 1.0);
    const double allowance = used(window_) ? std::sqrt(window_) : 0.0;
    const double target = window_ * gradient + allowance;
    window_ = bounded(window_ + settings_.smoothing * (target - window_));
}

void GradientGate::parameters(ParameterVisitor& visitor) {
    const GateKnobs show{type(), visitor};
    show("min_window", settings_.minWindow);
    show("max_window", settings_.maxWindow);
    show("tolerance", settings_.tolerance);
    show("smoothing", settings_.smoothing);
    show("samples", settings_.samples);
    show("drift", settings_.driftPerMinute);
    show("token_offset", brake_.tokenOffset());
    show("decrease", settings_.decrease);
    brake_.parameters(show);
}

} // namespace penstock

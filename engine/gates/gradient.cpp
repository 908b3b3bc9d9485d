// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/gradient.h"

#include "engine/gates/catalogue.h"

#include <algorithm>
#include <cmath>

namespace penstock {
namespace {

constexpr double kFewSamples = 5.0; // before the first step, and between two
constexpr double kRoundsPerFlight = 4.0;
constexpr double kLeastGradient = 0.5;

} // namespace

double GradientGate::bounded(double window) const {
    const double most = settings_.maxWindow > 0.0 ? settings_.maxWindow
                                                  : static_cast<double>(std::max(1, capacity()));
    return std::clamp(window, std::min(settings_.minWindow, most), most);
}

double GradientGate::limit(Time) {
    return bounded(window_);
}

void GradientGate::settled(Time now, const Request&, const AttemptOutcome& outcome) {
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
    // Once tokens are known, an answer that does not tell them is of another measure.
    tokensKnown_ = tokensKnown_ || outcome.outputTokens > 0;
    if (tokensKnown_ && outcome.outputTokens == 0) return;
    const double tokens =
        tokensKnown_ ? static_cast<double>(outcome.outputTokens) + settings_.tokenOffset : 1.0;
    learn(now, toSeconds(outcome.latency) / tokens);
}

void GradientGate::learn(Time now, double delay) {
    if (!(delay > 0.0)) return;
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
    visitor.number(gateParameter(type(), "min_window"), settings_.minWindow);
    visitor.number(gateParameter(type(), "max_window"), settings_.maxWindow);
    visitor.number(gateParameter(type(), "tolerance"), settings_.tolerance);
    visitor.number(gateParameter(type(), "smoothing"), settings_.smoothing);
    visitor.number(gateParameter(type(), "samples"), settings_.samples);
    visitor.number(gateParameter(type(), "drift"), settings_.driftPerMinute);
    visitor.number(gateParameter(type(), "token_offset"), settings_.tokenOffset);
    visitor.number(gateParameter(type(), "decrease"), settings_.decrease);
}

} // namespace penstock

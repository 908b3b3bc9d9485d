// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/adaptive/aimd.h"

#include "engine/gates/parts/catalogue.h"

#include <algorithm>

namespace penstock {

double AimdGate::bounded(double window) const {
    const double most = settings_.maxWindow > 0.0 ? settings_.maxWindow
                                                  : static_cast<double>(std::max(1, capacity()));
    return std::clamp(window, std::min(settings_.minWindow, most), most);
}

double AimdGate::limit(Time) {
    return bounded(window_);
}

void AimdGate::onSettled(Time now, const Request&, const AttemptOutcome& outcome) {
    const Time sentAt = now - outcome.latency;
    switch (loadSignOf(outcome)) {
    case LoadSign::shed:
        shrink(now, sentAt, settings_.decrease);
        break;
    case LoadSign::late:
        shrink(now, sentAt, settings_.ttlDecrease);
        break;
    case LoadSign::served:
        if (now >= lastDecrease_ + settings_.hold && used(window_)) grow();
        break;
    case LoadSign::silent:
        break;
    }
}

void AimdGate::grow() {
    if (window_ < slowStartUntil_) {
        window_ = bounded(window_ + 1.0);
        return;
    }
    answers_ += 1.0;
    if (answers_ < window_) return;
    answers_ = 0.0;
    window_ =
        bounded(window_ + settings_.increase * (1.0 + settings_.acceleration * quietFlights_));
    quietFlights_ += 1.0;
}

void AimdGate::shrink(Time now, Time sentAt, double factor) {
    if (sentAt < lastDecrease_) return; // of a flight that has been answered for
    window_ = bounded(bounded(window_) * factor);
    slowStartUntil_ = window_;
    answers_ = 0.0;
    quietFlights_ = 0.0;
    lastDecrease_ = now;
}

void AimdGate::parameters(ParameterVisitor& visitor) {
    visitor.number(gateParameter(type(), "min_window"), settings_.minWindow);
    visitor.number(gateParameter(type(), "max_window"), settings_.maxWindow);
    visitor.number(gateParameter(type(), "increase"), settings_.increase);
    visitor.number(gateParameter(type(), "acceleration"), settings_.acceleration);
    visitor.number(gateParameter(type(), "decrease"), settings_.decrease);
    visitor.number(gateParameter(type(), "ttl_decrease"), settings_.ttlDecrease);
    visitor.duration(gateParameter(type(), "hold"), settings_.hold);
}

} // namespace penstock

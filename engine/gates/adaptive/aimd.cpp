// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/adaptive/aimd.h"

#include "engine/gates/parts/catalogue.h"

namespace penstock {

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
    const GateKnobs show{type(), visitor};
    show("min_window", settings_.minWindow);
    show("max_window", settings_.maxWindow);
    show("increase", settings_.increase);
    show("acceleration", settings_.acceleration);
    show("decrease", settings_.decrease);
    show("ttl_decrease", settings_.ttlDecrease);
    show("hold", settings_.hold);
}

} // namespace penstock

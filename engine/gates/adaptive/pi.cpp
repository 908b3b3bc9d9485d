// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/adaptive/pi.h"

#include "engine/gates/parts/catalogue.h"

#include <algorithm>

namespace penstock {
namespace {

// How often a closed controller is asked again, and the longest step it takes at once: after a
// pause it is unknown what the error was meanwhile.
constexpr Duration kReadingStep = std::chrono::milliseconds{200};
constexpr Duration kLongestStep = std::chrono::seconds{1};

} // namespace

double PiGate::steer(Time now, const View& view) {
    const double most = places();
    const double error = settings_.target - view.expected;
    const double perError = gain_ / view.perRequest;
    const Duration elapsed = std::clamp(now - steeredAt_, Duration::zero(), kLongestStep);
    const double step =
        perError * error * toSeconds(elapsed) / std::max(1e-3, toSeconds(integralTime_));
    steeredAt_ = now;

    const double before = perError * error + integral_;
    const bool pinnedHigh = before >= most || !used(std::clamp(before, 0.0, most));
    const bool pinnedLow = before <= 0.0;
    if (!(step > 0.0 ? pinnedHigh : pinnedLow)) {
        integral_ = std::clamp(integral_ + step, 0.0, most);
    }
    rising_ = error > 0.0;
    return perError * error + integral_;
}

Time PiGate::ownRecheckAt() const {
    const Time reading = SaturationWindowGate::ownRecheckAt();
    return rising_ ? std::min(reading, steeredAt_ + kReadingStep) : reading;
}

void PiGate::parameters(ParameterVisitor& visitor) {
    const GateKnobs show{type(), visitor};
    commonParameters(show);
    show("gain", gain_);
    show("integral_time", integralTime_);
}

} // namespace penstock

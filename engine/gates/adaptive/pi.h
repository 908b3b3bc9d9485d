// SPDX-License-Identifier: Apache-2.0
#pragma once

// A proportional-integral controller of the pool's saturation, with its dead time predicted away.
//
// The controlled variable is saturation, the actuator the number of requests in flight. A plain PI
// loop around a reading that is seconds old must be slow or it oscillates: its gain is bounded by
// the dead time. Smith (1957) feeds back the plant's model without the dead time, corrected by what
// the delayed measurement says of the model's error: here S + k (F - F0), the saturation expected
// now (F0 in flight at the sample, k per request). The controller then sees its own effect at once
// and the integral takes out what the model does not know. Gains are per unit of the plant's:
// window = gain e / k + I, dI/dt = gain e / (k T). Anti-windup by conditional integration (Astrom
// and Hagglund, 2006): the integral stands still while the window is at an end, or is not used.
#include "engine/gates/adaptive/saturation_window_gate.h"

namespace penstock {

class PiGate final : public SaturationWindowGate {
  public:
    struct Settings {
        Steering steering;
        double gain;
        Duration integralTime;
    };
    PiGate(Settings settings, MetricSource& source, CachePolicy cache, WindowOwner owner)
        : SaturationWindowGate(std::move(settings.steering), source, cache, owner),
          gain_(settings.gain), integralTime_(settings.integralTime) {}

    std::string_view type() const override { return "pi"; }
    void parameters(ParameterVisitor& visitor) override;

  protected:
    Time ownRecheckAt() const override;
    double steer(Time now, const View& view) override;

  private:
    double gain_;
    Duration integralTime_;
    double integral_ = 0.0; // requests
    Time steeredAt_{};
    bool rising_ = false; // the window grows by itself as time passes
};

} // namespace penstock

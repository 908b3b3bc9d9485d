// SPDX-License-Identifier: Apache-2.0
#pragma once

// A window steered by delay: it grows while answers come about as fast as they ever did, and
// shrinks by the ratio when they do not.
//
// Little's law makes delay the sign of a queue before anything is refused; TCP Vegas (Brakmo and
// Peterson, 1995) and Netflix's concurrency-limits (its Gradient2 law, 2018) compare the present
// delay with an unloaded one: gradient = tolerance x base / now, in [0.5, 1]; window = window x
// gradient + sqrt(window), smoothed. An LLM's latency is mostly the length of its answer, and is of
// the past: so the delay here is the present time between tokens, by the odometer of pool_speed.h.
// More sequences in a batch slow every token even without a queue, so the tolerance is also the
// slow-down that batch work may cause interactive users. The base is the least smoothed delay seen,
// drifting up slowly so that a changed pool is learned (a long average, as in Gradient2, would take
// sustained overload for the normal state). A slow-down far beyond what our own requests cause is
// other people's burst: then the brake holds (speed_brake.h; only the least window goes on, so that
// answers keep telling), and the window is not unlearned.
#include "engine/gates/adaptive/speed_brake.h"
#include "engine/gates/adaptive/window_gate.h"

namespace penstock {

class GradientGate final : public WindowGate {
  public:
    struct Settings {
        double initialWindow;
        double minWindow;
        double maxWindow; // 0: the capacity
        double tolerance;
        double smoothing;
        double samples; // of the present delay
        double driftPerMinute;
        double decrease; // factor on a refusal, once a flight
        SpeedBrake::Settings brake;
    };
    GradientGate(Settings settings, WindowOwner owner)
        : WindowGate(owner), settings_(settings), brake_(settings.brake),
          window_(settings.initialWindow) {}

    std::string_view type() const override { return "gradient"; }
    void parameters(ParameterVisitor& visitor) override;

    double window() const { return window_; }

  protected:
    double limit(Time now) override;
    Reason explain(double limit, bool full) const override;

  private:
    void onSettled(Time now, const Request& request, const AttemptOutcome& outcome) override;
    Time ownRecheckAt() const override;
    void learn(Time now);
    void step();
    double bounded(double window) const {
        return between(settings_.minWindow, settings_.maxWindow, window);
    }

    Settings settings_;
    SpeedBrake brake_;
    double window_;
    double delay_ = 0.0; // present, smoothed
    double base_ = 0.0;  // unloaded
    double seen_ = 0.0;  // samples so far, up to settings_.samples
    double round_ = 0.0; // samples since the last step
    Time lastSample_{};
    Time limitAt_{};
    Time lastDecrease_{};
};

} // namespace penstock

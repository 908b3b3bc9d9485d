// SPDX-License-Identifier: Apache-2.0
#pragma once

// A window that grows by one for each window's worth of answers and is halved when the pool sheds.
//
// Of all linear rules for sharing a resource of unknown capacity, only additive increase
// with multiplicative decrease converges to a fair and efficient share from any start (Chiu and
// Jain, 1989). The sign of trouble is the router's own refusal, which is as fast as the router's
// view of its pool (50 ms) and much faster than any metric. As in TCP (Jacobson 1988; RFC 5681): a
// flight of refusals is one sign, so a decrease ignores the outcomes of what was sent before it;
// the window doubles each flight until the first decrease (slow start); it does not grow unless it
// is in use, nor for `hold` after a decrease. Model servers answer in seconds, so that +1 a flight
// would take minutes to find a freed pool: as in H-TCP (Leith and Shorten, 2004) the step grows
// with the flights since the last decrease, by `acceleration` for each.
#include "engine/gates/adaptive/window_gate.h"

namespace penstock {

class AimdGate final : public WindowGate {
  public:
    struct Settings {
        double initialWindow;
        double minWindow;
        double maxWindow; // 0: the capacity
        double increase;
        double acceleration;
        double decrease;    // factor on a refusal
        double ttlDecrease; // factor on rejected-ttl-expired
        Duration hold;
    };
    AimdGate(Settings settings, WindowOwner owner)
        : WindowGate(owner), settings_(settings), window_(settings.initialWindow) {}

    std::string_view type() const override { return "aimd"; }
    void parameters(ParameterVisitor& visitor) override;

    double window() const { return window_; }

  protected:
    double limit(Time) override;

  private:
    void onSettled(Time now, const Request& request, const AttemptOutcome& outcome) override;
    void grow();
    void shrink(Time now, Time sentAt, double factor);
    double bounded(double window) const {
        return between(settings_.minWindow, settings_.maxWindow, window);
    }

    Settings settings_;
    double window_;
    double slowStartUntil_ = 1e9; // window at which slow start ends
    double answers_ = 0.0;        // since the last step
    double quietFlights_ = 0.0;   // since the last decrease
    Time lastDecrease_{};
};

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the metric says, less what we have sent since it was sampled.
//
// A threshold on a reading that is 15 s old lets everything through until the next scrape, and then
// nothing: the load of what was let through is in no sample yet. But a sender knows what it sent.
// With S the sampled saturation, F0 what we had in flight then and k the saturation of one request,
// the saturation now is S + k (F - F0), so that target T leaves room for F <= F0 + (T - S) / k: a
// limit that stands still between samples and is used up by sending. (The idea is old: credit-based
// flow control; YARN and Kubernetes schedulers that count pods they placed but have not seen yet;
// the Smith predictor of pi.h is its dynamic form.) What the others do between two samples stays
// unknown; `surge` keeps back a share of the load by which they exceeded the present sample within
// `surge_window`, for traffic that comes and goes faster than it is measured.
#include "engine/gates/adaptive/saturation_window_gate.h"

namespace penstock {

class HeadroomGate final : public SaturationWindowGate {
  public:
    struct Settings {
        Steering steering;
        double surge;
        Duration surgeWindow;
    };
    HeadroomGate(Settings settings, MetricSource& source, CachePolicy cache, WindowOwner owner)
        : SaturationWindowGate(std::move(settings.steering), source, cache, owner),
          surge_(settings.surge), surgeWindow_(settings.surgeWindow) {}

    std::string_view type() const override { return "headroom"; }
    void parameters(ParameterVisitor& visitor) override;

  protected:
    double steer(Time now, const View& view) override;

  private:
    double surge_;
    Duration surgeWindow_;
};

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
#pragma once

// The operator's own PromQL: its first sample is the budget.
#include "engine/gates/parts/metric_gate.h"

#include <string>

namespace penstock {

class PrometheusQueryGate final : public MetricGate {
  public:
    struct Settings {
        std::string query;
        double fallback = 0.0; // a budget
    };
    PrometheusQueryGate(Settings settings, MetricSource& source, CachePolicy cache);

    std::string_view type() const override { return "prometheus-query"; }
    void parameters(ParameterVisitor& visitor) override;

  private:
    Time ownRecheckAt() const override { return reading_.expiresAt(); }
    Observation observe(Time now) override { return plain(reading_, now); }
    double closingPoint() const override { return 0.0; }
    double fallbackBudget() const override { return fallback_; }

    double fallback_;
    CachedReading reading_;
};

} // namespace penstock

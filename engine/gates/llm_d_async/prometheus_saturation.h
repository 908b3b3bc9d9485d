// SPDX-License-Identifier: Apache-2.0
#pragma once

// Closed at and above a saturation of the pool, which may exceed 1. Note the polarity: the fallback
// is a saturation, so that the default of 0 opens the gate when Prometheus is silent.
// Source: llm-d-async, gate_factory.go and NewSaturationDispatchGate.
#include "engine/gates/parts/metric_gate.h"

#include <string>

namespace penstock {

class PrometheusSaturationGate final : public MetricGate {
  public:
    struct Settings {
        std::string pool;
        std::string nameSpace; // empty: no matcher
        std::string metric;
        bool effectiveStage = false; // of a series for each stage, the effective one
        double threshold = 0.8;
        double fallback = 0.0; // a saturation
    };
    PrometheusSaturationGate(Settings settings, MetricSource& source, CachePolicy cache);

    std::string_view type() const override { return "prometheus-saturation"; }
    void parameters(ParameterVisitor& visitor) override;

    static std::string query(const Settings& settings);

  private:
    Time ownRecheckAt() const override { return reading_.expiresAt(); }
    Observation observe(Time now) override { return plain(reading_, now); }
    double closingPoint() const override { return 1.0 - settings_.threshold; }
    double fallbackBudget() const override { return budgetWithoutReading(settings_.fallback); }

    Settings settings_;
    CachedReading reading_;
};

} // namespace penstock

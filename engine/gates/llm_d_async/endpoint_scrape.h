// SPDX-License-Identifier: Apache-2.0
#pragma once

// A budget without Prometheus: scrapes a model server or router directly. The value is a share or,
// with max_count_per_pod, a count to be divided by the capacity (per pod, times the ready pods that
// a second endpoint tells). Fails closed by default.
// Source: llm-d-async, scrape_metric_source.go.
#include "engine/gates/parts/metric_gate.h"

#include <memory>
#include <optional>

namespace penstock {

class EndpointScrapeGate final : public MetricGate {
  public:
    struct Settings {
        MetricQuery value;
        MetricQuery pods; // text or url empty: max_count_per_pod is the whole capacity
        double maxCountPerPod = 0.0;
        double baseline = 0.0;
        double fallback = 0.0; // a budget
        bool valueIsBudget = false;
        std::optional<double> absentValue; // counts where there is an answer without the series
    };
    EndpointScrapeGate(Settings settings, MetricSource& source, CachePolicy cache);

    std::string_view type() const override { return "endpoint-scrape"; }
    void parameters(ParameterVisitor& visitor) override;

  private:
    Time ownRecheckAt() const override;
    Observation observe(Time now) override;
    double closingPoint() const override { return baseline_; }
    double fallbackBudget() const override { return fallback_; }

    double maxCountPerPod_;
    double baseline_;
    double fallback_;
    bool valueIsBudget_;
    std::optional<double> absentValue_;
    CachedReading value_;
    std::unique_ptr<CachedReading> pods_;
};

} // namespace penstock

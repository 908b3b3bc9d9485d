// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the pool says of itself: the router's gauges, exported every few seconds, and each model
// server's own, live at its scrape. Names as llm-d-router and vLLM export them, so that the gates'
// query text works unchanged.
#include "sim/metrics/metric_path.h"
#include "sim/router/router.h"
#include "sim/scenario/scenario.h"

#include <memory>
#include <string>
#include <vector>

namespace penstock::sim {

class RouterGauges final : public GaugeSource {
  public:
    // Who asks: the router's own exporter, or an onlooker that must leave no trace in the run.
    enum class Asker { exporter, onlooker };

    // Adds the router's target to the path. The path and the router outlive this.
    RouterGauges(MetricPath& path, Router& router, const Scenario& scenario,
                 Asker asker = Asker::exporter);
    void collect(Time now, GaugeSink& sink) override;
    TargetId target() const { return target_; }

  private:
    GaugeHandle declare(const std::string& name, const Labels& labels);
    void setAll(GaugeSink& sink, const std::vector<GaugeHandle>& handles, double value);

    MetricPath& path_;
    Router& router_;
    const Scenario& scenario_;
    Asker asker_;
    TargetId target_ = 0;
    std::vector<GaugeHandle> saturation_; // under each name that the router uses
    std::vector<GaugeHandle> queueSize_;
    std::vector<GaugeHandle> queueBytes_;
    std::vector<GaugeHandle> readyPods_;
    std::vector<GaugeHandle> averageQueue_;
    std::vector<GaugeHandle> averageKv_;
    std::vector<std::vector<GaugeHandle>> perPodQueue_; // by endpoint
};

class ReplicaGauges final : public GaugeSource {
  public:
    ReplicaGauges(MetricPath& path, const Router& router, std::size_t endpoint,
                  const Scenario& scenario);
    void collect(Time now, GaugeSink& sink) override;
    TargetId target() const { return target_; }

  private:
    const Router& router_;
    std::size_t endpoint_;
    TargetId target_ = 0;
    GaugeHandle running_ = 0;
    GaugeHandle waiting_ = 0;
    GaugeHandle kv_ = 0;
};

} // namespace penstock::sim

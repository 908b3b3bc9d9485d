// SPDX-License-Identifier: Apache-2.0
#pragma once

// The MetricSource port over the simulated metric path: gates' exact query text against the
// simulated Prometheus, or a direct scrape of a simulated endpoint. Answers come at once; how old
// they are is the whole point.
#include "engine/ports/metric_source.h"
#include "sim/metrics/metric_path.h"

#include <string>
#include <unordered_map>

namespace penstock::sim {

class SimulatedMetricSource final : public MetricSource {
  public:
    SimulatedMetricSource(MetricPath& path, Loop& loop) : path_(path), loop_(loop) {}

    void read(const MetricQuery& query, std::uint32_t tag, MetricListener& listener) override;

    // Parses without asking, so that a query that cannot be evaluated is an error before the run.
    Result<Shape> shapeOf(const MetricQuery& query) const override;

  private:
    Reading ask(const MetricQuery& query);
    Reading scrape(const MetricQuery& query);

    MetricPath& path_;
    Loop& loop_;
    std::unordered_map<const MetricQuery*, Result<PromEvaluator>> prepared_;
};

} // namespace penstock::sim

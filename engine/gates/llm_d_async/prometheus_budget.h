// SPDX-License-Identifier: Apache-2.0
#pragma once

// The free share of the pool by the first of three queries that answers, less a baseline kept for
// others. A query that fails or finds no sample yields to the next; one that finds NaN does not.
// max_concurrency is per ready pod: the gate closes at max_concurrency x (1 - baseline) per pod.
// Source: llm-d-async, gate_factory.go, cascade_metric_source.go.
#include "engine/gates/parts/metric_gate.h"

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace penstock {

class PrometheusBudgetGate final : public MetricGate {
  public:
    static constexpr std::size_t kQueries = 3;
    struct Settings {
        std::string pool;
        std::string nameSpace;         // empty: no matcher
        double maxConcurrency = 100.0; // > 0, per ready pod
        double baseline = 0.05;
        double fallback = 0.0; // a budget
        // llm_d_epp_* instead of the names before; every replica of the router counts the ready
        // endpoints, so that the most of them is taken.
        bool readsEpp = false;
    };
    PrometheusBudgetGate(Settings settings, MetricSource& source, CachePolicy cache);

    std::string_view type() const override { return "prometheus-budget"; }
    void parameters(ParameterVisitor& visitor) override;

    static std::array<std::string, kQueries> queries(const Settings& settings);

  private:
    Time ownRecheckAt() const override;
    // The three queries for one max_concurrency. It is part of their text, so a moved knob means
    // new queries; old ones stay for their last answers, and for sources that know a query by its
    // address.
    struct Cascade {
        double maxConcurrency;
        std::array<std::unique_ptr<CachedReading>, kQueries> readings;
    };

    Observation observe(Time now) override;
    double closingPoint() const override { return settings_.baseline; }
    double fallbackBudget() const override { return settings_.fallback; }
    void readingArrived(CachedReading& reading) override;
    void useCascade();

    Settings settings_;
    MetricSource& source_;
    CachePolicy cache_;
    std::vector<Cascade> cascades_; // one for every max_concurrency that was ever set
    std::size_t current_ = 0;
};

} // namespace penstock

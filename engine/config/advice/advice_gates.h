// SPDX-License-Identifier: Apache-2.0
#pragma once

// The gates of a policy laid flat: each with its numbers, who owns it, what it reads, and how
// coarsely its owner rounds its budget. Private to the linter.
#include "engine/config/documents/documents.h"
#include "engine/metrics/promql.h"
#include "engine/metrics/promql_expression.h"

namespace penstock::detail {

struct FlatGate {
    std::string type;
    nlohmann::json params;
    std::string path;                    // of its gate_params
    const GateDocument* owner = nullptr; // the outermost gate
    std::string key; // of its gate_params within the owner's: "gates[0].gate_params"
    const QueueDocument* queue = nullptr; // of a queue gate
    const PoolDocument* pool = nullptr;   // that it gates or its queue feeds
    bool waits = false;                   // inside wait-on-refuse: what it refuses waits
    // The owner sends floor(step count x budget): below 1 / steps a budget sends nothing. 0: every
    // budget above 0 lets requests through.
    double steps = 0.0;

    double number(std::string_view name) const; // as given, or the catalogue's default
    std::string text(std::string_view name) const;
    bool has(std::string_view name) const;
    Place place(std::string_view name) const; // of the parameter, else of the gate
    std::string pathOf(std::string_view name) const { return path + "." + std::string(name); }

    bool onPrometheus() const;
    bool onMetric() const { return onPrometheus() || type == "endpoint-scrape"; }
    // Of endpoint-scrape: one reading admits so many, without baseline and fallback.
    bool counted() const { return type == "endpoint-scrape" && text("admission") == "counted"; }
    // The best budget it ever gives, when nothing is loaded.
    double bestBudget() const;
};

// `unknown`: gates whose type is not in the catalogue, or too new for the semantics: open gates,
// which are not among those returned.
std::vector<FlatGate> flatGates(const EngineDocument& engine,
                                std::vector<FlatGate>* unknown = nullptr);

// Least of the best budgets of a queue's own gates; 1 without one.
double bestBudgetOf(const std::vector<FlatGate>& gates, const QueueDocument& queue);

// Every selector of a PromQL text, bare names among them; none if it does not parse.
std::vector<metrics::promql::Node> selectorsOf(std::string_view query);
// The metric that a selector names; empty: it does not name one.
std::string_view metricOf(const metrics::promql::Node& selector);
// The names that each side of a PromQL text's outermost `or`s selects series by; a side without
// any, like vector(0), always answers.
std::vector<std::vector<std::string>> sidesOf(std::string_view query);

// Series that the gate reads, alternatives in the order in which it tries them.
std::vector<std::vector<std::string>> seriesOf(const FlatGate& gate, const Semantics& semantics);

} // namespace penstock::detail

// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the rules of the linter share: the policy, the facts, the gates laid flat, and the findings.
// Private to the linter; each file of rules has one class over it and one function.
#include "engine/config/advice/advice.h"
#include "engine/config/advice/advice_gates.h"
#include "engine/types/budget.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace penstock::detail {

// A number in the fewest digits that tell it: 85, 0.7, 9.6, 30000.
inline std::string num(double value) {
    const bool large = std::abs(value) >= 1e4 && std::abs(value) < 1e15;
    return large ? fmt::format("{:.0f}", value) : fmt::format("{:.4g}", value);
}
inline std::string seconds(Duration d) {
    return num(toSeconds(d)) + " s";
}

class Rules {
  public:
    Rules(const EngineDocument& engine, const PoolFacts& facts, std::vector<Finding>& found)
        : engine_(engine), facts_(facts), gates_(flatGates(engine)),
          rate_(engine.semantics.budgetMeans == Semantics::BudgetMeans::ratePerPoll),
          found_(found) {}

  protected:
    void add(std::string_view code, Severity severity, std::string path, Place place,
             std::string computed, std::string remedy) {
        found_.push_back({std::string(code), severity, std::move(path), std::move(place),
                          std::move(computed), std::move(remedy)});
    }
    void add(std::string_view code, Severity severity, const FlatGate& gate,
             std::string_view parameter, std::string computed, std::string remedy) {
        add(code, severity, gate.pathOf(parameter), gate.place(parameter), std::move(computed),
            std::move(remedy));
    }

    // Budget below which the owner sends nothing.
    static double leastBudget(const FlatGate& gate) {
        return gate.steps > 0.0 ? 1.0 / gate.steps : 0.0;
    }

    // Shut whatever the pool does: its other numbers mean nothing then.
    bool shutWhenIdle(const FlatGate& gate) const {
        const bool judged = gate.type == "prometheus-saturation" ||
                            gate.type == "prometheus-budget" || gate.type == "endpoint-scrape";
        if (!judged) return false;
        const double best = gate.bestBudget();
        return gate.steps > 0.0 ? gate.steps * best < 1.0 : best <= 0.0;
    }

    // Are all of these series there? Requires facts_.metrics.
    bool exported(const std::vector<std::string>& names) const {
        return std::all_of(names.begin(), names.end(), [this](const std::string& series) {
            const auto& all = *facts_.metrics;
            return std::find(all.begin(), all.end(), series) != all.end();
        });
    }

    // Which of the three sources of prometheus-budget answers; nullopt: not known.
    std::optional<std::size_t> budgetSource(const FlatGate& gate) const {
        if (!facts_.metrics) return std::nullopt;
        const auto sources = seriesOf(gate, engine_.semantics);
        for (std::size_t i = 0; i < sources.size(); ++i) {
            if (exported(sources[i])) return i;
        }
        return std::nullopt;
    }

    const EngineDocument& engine_;
    const PoolFacts& facts_;
    std::vector<FlatGate> gates_;
    bool rate_;

  private:
    std::vector<Finding>& found_;
};

void reachRules(const EngineDocument& engine, const PoolFacts& facts, std::vector<Finding>& found);
void metricRules(const EngineDocument& engine, const PoolFacts& facts, std::vector<Finding>& found);
void readingRules(const EngineDocument& engine, const PoolFacts& facts,
                  std::vector<Finding>& found);
void seriesRules(const EngineDocument& engine, const PoolFacts& facts, std::vector<Finding>& found);
void waitingRules(const EngineDocument& engine, const PoolFacts& facts,
                  std::vector<Finding>& found);
void flowRules(const EngineDocument& engine, const PoolFacts& facts, std::vector<Finding>& found);

} // namespace penstock::detail

// SPDX-License-Identifier: Apache-2.0
// Selectors against the labels that the series really have: a gate that asks for another pool,
// namespace, model or job is answered with nothing, for ever.
#include "engine/config/advice/advice_rules.h"
#include "engine/types/suggest.h"

#include <fmt/ranges.h>

namespace penstock::detail {
namespace {

using metrics::promql::Matcher;

class SeriesRules final : private Rules {
  public:
    using Rules::Rules;

    void run() {
        if (facts_.series.empty()) return;
        for (const FlatGate& gate : gates_) {
            if (gate.type == "prometheus-query") {
                for (const auto& selector : selectorsOf(gate.text("query"))) {
                    matchers(gate, "query", metricOf(selector), selector.matchers);
                }
            } else if (gate.type == "endpoint-scrape") {
                scrape(gate, "metric", "labels");
                if (gate.has("pods_metric")) scrape(gate, "pods_metric", "pods_labels");
            } else if (gate.onPrometheus()) {
                named(gate);
            }
        }
    }

  private:
    // The gates that build their queries from a pool's name and a namespace.
    void named(const FlatGate& gate) {
        // The series that answers: the first of those that there are.
        std::string metric;
        for (const auto& names : seriesOf(gate, engine_.semantics)) {
            if (metric.empty() && facts_.metrics && exported(names)) metric = names.front();
        }
        if (metric.empty()) return;
        const bool flow =
            metric.find("flow_control") != std::string::npos || metric.starts_with("vllm:");
        const std::string label = flow ? "inference_pool" : "name";
        if (gate.has("pool")) {
            matchers(gate, "pool", metric, {{Matcher::Kind::equal, label, gate.text("pool"), {}}});
        }
        if (const std::string space = gate.text("namespace"); !space.empty()) {
            matchers(gate, "namespace", metric, {{Matcher::Kind::equal, "namespace", space, {}}});
        }
    }

    void matchers(const FlatGate& gate, std::string_view parameter, std::string_view metric,
                  const std::vector<Matcher>& matchers) {
        for (const Matcher& matcher : matchers) {
            if (matcher.name == metrics::kMetricName) continue;
            const SeriesFact* any = nullptr;
            bool met = false;
            for (const SeriesFact& fact : facts_.series) {
                if (!metric.empty() && fact.metric != metric) continue;
                any = &fact;
                met = met || meets(fact, matcher, true);
            }
            if (any != nullptr && !met) tell(gate, parameter, *any, matcher, true);
        }
    }

    static const SeriesFact::LabelValues* find(const SeriesFact& fact, std::string_view label,
                                               bool scraped) {
        for (const auto& values : fact.own) {
            if (values.label == label) return &values;
        }
        if (!scraped) return nullptr;
        for (const auto& values : fact.ofTarget) {
            if (values.label == label) return &values;
        }
        return nullptr;
    }

    static bool meets(const SeriesFact& fact, const Matcher& matcher, bool scraped) {
        const auto* values = find(fact, matcher.name, scraped);
        if (values == nullptr) return matcher.matches("");
        if (values->values.empty()) return true;
        return std::any_of(values->values.begin(), values->values.end(),
                           [&](const std::string& value) { return matcher.matches(value); });
    }

    void tell(const FlatGate& gate, std::string_view parameter, const SeriesFact& fact,
              const Matcher& matcher, bool scraped) {
        const auto* values = find(fact, matcher.name, scraped);
        const bool saturation = gate.type == "prometheus-saturation";
        const double fallback = gate.number("fallback");
        const double budget = saturation ? budgetWithoutReading(fallback) : clampUnit(fallback);
        add("matches-nothing", Severity::error, gate, parameter,
            fmt::format("No series of {} has {} \"{}\": {}. The gate runs on its fallback {} for "
                        "ever and is always {}.",
                        fact.metric, matcher.name, matcher.value,
                        values == nullptr
                            ? "here it has no such label"
                            : fmt::format("there it is {}", fmt::join(values->values, ", ")),
                        num(fallback), budget > 0.0 ? "open" : "closed"),
            values == nullptr
                ? fmt::format("Leave {} out, or see that the series carry it.", matcher.name)
                : fmt::format("Write \"{}\".", values->values.front()));
    }

    void scrape(const FlatGate& gate, std::string_view metricKey, std::string_view labelsKey) {
        const std::string metric = gate.text(metricKey);
        std::vector<const SeriesFact*> there;
        std::vector<std::string_view> names;
        for (const SeriesFact& fact : facts_.series) {
            names.push_back(fact.metric);
            if (fact.metric == metric) there.push_back(&fact);
        }
        if (there.empty()) {
            const std::string_view near = closestName(metric, names);
            add("metric-not-exported", Severity::error, gate, metricKey,
                fmt::format(
                    "No endpoint here exports {}; the gate runs on its fallback {} for ever.",
                    metric, num(gate.number("fallback"))),
                near.empty() ? std::string("Name a metric that the endpoint exports.")
                             : fmt::format("There is {}; write it so if that is meant.", near));
            return;
        }
        const auto found = gate.params.find(labelsKey);
        if (found == gate.params.end()) return;
        const auto labels =
            found->is_string()
                ? nlohmann::json::parse(found->get_ref<const std::string&>(), nullptr, false)
                : *found;
        if (!labels.is_object()) return;
        for (const auto& [label, value] : labels.items()) {
            const Matcher matcher{Matcher::Kind::equal,
                                  label,
                                  value.is_string() ? value.get<std::string>() : value.dump(),
                                  {}};
            const bool met = std::any_of(there.begin(), there.end(), [&](const SeriesFact* fact) {
                return meets(*fact, matcher, false);
            });
            if (!met) tell(gate, labelsKey, *there.front(), matcher, false);
        }
    }
};

} // namespace

void seriesRules(const EngineDocument& engine, const PoolFacts& facts,
                 std::vector<Finding>& found) {
    SeriesRules(engine, facts, found).run();
}

} // namespace penstock::detail

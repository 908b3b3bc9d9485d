// SPDX-License-Identifier: Apache-2.0
#include "engine/config/advice/advice_gates.h"

#include "engine/gates/parts/catalogue.h"
#include "engine/types/budget.h"
#include "engine/types/check.h"
#include "engine/types/go_number.h"

#include <fmt/format.h>

#include <algorithm>

namespace penstock::detail {
namespace {

using nlohmann::json;

std::optional<double> asNumber(const json& value) {
    if (value.is_number()) return value.get<double>();
    if (!value.is_string()) return std::nullopt;
    const auto& text = value.get_ref<const std::string&>();
    return goFloat(text);
}

// An object or list given as such, or as a string of JSON.
json structured(const json& value) {
    if (!value.is_string()) return value;
    return json::parse(value.get_ref<const std::string&>(), nullptr, false);
}

class Walk {
  public:
    Walk(const Semantics& semantics, std::vector<FlatGate>& out, std::vector<FlatGate>* unknown)
        : semantics_(semantics), out_(out), unknown_(unknown) {}

    void add(FlatGate gate, int depth = 0) {
        const GateDescription* known = findGate(gate.type);
        if (known != nullptr && known->since > semantics_.gatesOfRelease) known = nullptr;
        if (known == nullptr && unknown_ != nullptr) unknown_->push_back(gate);
        if (known == nullptr || depth > 8) return;
        if (!gate.params.is_object()) gate.params = json::object();
        const FlatGate outer = gate;
        out_.push_back(std::move(gate));
        for (const GateParameter& parameter : known->parameters) {
            const std::string name(parameter.spec.name);
            if (!outer.params.contains(name)) continue;
            const json value = structured(outer.params[name]);
            if (parameter.kind == GateParameter::Kind::gate) {
                inner(outer, value, name, depth);
            } else if (parameter.kind == GateParameter::Kind::gates && value.is_array()) {
                for (std::size_t i = 0; i < value.size(); ++i) {
                    inner(outer, value[i], fmt::format("{}[{}]", name, i), depth);
                }
            } else if (parameter.kind == GateParameter::Kind::params) {
                FlatGate gated = below(outer, name);
                gated.type = outer.text("saturation_gate");
                gated.params = value;
                add(std::move(gated), depth + 1);
            }
        }
    }

  private:
    static FlatGate below(const FlatGate& outer, const std::string& key) {
        FlatGate gate = outer;
        gate.path += "." + key;
        gate.key += (gate.key.empty() ? "" : ".") + key;
        return gate;
    }
    void inner(const FlatGate& outer, const json& value, const std::string& key, int depth) {
        if (!value.is_object() && !value.is_null()) return;
        FlatGate gate = below(outer, key + ".gate_params");
        gate.waits = outer.waits || outer.type == "wait-on-refuse";
        const bool typed = value.contains("gate_type") && value["gate_type"].is_string();
        gate.type = typed ? value["gate_type"].get<std::string>() : "";
        gate.params =
            value.contains("gate_params") ? structured(value["gate_params"]) : json::object();
        add(std::move(gate), depth + 1);
    }

    const Semantics& semantics_;
    std::vector<FlatGate>& out_;
    std::vector<FlatGate>* unknown_;
};

} // namespace

bool FlatGate::has(std::string_view parameter) const {
    const auto found = params.find(parameter);
    return found != params.end() && !found->is_null();
}

double FlatGate::number(std::string_view parameter) const {
    if (const auto found = params.find(parameter); found != params.end()) {
        if (const auto value = asNumber(*found)) return *value;
    }
    return gateParameter(type, parameter).defaultValue;
}

std::string FlatGate::text(std::string_view parameter) const {
    const auto found = params.find(parameter);
    return found != params.end() && found->is_string() ? found->get<std::string>() : "";
}

Place FlatGate::place(std::string_view parameter) const {
    std::string at = key.empty() ? std::string(parameter) : fmt::format("{}.{}", key, parameter);
    while (!at.empty()) {
        if (const auto found = owner->places.find(at); found != owner->places.end()) {
            return found->second;
        }
        const std::size_t cut = at.find_last_of(".[");
        at = cut == std::string::npos ? "" : at.substr(0, cut);
    }
    return owner->place;
}

bool FlatGate::onPrometheus() const {
    return type.starts_with("prometheus-");
}

double FlatGate::bestBudget() const {
    // The gates' own arithmetic: 1 - (1 - 0.1) is less than 0.1, and floor() tells the difference.
    if (type == "prometheus-saturation") return budgetAbove(1.0, 1.0 - number("threshold"));
    if (type == "prometheus-budget" || type == "endpoint-scrape") {
        return budgetAbove(1.0, number("baseline"));
    }
    return 1.0;
}

std::vector<FlatGate> flatGates(const EngineDocument& engine, std::vector<FlatGate>* unknown) {
    std::vector<FlatGate> out;
    Walk walk(engine.semantics, out, unknown);
    const bool rate = engine.semantics.budgetMeans == Semantics::BudgetMeans::ratePerPoll;
    for (const QueueDocument& queue : engine.transport.queues) {
        const PoolDocument* pool = engine.findPool(queue.pool);
        if (!queue.gate || pool == nullptr) continue;
        FlatGate gate{queue.gate->type,
                      queue.gate->params,
                      queue.gate->path + ".gate_params",
                      &*queue.gate,
                      "",
                      &queue,
                      pool,
                      false,
                      0.0};
        gate.steps = rate ? engine.batchSize() : pool->workers;
        walk.add(std::move(gate));
    }
    for (const PoolDocument& pool : engine.pools) {
        if (!pool.gate) continue;
        FlatGate gate{pool.gate->type,
                      pool.gate->params,
                      pool.gate->path + ".gate_params",
                      &*pool.gate,
                      "",
                      nullptr,
                      &pool,
                      false,
                      0.0};
        gate.steps = rate ? 0.0 : pool.workers;
        walk.add(std::move(gate));
    }
    return out;
}

double bestBudgetOf(const std::vector<FlatGate>& gates, const QueueDocument& queue) {
    double best = 1.0;
    for (const FlatGate& gate : gates) {
        if (gate.queue == &queue) best = std::min(best, gate.bestBudget());
    }
    return best;
}

std::vector<metrics::promql::Node> selectorsOf(std::string_view query) {
    std::vector<metrics::promql::Node> out;
    const auto parsed = metrics::PromQuery::parse(query);
    if (!parsed) return out;
    using Kind = metrics::promql::Node::Kind;
    for (const metrics::promql::Node& node : parsed->expression()->nodes) {
        if (node.kind == Kind::selector || node.kind == Kind::range) out.push_back(node);
    }
    return out;
}

std::string_view metricOf(const metrics::promql::Node& selector) {
    for (const metrics::promql::Matcher& matcher : selector.matchers) {
        const bool equal = matcher.kind == metrics::promql::Matcher::Kind::equal;
        if (equal && matcher.name == metrics::kMetricName) return matcher.value;
    }
    return {};
}

namespace {
// What each side of the outermost `or`s reads: the first side that gives samples answers.
void addSides(const metrics::promql::Expression& of, metrics::promql::Node::Index index,
              std::vector<std::vector<std::string>>& out, bool within) {
    using Node = metrics::promql::Node;
    const Node& node = of.nodes[index];
    const bool either = node.kind == Node::Kind::binary && node.op == metrics::promql::Op::setOr;
    if (either && within) return; // one of them may be missing
    if (!either && !within) out.emplace_back();
    if (node.kind == Node::Kind::selector || node.kind == Node::Kind::range) {
        if (const auto name = metricOf(node); !name.empty()) out.back().emplace_back(name);
    }
    for (std::size_t i = 0; i < node.childCount; ++i)
        addSides(of, node.children[i], out, !either);
}
} // namespace

std::vector<std::vector<std::string>> sidesOf(std::string_view query) {
    std::vector<std::vector<std::string>> out;
    const auto parsed = metrics::PromQuery::parse(query);
    if (!parsed) return {{}};
    const auto& expression = *parsed->expression();
    const auto root = static_cast<metrics::promql::Node::Index>(expression.nodes.size() - 1);
    addSides(expression, root, out, false);
    return out;
}

std::vector<std::vector<std::string>> seriesOf(const FlatGate& gate, const Semantics& semantics) {
    if (gate.type == "prometheus-saturation") {
        const std::string own = gate.text("metric");
        return {{own.empty() ? semantics.saturationMetric : own}};
    }
    if (gate.type == "prometheus-budget" && semantics.budgetReadsEpp) {
        return {{"llm_d_epp_flow_control_queue_size", "llm_d_epp_ready_endpoints"},
                {"llm_d_epp_per_endpoint_queue_size"},
                {"vllm:num_requests_running", "llm_d_epp_ready_endpoints"}};
    }
    if (gate.type == "prometheus-budget") {
        return {{"inference_extension_flow_control_queue_size", "inference_pool_ready_pods"},
                {"inference_pool_per_pod_queue_size"},
                {"vllm:num_requests_running", "inference_pool_ready_pods"}};
    }
    if (gate.type == "prometheus-query") return sidesOf(gate.text("query"));
    return {};
}

} // namespace penstock::detail

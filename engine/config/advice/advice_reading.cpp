// SPDX-License-Identifier: Apache-2.0
// Gates as llm-d-async reads them: what it does not know, and with what it runs instead.
#include "engine/config/advice/advice_rules.h"
#include "engine/gates/parts/catalogue.h"
#include "engine/types/go_number.h"
#include "engine/types/suggest.h"

#include <fmt/ranges.h>

#include <cmath>

namespace penstock::detail {
namespace {

using Kind = GateParameter::Kind;

class ReadingRules final : private Rules {
  public:
    ReadingRules(const EngineDocument& engine, const PoolFacts& facts, std::vector<Finding>& found)
        : Rules(engine, facts, found) {
        flatGates(engine, &unknown_);
    }

    void run() {
        for (const FlatGate& gate : gates_)
            query(gate);
        if (!engine_.semantics.readsAsGo) return;
        for (const FlatGate& gate : unknown_)
            unknownType(gate);
        for (const FlatGate& gate : gates_) {
            const GateDescription& known = *findGate(gate.type);
            keys(gate, known);
            for (const GateParameter& parameter : known.parameters) {
                if (parameter.since <= engine_.semantics.gatesOfRelease) value(gate, parameter);
            }
        }
    }

  private:
    void unknownType(const FlatGate& gate) {
        std::vector<std::string_view> types;
        for (const GateDescription& known : gateCatalogue()) {
            if (!known.ours && known.since <= engine_.semantics.gatesOfRelease) {
                types.push_back(known.type);
            }
        }
        const GateDescription* later = findGate(gate.type);
        const std::string_view near =
            later != nullptr ? std::string_view{} : closestName(gate.type, types);
        std::string path = gate.path.substr(0, gate.path.rfind("gate_params"));
        add("unknown-gate", Severity::error, path + "gate_type", gate.place(""),
            gate.type.empty()
                ? std::string("There is no gate_type here: llm-d-async takes it for a gate that is "
                              "always open.")
                : fmt::format("{} does not know the gate_type \"{}\" and takes it for a gate that "
                              "is always open, whatever its parameters say.",
                              engine_.semantics.name, gate.type),
            later != nullptr
                ? fmt::format("It is a gate from 0.{} on: run that, or write one of {}.",
                              later->since, fmt::join(types, ", "))
            : near.empty() ? fmt::format("Write one of {}.", fmt::join(types, ", "))
                           : fmt::format("Write \"{}\", if that is meant.", near));
    }

    // The keys of gate_params match by case, unlike all others.
    void keys(const FlatGate& gate, const GateDescription& known) {
        std::vector<std::string_view> names;
        for (const GateParameter& parameter : known.parameters)
            names.push_back(parameter.spec.name);
        for (const auto& [key, given] : gate.params.items()) {
            if (const GateParameter* parameter = findParameter(known, key)) {
                if (parameter->since > engine_.semantics.gatesOfRelease) {
                    add("ignored-key", Severity::error, gate, key,
                        fmt::format("{} does not know the parameter \"{}\" of {}: it ignores it.",
                                    engine_.semantics.name, key, gate.type),
                        fmt::format("It is one from 0.{} on: run that, or take it out.",
                                    parameter->since));
                }
                continue;
            }
            std::string lower = key;
            for (char& c : lower)
                c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
            const std::string_view near = closestName(lower, names);
            const GateParameter* meant = near.empty() ? nullptr : findParameter(known, near);
            const std::string instead =
                meant == nullptr  ? std::string("runs without it")
                : gate.has(near)  ? fmt::format("runs with the {} that is given", near)
                : meant->required ? fmt::format("misses {}", near)
                : defaultText(*meant).empty()
                    ? fmt::format("runs without {}", near)
                    : fmt::format("runs with {} {}, its default", near, defaultText(*meant));
            add("ignored-key", Severity::error, gate, key,
                fmt::format("The gate {} of llm-d-async has no parameter \"{}\": it ignores it and "
                            "{}.",
                            gate.type, key, instead),
                near.empty() ? (names.empty() ? std::string("Take it out: this gate has none.")
                                              : fmt::format("It takes {}.", fmt::join(names, ", ")))
                             : fmt::format("Write \"{}\", if that is meant.", near));
        }
    }

    void value(const FlatGate& gate, const GateParameter& parameter) {
        const std::string name(parameter.spec.name);
        if (!gate.has(name)) return;
        const auto& given = gate.params[name];
        if (parameter.kind == Kind::choice && given.is_string() && !parameter.refusedThere) {
            const auto& word = given.get_ref<const std::string&>();
            const auto& all = parameter.choices;
            if (word.empty() || std::find(all.begin(), all.end(), word) != all.end()) return;
            add("unknown-choice", Severity::error, gate, name,
                fmt::format("llm-d-async does not refuse the word \"{}\" for {}, and takes it for "
                            "none of {}{}.",
                            word, name, fmt::join(all, ", "),
                            gate.type == "redis-quota" ? ": the gate limits nothing" : ""),
                fmt::format("Write one of {}.", fmt::join(all, ", ")));
            return;
        }
        if (parameter.kind != Kind::number || (!given.is_string() && !given.is_number())) return;
        const double number = gate.number(name);
        if (!std::isfinite(number)) {
            notANumber(gate, name, number);
            return;
        }
        if (inRange(parameter.spec, number) || parameter.refusedThere) return;
        add("out-of-range", Severity::warning, gate, name,
            fmt::format("{} is {}, and its range is {}; llm-d-async computes with it all the same.",
                        name, num(number), rangeText(parameter)),
            "Write a value within the range, unless this is meant.");
    }

    void notANumber(const FlatGate& gate, const std::string& name, double number) {
        const bool nan = std::isnan(number);
        const bool saturation = gate.type == "prometheus-saturation";
        std::string does = "every comparison with it fails";
        if (name == "threshold") {
            does = nan || number < 0.0 ? "the gate never opens" : "the gate never closes";
        } else if (name == "baseline") {
            does = "the gate never opens";
        } else if (name == "fallback") {
            const bool open = !nan && (number > 0.0) != saturation;
            does = fmt::format("without a reading the gate is {}", open ? "wide open" : "closed");
        } else if (name == "max_concurrency") {
            does = nan ? "no query of the gate ever gives a number, so that it runs on its fallback"
                       : "the gate never closes";
        }
        add("not-a-number", Severity::error, gate, name,
            fmt::format("{} is {}, which llm-d-async takes for a number: {}.", name,
                        nan ? "NaN" : "infinite", does),
            fmt::format("Write a number in {}.",
                        rangeText(*findParameter(*findGate(gate.type), name))));
    }

    void query(const FlatGate& gate) {
        if (gate.type != "prometheus-query" || !gate.has("query")) return;
        const std::string text =
            gate.params["query"].is_string() ? gate.text("query") : gate.params["query"].dump();
        const auto parsed = metrics::PromQuery::parse(text);
        if (!parsed && metrics::saysUnsupported(parsed.error())) return; // Prometheus may know it
        if (parsed && !parsed->givesScalar()) return;
        add("never-yields", Severity::error, gate, "query",
            parsed
                ? fmt::format("\"{}\" gives a scalar, and a gate reads the first sample of a "
                              "vector: it runs on its fallback {} for ever.",
                              text, num(gate.number("fallback")))
                : fmt::format("Prometheus cannot read the query: {}. It never gives a value, and "
                              "the gate runs on its fallback {} for ever.",
                              parsed.error().message, num(gate.number("fallback"))),
            parsed ? fmt::format("Write vector({}).", text) : std::string("Mend the query."));
    }

    std::vector<FlatGate> unknown_;
};

} // namespace

void readingRules(const EngineDocument& engine, const PoolFacts& facts,
                  std::vector<Finding>& found) {
    ReadingRules(engine, facts, found).run();
}

} // namespace penstock::detail

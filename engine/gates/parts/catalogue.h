// SPDX-License-Identifier: Apache-2.0
#pragma once

// What gates there are: the law of each in a sentence and every parameter with its unit, range,
// default and help. The factory reads its defaults and ranges from here, the documentation's table,
// the JSON Schema and the workbench's knobs are made from here, so that none can drift.
#include "engine/types/parameter.h"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace penstock {

struct GateParameter {
    enum class Kind : std::uint8_t {
        number,
        integer,
        duration, // Go's form in documents ("1m30s"); spec.unit is "s"
        text,
        choice,
        labels, // {string: string}
        gate,   // {"gate_type", "gate_params"}
        gates,  // a list of those
        params, // the gate_params of an inner gate
    };
    ParameterSpec spec; // the range and default count for number, integer and duration
    Kind kind = Kind::number;
    std::string_view defaultText = {};          // of a text or choice
    std::vector<std::string_view> choices = {}; // of a choice
    bool required = false;
    bool live = false;           // may be turned while a run goes on (Gate::parameters)
    bool ours = false;           // llm-d-async does not know it
    bool refusedThere = false;   // llm-d-async too refuses a value out of range
    double whenNaN = 0.0;        // what does what NaN does there, which passes every comparison
    std::int32_t since = 0;      // release 0.N of llm-d-async that first knows it; 0: all do
    std::string_view alias = {}; // another name for the same, of which only one may be given
};

struct GateDescription {
    std::string_view type;
    std::string_view law; // one sentence
    bool ours = false;    // false: as in llm-d-async
    std::vector<GateParameter> parameters;
    bool reserves = false;  // may hold a reservation for a request (Reservations)
    std::int32_t since = 0; // release 0.N of llm-d-async that first knows it; 0: all do
};

// In the order in which documentation lists them.
const std::vector<GateDescription>& gateCatalogue();

// nullptr if there is no such gate_type.
const GateDescription* findGate(std::string_view type);
// By its name or its alias.
const GateParameter* findParameter(const GateDescription& gate, std::string_view name);

// The spec of a parameter that is known to exist.
const ParameterSpec& gateParameter(std::string_view type, std::string_view name);

// How a gate shows its numbers to a visitor: by their names in the catalogue, where each is known
// to exist and to be live.
class GateKnobs {
  public:
    // `type` is in the catalogue; the visitor outlives the knobs.
    GateKnobs(std::string_view type, ParameterVisitor& visitor);

    void operator()(std::string_view name, double& value) const;
    void operator()(std::string_view name, std::int32_t& value) const;
    void operator()(std::string_view name, Duration& value) const;

  private:
    const ParameterSpec& spec(std::string_view name) const;

    const GateDescription& gate_;
    ParameterVisitor& visitor_;
};

// "[0, 1)", "(0, 1000000] requests", "blocking | classifying"; empty for free text.
std::string rangeText(const GateParameter& parameter);
// The default as a document writes it; empty if there is none.
std::string defaultText(const GateParameter& parameter);

// One row a gate: gate_type, law, parameters. Markdown.
std::string gateTableMarkdown();

// JSON Schema (draft 2020-12) of an object with gate_type and gate_params: one alternative a gate.
// References to inner gates point at "#/$defs/gate", where the caller places it.
nlohmann::json gateSchema();

namespace detail {
GateParameter cacheTtl(); // of every gate on a metric
std::vector<GateDescription> llmDAsyncGates();
std::vector<GateDescription> adaptiveGates();
} // namespace detail

} // namespace penstock

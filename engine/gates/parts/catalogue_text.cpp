// SPDX-License-Identifier: Apache-2.0
// The catalogue as people and editors read it: ranges in words, a Markdown table, a JSON Schema.
#include "engine/gates/parts/catalogue.h"
#include "engine/types/duration_text.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace penstock {
namespace {

using Kind = GateParameter::Kind;
using nlohmann::json;

std::string numberText(const GateParameter& parameter, double value) {
    if (parameter.kind == Kind::duration) return durationText(fromSeconds(value));
    return fmt::format("{:.10g}", value);
}

std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '|') out += '\\';
        out += c;
    }
    return out;
}

std::string parameterText(const GateDescription& gate, const GateParameter& parameter) {
    std::string out = fmt::format("`{}`", parameter.spec.name);
    if (parameter.required) out += " (required)";
    const std::string byDefault = defaultText(parameter);
    if (!byDefault.empty()) out += fmt::format(" = `{}`", byDefault);
    const std::string range = rangeText(parameter);
    if (!range.empty()) out += " in " + escaped(range);
    if (!parameter.alias.empty()) out += fmt::format(" or `{}`", parameter.alias);
    out += fmt::format(": {}", escaped(parameter.spec.help));
    if (parameter.since > 0) out += fmt::format(" *From 0.{} on.*", parameter.since);
    if (parameter.ours && !gate.ours) out += " *Penstock only.*";
    return out;
}

json parameterSchema(const GateParameter& parameter) {
    json schema;
    switch (parameter.kind) {
    case Kind::number:
    case Kind::integer: {
        json number{{"type", parameter.kind == Kind::number ? "number" : "integer"}};
        number[parameter.spec.aboveMin ? "exclusiveMinimum" : "minimum"] = parameter.spec.min;
        number[parameter.spec.belowMax ? "exclusiveMaximum" : "maximum"] = parameter.spec.max;
        schema["anyOf"] = {number, {{"type", "string"}}};
        if (!parameter.required) schema["default"] = parameter.spec.defaultValue;
        break;
    }
    case Kind::duration:
        schema["type"] = "string";
        schema["pattern"] = R"(^(0|([0-9.]+(ns|us|µs|ms|s|m|h))+)$)";
        if (!parameter.required) schema["default"] = defaultText(parameter);
        break;
    case Kind::text:
        schema["type"] = {"string", "number", "boolean"};
        if (!parameter.defaultText.empty()) schema["default"] = parameter.defaultText;
        break;
    case Kind::choice:
        schema["enum"] = parameter.choices;
        if (!parameter.defaultText.empty()) schema["default"] = parameter.defaultText;
        break;
    case Kind::labels:
    case Kind::params:
        schema["type"] = {"object", "string"};
        break;
    case Kind::gate:
        schema["anyOf"] = {{{"$ref", "#/$defs/gate"}}, {{"type", "string"}}};
        break;
    case Kind::gates:
        schema["anyOf"] = {{{"type", "array"}, {"items", {{"$ref", "#/$defs/gate"}}}},
                           {{"type", "string"}}};
        break;
    }
    schema["description"] = parameter.spec.help;
    return schema;
}

} // namespace

std::string rangeText(const GateParameter& parameter) {
    switch (parameter.kind) {
    case Kind::number:
    case Kind::integer:
    case Kind::duration:
        return fmt::format(
            "{}{}, {}{}{}{}", parameter.spec.aboveMin ? "(" : "[",
            numberText(parameter, parameter.spec.min), numberText(parameter, parameter.spec.max),
            parameter.spec.belowMax ? ")" : "]",
            parameter.spec.unit.empty() || parameter.kind == Kind::duration ? "" : " ",
            parameter.kind == Kind::duration ? "" : parameter.spec.unit);
    case Kind::choice:
        return fmt::format("{}", fmt::join(parameter.choices, " | "));
    default:
        return "";
    }
}

std::string defaultText(const GateParameter& parameter) {
    if (parameter.required) return "";
    switch (parameter.kind) {
    case Kind::number:
    case Kind::integer:
    case Kind::duration:
        return numberText(parameter, parameter.spec.defaultValue);
    default:
        return std::string(parameter.defaultText);
    }
}

std::string gateTableMarkdown() {
    std::string out = "| gate_type | law | parameters |\n| --- | --- | --- |\n";
    for (const GateDescription& gate : gateCatalogue()) {
        std::string parameters;
        for (const GateParameter& parameter : gate.parameters) {
            if (!parameters.empty()) parameters += "<br>";
            parameters += parameterText(gate, parameter);
        }
        const std::string since =
            gate.since > 0 ? fmt::format(" *(from 0.{} on)*", gate.since) : "";
        out += fmt::format("| `{}`{}{} | {} | {} |\n", gate.type,
                           gate.ours ? " *(Penstock only)*" : "", since, escaped(gate.law),
                           parameters);
    }
    return out;
}

json gateSchema() {
    json alternatives = json::array();
    for (const GateDescription& gate : gateCatalogue()) {
        json properties = json::object();
        json required = json::array();
        for (const GateParameter& parameter : gate.parameters) {
            properties[std::string(parameter.spec.name)] = parameterSchema(parameter);
            if (!parameter.alias.empty()) {
                properties[std::string(parameter.alias)] = parameterSchema(parameter);
            }
            if (parameter.required) required.push_back(parameter.spec.name);
        }
        json params{{"type", "object"},
                    {"properties", properties},
                    {"additionalProperties", false},
                    {"required", required}};
        json needed{"gate_type"};
        if (!required.empty()) needed.push_back("gate_params");
        alternatives.push_back(
            {{"type", "object"},
             {"description", gate.law},
             {"properties", {{"gate_type", {{"const", gate.type}}}, {"gate_params", params}}},
             {"required", needed}});
    }
    return json{{"oneOf", alternatives}};
}

} // namespace penstock

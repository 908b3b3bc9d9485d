// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/factory/parameter_reader.h"

#include "engine/gates/parts/promql_text.h"
#include "engine/types/check.h"
#include "engine/types/duration_text.h"
#include "engine/types/go_number.h"
#include "engine/types/suggest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace penstock {
namespace {

using Kind = GateParameter::Kind;
using nlohmann::json;

constexpr std::size_t kShownBytes = 60;
constexpr double kBeyondAll = 1e300; // stands for an infinity, and is printed as a number

std::string shown(const json& value) {
    std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
    if (text.size() > kShownBytes) text = text.substr(0, kShownBytes) + "…";
    return text;
}

// The fields of an inner gate are those of a structure there, whose names match in any case.
bool isField(std::string_view key, std::string_view name, bool lenient) {
    if (!lenient) return key == name;
    return std::equal(key.begin(), key.end(), name.begin(), name.end(), [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b;
    });
}

std::string joined(std::string_view path, std::string_view part) {
    std::string out{path};
    if (!out.empty() && !part.empty()) out += '.';
    out += part;
    return out;
}

} // namespace

ParameterReader::ParameterReader(const GateDescription& gate, const GateSpec& spec,
                                 const Semantics& semantics, std::vector<Error>& warnings)
    : gate_(gate), spec_(spec), semantics_(semantics), lenient_(semantics.unknownGateOpens),
      warnings_(warnings) {
    if (!spec_.params.is_object() && !spec_.params.is_null()) {
        error_ = errorAt("", fmt::format("gate {}: gate_params must be an object, got {}",
                                         gate_.type, shown(spec_.params)));
        return;
    }
    checkKeys();
}

void ParameterReader::checkKeys() {
    if (!spec_.params.is_object()) return;
    std::vector<std::string_view> names;
    for (const GateParameter& parameter : gate_.parameters)
        names.push_back(parameter.spec.name);
    for (const auto& [key, value] : spec_.params.items()) {
        if (const GateParameter* parameter = findParameter(gate_, key)) {
            if (tooNew(*parameter)) {
                warnings_.push_back(
                    errorAt(key, fmt::format("gate {}: {} does not know {} and ignores it",
                                             gate_.type, semantics_.name, key)));
            }
            continue;
        }
        const std::string_view near = closestName(key, names);
        Error error = errorAt(
            key, fmt::format("gate {} has no parameter \"{}\"{}; it takes {}", gate_.type, key,
                             near.empty() ? "" : fmt::format(" (did you mean \"{}\"?)", near),
                             names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "))));
        if (lenient_) {
            warnings_.push_back(std::move(error));
        } else if (!error_) {
            error_ = std::move(error);
        }
    }
}

Error ParameterReader::errorAt(std::string_view name, std::string message) const {
    std::string part = joined(spec_.part, "gate_params");
    part = joined(part, name);
    return spec_.place.error(part, std::move(message));
}

void ParameterReader::refuse(std::string_view name, std::string message) {
    if (!error_) error_ = errorAt(name, fmt::format("gate {}: {}", gate_.type, message));
}

void ParameterReader::refuseUnlessLenient(std::string_view name, std::string message) {
    if (!lenient_) {
        refuse(name, std::move(message));
    } else {
        warnings_.push_back(errorAt(name, fmt::format("gate {}: {}", gate_.type, message)));
    }
}

void ParameterReader::bad(const GateParameter& parameter, std::string_view value,
                          std::string_view expected) {
    refuse(parameter.spec.name,
           fmt::format("{} is {}; it must be {}", parameter.spec.name, value, expected));
}

const GateParameter& ParameterReader::known(std::string_view name) const {
    const GateParameter* parameter = findParameter(gate_, name);
    PENSTOCK_CHECK(parameter != nullptr);
    return *parameter;
}

const json* ParameterReader::value(const GateParameter& parameter) {
    if (!spec_.params.is_object() || tooNew(parameter)) return nullptr;
    const auto at = [this](std::string_view name) -> const json* {
        const auto found = spec_.params.find(name);
        if (name.empty() || found == spec_.params.end() || found->is_null()) return nullptr;
        return found->is_string() && found->get_ref<const std::string&>().empty() ? nullptr
                                                                                  : &*found;
    };
    const json* named = at(parameter.spec.name);
    const json* aliased = at(parameter.alias);
    if (named != nullptr && aliased != nullptr) {
        refuse(parameter.alias, fmt::format("{} and {} are two names of one number; give one",
                                            parameter.alias, parameter.spec.name));
    }
    return named != nullptr ? named : aliased;
}

const json* ParameterReader::find(const GateParameter& parameter) {
    const json* found = value(parameter);
    if (found == nullptr && parameter.required) {
        refuse(parameter.spec.name,
               fmt::format("{} is required: {}", parameter.spec.name, parameter.spec.help));
    }
    return found;
}

double ParameterReader::ranged(const GateParameter& parameter, double value,
                               const std::string& text) {
    const ParameterSpec& spec = parameter.spec;
    const std::string range = "in " + rangeText(parameter);
    if (!std::isfinite(value)) {
        // NaN fails no comparison; that a number may be too large is ours to say.
        const bool passes = std::isnan(value) || (value > 0.0 && !spec.belowMax);
        if (!lenient_ || (parameter.refusedThere && !passes)) {
            bad(parameter, text, range);
            return spec.defaultValue;
        }
        warnings_.push_back(
            errorAt(spec.name, fmt::format("gate {}: {} is {}", gate_.type, spec.name, text)));
        if (std::isnan(value)) return parameter.whenNaN;
        return value > 0.0 ? kBeyondAll : -kBeyondAll;
    }
    if (inRange(spec, value)) return value;
    // Beyond a slider's end llm-d-async still has a meaning for the number.
    if (lenient_ && !parameter.refusedThere) {
        warnings_.push_back(errorAt(spec.name, fmt::format("gate {}: {} is {}, not {}", gate_.type,
                                                           spec.name, text, range)));
        return value;
    }
    bad(parameter, text, range);
    return spec.defaultValue;
}

double ParameterReader::number(std::string_view name) {
    return number(name, known(name).spec.defaultValue);
}

double ParameterReader::number(std::string_view name, double byDefault) {
    const GateParameter& parameter = known(name);
    const json* value = find(parameter);
    if (value == nullptr) return byDefault;
    std::optional<double> number;
    if (value->is_number()) number = value->get<double>();
    if (value->is_string()) number = goFloat(value->get_ref<const std::string&>());
    if (!number) {
        bad(parameter, shown(*value), "a number in " + rangeText(parameter));
        return byDefault;
    }
    return ranged(parameter, *number, shown(*value));
}

std::int32_t ParameterReader::integer(std::string_view name) {
    const GateParameter& parameter = known(name);
    const json* given = find(parameter);
    if (lenient_ && given != nullptr && given->is_string() &&
        !goInteger(given->get_ref<const std::string&>())) {
        bad(parameter, shown(*given), "a whole number in plain digits");
        return static_cast<std::int32_t>(parameter.spec.defaultValue);
    }
    const double value = number(name);
    if (value != std::floor(value) || std::abs(value) > INT32_MAX) {
        bad(parameter, goNumber(value), "a whole number in " + rangeText(parameter));
        return static_cast<std::int32_t>(parameter.spec.defaultValue);
    }
    return static_cast<std::int32_t>(value);
}

Duration ParameterReader::duration(std::string_view name) {
    return duration(name, fromSeconds(known(name).spec.defaultValue));
}

Duration ParameterReader::duration(std::string_view name, Duration byDefault) {
    const GateParameter& parameter = known(name);
    const json* value = find(parameter);
    if (value == nullptr) return byDefault;
    const std::string text = value->is_string() ? value->get<std::string>() : shown(*value);
    const Result<Duration> parsed = goDuration(text);
    if (!parsed) {
        refuse(name, fmt::format("{}: {}", name, parsed.error().message));
        return byDefault;
    }
    ranged(parameter, toSeconds(*parsed), text);
    return *parsed;
}

std::string ParameterReader::text(std::string_view name) {
    const GateParameter& parameter = known(name);
    const json* value = find(parameter);
    if (value == nullptr) return std::string(parameter.defaultText);
    std::string text;
    if (value->is_string()) {
        text = value->get<std::string>();
    } else if (value->is_number() || value->is_boolean()) {
        text = value->dump();
    } else {
        bad(parameter, shown(*value), "text");
        return std::string(parameter.defaultText);
    }
    const auto& choices = parameter.choices;
    if (choices.empty() || std::find(choices.begin(), choices.end(), text) != choices.end()) {
        return text;
    }
    if (lenient_ && !parameter.refusedThere) {
        warnings_.push_back(
            errorAt(name, fmt::format("gate {}: {} is {}, not one of {}", gate_.type, name,
                                      shown(*value), rangeText(parameter))));
        return text;
    }
    bad(parameter, shown(*value), "one of " + rangeText(parameter));
    return std::string(parameter.defaultText);
}

json ParameterReader::structured(const GateParameter& parameter, std::string_view expected) {
    const json* value = find(parameter);
    if (value == nullptr) return nullptr;
    if (!value->is_string()) return *value;
    json parsed = json::parse(value->get_ref<const std::string&>(), nullptr, false);
    if (parsed.is_discarded()) {
        bad(parameter, shown(*value), fmt::format("{}, or JSON text of one", expected));
        return nullptr;
    }
    return parsed;
}

std::string ParameterReader::labels(std::string_view name) {
    const GateParameter& parameter = known(name);
    constexpr std::string_view kExpected = "an object of label names and values";
    const json value = structured(parameter, kExpected);
    if (value.is_null()) return "";
    if (!value.is_object()) {
        bad(parameter, shown(value), kExpected);
        return "";
    }
    std::string out;
    for (const auto& [key, item] : value.items()) {
        const std::string text = item.is_string() ? item.get<std::string>() : item.dump();
        if (item.is_structured() || (key + text).find_first_of(",=") != std::string::npos) {
            bad(parameter, shown(value), "labels whose names and values hold no ',' or '='");
            return "";
        }
        if (!out.empty()) out += ',';
        out += key + "=" + text;
    }
    return out;
}

GateSpec ParameterReader::innerSpec(const json& value, const std::string& path) {
    GateSpec inner{.type = "", .owner = spec_.owner, .place = spec_.place};
    inner.part = joined(joined(spec_.part, "gate_params"), path);
    if (value.is_null() && lenient_) return inner; // a gate without a type, and so open
    if (!value.is_object()) {
        refuse(path, fmt::format("{} is {}; it must be an object with gate_type and gate_params",
                                 path, shown(value)));
        return inner;
    }
    for (const auto& [key, item] : value.items()) {
        if (isField(key, "gate_type", lenient_) && item.is_string()) {
            inner.type = item.get<std::string>();
        } else if (isField(key, "gate_params", lenient_)) {
            inner.params = item;
        } else {
            Error error =
                errorAt(path, fmt::format("gate {}: an inner gate has \"gate_type\" (text)"
                                          " and \"gate_params\", not \"{}\": {}",
                                          gate_.type, key, shown(item)));
            if (lenient_ && key != "gate_type") {
                warnings_.push_back(std::move(error));
            } else if (!error_) {
                error_ = std::move(error);
            }
        }
    }
    return inner;
}

std::vector<GateSpec> ParameterReader::gates(std::string_view name) {
    const GateParameter& parameter = known(name);
    constexpr std::string_view kExpected = "a list of at least one gate";
    const json value = structured(parameter, kExpected);
    if (value.is_null()) return {};
    // llm-d-async takes none for an open gate.
    if (!value.is_array() || (value.empty() && !lenient_)) {
        bad(parameter, shown(value), kExpected);
        return {};
    }
    std::vector<GateSpec> specs;
    for (const json& item : value) {
        specs.push_back(innerSpec(item, fmt::format("{}[{}]", name, specs.size())));
    }
    return specs;
}

GateSpec ParameterReader::gate(std::string_view name) {
    const json value = structured(known(name), "an object with gate_type and gate_params");
    if (value.is_null()) return GateSpec{};
    return innerSpec(value, std::string(name));
}

json ParameterReader::params(std::string_view name) {
    const GateParameter& parameter = known(name);
    const json value = structured(parameter, "an object");
    if (value.is_null()) return json::object();
    if (!value.is_object()) bad(parameter, shown(value), "an object");
    return value;
}

} // namespace penstock

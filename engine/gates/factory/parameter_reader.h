// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads gate_params against the catalogue: JSON values or their string forms ("0.8"), defaults,
// ranges, and what is not known. The first error stays; reading goes on with defaults, so that code
// that builds a gate reads straight down and asks once at the end.
#include "engine/gates/factory/factory.h"
#include "engine/gates/parts/catalogue.h"

#include <nlohmann/json.hpp>

#include <optional>

namespace penstock {

class ParameterReader {
  public:
    // Everything outlives the reader. Where `semantics.unknownGateOpens`, what llm-d-async would
    // accept is a warning.
    ParameterReader(const GateDescription& gate, const GateSpec& spec, const Semantics& semantics,
                    std::vector<Error>& warnings);

    // Is there a value, so that the default does not count?
    bool given(std::string_view name) { return value(known(name)) != nullptr; }

    double number(std::string_view name);
    double number(std::string_view name, double byDefault);
    std::int32_t integer(std::string_view name);
    Duration duration(std::string_view name);
    Duration duration(std::string_view name, Duration byDefault);
    std::string text(std::string_view name);
    std::string choice(std::string_view name) { return text(name); }
    // "k=v,k=v" sorted by name, the form that MetricQuery has.
    std::string labels(std::string_view name);
    std::vector<GateSpec> gates(std::string_view name);
    GateSpec gate(std::string_view name);
    nlohmann::json params(std::string_view name);

    // Something about the values together is wrong.
    void refuse(std::string_view name, std::string message);
    // Something that llm-d-async accepts: a warning if lenient, else an error.
    void refuseUnlessLenient(std::string_view name, std::string message);

    const std::optional<Error>& error() const { return error_; }

  private:
    // The value, or nullptr if absent, null or an empty string.
    const nlohmann::json* value(const GateParameter& parameter);
    // The same; absent is an error where it is required.
    const nlohmann::json* find(const GateParameter& parameter);
    bool tooNew(const GateParameter& parameter) const {
        return parameter.since > semantics_.gatesOfRelease;
    }
    const GateParameter& known(std::string_view name) const;
    double ranged(const GateParameter& parameter, double value, const std::string& shown);
    // An object or array given as such or as a string of JSON.
    nlohmann::json structured(const GateParameter& parameter, std::string_view expected);
    GateSpec innerSpec(const nlohmann::json& value, const std::string& path);
    void checkKeys();
    Error errorAt(std::string_view name, std::string message) const;
    void bad(const GateParameter& parameter, std::string_view shown, std::string_view expected);

    const GateDescription& gate_;
    const GateSpec& spec_;
    const Semantics& semantics_;
    bool lenient_;
    std::vector<Error>& warnings_;
    std::optional<Error> error_;
};

} // namespace penstock

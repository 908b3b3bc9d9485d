// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/parts/catalogue.h"

#include "engine/types/check.h"

namespace penstock {

const std::vector<GateDescription>& gateCatalogue() {
    static const std::vector<GateDescription> kAll = [] {
        std::vector<GateDescription> all = detail::llmDAsyncGates();
        for (GateDescription& gate : detail::adaptiveGates())
            all.push_back(std::move(gate));
        return all;
    }();
    return kAll;
}

const GateDescription* findGate(std::string_view type) {
    for (const GateDescription& gate : gateCatalogue()) {
        if (gate.type == type) return &gate;
    }
    return nullptr;
}

const GateParameter* findParameter(const GateDescription& gate, std::string_view name) {
    for (const GateParameter& parameter : gate.parameters) {
        const bool alias = !parameter.alias.empty() && parameter.alias == name;
        if (parameter.spec.name == name || alias) return &parameter;
    }
    return nullptr;
}

namespace {

const GateDescription& knownGate(std::string_view type) {
    const GateDescription* gate = findGate(type);
    PENSTOCK_CHECK(gate != nullptr);
    return *gate;
}

const GateParameter& knownParameter(const GateDescription& gate, std::string_view name) {
    const GateParameter* parameter = findParameter(gate, name);
    PENSTOCK_CHECK(parameter != nullptr);
    return *parameter;
}

} // namespace

const ParameterSpec& gateParameter(std::string_view type, std::string_view name) {
    return knownParameter(knownGate(type), name).spec;
}

GateKnobs::GateKnobs(std::string_view type, ParameterVisitor& visitor)
    : gate_(knownGate(type)), visitor_(visitor) {}

const ParameterSpec& GateKnobs::spec(std::string_view name) const {
    const GateParameter& parameter = knownParameter(gate_, name);
    PENSTOCK_CHECK(parameter.live);
    return parameter.spec;
}

void GateKnobs::operator()(std::string_view name, double& value) const {
    visitor_.number(spec(name), value);
}

void GateKnobs::operator()(std::string_view name, std::int32_t& value) const {
    visitor_.integer(spec(name), value);
}

void GateKnobs::operator()(std::string_view name, Duration& value) const {
    visitor_.duration(spec(name), value);
}

} // namespace penstock

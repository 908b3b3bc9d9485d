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
        if (parameter.spec.name == name) return &parameter;
    }
    return nullptr;
}

const ParameterSpec& gateParameter(std::string_view type, std::string_view name) {
    const GateDescription* gate = findGate(type);
    PENSTOCK_CHECK(gate != nullptr);
    const GateParameter* parameter = findParameter(*gate, name);
    PENSTOCK_CHECK(parameter != nullptr);
    return parameter->spec;
}

} // namespace penstock

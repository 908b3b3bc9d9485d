// SPDX-License-Identifier: Apache-2.0
#pragma once

// From a scenario file to a Scenario. Strict: unknown keys, wrong types, values out of range and
// names that mean nothing are errors with file, line, column, the value and what would be right.
#include "engine/config/text/document.h"
#include "sim/scenario/scenario.h"

#include <optional>
#include <string>
#include <vector>

namespace penstock::sim {

struct ScenarioOptions {
    std::vector<std::string> overrides;   // PATH=VALUE, in order
    std::optional<std::string> semantics; // instead of the scenario's
    std::optional<std::uint64_t> seed;
    std::optional<Duration> until; // shortens the horizon
    std::string resources;         // folder of gpus.yaml and models.yaml
};

// The folder of resources: $PENSTOCK_RESOURCES, beside the program, or where it was built.
std::string resourceDirectory();

Result<Scenario> readScenario(const std::string& path, const ScenarioOptions& options = {});

// The same from text; `name` stands for the file in errors.
Result<Scenario> parseScenario(std::string_view text, std::string name,
                               const ScenarioOptions& options = {});

} // namespace penstock::sim

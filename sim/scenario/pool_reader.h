// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads the pool of a scenario: replicas by GPU and model, router, autoscaler.
#include "engine/config/text/reader.h"
#include "sim/scenario/scenario.h"

#include <string>

namespace penstock::sim {

// `resources` holds gpus.yaml and models.yaml.
void readPool(Reader& top, Scenario& scenario, const std::string& resources);

} // namespace penstock::sim

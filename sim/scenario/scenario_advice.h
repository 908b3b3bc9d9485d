// SPDX-License-Identifier: Apache-2.0
#pragma once

// All that `penstock check` has to say of a scenario: of its policy (engine/config/advice.h), of
// what reading it showed (Scenario::remarks), and of the traces that it names. Sorted as advise()
// sorts.
#include "sim/scenario/scenario.h"

#include <vector>

namespace penstock::sim {

// Reads no file.
std::vector<Finding> adviseScenario(const Scenario& scenario);

// The same, and of its traces, of each of which the beginning is read. What cannot be read is no
// finding: makeWorld() says it.
std::vector<Finding> adviseWithTraces(const Scenario& scenario);

} // namespace penstock::sim

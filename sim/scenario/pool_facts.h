// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a scenario says of its pool and traffic, in the terms that advice is computed from. Only
// what is written there, nothing that a run would have to find out.
#include "engine/config/advice/advice.h"
#include "sim/scenario/scenario.h"

namespace penstock::sim {

PoolFacts poolFacts(const Scenario& scenario);

} // namespace penstock::sim

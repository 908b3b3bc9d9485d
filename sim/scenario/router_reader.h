// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads `pool.router`. What is written there but cannot have an effect, or cannot be meant, is not
// an error: it is remarked on, in Scenario::remarks.
#include "engine/config/text/reader.h"
#include "sim/scenario/scenario.h"

namespace penstock::sim {

void readRouter(Reader& pool, Scenario& scenario);

} // namespace penstock::sim

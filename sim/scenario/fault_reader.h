// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads `faults` of a scenario: what may go on a fault is what its kind says (faultKinds()), what
// it hits is there, it begins before the run ends, and there are no more of them than can be drawn.
#include "engine/config/text/reader.h"
#include "sim/scenario/scenario.h"

namespace penstock::sim {

// After the header and the pool: what a fault may hit and when are theirs to say.
void readFaults(Reader& top, Scenario& scenario);

} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the router reads of an endpoint: plain values, apart from the endpoint and from what scores
// them, since both need them.
#include "engine/types/time.h"

namespace penstock::sim {

struct EndpointMetrics {
    Time at{}; // when it was true
    double waiting = 0.0;
    double running = 0.0;
    double kvUsed = 0.0; // share of the KV blocks
};

} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
#pragma once

// A source of requests: its traffic, and where it goes.
#include "engine/types/time.h"
#include "sim/traffic/spec/spec.h"

#include <string>

namespace penstock::sim {

struct SourceSpec {
    TrafficSpec traffic;
    std::string queue; // id of the queue it sends to; empty: straight to the router (interactive)
    int priority = 0;  // at the router, of requests that neither a trace nor a draw gave one
    std::string fairnessId;
    std::string tierLabel = "tier";         // queue traffic: the label that carries the tier's name
    std::string tenantAttribute = "userid"; // the metadata attribute that carries the tenant
    Duration timeout{0};                    // interactive: the client gives up then; 0: never
};

} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads the traffic of one source of a scenario: arrivals, lengths, deadlines, tenants and the
// rest, from the words of scenario files into a TrafficSpec.
#include "engine/config/text/reader.h"
#include "sim/traffic/spec/spec.h"

namespace penstock::sim {

// Reads from the mapping of one source everything but `name`, `to` and what concerns the client.
void readTraffic(Reader& source, TrafficSpec& spec);

// Reads one transform of a trace from its mapping, as an element of `transforms` has it.
Transform readTransform(Reader& transform);

} // namespace penstock::sim

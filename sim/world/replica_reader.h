// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads one kind of model server of a scenario's pool: GPU, model, parallelism, scheduler, step time.
#include "engine/config/reader.h"
#include "sim/world/hardware.h"
#include "sim/world/scenario.h"

namespace penstock::sim {

void readReplica(Reader& reader, const Hardware& hardware, ReplicaGroup& group);

} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads one kind of model server of a scenario's pool: GPU, model, parallelism, scheduler, step time.
#include "engine/config/reader.h"
#include "sim/fleet/tables.h"
#include "sim/world/scenario.h"

namespace penstock::sim {

struct Hardware {
    GpuTable gpus;
    ModelTable models;

    // Reads gpus.yaml and models.yaml of a folder.
    static Result<Hardware> load(const std::string& directory);
};

void readReplica(Reader& reader, const Hardware& hardware, ReplicaGroup& group);

} // namespace penstock::sim

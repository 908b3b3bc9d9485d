// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads one kind of model server of a scenario's pool: GPU, model, parallelism, scheduler, step
// time.
#include "engine/config/text/reader.h"
#include "sim/fleet/tables.h"
#include "sim/scenario/scenario.h"

#include <string>
#include <vector>

namespace penstock::sim {

struct Hardware {
    GpuTable gpus;
    ModelTable models;
    std::string directory; // where they are, and the shipped profiles below it

    // Reads gpus.yaml and models.yaml of a folder.
    static Result<Hardware> load(const std::string& directory);
};

// Reports to the reader's problems what is wrong; `group` is then not to be used. What is not wrong
// but probably not meant goes to `remarksTo`, where that is given.
void readReplica(Reader& reader, const Hardware& hardware, ReplicaGroup& group,
                 std::vector<Finding>* remarksTo = nullptr);

} // namespace penstock::sim

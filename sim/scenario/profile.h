// SPDX-License-Identifier: Apache-2.0
#pragma once

// A profile: the constants of the step-time law for one kind of GPU, as a calibration found them,
// with what they were fitted to. A small YAML file that a scenario names (pool.replicas[].profile);
// `penstock calibrate` writes it.
#include "engine/types/error.h"
#include "engine/types/time.h"
#include "sim/fleet/step_time.h"

#include <string>
#include <vector>

namespace penstock {
class Reader;
}

namespace penstock::sim {

struct Profile {
    struct Evidence {
        std::string measurement; // what was fitted
        std::string outcome;     // and how well, in words
    };

    std::string name;
    std::string about;
    std::string gpu; // of resources/gpus.yaml; empty: any
    StepConstants constants;
    Duration a0 = fromSeconds(kApiSeconds); // before the engine's queue
    std::vector<Evidence> fittedTo;

    static constexpr double kApiSeconds = 19.0e-3; // of resources/profiles/h100.yaml
};

// Errors name the file, the line, the value and what would be right. Constants left out keep their
// defaults.
Result<Profile> readProfile(const std::string& path);

// Reads the keys e_w … c_g of a mapping over `constants`: what `constants` of a scenario and of a
// profile may say.
void readStepConstants(Reader& reader, StepConstants& constants);

// The profile as YAML that readProfile() reads back to the same values.
std::string toYaml(const Profile& profile);

} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which of several queues' requests a pool takes next. random-robin draws among the queues that
// have one at hand; tier-priority keeps six strict lanes, index = 3 x (reserved ? 0 : 1) +
// {interactive 0, async 1, batch 2}, and goes round-robin between queues within a lane.
#include "engine/types/time.h"

#include <string>
#include <vector>

namespace penstock {

struct MergeSettings {
    enum class Kind : std::uint8_t { randomRobin, tierPriority };
    Kind kind = Kind::randomRobin;
    std::string fairnessHeader; // empty: not stamped; usually x-llm-d-inference-fairness-id
    std::string fairnessAttribute = "userid";
    std::string priorityHeader; // tier-priority: x-gateway-priority
    std::string tierLabel = "tier";
    // Tier-priority: the objective of each lane, six or none; an empty one is not stamped.
    std::vector<std::string> laneObjectives;
    std::string objectiveHeader = "x-llm-d-inference-objective"; // that carries it
    Duration aging{0}; // tier-priority: a request rises one lane for each of these; 0: never
};

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a run would take, before it is begun: from the scenario alone, to within a factor of a few.
// A slip of a unit (1 us for 1 s) makes a million times as much.
#include "engine/types/error.h"
#include "sim/scenario/scenario.h"

#include <string>

namespace penstock::app {

struct Work {
    double requests = 0; // of all sources over the horizon
    double atOnce = 0;   // of those, the most that one instant has
    double ticks = 0;    // of timers that run whatever happens: scrapes, samples, polls
    // What most of each comes from, for a person.
    std::string mostRequests, mostAtOnce, mostTicks;
};

// A trace's requests are not known before it is read, and count as none.
Work estimateWork(const sim::Scenario& scenario);

// Refuses a run of more than about an hour, or of more memory than most machines have. The error
// says how much of what it would be, and that --yes-large runs it all the same.
Status checkWork(const sim::Scenario& scenario);

} // namespace penstock::app

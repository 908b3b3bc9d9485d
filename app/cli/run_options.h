// SPDX-License-Identifier: Apache-2.0
#pragma once

// What `penstock run` makes of its options before anything runs. Errors name the option, its value
// and what would be right.
#include "engine/types/error.h"
#include "engine/types/time.h"
#include "sim/scenario/scenario.h"

#include <cstdint>
#include <string>

namespace penstock::app {

// In the range of a scenario's own seed.
Result<std::uint64_t> seedOf(const std::string& text);

// How long to run: longer than 0.
Result<Duration> untilOf(const std::string& text);

// Refuses a run that is over before its warm-up is: --until may be shorter than the horizon.
Status checkMeasured(const sim::Scenario& scenario);

// Refuses a scenario that expects a score of a run that will have none.
Status checkScore(const sim::Scenario& scenario, bool scored);

} // namespace penstock::app

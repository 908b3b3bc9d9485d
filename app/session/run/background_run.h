// SPDX-License-Identifier: Apache-2.0
#pragma once

// A run beside the one on the screen, as an overlay: the same seed with the parameters that it
// began with, or under the perfect gate.
#include "app/session/run/simulated_run.h"

#include <memory>

namespace penstock::app {

enum class Beside {
    baseline,    // the parameters as the scenario has them, without the moves made by hand
    perfectGate, // metric gates see the true load without delay
};

// Begins at once, as fast as it goes, in a thread of its own at a lower priority; destroying it
// cancels it. Its frames are those of any run (progress, ETA, gauges, latencies); it cannot be
// steered and is recorded nowhere.
std::unique_ptr<RunView> runBeside(Beside what, sim::Scenario scenario);

} // namespace penstock::app

// SPDX-License-Identifier: Apache-2.0
#include "app/session/run/background_run.h"

namespace penstock::app {

std::unique_ptr<RunView> runBeside(Beside what, sim::Scenario scenario) {
    RunSetup setup;
    setup.scenario = std::move(scenario);
    setup.background = true;
    setup.options.perfectGate = what == Beside::perfectGate;
    auto run = std::make_unique<SimulatedRun>(std::move(setup));
    run->send(RunFast{});
    return run;
}

} // namespace penstock::app

// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/window/runs/simulated_runs.h"

#include "app/session/replay/run_log.h"
#include "app/session/run/background_run.h"
#include "app/session/stored/run_history.h"
#include "app/workbench/window/runs/document_check.h"
#include "app/workbench/window/runs/run_comparison.h"
#include "engine/record/store/run_reader.h"
#include "sim/scenario/scenario_reader.h"

#include <filesystem>

namespace penstock::app {
namespace {

Result<sim::Scenario> scenarioOf(const RunOrder& order) {
    sim::ScenarioOptions options;
    options.overrides = order.overrides;
    options.seed = order.seed;
    return sim::readScenario(order.scenario, options);
}

Result<std::unique_ptr<RunView>> again(const std::string& name) {
    auto log = readLog(name);
    if (!log) return fail(log.error());
    auto scenario = scenarioOf(*log);
    if (!scenario) return fail(scenario.error());
    RunSetup setup;
    setup.scenario = std::move(*scenario);
    setup.options = optionsOf(*log);
    setup.log = std::move(*log);
    return std::make_unique<SimulatedRun>(std::move(setup));
}

} // namespace

std::string SimulatedRuns::store() const {
    const std::lock_guard lock(mutex_);
    return store_;
}

Status SimulatedRuns::useStore(const std::string& file) {
    if (auto reader = RunReader::open(file); !reader) return fail(reader.error());
    const std::lock_guard lock(mutex_);
    store_ = file;
    return {};
}

Result<std::unique_ptr<RunView>> SimulatedRuns::make(const RunOrder& order) {
    auto scenario = scenarioOf(order);
    if (!scenario) return fail(scenario.error());
    RunSetup setup;
    setup.scenario = std::move(*scenario);
    setup.options.perfectGate = order.perfectGate;
    setup.tags = order.tags;
    if (order.recorded) setup.store = store();
    return std::make_unique<SimulatedRun>(std::move(setup));
}

Result<std::unique_ptr<RunView>> SimulatedRuns::beside(const RunOrder& order) {
    auto scenario = scenarioOf(order);
    if (!scenario) return fail(scenario.error());
    return runBeside(order.perfectGate ? Beside::perfectGate : Beside::baseline,
                     std::move(*scenario));
}

Result<std::unique_ptr<RunView>> SimulatedRuns::replay(const std::string& file) {
    return again(file);
}

Result<std::unique_ptr<RunView>> SimulatedRuns::open(std::int64_t run) {
    return RunHistory(store()).open(run);
}

Result<RunOrder> SimulatedRuns::orderOf(std::int64_t run) {
    auto log = RunHistory(store()).log(run);
    if (!log) return fail(log.error());
    if (!std::filesystem::exists(log->origin.file)) {
        return fail(Error{"the scenario of this run is gone", log->origin.file});
    }
    RunOrder order;
    order.scenario = log->origin.file;
    order.overrides = log->origin.overrides;
    order.seed = log->origin.seed;
    order.perfectGate = log->origin.perfectGate;
    return order;
}

Result<std::vector<RunRow>> SimulatedRuns::history() {
    return RunHistory(store()).runs();
}

Status SimulatedRuns::remove(const std::vector<std::int64_t>& runs) {
    const RunHistory kept(store());
    for (const std::int64_t run : runs) {
        if (auto done = kept.erase(run); !done) return done;
    }
    return {};
}

Status SimulatedRuns::describe(std::int64_t run, const std::string& tags,
                               const std::string& notes) {
    return RunHistory(store()).annotate(run, tags, notes);
}

Result<Comparison> SimulatedRuns::compare(std::int64_t a, std::int64_t b) {
    return compareStored(store(), a, b);
}

Result<Comparison> SimulatedRuns::compareReports(const std::string& nameA, const std::string& a,
                                                 const std::string& nameB, const std::string& b) {
    return compareTexts(nameA, a, nameB, b);
}

FileKind SimulatedRuns::kindOf(const std::string& file) {
    return fileKind(file);
}

Result<std::vector<AdviceRow>> SimulatedRuns::check(const std::vector<std::string>& files) {
    return checkFiles(files);
}

} // namespace penstock::app

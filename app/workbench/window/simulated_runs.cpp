// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/window/simulated_runs.h"

#include "app/session/run_log.h"
#include "app/session/simulated_run.h"
#include "app/workbench/window/document_check.h"
#include "app/workbench/window/run_comparison.h"
#include "engine/record/run_reader.h"
#include "engine/record/run_store.h"
#include "sim/world/scenario_reader.h"

#include <filesystem>

namespace penstock::app {
namespace {

RunStatus statusOf(RunState state) {
    switch (state) {
    case RunState::running:
        return RunStatus::running;
    case RunState::done:
        return RunStatus::finished;
    case RunState::recovered:
        break;
    }
    return RunStatus::recovered;
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

RunRow rowOf(const RunSummary& run) {
    RunRow row;
    row.id = run.id;
    row.scenario = run.scenario;
    row.seed = run.seed;
    row.startedUnixSeconds = static_cast<std::int64_t>(run.startedUnix);
    row.virtualSeconds = toSeconds(run.lastWritten - run.start);
    row.wallSeconds = run.finishedUnix > 0 ? run.finishedUnix - run.startedUnix : kUnknown;
    row.status = statusOf(run.state);
    row.fingerprint = run.fingerprint;
    row.tags = run.tags;
    row.notes = run.note;
    return row;
}

std::string SimulatedRuns::store() const {
    const std::lock_guard lock(mutex_);
    return store_;
}

std::string SimulatedRuns::runName(std::int64_t run) const {
    return store() + "#" + std::to_string(run);
}

Status SimulatedRuns::useStore(const std::string& file) {
    if (auto reader = RunReader::open(file); !reader) return fail(reader.error());
    const std::lock_guard lock(mutex_);
    store_ = file;
    return {};
}

Result<std::unique_ptr<RunView>> SimulatedRuns::make(const RunOrder& order) {
    sim::ScenarioOptions options;
    options.overrides = order.overrides;
    options.seed = order.seed;
    auto scenario = sim::readScenario(order.scenario, options);
    if (!scenario) return fail(scenario.error());
    RunSetup setup;
    setup.scenario = std::move(*scenario);
    setup.options.perfectGate = order.perfectGate;
    setup.tags = order.tags;
    if (order.recorded) {
        setup.store = store();
        std::error_code ignored; // opening the store says what is wrong
        std::filesystem::create_directories(std::filesystem::path(setup.store).parent_path(),
                                            ignored);
    }
    return std::make_unique<SimulatedRun>(std::move(setup));
}

Result<std::unique_ptr<RunView>> SimulatedRuns::replay(const std::string& file) {
    return again(file);
}

Result<std::unique_ptr<RunView>> SimulatedRuns::open(std::int64_t run) {
    return again(runName(run));
}

Result<RunOrder> SimulatedRuns::orderOf(std::int64_t run) {
    auto log = readLog(runName(run));
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
    const std::string file = store();
    if (!std::filesystem::exists(file)) return std::vector<RunRow>{};
    // Opening it for writing makes runs whose process has died recovered ones.
    if (auto opened = RunStore::open(file); !opened) return fail(opened.error());
    auto reader = RunReader::open(file);
    if (!reader) return fail(reader.error());
    auto runs = (*reader)->runs();
    if (!runs) return fail(runs.error());
    std::vector<RunRow> out;
    for (const RunSummary& run : *runs)
        out.push_back(rowOf(run));
    return out;
}

Status SimulatedRuns::remove(const std::vector<std::int64_t>& runs) {
    auto opened = RunStore::open(store());
    if (!opened) return fail(opened.error());
    for (const std::int64_t run : runs) {
        if (auto done = (*opened)->erase(run); !done) return done;
    }
    return {};
}

Status SimulatedRuns::describe(std::int64_t run, const std::string& tags,
                               const std::string& notes) {
    auto opened = RunStore::open(store());
    if (!opened) return fail(opened.error());
    return (*opened)->annotate(run, tags, notes);
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

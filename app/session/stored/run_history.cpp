// SPDX-License-Identifier: Apache-2.0
#include "app/session/stored/run_history.h"

#include "app/session/stored/stored_run.h"
#include "engine/record/store/run_reader.h"
#include "engine/record/store/run_store.h"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>

namespace penstock::app {

namespace {

RunStatus statusOf(const RunSummary& run) {
    switch (run.state) {
    case RunState::running:
        return RunStatus::running;
    case RunState::recovered:
        return RunStatus::recovered;
    case RunState::done:
        break;
    }
    return run.stopped ? RunStatus::stopped : RunStatus::finished;
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
    row.status = statusOf(run);
    row.fingerprint = run.fingerprint;
    row.tags = run.tags;
    row.notes = run.note;
    return row;
}

Result<std::string> RunHistory::defaultStore() {
    namespace fs = std::filesystem;
    const char* data = std::getenv("XDG_DATA_HOME");
    const char* home = std::getenv("HOME");
    fs::path folder;
    // The XDG specification ignores relative paths.
    if (data != nullptr && fs::path(data).is_absolute()) {
        folder = data;
    } else if (home != nullptr && *home != '\0') {
        folder = fs::path(home) / ".local" / "share";
    } else {
        return fail("neither XDG_DATA_HOME nor HOME says where runs are to be kept: name a store");
    }
    folder /= "penstock";
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) {
        return fail(Error{.message = fmt::format("cannot be made: {}", error.message()),
                          .file = folder.string()});
    }
    return (folder / "runs.db").string();
}

Result<std::vector<RunRow>> RunHistory::runs() const {
    if (!std::filesystem::exists(store_)) return std::vector<RunRow>{};
    {
        // Opening it to write finds the runs that are not being written any more.
        auto writer = RunStore::open(store_);
        if (!writer) return fail(writer.error());
    }
    auto reader = RunReader::open(store_);
    if (!reader) return fail(reader.error());
    const auto runs = (*reader)->runs();
    if (!runs) return fail(runs.error());
    std::vector<RunRow> rows;
    for (const RunSummary& run : *runs)
        rows.push_back(rowOf(run));
    return rows;
}

Status RunHistory::annotate(RunId run, const std::string& tags, const std::string& notes) const {
    auto store = RunStore::open(store_);
    return store ? (*store)->annotate(run, tags, notes) : Status(fail(store.error()));
}

Status RunHistory::erase(RunId run) const {
    auto store = RunStore::open(store_);
    return store ? (*store)->erase(run) : Status(fail(store.error()));
}

Result<RunLog> RunHistory::log(RunId run) const {
    return readLog(fmt::format("{}#{}", store_, run));
}

Result<nlohmann::ordered_json> RunHistory::report(RunId run) const {
    auto reader = RunReader::open(store_);
    if (!reader) return fail(reader.error());
    return (*reader)->report(run);
}

Result<std::unique_ptr<RunView>> RunHistory::open(RunId run) const {
    return StoredRun::open(store_, run);
}

} // namespace penstock::app

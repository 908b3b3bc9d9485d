// SPDX-License-Identifier: Apache-2.0
#pragma once

// The runs of a store, for a list of them: newest first, those whose process died as recovered.
// One thread at a time; each call opens the store, does one thing in a few milliseconds, and closes
// it again, so that a run may be writing all the while.
#include "app/session/replay/run_log.h"
#include "app/session/view/run_view.h"

#include <memory>
#include <string>
#include <vector>

namespace penstock::app {

class RunHistory {
  public:
    // $XDG_DATA_HOME/penstock/runs.db, or under ~/.local/share. The error names the folder that
    // cannot be made.
    static Result<std::string> defaultStore();

    // A store that does not exist yet has no runs.
    explicit RunHistory(std::string store) : store_(std::move(store)) {}
    const std::string& store() const { return store_; }

    Result<std::vector<RunRow>> runs() const;
    Status annotate(RunId run, const std::string& tags, const std::string& notes) const;
    Status erase(RunId run) const;

    // What a run was: to run it again, to compare it, to look at it.
    Result<RunLog> log(RunId run) const;
    Result<nlohmann::ordered_json> report(RunId run) const;
    Result<std::unique_ptr<RunView>> open(RunId run) const;

  private:
    std::string store_;
};

RunRow rowOf(const RunSummary& run);

} // namespace penstock::app

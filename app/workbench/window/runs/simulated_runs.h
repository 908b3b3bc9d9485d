// SPDX-License-Identifier: GPL-3.0-only
#pragma once

// The window's runs as they really are: simulated ones, recorded in a run store, and made again
// from it move by move. Any thread.
#include "app/workbench/window/runs/run_maker.h"

#include <mutex>

namespace penstock::app {

class SimulatedRuns : public RunMaker {
  public:
    // `store`: a file, made when the first run is recorded; empty: none.
    explicit SimulatedRuns(std::string store = {}) : store_(std::move(store)) {}

    Result<std::unique_ptr<RunView>> make(const RunOrder& order) override;
    Result<std::unique_ptr<RunView>> beside(const RunOrder& order) override;
    Result<std::unique_ptr<RunView>> replay(const std::string& file) override;

    std::string store() const override;
    Status useStore(const std::string& file) override;
    Result<std::unique_ptr<RunView>> open(std::int64_t run) override;
    Result<RunOrder> orderOf(std::int64_t run) override;
    Result<std::vector<RunRow>> history() override;
    Status remove(const std::vector<std::int64_t>& runs) override;
    Status describe(std::int64_t run, const std::string& tags, const std::string& notes) override;
    Result<Comparison> compare(std::int64_t a, std::int64_t b) override;
    Result<Comparison> compareReports(const std::string& nameA, const std::string& a,
                                      const std::string& nameB, const std::string& b) override;

    FileKind kindOf(const std::string& file) override;
    Result<std::vector<AdviceRow>> check(const std::vector<std::string>& files) override;

  private:
    mutable std::mutex mutex_;
    std::string store_; // under the mutex
};

} // namespace penstock::app

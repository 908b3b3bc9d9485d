// SPDX-License-Identifier: Apache-2.0
#pragma once

// A run in a store as it goes: its events and gauges, its moves, and a report every second of wall
// time, so that after its process died all but the last second is there. Used by the
// window's runs and by `penstock run --store` alike. Run thread only.
#include "app/session/replay/run_log.h"
#include "engine/record/store/run_store.h"
#include "engine/record/store/store_feed.h"

#include <cstdint>
#include <memory>
#include <string>

namespace penstock::app {

class RunRecording {
  public:
    // The error names the file.
    static Result<std::unique_ptr<RunRecording>>
    begin(const std::string& file, RunHost& host, const sim::Scenario& scenario,
          const sim::WorldOptions& options, const std::string& tags = {},
          const std::string& note = {}, const StoreOptions& storing = {});

    RunId id() const { return writer_->id(); }
    void move(const Move& move) { writer_->move(move); }
    // Between two events: a report so far, and its place, so that a replay can be held to it.
    void checkpoint(const Report& report, const RunHost& host);
    // Waits for the disk.
    Status finish(const Report& report);
    Status status() const { return writer_->status(); }
    // Rows that are not in the store.
    std::uint64_t dropped() const { return writer_->dropped(); }

  private:
    RunRecording() = default;
    std::unique_ptr<RunStore> store_;
    std::unique_ptr<RunWriter> writer_;
    std::unique_ptr<StoreFeed> feed_;
};

RunOrigin originOf(const sim::Scenario& scenario, const sim::WorldOptions& options);

} // namespace penstock::app

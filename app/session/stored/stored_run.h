// SPDX-License-Identifier: Apache-2.0
#pragma once

// A run of the store, finished or recovered, behind the same frames as a living one: its gauges as
// fine as they were kept, every gate reading that was kept, moves and faults as marks, and the
// sample of events and requests that the store has. Nothing can be steered or moved.
//
// It is read on a thread of its own, oldest first, about a thousand samples a frame;
// Frame::progress says how much of it has been told. find() and ask() are answered from the store
// at any time.
#include "app/session/view/run_view.h"
#include "engine/record/store/run_record.h"

#include <memory>
#include <string>

namespace penstock::app {

class StoredRun final : public RunView {
  public:
    // The error names the store and what is wrong with it or with the run. Takes a few
    // milliseconds.
    static Result<std::unique_ptr<RunView>> open(const std::string& store, RunId run);
    ~StoredRun() override;

    const RunInfo& info() const override;
    void send(Command) override {} // there is nothing to steer
    bool take(Frame& frame) override;
    void find(const std::string& requestId) override;
    void ask(ExportKind kind) override;

  private:
    class Impl;
    explicit StoredRun(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

} // namespace penstock::app

// SPDX-License-Identifier: Apache-2.0
#pragma once

// A simulated run under a person's hand. One thread of its own owns the world; commands go to it
// through a queue and act between two events, at the engine's time; frames are pulled from it.
// Whatever is asked of it, and however often it is looked at, it takes the decisions that the same
// scenario, seed and moves would take headless: same fingerprint.
//
// Everything here is for one thread, the window's, and returns at once: a scenario's trace is
// opened, the store written and a stop carried out on the run's thread, and what goes wrong there
// comes in a frame's `error`. Destroying it stops it and does not wait either: its end is written
// behind, before the process ends. Who must know that it is written waits for Frame::settled.
//
// What commands do:
//   SetParameter  acts at once, between two events; Frame::moved tells the value that is in force
//   PauseQueue    takes nothing more from a queue, or takes up again
//   StepOne       one event, then pause; several add up
//   RunPaced      engine seconds a second; what the machine cannot keep up with is not made up for
//   RunFast       as fast as it goes
//   RunUntil      fast, until that time, or until the condition holds (looked at once for each
//                 Scenario::sampleEvery of engine time), whichever comes first; then pause. A
//                 RunPaced or RunFast in between keeps the target, a Pause drops it
//   Stop          ends it: the report and the entry in the store are final
#include "app/session/replay/run_log.h"
#include "app/session/view/run_view.h"
#include "sim/world/world.h"

#include <memory>
#include <optional>
#include <string>

namespace penstock::app {

struct RunSetup {
    sim::Scenario scenario; // as read, with its overrides and its seed
    sim::WorldOptions options;
    std::string store;         // run store to record in; empty: none
    std::string tags, note;    // of its entry there
    std::optional<RunLog> log; // moves to make at their places, as they were made before
    bool background = false;   // it lets others have the processor first, and cannot be steered
};

class SimulatedRun final : public RunView {
  public:
    // Begins paused at the start, with a first frame to come.
    explicit SimulatedRun(RunSetup setup);
    ~SimulatedRun() override;

    const RunInfo& info() const override;
    void send(Command command) override;
    bool take(Frame& frame) override;
    void find(const std::string& requestId) override;
    void ask(ExportKind kind) override;

  private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace penstock::app

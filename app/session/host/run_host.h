// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a session needs of the world that a run is in, simulated or live: time that can be let pass
// in portions, the engine, and the world's own gauges and report. A session knows no more of it.
// Run thread only.
#include "engine/run/engine_run.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace penstock::app {

class RunHost {
  public:
    virtual ~RunHost() = default;

    virtual Time start() const = 0;
    virtual Time end() const = 0; // kNever for a run without one
    virtual Time now() const = 0;
    virtual bool done() const = 0;
    virtual Status status() const = 0;

    // Fires one event; false when there is none up to the end.
    virtual bool step() = 0;
    // Lets this much wall time pass, no further than `limit`, no more events once `interrupt` is
    // true, and none once `events` have been fired in all. True when done.
    virtual bool runFor(std::chrono::nanoseconds wallTime, Time limit,
                        const std::atomic<bool>& interrupt, std::uint64_t events) = 0;
    virtual std::uint64_t eventsFired() const = 0;
    // Nothing is due up to and including `t`.
    virtual bool quietUntil(Time t) const = 0;
    // Sets the clock to `t`, for a move made between two events; an error if something is due
    // before.
    virtual Status waitUntil(Time t) = 0;

    virtual EngineRun& engine() = 0;
    virtual Status move(const std::string& path, double value) = 0;
    virtual Status pauseQueue(const std::string& id, bool paused) = 0;

    // Every gauge as of now, between two events; nothing in the run changes by it. Without the
    // fleet that part stays as it was last seen. Valid until the next look.
    virtual Sample look(bool fleet) = 0;
    // A request that has not ended, as its queue last knew it.
    virtual std::optional<Request> find(std::uint64_t number) const = 0;
    virtual Result<Report> report(double wallSeconds) = 0;
};

} // namespace penstock::app

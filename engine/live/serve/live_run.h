// SPDX-License-Identifier: Apache-2.0
#pragma once

// The live owner of an EngineRun, beside sim::World: the same engine object code against Redis, a
// router and a Prometheus. makeLive() is the one place where a run becomes live.
#include "engine/config/documents/documents.h"
#include "engine/run/engine_run.h"

#include <functional>
#include <memory>
#include <string>

namespace penstock {

struct LiveOptions {
    std::string address = "127.0.0.1"; // of metrics and health
    bool anyPort = false;              // instead of the documents' ports: any free ones
    std::function<void(const std::string& line)> log; // one structured line a call; may be empty
};

struct LiveCounts {
    std::uint64_t claimed = 0, sent = 0, finished = 0, parked = 0, givenBack = 0, refused = 0;
    std::uint64_t redelivered = 0, dead = 0, retriedEnds = 0;
    std::size_t unconfirmed = 0;
};

class LiveRun {
  public:
    virtual ~LiveRun() = default;

    // Until stop() has drained, or the loop is told to by a second signal. SIGTERM and SIGINT stop.
    virtual void run() = 0;
    // Takes nothing more; what is in flight may go on for `drain`, and the rest is handed back.
    virtual void stop(Duration drain) = 0;

    virtual EngineRun& engine() = 0;
    virtual LiveCounts counts() const = 0;
    virtual bool connected() const = 0;
    virtual std::uint16_t metricsPort() const = 0;
    virtual std::uint16_t healthPort() const = 0;
    // Calls `call` in the run's thread each `period`.
    virtual void every(Duration period, std::function<void()> call) = 0;
};

// Errors: what of the documents `serve` cannot do (transforms, transports other than
// redis-sortedset, presets that pop destructively), a Redis URL that is none, ports in use.
Result<std::unique_ptr<LiveRun>> makeLive(const EngineDocument& document,
                                          const LiveOptions& options);

} // namespace penstock

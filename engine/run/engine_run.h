// SPDX-License-Identifier: Apache-2.0
#pragma once

// One run of the engine, whatever the world is: gates, Dispatcher, the registry of knobs, the
// Recorder and the gauges, over the ports that its owner lends. A simulated world owns one, a live
// one another; what they add is time, traffic and what is on the other side of the ports.
//
// Run thread only.
#include "engine/config/documents/parameters.h"
#include "engine/core/dispatcher.h"
#include "engine/record/recorder/recorder.h"
#include "engine/run/engine_gauges.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

// What the engine is given of its world. All outlives the run.
struct EnginePorts {
    Loop& loop;
    InferenceClient& client;
    std::vector<RequestQueue*> queues; // of DispatcherSettings::queues, in their order
};

// Is told what the recorder has been told, after it: a world whose senders act on answers.
class EngineListener {
  public:
    virtual void engineEnded(const End& end) = 0;

  protected:
    ~EngineListener() = default;
};

class EngineRun final : private Observer {
  public:
    // `settings` as buildSettings() makes them. Of `recorder` the owner says start, warm-up,
    // periods, sources, replicas and names of faults, and nothing of queues, pools, gates and
    // parameters: what the engine's documents say is filled in here. `listener` may be null.
    EngineRun(DispatcherSettings settings, RecorderSetup recorder, EnginePorts ports,
              EngineListener* listener);
    ~EngineRun() override;

    void start() { dispatcher_.start(); }
    void stop(Duration drain) { dispatcher_.stop(drain); }
    bool stopped() const { return dispatcher_.stopped(); }
    void crash() { dispatcher_.crash(); }

    Dispatcher& dispatcher() { return dispatcher_; }
    const Dispatcher& dispatcher() const { return dispatcher_; }
    const DispatcherSettings& settings() const { return settings_; }
    ParameterRegistry& parameters() { return registry_; }
    const ParameterRegistry& parameters() const { return registry_; }
    Recorder& recorder() { return recorder_; }
    const Recorder& recorder() const { return recorder_; }

    // Moves a knob between two events: part of the run's identity from here on. The index of the
    // parameter; errors name what is known.
    Result<std::size_t> move(const std::string& path, double value);
    // Takes nothing more from a queue, or takes up again.
    Status pauseQueue(std::string_view id, bool paused);
    Result<std::uint16_t> findQueue(std::string_view id) const;

    // What a world's events add to the record: faults, what its senders put in.
    void tell(const Event& event) { recorder_.observe(event); }
    void tellEnd(const End& end) { ended(end); }

    // The run's own gauges, for an owner without any of the world's to read beside them.
    EngineGauges& gauges() { return gauges_; }

    // What of a report's facts is the engine's: where the queues stand, which stage was binding.
    void addFacts(RunFacts& facts);

  private:
    void observe(const Event& event) override { recorder_.observe(event); }
    void ended(const End& end) override;
    void tellMove(std::uint8_t code, std::size_t subject, double value);

    Loop& loop_;
    EngineListener* listener_;
    Recorder recorder_; // outlives the dispatcher, which it observes
    Dispatcher dispatcher_;
    DispatcherSettings& settings_; // the dispatcher's
    ParameterRegistry registry_;
    EngineGauges gauges_;
};

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads the engine's gauges: queues, workers, gates as they last said. The recorder's sampler has
// one, and each onlooker another. Run thread only; allocates when it is made and never again.
#include "engine/core/dispatcher.h"
#include "engine/record/measures/sample.h"

#include <cstdint>
#include <span>
#include <vector>

namespace penstock {

// A gate by its owner. Gates are numbered as in RecorderSetup: queues' before pools', those that
// exist.
struct OwnedGate {
    bool ofPool = false;
    std::uint16_t index = 0;
};
std::vector<OwnedGate> gateOwners(const DispatcherSettings& settings);
Gate& gateOf(const DispatcherSettings& settings, OwnedGate owner);

class EngineGauges {
  public:
    // The dispatcher outlives it; `settings` are its own.
    EngineGauges(const Dispatcher& dispatcher, const DispatcherSettings& settings);

    void readQueues();
    void readGates();

    const std::vector<QueueSample>& queues() const { return queues_; }
    const std::vector<WorkerPoolSample>& pools() const { return pools_; }
    // A world that knows what each gate would read without delay adds it here.
    std::vector<GateSample>& gates() { return gateSamples_; }
    const std::vector<OwnedGate>& owners() const { return owners_; }

    // Spans of the above, valid until the next read. What is not the engine's is left empty.
    Sample sample() const;

  private:
    const Dispatcher& dispatcher_;
    std::vector<OwnedGate> owners_;
    std::vector<QueueSample> queues_;
    std::vector<WorkerPoolSample> pools_;
    std::vector<GateSample> gateSamples_;
};

} // namespace penstock

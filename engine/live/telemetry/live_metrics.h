// SPDX-License-Identifier: Apache-2.0
#pragma once

// What `serve` shows of itself to Prometheus: llm-d-async's names and labels, and ours under
// penstock_. Every series exists from the start, at 0, so that rate() sees its first event. Fed by
// the run's recorder; run thread only.
#include "engine/record/recorder/recorder.h"
#include "engine/run/engine_run.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace penstock {

class LiveMetrics final : public RecordSink {
  public:
    struct Queue {
        std::string id, name, pool;
        std::string inferencePool; // of its gate, for gate_metric_*
    };
    LiveMetrics(std::vector<Queue> queues, std::vector<std::string> pools);
    ~LiveMetrics() override;

    void event(const Event& event) override;
    void ended(const End& end) override;
    void sample(Time, const Sample&) override {}

    // Gauges that no event says, before an exposition.
    void gauges(const EngineRun& engine, Duration loopLag, std::size_t unconfirmed);

    // The text format 0.0.4.
    std::string exposition() const;

  private:
    struct Series;
    std::unique_ptr<Series> series_;
};

} // namespace penstock

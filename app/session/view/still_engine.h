// SPDX-License-Identifier: Apache-2.0
#pragma once

// An engine's settings over metrics that never answer and a clock that stands still: enough to list
// its gates and parameters without running anything. Outlives the settings it builds.
#include "engine/broker/memory_key_value.h"
#include "engine/config/documents/build.h"
#include "sim/kernel/event_loop.h"

namespace penstock::app {

class StillEngine {
  public:
    Result<DispatcherSettings> build(const EngineDocument& engine) {
        const GateContext context{loop_, &metrics_, &store_, engine.prometheusCacheTtl,
                                  engine.semantics};
        return buildSettings(engine, context);
    }

  private:
    class NoMetrics final : public MetricSource {
      public:
        void read(const MetricQuery&, std::uint32_t tag, MetricListener& listener) override {
            listener.metricRead(tag, Reading{});
        }
    };
    sim::EventLoop loop_{Time{}, 0};
    NoMetrics metrics_;
    MemoryKeyValue store_{loop_};
};

} // namespace penstock::app

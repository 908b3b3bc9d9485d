// SPDX-License-Identifier: Apache-2.0
#pragma once

// A world in which nothing ever happens: time stands still and no answer comes. Enough to build an
// engine's gates from documents, to check them and to list their knobs, without running anything.
#include "engine/ports/key_value.h"
#include "engine/ports/loop.h"
#include "engine/ports/metric_source.h"

namespace penstock {

class SilentWorld final : public Loop, public MetricSource, public KeyValue {
  public:
    Time now() const override { return {}; }
    void arm(Timer&, Time) override {}
    void disarm(Timer&) override {}
    double random(RandomStream, std::uint64_t) override { return 0.5; }
    void read(const MetricQuery&, std::uint32_t, MetricListener&) override {}
    void get(std::string_view, std::uint64_t, StoreListener&) override {}
    void acquire(std::string_view, std::int64_t, Duration, std::uint64_t, StoreListener&) override {
    }
    void release(std::string_view, Duration) override {}
    void admit(std::string_view, std::int64_t, Duration, std::uint64_t, StoreListener&) override {}
    void admitLeased(const LeaseQuestion&, std::uint64_t, StoreListener&) override {}
};

} // namespace penstock

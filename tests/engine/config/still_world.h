// SPDX-License-Identifier: Apache-2.0
#pragma once

// A world for gates that are built but never asked: time stands still and nothing answers.
#include "engine/config/documents/build.h"

namespace penstock {

struct StillWorld final : Loop, MetricSource, KeyValue {
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

    Result<DispatcherSettings> build(const EngineDocument& engine) {
        return buildSettings(
            engine, {.loop = *this, .metrics = this, .store = this, .semantics = engine.semantics});
    }
};

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
#pragma once

// What all gates on a metric have in common: they observe a free share D of the pool, are closed
// when D <= closing point and else have budget D - closing point, and fall back to a fixed budget
// when there is no usable reading (error, no sample, NaN, infinity, or none yet).
//
// In a Reason, `value` and `threshold` are D and the closing point, so that every metric gate is
// closed exactly when value <= threshold; without a reading `value` is the fallback budget.
// Source: llm-d-async, metric_dispatch_gate.go.
#include "engine/core/gate.h"
#include "engine/gates/parts/cached_reading.h"

#include <optional>

namespace penstock {

class MetricGate : public Gate, public CachedReading::Owner {
  public:
    Budget budget(Time now) final;

  protected:
    struct Observation {
        bool available = false; // false: no reading yet, or an error, or no sample
        double value = 0.0;     // D; may still be NaN or infinite
        Time sampledAt{};
        std::string_view source; // query text; lives as long as the gate
    };
    virtual Observation observe(Time now) = 0;
    virtual double closingPoint() const = 0;
    virtual double fallbackBudget() const = 0; // clamped by the caller

    // An Observation of a reading as it stands; `absent` is its value where there was an answer
    // without a sample.
    static Observation plain(CachedReading& reading, Time now,
                             std::optional<double> absent = std::nullopt);

    void readingArrived(CachedReading&) override { changed(); }
};

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
#pragma once

// The series of a stored run, side by side again: what was sampled at one time is one GaugeSample.
#include "app/session/view/gate_words.h"
#include "app/session/view/run_view.h"
#include "engine/record/store/run_reader.h"

#include <vector>

namespace penstock::app {

class StoredGauges {
  public:
    // Reads every series. What is missing at a time is NaN there.
    Status load(RunReader& reader, RunId run, const RunLayout& layout);

    std::size_t size() const { return times_.size(); }
    Time at(std::size_t sample) const { return times_[sample]; }
    // Appends samples [from, to) with their outcomes and latencies.
    void fill(Frame& frame, std::size_t from, std::size_t to) const;

  private:
    using Column = std::vector<float>;
    struct Queue {
        Column depth, pending, inFlight;
    };
    struct Pool {
        Column busy, limit;
    };
    std::vector<Time> times_;
    std::vector<Queue> queues_;
    std::vector<Pool> pools_;
    std::vector<Column> truths_, replicas_;
    Column ok_, retry_, shed_, late_, failed_, p50_, p95_, p99_;
    Column saturation_, busy_, kv_, running_, waiting_;
};

} // namespace penstock::app

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Turns what the Recorder hears into what a run store keeps, within bounds: all gate readings,
// moves, faults and engine events; the whole lives of a sample of requests, one in 2^k, with k
// growing as the run does; all gauges, one value a period, with the period growing likewise. A run
// of any length costs a store a few hundred thousand rows.
//
// Request numbers are mixed before the choice, so that the sample is fair, and the choice depends
// on nothing else: a stored run and an unstored one take the same decisions.
#include "engine/record/recorder/recorder.h"
#include "engine/record/store/run_store.h"

#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

namespace penstock {

struct FeedPolicy {
    std::uint64_t requestEvents = 100'000; // stored before the sample is halved, each time
    std::uint64_t otherEvents = 50'000;    // gate readings, polls, moves: likewise
    std::uint64_t points = 50'000;         // of one series, before its period is doubled, each time
};

// The series that a feed writes for a run with this setup, and the names in its layout.
RunHeader headerFor(const RecorderSetup& setup);

class StoreFeed final : public RecordSink {
  public:
    // Both outlive the feed. The writer was begun with headerFor(setup).
    StoreFeed(const RecorderSetup& setup, RunWriter& writer, FeedPolicy policy = {});
    ~StoreFeed() override;

    void event(const Event& event) override;
    void ended(const End& end) override;
    void sample(Time t, const Sample& sample) override;

  private:
    struct Gauges;

    static std::uint64_t mix(std::uint64_t number) {
        number *= 0x9e3779b97f4a7c15ull;
        return number ^ (number >> 32);
    }
    bool keeps(std::uint64_t request) const { return (mix(request) & mask_) == 0; }
    void keep(const Event& event);
    void note(const Event& event);
    void keepOther(const Event& event);
    void interactive(const Event& event);
    void count(const Event& event);

    const RecorderSetup& setup_;
    RunWriter& writer_;
    FeedPolicy policy_;
    std::uint64_t mask_ = 0;
    std::uint64_t storedRequestEvents_ = 0;
    std::uint64_t otherMask_ = 0;
    std::uint64_t otherSeen_ = 0;
    std::uint64_t storedOther_ = 0;
    std::unordered_map<std::uint64_t, RequestLife> lives_; // of kept requests, from their start
    std::unique_ptr<Gauges> gauges_;
};

} // namespace penstock

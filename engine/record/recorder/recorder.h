// SPDX-License-Identifier: Apache-2.0
#pragma once

// The Recorder is the engine's Observer and the world's scribe: it folds every event into counters,
// histograms, series of fixed size and a fingerprint, and makes the Report of them. It decides
// nothing and never fails. Memory does not grow with the run, and no event allocates.
//
// How a world feeds it:
//   * pass it as the Dispatcher's Observer, and observe() the world's own events too: enqueued,
//     unparsable, redelivered, parameter, fault, engine;
//   * arrived() and completed() for every request of every source, interactive or not. For an
//     asynchronous source these come in addition to the queue's events: when the request enters its
//     queue, and when its result is published;
//   * sample() at setup.samplePeriod, from `start` on;
//   * finish() at the end; it may also be called in mid-run, for a report so far.
// Run thread only.
#include "engine/ports/observer.h"
#include "engine/record/measures/chart_data.h"
#include "engine/record/measures/fingerprint.h"
#include "engine/record/measures/sample.h"
#include "engine/record/report/report.h"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace penstock {

struct RecorderSetup {
    struct Source {
        std::string name;
        bool interactive = true; // its TTFT is the one that charts and summaries speak of
    };
    struct Queue {
        std::string name;
        std::uint16_t pool = 0;
    };
    struct WorkerPool {
        std::string name;
    };
    struct GateOwner {
        bool ofPool = false;     // else of a queue
        std::uint16_t index = 0; // in queues or workerPools
        std::string type;        // gate_type
        // A reading above the threshold means too much load. False for a gate that reads a free
        // share (1 minus the load), as the metric gates do; charts then show what is taken.
        bool higherIsBusier = true;
    };

    Time start{};
    Duration warmup{0};                             // what ends before it is in no percentile
    Duration samplePeriod{std::chrono::seconds{1}}; // of sample(); the finest width of a chart
    Duration window{std::chrono::seconds{10}};      // of TTFT percentiles over time
    std::vector<Source> sources;
    std::vector<Queue> queues;
    std::vector<WorkerPool> workerPools;
    std::vector<GateOwner> gates; // only those that exist, at most one for each queue and pool
    int replicas = 0;
    bool budgetIsRate = false;              // Semantics::BudgetMeans::ratePerPoll
    std::string tenantAttribute = "userid"; // in an envelope's metadata
    // What `parameter` and `fault` events' subject means, for the marks on charts. May be empty.
    std::vector<std::string> parameterNames, faultNames;
};

// One request of a source, from its sender's point of view. Durations from its creation.
struct Completion {
    Time at{};
    std::uint64_t request = 0; // any number the world can tell it by; in the fingerprint
    std::uint16_t source = 0;
    int status = 0;   // 2xx succeeded; 0: no answer at all
    Duration ttft{0}; // 0: no token came
    Duration tpot{0}; // 0: fewer than two tokens came
    Duration e2e{0};
    std::uint32_t promptTokens = 0;
    std::uint32_t outputTokens = 0;
    ServiceTiming timing{}; // of the last attempt, for sinks; not in the fingerprint
};

// What the recorder cannot see.
struct RunFacts {
    std::string scenario, about, lesson, semantics;
    std::uint64_t seed = 0;
    Time end{};
    double wallSeconds = 0;
    std::vector<QueueSample> queues; // at the end
    // Of each queue, requests x seconds in the system, where somebody has counted it exactly.
    std::vector<double> inSystemSeconds;
    FleetSample fleet;         // at the end
    std::vector<Json> traffic; // by source, SourceReport::traffic; may be empty
    std::uint64_t cachedPromptTokens = 0;
    std::uint64_t abortedTokens = 0; // generated for attempts that were given up or lost
    double gpuSeconds = 0;           // held so far
    double costPerGpuHour = 0;       // 0: not known
    std::uint64_t faults = 0;        // that began
    std::uint64_t attemptsLost = 0;  // with their replica or the router
    const Report* perfect = nullptr; // of the perfect gate on the same traffic: asks for a score
    std::vector<std::pair<std::string, double>> limiter;
    std::vector<AdviceItem> advice;
    std::vector<std::string> expectations; // expressions, expectation.h
    std::vector<std::pair<std::string, double>> extra;
};

// Wants everything as it happens: the run store's feed, a window's frames. Called on the run thread
// after the recorder has counted.
class RecordSink {
  public:
    virtual ~RecordSink() = default;
    virtual void event(const Event& event) = 0;
    virtual void ended(const End& end) = 0;
    virtual void sample(Time t, const Sample& sample) = 0;
    // After event() of kind completed: what an event has no room for.
    virtual void completed(const Completion&) {}
    // A gate has closed for this reason (closedReasonName()), or opened; `gate` as in the setup.
    virtual void turned(std::uint16_t /*gate*/, Time, bool /*closed*/, std::uint8_t /*reason*/) {}
};

class Recorder final : public Observer {
  public:
    explicit Recorder(RecorderSetup setup);
    ~Recorder() override;

    // Sinks outlive the recorder's use of them.
    void addSink(RecordSink& sink);

    // Every kind but `arrived` and `completed`, which have calls of their own.
    void observe(const Event& event) override;
    void ended(const End& end) override;

    void arrived(Time at, std::uint16_t source, std::uint64_t request, std::uint32_t promptTokens,
                 std::uint32_t outputTokens);
    void completed(const Completion& completion);
    void sample(Time t, const Sample& sample);

    // `facts.end` is not before the last event. The error is a broken conservation law: a bug in
    // engine or world, never a property of the scenario. Expectations are evaluated.
    Result<Report> finish(const RunFacts& facts) const;

    // The same without the check.
    Report report(const RunFacts& facts) const;

    // Everything the charts show, up to `end`.
    ChartData charts(Time end) const;

    const RecorderSetup& setup() const;
    const Fingerprint& fingerprint() const;
    std::uint64_t arrivals() const; // over all sources
    std::size_t bytes() const;      // about what it holds

  private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace penstock

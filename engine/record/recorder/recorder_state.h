// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the Recorder keeps while a run goes on. Internal to this folder: recorder.cpp fills it event
// by event, recorder_report.cpp folds it into a Report. Counters come before histograms so that an
// event touches few cache lines.
#include "engine/record/recorder/recorder.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

namespace penstock {

// The integral over time of what is looked at now and then: a trapezium from look to look.
struct Integral {
    double sum = 0, seconds = 0, last = 0;

    // `elapsed`: seconds since the look before, as far as they count.
    void look(double value, double elapsed) {
        sum += 0.5 * (last + value) * elapsed;
        seconds += elapsed;
        last = value;
    }
    double mean() const { return seconds > 0 ? sum / seconds : kUnmeasured; }
};

// After warm-up. The busy share is itself a mean over the time since the last look.
struct FleetIntegral {
    Integral saturation, kv, running, waiting;
    double busySum = 0;
    double kvMax = 0;
    std::int64_t runningMax = 0, waitingMax = 0;

    void look(const FleetSample& fleet, double elapsed, bool counts);
};

struct QueueState {
    QueueReport counts; // only the counters; the report fills in the other fields
    std::int64_t inFlight = 0;
    std::int16_t queueGate = -1; // index in gates
    std::int16_t poolGate = -1;
    std::uint16_t pool = 0;
    double lifeSeconds = 0;      // of the ended, for Little's law
    double openSinceSeconds = 0; // sum over the others of start to enqueued
    Integral inSystem, depth;    // over the whole run; after warm-up
    double depthMax = 0;
    double slackSum = 0;
    Histogram wait, e2e;
    Histogram slackMet, slackLate;
    Series depthSeries;
};

struct SourceState {
    SourceReport counts;
    Histogram ttft, tpot, e2e;
};

struct PoolState {
    std::int64_t inFlight = 0;
    std::int16_t gate = -1;
    Series busy, limit;
};

struct GateState {
    GateReport counts;
    GateTrack track;
};

struct TenantState {
    std::uint64_t succeeded = 0, ended = 0;
    double lifeSeconds = 0;
};

// Percentiles of the last window, one point a window.
struct WindowedQuantiles {
    WindowedQuantiles(Time start, Duration window);
    void record(Time t, Duration value) {
        if (t >= end) close(t);
        histogram.record(value);
    }
    void close(Time t);

    Duration window;
    Time end;
    Histogram histogram;
    Series p50, p95, p99;
};

// Tenants by name, with a shortcut for the envelopes that thousands of requests share.
class TenantTable {
  public:
    // Null for a request that names no tenant. Beyond kMax tenants all others are one.
    TenantState* find(const Envelope& envelope, std::string_view attribute);
    const std::vector<TenantState>& all() const { return tenants_; }

  private:
    static constexpr std::size_t kMax = 4096;
    static constexpr std::size_t kCache = 256;
    struct Cached {
        const Envelope* envelope = nullptr;
        std::int32_t index = -1;
    };
    std::int32_t indexOf(const Envelope& envelope, std::string_view attribute);
    std::unordered_map<std::string, std::int32_t> byName_;
    std::vector<TenantState> tenants_;
    std::vector<Cached> cache_ = std::vector<Cached>(kCache);
};

struct Recorder::State : private GateTurnListener {
    explicit State(RecorderSetup given);

    RecorderSetup setup;
    Time warmEnd;
    Fingerprint fingerprint;
    Fingerprint traffic;
    std::uint64_t arrivals = 0;
    std::uint64_t wastedTokens = 0;
    std::uint64_t firstAttempts = 0;
    std::uint64_t lastExpired = UINT64_MAX;
    Time lastSample{};

    std::vector<QueueState> queues;
    std::vector<SourceState> sources;
    std::vector<PoolState> pools;
    std::vector<GateState> gates;
    TenantTable tenants;
    std::vector<RecordSink*> sinks;
    std::vector<std::pair<Time, std::string>> marks;

    Series ok, retry, shed, late, failed;
    WindowedQuantiles ttft;
    Series backlog, saturation, busy, kv, running, waiting;
    HeatStrip heat;
    FleetIntegral fleet;
    Histogram saturationMicro; // of the looks after warm-up

    QueueState& queueOf(const Event& e) {
        PENSTOCK_CHECK(e.queue < queues.size());
        return queues[e.queue];
    }
    GateState* gateOf(const Event& e);
    std::int64_t inFlightOf(const GateState& gate) const;
    void count(const Event& e);
    // Seconds after warm-up from the last sample to `t`.
    double elapsedTo(Time t) const {
        return std::max(0.0, toSeconds(t - std::max(lastSample, warmEnd)));
    }
    void countFinished(const Event& e, QueueState& q);
    void countLost(const Event& e, QueueState& q);
    void mark(const Event& e);
    void turned(std::uint16_t gate, Time t, bool closed, std::uint8_t reason) override;
    QueueReport queueReport(std::size_t i, const RunFacts& facts) const;
    PoolReport poolReport(const RunFacts& facts) const;
    FairnessReport fairness() const;
};

} // namespace penstock

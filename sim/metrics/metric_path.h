// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a gate learns the truth late: exporter gauge (refreshed at its own interval) → scrape (each
// target with its own interval and phase) → samples with timestamps → query. A MetricPath is one
// Prometheus server together with the endpoints it scrapes; every fault that can hit that chain is
// a switch on it.
//
// Single-threaded, driven by the Loop's timers. In the steady state scraping allocates nothing.
#include "engine/metrics/exposition.h"
#include "engine/ports/loop.h"
#include "sim/metrics/prom_evaluator.h"
#include "sim/metrics/series_store.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::sim {

// Random streams of the metric path, indexed by target and draw: phases of the scrapes, phases of
// the exporters, which scrapes fail.
inline constexpr auto kScrapePhaseStream = static_cast<RandomStream>(1300);
inline constexpr auto kExporterPhaseStream = static_cast<RandomStream>(1301);
inline constexpr auto kScrapeFailureStream = static_cast<RandomStream>(1302);

using TargetId = std::uint32_t;
using GaugeHandle = std::uint32_t; // dense, from 0, within one target

// live: computed when the endpoint is scraped. A gauge that collect() does not set vanishes.
// exported: set by the process at its exporterInterval and remembered, as a Go gauge is. One that
// collect() does not set keeps its last value; before its first refresh it does not exist.
enum class GaugeKind { live, exported };

// Where collect() puts the values of one target.
class GaugeSink {
  public:
    void set(GaugeHandle gauge, double value);
    // An exported gauge ceases to exist until it is set again.
    void remove(GaugeHandle gauge);

  private:
    friend class MetricTarget;
    GaugeSink(class MetricTarget& target, GaugeKind kind) : target_(target), kind_(kind) {}
    class MetricTarget& target_;
    GaugeKind kind_;
};

// The world's true values, asked for at `now`.
class GaugeSource {
  public:
    virtual ~GaugeSource() = default;
    // Sets every gauge it can by the handles declareGauge() gave it. Called at scrapes for the live
    // gauges and at refreshes for the exported ones; the sink ignores those of the other kind.
    virtual void collect(Time now, GaugeSink& sink) = 0;
};

struct TargetSpec {
    std::string name;              // for reports; the label `instance` unless `labels` has one
    Duration interval{};           // of the scrapes, > 0: 15 s model servers, 10 s router
    std::optional<Duration> phase; // of the scrapes within the interval; drawn if absent
    Labels labels;                 // put on every series of the target: job, inference_pool, …
    Duration scrapeDuration = std::chrono::milliseconds(10); // request to samples visible
    Duration exporterInterval = std::chrono::seconds(5);     // > 0; used by exported gauges only
    std::optional<Duration> exporterPhase;                   // drawn if absent
};

// What goes wrong with single gauges of an endpoint.
enum class GaugeFault { none, nan, missing };

class MetricPath {
  public:
    enum class Mode {
        scraped, // the real thing
        perfect, // every query first reads the truth: no delay and no fault; for the perfect gate
    };
    struct Options {
        Mode mode = Mode::scraped;
        SeriesStore::Options store;
        Duration lookback = std::chrono::minutes(5);
        Duration scrapeTimeout = std::chrono::seconds(10); // at most the target's interval
    };
    struct Stats {
        std::uint64_t scrapes = 0;       // begun, failed ones included
        std::uint64_t failedScrapes = 0; // endpoint down, outage, drawn failure, timeout
        std::uint64_t samples = 0;       // stored, stale markers included
        std::uint64_t outOfOrder = 0;    // rejected by the store: the clock had gone back
        std::uint64_t queries = 0;
        std::uint64_t failedQueries = 0;
    };

    explicit MetricPath(Loop& loop) : MetricPath(loop, Options{}) {}
    MetricPath(Loop& loop, Options options);
    ~MetricPath();
    MetricPath(const MetricPath&) = delete;
    MetricPath& operator=(const MetricPath&) = delete;

    // Scraping begins at the target's next phase instant (multiples of the interval since the epoch
    // plus the phase). `source` must live until removeTarget(). Also makes the series `up`.
    Result<TargetId> addTarget(TargetSpec spec, GaugeSource& source);

    // Makes one gauge known; may be called at any time. Labels are the gauge's own; the target's
    // are added, and a clash is resolved as Prometheus does (exported_<name>). Declaring twice is
    // an error, and so is a full store.
    Result<GaugeHandle> declareGauge(TargetId target, std::string_view metric, const Labels& labels,
                                     GaugeKind kind);

    // Service discovery has dropped the target. As in Prometheus its series turn stale only after
    // two more intervals and a tenth. `source` is not called any more.
    void removeTarget(TargetId target);

    // Faults. Each holds until it is switched off.
    void setPrometheusDown(bool down);                // no scrape, no query; storage survives
    void setClockSkew(Duration ahead);                // of Prometheus' clock to everyone's
    void setEndpointDown(TargetId target, bool down); // refuses scrapes, direct ones too
    void setScrapeOutage(TargetId target, bool out);  // Prometheus alone cannot reach it
    void setScrapeFailure(TargetId target, double probability); // of each scrape, in [0, 1]
    void setScrapeDuration(TargetId target, Duration duration); // beyond the timeout: a failure
    void setFrozen(TargetId target, bool frozen); // serves what was true when it froze
    // Of all gauges named `metric`, or of all gauges if it is empty.
    void setGaugeFault(TargetId target, std::string_view metric, GaugeFault fault);

    bool prometheusDown() const { return prometheusDown_; }
    // Targets that exist, in the order they were added; for faults that hit all of them.
    std::vector<TargetId> targets() const;
    const std::string& targetName(TargetId target) const;

    // A query front: parse once, ask often. The text's errors are parse()'s.
    Result<PromEvaluator> prepare(std::string_view query) const;
    // Fails while Prometheus is down. The result belongs to `query`.
    Result<const QueryResult*> query(PromEvaluator& query, Time now);

    // What a direct GET of the endpoint's /metrics would answer now, bypassing Prometheus; fails
    // while the endpoint is down. In Mode::perfect exported gauges are refreshed first.
    Result<std::string> exposition(TargetId target);

    const SeriesStore& store() const { return store_; }
    Stats stats() const;

  private:
    friend class MetricTarget;
    MetricTarget& live(TargetId target) const;
    void reap();
    void readTruth(Time now);

    Loop& loop_;
    Options options_;
    SeriesStore store_;
    std::vector<std::unique_ptr<MetricTarget>> targets_; // null: removed and forgotten
    bool prometheusDown_ = false;
    Duration clockSkew_{};
    Stats stats_;
    Time lastTruth_ = Time{Duration::min()}; // Mode::perfect: when the truth was last read
};

} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
#pragma once

// One scraped endpoint: its gauges as it exposes them, the exporter that refreshes some of them,
// and the scrape loop that carries them into the store. Private to MetricPath.
#include "sim/metrics/metric_path.h"

#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace penstock::sim {

class MetricTarget {
  public:
    MetricTarget(MetricPath& path, TargetId id, TargetSpec spec, GaugeSource& source, SeriesId up);

    Result<GaugeHandle> declare(std::string_view metric, const Labels& labels, GaugeKind kind);
    void start();
    void remove();
    bool removed() const { return source_ == nullptr; }
    bool finished() const { return finished_; } // nothing of it is left to do

    void set(GaugeKind from, GaugeHandle gauge, double value);
    void erase(GaugeKind from, GaugeHandle gauge);

    void setEndpointDown(bool down) { endpointDown_ = down; }
    void setScrapeOutage(bool out) { scrapeOutage_ = out; }
    void setScrapeFailure(double probability) { failureProbability_ = probability; }
    void setScrapeDuration(Duration duration) { spec_.scrapeDuration = duration; }
    void setFrozen(bool frozen);
    void setGaugeFault(std::string_view metric, GaugeFault fault);

    const std::string& name() const { return spec_.name; }

    // A restarted Prometheus does not know what it had stored, so it marks nothing stale.
    void forgetStored();
    // Mode::perfect: everything, now, into the store.
    void readTruth(Time now);
    Result<std::string> exposition(Time now, bool refresh);

  private:
    struct Gauge {
        Labels exposed; // as the endpoint shows it, with __name__
        SeriesId series = 0;
        GaugeKind kind = GaugeKind::live;
        GaugeFault fault = GaugeFault::none;
        bool present = false;
        bool stored = false; // the last scrape had it: it turns stale if the next has not
        double value = 0.0;
    };
    struct Reading {
        double value;
        bool present;
    };

    void collect(GaugeKind kind, Time now);
    static Reading read(const Gauge& gauge);
    GaugeFault faultOf(std::string_view metric) const;
    Time nextInstant(Duration interval, Duration phase) const;
    void scrape();
    void commit();
    void refresh();
    void finish();
    void storeStale(Time at);

    MetricPath& path_;
    TargetId id_;
    TargetSpec spec_;
    GaugeSource* source_; // null once removed
    SeriesId up_;
    bool upStored_ = false;
    std::vector<Gauge> gauges_;
    std::unordered_map<Labels, GaugeHandle, LabelsHash> handles_;
    std::vector<std::pair<std::string, GaugeFault>> faults_; // in the order they were switched on
    std::vector<Reading> staged_; // read at scrapeStart_, stored when the scrape is done
    Time scrapeStart_{};
    Time nextScrape_{};
    bool scrapeFailed_ = false;
    std::uint64_t scrapeCount_ = 0;

    bool endpointDown_ = false;
    bool scrapeOutage_ = false;
    bool frozen_ = false;
    double failureProbability_ = 0.0;
    int ticksSinceRemoval_ = 0;
    bool finished_ = false;

    MemberTimer<MetricTarget, &MetricTarget::scrape> scrapeTimer_{*this};
    MemberTimer<MetricTarget, &MetricTarget::commit> commitTimer_{*this};
    MemberTimer<MetricTarget, &MetricTarget::refresh> exporterTimer_{*this};
    MemberTimer<MetricTarget, &MetricTarget::finish> finishTimer_{*this};

    friend class MetricPath; // disarms the timers when the path dies
};

} // namespace penstock::sim

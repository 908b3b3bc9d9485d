// SPDX-License-Identifier: Apache-2.0
// Scraping one endpoint, as Prometheus 2.42 does it (scrape/scrape.go): samples are stamped with
// the start of the scrape and visible at its end; what a scrape no longer has, or all of it when
// the scrape failed, turns stale.
#include "sim/metrics/metric_target.h"

#include "engine/types/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace penstock::sim {

namespace {

// Mode::perfect keeps no more history than this, for range selectors.
constexpr Duration kTruthSpacing = std::chrono::seconds(5);

} // namespace

void GaugeSink::set(GaugeHandle gauge, double value) {
    target_.set(kind_, gauge, value);
}
void GaugeSink::remove(GaugeHandle gauge) {
    target_.erase(kind_, gauge);
}

MetricTarget::MetricTarget(MetricPath& path, TargetId id, TargetSpec spec, GaugeSource& source,
                           SeriesId up)
    : path_(path), id_(id), spec_(std::move(spec)), source_(&source), up_(up) {}

Result<GaugeHandle> MetricTarget::declare(std::string_view metric, const Labels& labels,
                                          GaugeKind kind) {
    Labels exposed = labels;
    exposed.set(kMetricName, metric);
    if (handles_.contains(exposed)) {
        return fail(fmt::format("the gauge {} of {} is declared twice", exposed.text(), name()));
    }
    Labels series = spec_.labels;
    for (const Label& label : exposed) {
        const bool clash = spec_.labels.has(label.name);
        series.set(clash ? "exported_" + label.name : label.name, label.value);
    }
    const Result<SeriesId> id = path_.store_.intern(series);
    if (!id) return fail(id.error());
    const auto& options = path_.options_;
    if (options.mode == MetricPath::Mode::scraped) {
        path_.store_.reserve(
            *id, static_cast<std::size_t>(options.store.retention / spec_.interval) + 2);
    }
    const auto handle = static_cast<GaugeHandle>(gauges_.size());
    Gauge gauge;
    gauge.fault = faultOf(metric);
    gauge.exposed = exposed;
    gauge.series = *id;
    gauge.kind = kind;
    gauges_.push_back(std::move(gauge));
    handles_.emplace(std::move(exposed), handle);
    staged_.reserve(gauges_.capacity());
    if (kind == GaugeKind::exported && !exporterTimer_.armed() &&
        options.mode == MetricPath::Mode::scraped) {
        if (!spec_.exporterPhase) {
            const double share = path_.loop_.random(kExporterPhaseStream, id_);
            spec_.exporterPhase =
                fromSeconds(share * toSeconds(spec_.exporterInterval)) % spec_.exporterInterval;
        }
        path_.loop_.arm(exporterTimer_, nextInstant(spec_.exporterInterval, *spec_.exporterPhase));
    }
    return handle;
}

// The first multiple of `interval`, plus `phase`, that is not in the past.
Time MetricTarget::nextInstant(Duration interval, Duration phase) const {
    const Duration since = path_.loop_.now().time_since_epoch() - phase;
    Duration rest = since % interval;
    if (rest < Duration::zero()) rest += interval;
    return path_.loop_.now() + (rest == Duration::zero() ? rest : interval - rest);
}

void MetricTarget::start() {
    if (!spec_.phase) {
        const double share = path_.loop_.random(kScrapePhaseStream, id_);
        spec_.phase = fromSeconds(share * toSeconds(spec_.interval)) % spec_.interval;
    }
    nextScrape_ = nextInstant(spec_.interval, *spec_.phase);
    path_.loop_.arm(scrapeTimer_, nextScrape_);
}

void MetricTarget::set(GaugeKind from, GaugeHandle handle, double value) {
    PENSTOCK_CHECK(handle < gauges_.size());
    Gauge& gauge = gauges_[handle];
    if (gauge.kind != from) return;
    gauge.present = true;
    gauge.value = value;
}

void MetricTarget::erase(GaugeKind from, GaugeHandle handle) {
    PENSTOCK_CHECK(handle < gauges_.size());
    if (gauges_[handle].kind == from) gauges_[handle].present = false;
}

void MetricTarget::collect(GaugeKind kind, Time now) {
    if (frozen_ || removed()) return;
    if (kind == GaugeKind::live) {
        for (Gauge& gauge : gauges_) {
            if (gauge.kind == GaugeKind::live) gauge.present = false;
        }
    }
    GaugeSink sink(*this, kind);
    source_->collect(now, sink);
}

void MetricTarget::setFrozen(bool frozen) {
    if (frozen && !frozen_) collect(GaugeKind::live, path_.loop_.now());
    frozen_ = frozen;
}

GaugeFault MetricTarget::faultOf(std::string_view metric) const {
    GaugeFault fault = GaugeFault::none;
    for (const auto& [name, kind] : faults_) {
        if (name.empty() || name == metric) fault = kind;
    }
    return fault;
}

void MetricTarget::setGaugeFault(std::string_view metric, GaugeFault fault) {
    std::erase_if(faults_, [&](const auto& f) { return metric.empty() || f.first == metric; });
    // A switched-off fault stays listed if it excepts one metric from a fault of all of them.
    if (fault != GaugeFault::none || !faults_.empty()) faults_.emplace_back(metric, fault);
    for (Gauge& gauge : gauges_)
        gauge.fault = faultOf(gauge.exposed.get(kMetricName));
}

void MetricTarget::forgetStored() {
    for (Gauge& gauge : gauges_)
        gauge.stored = false;
    upStored_ = false;
}

MetricTarget::Reading MetricTarget::read(const Gauge& gauge) {
    const bool nan = gauge.fault == GaugeFault::nan;
    return Reading{nan ? std::numeric_limits<double>::quiet_NaN() : gauge.value,
                   gauge.present && gauge.fault != GaugeFault::missing};
}

void MetricTarget::scrape() {
    const Time now = path_.loop_.now();
    const Duration timeout = std::min(path_.options_.scrapeTimeout, spec_.interval);
    nextScrape_ += spec_.interval;
    if (removed()) {
        // Two more ticks and a tenth of an interval: Prometheus waits whether the target returns.
        if (++ticksSinceRemoval_ == 1) scrapeStart_ = now;
        if (ticksSinceRemoval_ < 2) {
            path_.loop_.arm(scrapeTimer_, nextScrape_);
        } else {
            path_.loop_.arm(finishTimer_, now + spec_.interval / 10);
        }
        return;
    }
    if (!path_.prometheusDown_) {
        ++path_.stats_.scrapes;
        ++scrapeCount_;
        const bool unlucky =
            failureProbability_ > 0.0 &&
            path_.loop_.random(kScrapeFailureStream, (std::uint64_t{id_} << 32) | scrapeCount_) <
                failureProbability_;
        scrapeFailed_ = endpointDown_ || scrapeOutage_ || unlucky || spec_.scrapeDuration > timeout;
        staged_.clear();
        if (!scrapeFailed_) {
            collect(GaugeKind::live, now);
            for (const Gauge& gauge : gauges_)
                staged_.push_back(read(gauge));
        }
        scrapeStart_ = now;
        // Armed before the next scrape, so that of the two at one instant it is first.
        path_.loop_.arm(commitTimer_, now + std::min(spec_.scrapeDuration, timeout));
    }
    path_.loop_.arm(scrapeTimer_, nextScrape_);
}

void MetricTarget::commit() {
    if (path_.prometheusDown_) return;
    SeriesStore& store = path_.store_;
    const Time at = scrapeStart_ + path_.clockSkew_;
    if (scrapeFailed_) {
        ++path_.stats_.failedScrapes;
        storeStale(at);
    } else {
        for (std::size_t i = 0; i < staged_.size(); ++i) {
            const Reading& reading = staged_[i];
            Gauge& gauge = gauges_[i];
            if (reading.present) {
                store.append(gauge.series, at, reading.value);
            } else if (gauge.stored) {
                store.appendStale(gauge.series, at);
            }
            gauge.stored = reading.present;
        }
    }
    store.append(up_, at, scrapeFailed_ ? 0.0 : 1.0);
    upStored_ = true;
}

void MetricTarget::storeStale(Time at) {
    for (Gauge& gauge : gauges_) {
        if (gauge.stored) path_.store_.appendStale(gauge.series, at);
        gauge.stored = false;
    }
}

void MetricTarget::refresh() {
    const Time now = path_.loop_.now();
    collect(GaugeKind::exported, now);
    path_.loop_.arm(exporterTimer_, now + spec_.exporterInterval);
}

void MetricTarget::remove() {
    source_ = nullptr;
    path_.loop_.disarm(exporterTimer_);
    if (path_.options_.mode == MetricPath::Mode::scraped) return;
    scrapeStart_ = path_.loop_.now();
    finish();
}

void MetricTarget::finish() {
    if (!path_.prometheusDown_) {
        const Time at = scrapeStart_ + path_.clockSkew_;
        storeStale(at);
        if (upStored_) path_.store_.appendStale(up_, at);
    }
    for (const Gauge& gauge : gauges_)
        path_.store_.release(gauge.series);
    path_.store_.release(up_);
    finished_ = true;
}

void MetricTarget::readTruth(Time now) {
    if (removed()) return;
    collect(GaugeKind::exported, now);
    collect(GaugeKind::live, now);
    const std::int64_t nowMs = toMilliseconds(now);
    for (Gauge& gauge : gauges_) {
        if (!gauge.present && !gauge.stored) continue;
        const Sample sample = gauge.present ? Sample{nowMs, gauge.value} : Sample::staleAt(nowMs);
        path_.store_.appendThinned(gauge.series, sample, kTruthSpacing);
        gauge.stored = gauge.present;
    }
    path_.store_.appendThinned(up_, Sample{nowMs, 1.0}, kTruthSpacing);
    upStored_ = true;
}

Result<std::string> MetricTarget::exposition(Time now, bool refresh) {
    if (endpointDown_ || removed()) {
        return fail(fmt::format("GET {}/metrics: connection refused", name()));
    }
    if (refresh) collect(GaugeKind::exported, now);
    collect(GaugeKind::live, now);
    std::vector<metrics::ExposedSample> samples;
    for (const Gauge& gauge : gauges_) {
        const Reading reading = read(gauge);
        if (!reading.present) continue;
        samples.push_back(metrics::ExposedSample{gauge.exposed, reading.value,
                                                 metrics::ExposedSample::Type::gauge});
    }
    std::string out;
    metrics::writeExposition(samples, out);
    return out;
}

} // namespace penstock::sim

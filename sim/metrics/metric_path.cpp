// SPDX-License-Identifier: Apache-2.0
// The server around the targets: storage, switches and the query front; see metric_path.h.
#include "sim/metrics/metric_path.h"

#include "engine/types/check.h"
#include "sim/metrics/metric_target.h"

#include <fmt/format.h>

namespace penstock::sim {

MetricPath::MetricPath(Loop& loop, Options options)
    : loop_(loop), options_(options), store_(options.store) {
    PENSTOCK_CHECK(options_.lookback > Duration::zero());
    PENSTOCK_CHECK(options_.scrapeTimeout > Duration::zero());
}

MetricPath::~MetricPath() {
    for (const auto& target : targets_) {
        if (target == nullptr) continue;
        loop_.disarm(target->scrapeTimer_);
        loop_.disarm(target->commitTimer_);
        loop_.disarm(target->exporterTimer_);
        loop_.disarm(target->finishTimer_);
    }
}

Result<TargetId> MetricPath::addTarget(TargetSpec spec, GaugeSource& source) {
    reap();
    if (spec.interval <= Duration::zero() || spec.exporterInterval <= Duration::zero()) {
        return fail(fmt::format("target {}: scrape and exporter intervals must be > 0", spec.name));
    }
    if (spec.scrapeDuration < Duration::zero()) {
        return fail(fmt::format("target {}: the scrape duration must not be negative", spec.name));
    }
    if (!spec.labels.has("instance")) spec.labels.set("instance", spec.name);
    Labels up = spec.labels;
    up.set(kMetricName, "up");
    const Result<SeriesId> series = store_.intern(up);
    if (!series) return fail(series.error());
    if (options_.mode == Mode::scraped) {
        store_.reserve(*series,
                       static_cast<std::size_t>(options_.store.retention / spec.interval) + 2);
    }
    const auto id = static_cast<TargetId>(targets_.size());
    targets_.push_back(std::make_unique<MetricTarget>(*this, id, std::move(spec), source, *series));
    if (options_.mode == Mode::scraped) targets_.back()->start();
    return id;
}

MetricTarget& MetricPath::live(TargetId target) const {
    PENSTOCK_CHECK(target < targets_.size());
    PENSTOCK_CHECK(targets_[target] != nullptr && !targets_[target]->removed());
    return *targets_[target];
}

Result<GaugeHandle> MetricPath::declareGauge(TargetId target, std::string_view metric,
                                             const Labels& labels, GaugeKind kind) {
    return live(target).declare(metric, labels, kind);
}

void MetricPath::removeTarget(TargetId target) {
    live(target).remove();
    reap();
}

// A target cannot be freed by its own timer, so those that have finished wait for the next change.
void MetricPath::reap() {
    for (auto& target : targets_) {
        if (target != nullptr && target->finished()) target.reset();
    }
}

void MetricPath::setPrometheusDown(bool down) {
    if (down && !prometheusDown_) {
        for (const auto& target : targets_) {
            if (target != nullptr) target->forgetStored();
        }
    }
    prometheusDown_ = down;
}

void MetricPath::setClockSkew(Duration ahead) {
    clockSkew_ = ahead;
}
void MetricPath::setEndpointDown(TargetId target, bool down) {
    live(target).setEndpointDown(down);
}
void MetricPath::setScrapeOutage(TargetId target, bool out) {
    live(target).setScrapeOutage(out);
}
void MetricPath::setScrapeFailure(TargetId target, double probability) {
    PENSTOCK_CHECK(probability >= 0.0 && probability <= 1.0);
    live(target).setScrapeFailure(probability);
}
void MetricPath::setScrapeDuration(TargetId target, Duration duration) {
    PENSTOCK_CHECK(duration >= Duration::zero());
    live(target).setScrapeDuration(duration);
}
void MetricPath::setFrozen(TargetId target, bool frozen) {
    live(target).setFrozen(frozen);
}
void MetricPath::setGaugeFault(TargetId target, std::string_view metric, GaugeFault fault) {
    live(target).setGaugeFault(metric, fault);
}

std::vector<TargetId> MetricPath::targets() const {
    std::vector<TargetId> out;
    for (TargetId id = 0; id < targets_.size(); ++id) {
        if (targets_[id] != nullptr && !targets_[id]->removed()) out.push_back(id);
    }
    return out;
}

const std::string& MetricPath::targetName(TargetId target) const {
    return live(target).name();
}

Result<PromEvaluator> MetricPath::prepare(std::string_view text) const {
    Result<PromQuery> parsed = PromQuery::parse(text);
    if (!parsed) return fail(parsed.error());
    PromEvaluator evaluator(store_, std::move(*parsed), PromEvaluator::Options{options_.lookback});
    const Status reach = evaluator.checkReach();
    if (!reach) return fail(reach.error());
    return evaluator;
}

void MetricPath::readTruth(Time now) {
    if (now == lastTruth_) return;
    lastTruth_ = now;
    for (const auto& target : targets_) {
        if (target != nullptr) target->readTruth(now);
    }
}

Result<const QueryResult*> MetricPath::query(PromEvaluator& evaluator, Time now) {
    ++stats_.queries;
    if (options_.mode == Mode::perfect) {
        readTruth(now);
    } else if (prometheusDown_) {
        ++stats_.failedQueries;
        return fail("error querying Prometheus: it is down (connection refused)");
    }
    Result<const QueryResult*> result = evaluator.evaluate(now);
    if (!result) ++stats_.failedQueries;
    return result;
}

Result<std::string> MetricPath::exposition(TargetId target) {
    return live(target).exposition(loop_.now(), options_.mode == Mode::perfect);
}

MetricPath::Stats MetricPath::stats() const {
    Stats stats = stats_;
    stats.samples = store_.appended();
    stats.outOfOrder = store_.outOfOrder();
    return stats;
}

} // namespace penstock::sim

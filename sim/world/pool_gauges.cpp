// SPDX-License-Identifier: Apache-2.0
#include "sim/world/pool_gauges.h"

#include "engine/types/check.h"

#include <fmt/format.h>

namespace penstock::sim {

namespace {
GaugeHandle declareOrDie(MetricPath& path, TargetId target, const std::string& name,
                         const Labels& labels, GaugeKind kind) {
    auto handle = path.declareGauge(target, name, labels, kind);
    PENSTOCK_CHECK(handle.has_value()); // names are ours and distinct
    return *handle;
}
} // namespace

RouterGauges::RouterGauges(MetricPath& path, Router& router, const Scenario& scenario, Asker asker)
    : path_(path), router_(router), scenario_(scenario), asker_(asker) {
    TargetSpec spec;
    spec.name = "router";
    spec.interval = scenario.metrics.routerScrape;
    spec.scrapeDuration = scenario.metrics.scrapeDuration;
    spec.exporterInterval = scenario.router.exportInterval;
    spec.labels = {{"job", "router"}};
    auto target = path.addTarget(spec, *this);
    PENSTOCK_CHECK(target.has_value());
    target_ = *target;

    const std::string& pool = scenario.poolName;
    for (const std::string& prefix : scenario.router.metricPrefixes()) {
        if (scenario.router.exportsSaturation()) {
            saturation_.push_back(declare(prefix + "pool_saturation", {{"inference_pool", pool}}));
        }
        if (!scenario.router.flowControl) continue;
        queueSize_.push_back(declare(prefix + "queue_size", {{"inference_pool", pool}}));
        queueBytes_.push_back(declare(prefix + "queue_bytes", {{"inference_pool", pool}}));
    }
    readyPods_ = declare("inference_pool_ready_pods", {{"name", pool}});
    averageQueue_ = declare("inference_pool_average_queue_size", {{"name", pool}});
    averageKv_ = declare("inference_pool_average_kv_cache_utilization", {{"name", pool}});
}

GaugeHandle RouterGauges::declare(const std::string& name, const Labels& labels) {
    return declareOrDie(path_, target_, name, labels, GaugeKind::exported);
}

void RouterGauges::setAll(GaugeSink& sink, const std::vector<GaugeHandle>& handles, double value) {
    for (const GaugeHandle handle : handles)
        sink.set(handle, value);
}

void RouterGauges::collect(Time now, GaugeSink& sink) {
    const bool looking = asker_ == Asker::onlooker;
    while (perPodQueue_.size() < router_.endpointCount()) {
        const std::string pod = podName(scenario_.poolName, perPodQueue_.size());
        perPodQueue_.push_back(declareOrDie(
            path_, target_, "inference_pool_per_pod_queue_size",
            {{"name", scenario_.poolName}, {"model_server_pod", pod}}, GaugeKind::exported));
    }
    setAll(sink, saturation_, looking ? router_.saturationToAnOnlooker() : router_.saturation());
    setAll(sink, queueSize_, static_cast<double>(router_.queued()));
    setAll(sink, queueBytes_, static_cast<double>(router_.queuedBytes()));
    // An empty pool leaves its gauges as they were: the router refreshes them per pod, so with no
    // pod to loop over ready_pods goes on saying what it said.
    const std::int32_t ready = router_.readyEndpoints();
    if (ready == 0) return;
    double queue = 0.0;
    double kv = 0.0;
    for (std::size_t i = 0; i < router_.endpointCount(); ++i) {
        if (!router_.endpoint(i).ready()) {
            sink.remove(perPodQueue_[i]);
            continue;
        }
        const Endpoint& endpoint = router_.endpoint(i);
        const EndpointMetrics m = looking ? endpoint.readBy(now) : endpoint.lastRead();
        sink.set(perPodQueue_[i], m.waiting);
        queue += m.waiting;
        kv += m.kvUsed;
    }
    sink.set(readyPods_, ready);
    sink.set(averageQueue_, queue / ready);
    sink.set(averageKv_, kv / ready);
}

ReplicaGauges::ReplicaGauges(MetricPath& path, const Router& router, std::size_t endpoint,
                             const Scenario& scenario)
    : router_(router), endpoint_(endpoint) {
    TargetSpec spec;
    spec.name = podName(scenario.poolName, endpoint);
    spec.interval = scenario.metrics.modelServerScrape;
    spec.scrapeDuration = scenario.metrics.scrapeDuration;
    spec.labels = {{"job", "model-server"},
                   {"inference_pool", scenario.poolName},
                   {"pod", podName(scenario.poolName, endpoint)}};
    auto target = path.addTarget(spec, *this);
    PENSTOCK_CHECK(target.has_value());
    target_ = *target;
    running_ = declareOrDie(path, target_, "vllm:num_requests_running", {}, GaugeKind::live);
    waiting_ = declareOrDie(path, target_, "vllm:num_requests_waiting", {}, GaugeKind::live);
    kv_ = declareOrDie(path, target_, "vllm:kv_cache_usage_perc", {}, GaugeKind::live);
}

void ReplicaGauges::collect(Time, GaugeSink& sink) {
    if (!router_.endpoint(endpoint_).up()) return; // it does not answer: its series end
    const EndpointMetrics m = router_.endpoint(endpoint_).truth();
    sink.set(running_, m.running);
    sink.set(waiting_, m.waiting);
    sink.set(kv_, m.kvUsed);
}

} // namespace penstock::sim

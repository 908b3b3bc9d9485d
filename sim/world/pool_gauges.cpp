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
    const auto declarePool = [&](const std::string& prefix, const std::string& ready) {
        readyPods_.push_back(declare(prefix + ready, {{"name", pool}}));
        averageQueue_.push_back(declare(prefix + "average_queue_size", {{"name", pool}}));
        averageKv_.push_back(declare(prefix + "average_kv_cache_utilization", {{"name", pool}}));
    };
    if (scenario.router.exportsPoolNames()) declarePool("inference_pool_", "ready_pods");
    if (scenario.router.exportsEppNames()) declarePool("llm_d_epp_", "ready_endpoints");
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
        const Labels labels{{"name", scenario_.poolName}, {"model_server_pod", pod}};
        std::vector<GaugeHandle>& of = perPodQueue_.emplace_back();
        if (scenario_.router.exportsPoolNames()) {
            of.push_back(declare("inference_pool_per_pod_queue_size", labels));
        }
        if (scenario_.router.exportsEppNames()) {
            of.push_back(declare("llm_d_epp_per_endpoint_queue_size", labels));
        }
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
            for (const GaugeHandle handle : perPodQueue_[i])
                sink.remove(handle);
            continue;
        }
        const Endpoint& endpoint = router_.endpoint(i);
        const EndpointMetrics m = looking ? endpoint.readBy(now) : endpoint.lastRead();
        setAll(sink, perPodQueue_[i], m.waiting);
        queue += m.waiting;
        kv += m.kvUsed;
    }
    setAll(sink, readyPods_, ready);
    setAll(sink, averageQueue_, queue / ready);
    setAll(sink, averageKv_, kv / ready);
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

// SPDX-License-Identifier: Apache-2.0
#include "sim/world/pool_facts.h"

#include "sim/traffic/stream.h"

#include <algorithm>

namespace penstock::sim {

namespace {

std::optional<Duration> burstOf(const SourceSpec& source) {
    if (const auto* onOff = std::get_if<OnOffProcess>(&source.traffic.process)) {
        return fromSeconds(meanOf(onOff->on));
    }
    return std::nullopt;
}

QueueFacts factsOf(const std::string& id, const Scenario& scenario) {
    QueueFacts facts;
    facts.id = id;
    double rate = 0.0;
    double backlog = 0.0;
    bool known = true;
    for (const SourceSpec& source : scenario.sources) {
        if (source.queue != id) continue;
        const TrafficSpec& traffic = source.traffic;
        if (const auto* lumps = std::get_if<LumpProcess>(&traffic.process)) {
            // A job that comes once is a backlog, not a rate that has to be kept up with.
            for (const Lump& lump : lumps->lumps) backlog += lump.count;
            if (lumps->everySeconds <= 0.0) known = false;
        }
        const double mean = meanRequestsPerSecond(traffic, toSeconds(scenario.horizon));
        known = known && mean > 0.0;
        rate += mean;
        if (traffic.deadlineAfter) {
            const Duration window = fromSeconds(meanOf(*traffic.deadlineAfter));
            facts.window = facts.window ? std::min(*facts.window, window) : window;
        }
        facts.messagesCarryTier = !traffic.tiers.empty();
    }
    if (known && rate > 0.0) facts.requestsPerSecond = rate;
    if (backlog > 0.0) facts.backlog = backlog;
    return facts;
}

} // namespace

PoolFacts poolFacts(const Scenario& scenario) {
    PoolFacts facts;
    double pods = 0.0;
    double seats = 0.0;
    for (const ReplicaGroup& group : scenario.replicas) {
        pods += group.count;
        seats = std::max(seats, static_cast<double>(group.config.maxNumSeqs));
    }
    facts.readyPods = pods;
    facts.maxNumSeqs = seats;
    if (scenario.router.detector == RouterSpec::Detector::concurrency) {
        facts.detectorMaxConcurrency = scenario.router.maxConcurrency;
    }
    facts.routerScrape = scenario.metrics.routerScrape;
    facts.modelServerScrape = scenario.metrics.modelServerScrape;
    facts.exporterRefresh = scenario.router.exportInterval;
    for (const SourceSpec& source : scenario.sources) {
        if (!source.queue.empty()) continue;
        if (const auto burst = burstOf(source)) {
            facts.burst = facts.burst ? std::min(*facts.burst, *burst) : *burst;
        }
    }
    std::vector<std::string> metrics{"inference_pool_ready_pods",
                                     "inference_pool_per_pod_queue_size",
                                     "inference_pool_average_queue_size",
                                     "inference_pool_average_kv_cache_utilization",
                                     "vllm:num_requests_running",
                                     "vllm:num_requests_waiting",
                                     "vllm:kv_cache_usage_perc",
                                     "up"};
    for (const std::string& prefix : scenario.router.metricPrefixes()) {
        if (scenario.router.exportsSaturation()) metrics.push_back(prefix + "pool_saturation");
        if (!scenario.router.flowControl) continue;
        metrics.push_back(prefix + "queue_size");
        metrics.push_back(prefix + "queue_bytes");
    }
    facts.routerFlowControl = scenario.router.flowControl;
    facts.metrics = std::move(metrics);
    for (const auto& queue : scenario.engine.transport.queues) {
        facts.queues.push_back(factsOf(queue.id, scenario));
    }
    return facts;
}

} // namespace penstock::sim

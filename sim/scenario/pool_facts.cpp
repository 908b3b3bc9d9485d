// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario/pool_facts.h"

#include "sim/traffic/stream/stream.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace penstock::sim {

namespace {

std::optional<Duration> burstOf(const SourceSpec& source) {
    if (const auto* onOff = std::get_if<OnOffProcess>(&source.traffic.process)) {
        return fromSeconds(meanOf(onOff->on));
    }
    return std::nullopt;
}

// The tokens of a queue's requests, on average over its sources by how many they send.
struct MeanRequest {
    double prompt = 0.0;
    double output = 0.0;
    double weight = 0.0;
    bool known = true;

    void add(const TrafficSpec& traffic, double requests) {
        const auto* drawn = std::get_if<DrawnLengths>(&traffic.lengths);
        // Sessions carry their history, and what traces say is not known before they are read.
        known = known && drawn != nullptr && !traffic.sessions && requests > 0.0;
        if (!known) return;
        weight += requests;
        const double longest = traffic.maxTokens > 0.0 ? traffic.maxTokens : HUGE_VAL;
        prompt += requests / weight * (meanOf(drawn->prompt) - prompt);
        output += requests / weight * (std::min(longest, meanOf(drawn->output)) - output);
    }
};

// More such requests a second than the pool can serve, though it does nothing else: in the time of
// each it must compute the prompt, and decode with all slots (or all of the KV cache) taken.
// Counted as if the two cost no more than the longer of them, so that no pool is ever said to be
// too small that is not.
std::optional<double> ceilingOf(const MeanRequest& request, const Scenario& scenario) {
    if (!request.known || request.weight <= 0.0 || request.output < 1.0) return std::nullopt;
    if (scenario.autoscaler.enabled) return std::nullopt;
    double ceiling = 0.0;
    for (const ReplicaGroup& group : scenario.replicas) {
        const ReplicaConfig& config = group.config;
        if (config.mode != BatchMode::continuous) return std::nullopt;
        const double context = request.prompt + 0.5 * request.output;
        const double room = static_cast<double>(config.kvBlocks) * config.blockSize / context;
        BatchShape decode;
        decode.decodes = std::max<std::int64_t>(
            1, std::min<std::int64_t>(config.maxNumSeqs, std::llround(room)));
        decode.context = std::llround(static_cast<double>(decode.decodes) * context);
        const double decoding =
            request.output * stepNs(config.cost, decode) / static_cast<double>(decode.decodes);
        BatchShape prefill;
        prefill.prefillTokens = config.maxNumBatchedTokens;
        prefill.prefillSequences = 1;
        const double perToken =
            stepNs(config.cost, prefill) / static_cast<double>(prefill.prefillTokens);
        const double prompting = config.prefixCache ? 0.0 : request.prompt * perToken;
        ceiling += group.count * 1e9 / std::max(decoding, prompting);
    }
    return ceiling;
}

// Its prompt computed and its tokens decoded alone, on the kind of replica that is fastest.
std::optional<Duration> leastServiceTime(const MeanRequest& request, const Scenario& scenario) {
    if (!request.known || request.weight <= 0.0 || request.output < 1.0) return std::nullopt;
    double least = HUGE_VAL;
    for (const ReplicaGroup& group : scenario.replicas) {
        const ReplicaConfig& config = group.config;
        if (config.mode != BatchMode::continuous) return std::nullopt;
        BatchShape prefill;
        prefill.prefillTokens =
            config.prefixCache ? 1 : std::max<std::int64_t>(1, std::llround(request.prompt));
        prefill.prefillSequences = 1;
        BatchShape decode;
        decode.decodes = 1;
        decode.context = std::llround(request.prompt + 0.5 * request.output);
        least = std::min(least, stepNs(config.cost, prefill) +
                                    (request.output - 1.0) * stepNs(config.cost, decode));
    }
    return fromSeconds(least * 1e-9);
}

// The labels that the simulated exporters and scrapes put on a metric (world/pool_gauges.h).
SeriesFact seriesFact(const std::string& metric, const std::string& pool) {
    SeriesFact fact{metric, !metric.starts_with("vllm:"), {}, {}};
    if (metric == "up") {
        fact.ofTarget = {{"job", {"router", "model-server"}},
                         {"instance", {}},
                         {"inference_pool", {}},
                         {"pod", {}}};
    } else if (!fact.ofRouter) {
        fact.ofTarget = {
            {"job", {"model-server"}}, {"inference_pool", {pool}}, {"pod", {}}, {"instance", {}}};
    } else {
        const bool ofPool = metric.find("flow_control") == std::string::npos;
        fact.own = {{ofPool ? "name" : "inference_pool", {pool}}};
        if (metric == "inference_pool_per_pod_queue_size" ||
            metric == "llm_d_epp_per_endpoint_queue_size") {
            fact.own.push_back({"model_server_pod", {}});
        }
        fact.ofTarget = {{"job", {"router"}}, {"instance", {"router"}}};
    }
    return fact;
}

QueueFacts factsOf(const std::string& id, const Scenario& scenario) {
    QueueFacts facts;
    facts.id = id;
    double rate = 0.0;
    std::map<Duration, double> backlogs; // by how long there is for them
    MeanRequest request;
    bool known = true;
    for (const SourceSpec& source : scenario.sources) {
        if (source.queue != id) continue;
        const TrafficSpec& traffic = source.traffic;
        double lumped = 0.0;
        if (const auto* lumps = std::get_if<LumpProcess>(&traffic.process)) {
            // A job that comes once is a backlog, not a rate that has to be kept up with.
            for (const Lump& lump : lumps->lumps)
                lumped += lump.count;
            if (lumps->everySeconds <= 0.0) known = false;
        }
        const double mean = meanRequestsPerSecond(traffic, toSeconds(scenario.horizon));
        known = known && mean > 0.0;
        rate += mean;
        request.add(traffic, std::max(lumped, mean * toSeconds(scenario.horizon)));
        if (traffic.deadlineAfter) {
            const Duration window = fromSeconds(meanOf(*traffic.deadlineAfter));
            facts.window = facts.window ? std::min(*facts.window, window) : window;
            if (lumped > 0.0) backlogs[window] += lumped;
        }
        facts.messagesCarryTier = !traffic.tiers.empty();
    }
    if (known && rate > 0.0) facts.requestsPerSecond = rate;
    facts.poolCeiling = ceilingOf(request, scenario);
    facts.leastServiceTime = leastServiceTime(request, scenario);
    // What is due by a deadline is all that is due by then: the deadline that asks for most counts.
    double due = 0.0;
    double most = 0.0;
    for (const auto& [window, count] : backlogs) {
        due += count;
        if (window <= Duration::zero() || due / toSeconds(window) <= most) continue;
        most = due / toSeconds(window);
        facts.backlog = due;
        facts.window = window;
    }
    return facts;
}

} // namespace

PoolFacts poolFacts(const Scenario& scenario) {
    PoolFacts facts;
    double pods = 0.0;
    double slots = 0.0;
    for (const ReplicaGroup& group : scenario.replicas) {
        pods += group.count;
        slots = std::max(slots, static_cast<double>(group.config.maxNumSeqs));
    }
    facts.readyPods = pods;
    facts.maxNumSeqs = slots;
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
    std::vector<std::string> metrics{"vllm:num_requests_running", "vllm:num_requests_waiting",
                                     "vllm:kv_cache_usage_perc", "up"};
    if (scenario.router.exportsPoolNames()) {
        metrics.insert(metrics.end(),
                       {"inference_pool_ready_pods", "inference_pool_per_pod_queue_size",
                        "inference_pool_average_queue_size",
                        "inference_pool_average_kv_cache_utilization"});
    }
    if (scenario.router.exportsEppNames()) {
        metrics.insert(metrics.end(),
                       {"llm_d_epp_ready_endpoints", "llm_d_epp_per_endpoint_queue_size",
                        "llm_d_epp_average_queue_size", "llm_d_epp_average_kv_cache_utilization"});
    }
    for (const std::string& prefix : scenario.router.metricPrefixes()) {
        if (scenario.router.exportsSaturation()) metrics.push_back(prefix + "pool_saturation");
        if (!scenario.router.flowControl) continue;
        metrics.push_back(prefix + "queue_size");
        metrics.push_back(prefix + "queue_bytes");
    }
    facts.routerFlowControl = scenario.router.flowControl;
    for (const std::string& metric : metrics)
        facts.series.push_back(seriesFact(metric, scenario.poolName));
    facts.metrics = std::move(metrics);
    for (const auto& queue : scenario.engine.transport.queues) {
        facts.queues.push_back(factsOf(queue.id, scenario));
    }
    return facts;
}

} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is wrong with a policy before anything runs: gates that can never close or never open,
// budgets quantised away, readings that are always late, names that nothing exports. Each finding
// says what was computed and what to change. A finding that needs a fact which is not known is not
// made: silence is not a promise.
#include "engine/config/documents/documents.h"
#include "engine/config/text/finding.h"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace penstock {

// What is known of one queue's traffic.
struct QueueFacts {
    std::string id;
    std::optional<double> requestsPerSecond; // mean arrivals
    std::optional<double> backlog;           // requests that lie there at once, a job's size
    std::optional<Duration> window;          // from arrival to deadline, the shortest that matters
    std::optional<double>
        poolCeiling; // requests a second that the pool cannot exceed on these alone
    std::optional<Duration> leastServiceTime; // of one request on a pool that does nothing else
    std::optional<bool> messagesCarryTier;    // the senders set the tier label
};

// What labels the series of one metric have. A label without values may have any.
struct SeriesFact {
    struct LabelValues {
        std::string label;
        std::vector<std::string> values;
    };
    std::string metric;
    bool ofRouter = true;              // else of a model server
    std::vector<LabelValues> own;      // as its exporter writes it
    std::vector<LabelValues> ofTarget; // that the scrape adds: job, inference_pool
};

// What is known of the pool behind the gateway and of its traffic.
struct PoolFacts {
    std::optional<double> readyPods;
    std::optional<double> maxNumSeqs;          // requests that one pod runs at once
    std::optional<double> peakRunningPerPod;   // measured, all traffic together
    std::optional<double> peakQueuePerPod;     // measured, waiting in a pod
    std::optional<double> peakFlowQueue;       // measured, waiting in the router's flow control
    std::optional<double> interactiveInFlight; // at peak, beside what the engine sends; 0: none
    std::optional<double> leastSaturation;     // that the router's detector ever shows
    std::optional<double> peakSaturation;
    std::optional<double> detectorMaxConcurrency; // concurrency-detector: requests that fill a pod
    std::optional<Duration> serviceTime;          // of one request, sent to answered
    std::optional<Duration> routerScrape;         // interval at which Prometheus scrapes the router
    std::optional<Duration> modelServerScrape;
    std::optional<Duration> exporterRefresh;         // of the router's gauges
    std::optional<Duration> burst;                   // length of an interactive burst
    std::optional<std::vector<std::string>> metrics; // names that Prometheus has
    std::vector<SeriesFact> series;        // the same with their labels, as far as they are known
    std::optional<bool> routerFlowControl; // llm-d-router exports its saturation only with it
    std::vector<QueueFacts> queues;

    const QueueFacts* queue(std::string_view id) const;
};

// By severity, worst first, then by code and path.
void sortFindings(std::vector<Finding>& findings);

// Those that reading it made among them. Sorted.
std::vector<Finding> advise(const EngineDocument& engine, const PoolFacts& facts = {});

// Every code that advise() may find, with what it means, for documentation.
struct FindingKind {
    std::string_view code;
    std::string_view meaning;
};
const std::vector<FindingKind>& findingKinds();

std::string_view name(Severity severity);

// For a terminal: one paragraph a finding, lines of at most `width` columns; "" for none.
std::string formatFindings(const std::vector<Finding>& findings, std::size_t width = 100);

// {code, severity, path, file, line, column, computed, remedy}, as in a report's advice[].
nlohmann::ordered_json findingsJson(const std::vector<Finding>& findings);

} // namespace penstock

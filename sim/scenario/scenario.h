// SPDX-License-Identifier: Apache-2.0
#pragma once

// A scenario: one pool, its traffic, the engine's own documents, the metric path, the faults, and
// what the run is expected to show. Plain data; readScenario() (scenario_reader.h) fills it from
// YAML, makeWorld() (world.h) brings it to life.
#include "engine/config/advice/advice.h"
#include "engine/config/documents/documents.h"
#include "engine/types/time.h"
#include "sim/faults/fault.h"
#include "sim/fleet/replica_types.h"
#include "sim/fleet/step_time.h"
#include "sim/fleet/tables.h"
#include "sim/router/router_spec.h"
#include "sim/scenario/source_spec.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace penstock::sim {

// One kind of model server, and how many there are of it.
struct ReplicaGroup {
    std::int32_t count = 1;
    std::string gpu;      // of resources/gpus.yaml
    std::string model;    // of resources/models.yaml
    int tp = 1;           // GPUs of one replica
    ReplicaConfig config; // step cost, scheduler and KV blocks, as derived from the above
    // Measured operator times that config.cost points at; null for the other back ends.
    std::shared_ptr<const OperatorTables> operators;
    Duration startUp{0}; // from nothing to ready, after a loss
};

struct AutoscalerSpec {
    // What is held at `target`, on average over the ready replicas.
    enum class Metric : std::uint8_t {
        saturation, // the router's own
        running,    // requests that a replica runs
        waiting,    // requests that wait in a replica, and those in the router's queues
        kvUsed,     // share of the KV cache
    };

    bool enabled = false;
    std::int32_t min = 1;
    std::int32_t max = 8;
    Metric metric = Metric::saturation;
    double target = 0.7;
    Duration period{std::chrono::seconds{15}};
    Duration upDelay{std::chrono::seconds{0}}; // the wish must hold this long
    Duration downDelay{std::chrono::minutes{5}};
    Duration coldStart{std::chrono::minutes{3}};
};

struct MetricsSpec {
    Duration modelServerScrape{std::chrono::seconds{15}};
    Duration routerScrape{std::chrono::seconds{10}};
    Duration scrapeDuration{std::chrono::milliseconds{10}};
    bool perfect = false; // every read sees the truth at once: the perfect gate
};

struct BrokerSpec {
    Duration roundTrip{0}; // of each call
};

// A run has a thousand looks at its gauges, unless it is so short that they would be closer than
// anything happens.
inline Duration usualSampling(Duration horizon) {
    return std::max<Duration>(horizon / 1000, std::chrono::milliseconds{100});
}

struct Expectation {
    std::string expression; // metric op value, as for --assert
    std::string why;
    Place place; // without a file: asserted on the command line
};

struct Scenario {
    std::string name;
    std::string about;
    std::string lesson;
    std::uint64_t seed = 1;
    Duration horizon{std::chrono::hours{1}};
    Duration warmup{0};
    Duration sampleEvery{0}; // of charts; 0: a thousandth of the horizon, at least 100 ms

    std::string poolName = "pool"; // the InferencePool's name, a label of its metrics
    std::vector<ReplicaGroup> replicas;
    RouterSpec router;
    AutoscalerSpec autoscaler;
    double costPerGpuHour = 0.0; // in any currency; 0: the report speaks of no cost

    std::vector<SourceSpec> sources;
    EngineDocument engine;
    BrokerSpec broker;
    MetricsSpec metrics;
    std::vector<Fault> faults;
    std::vector<FaultProcess> faultProcesses;
    std::vector<Expectation> expect;
    std::map<std::string, std::vector<std::string>> sweep; // path -> values, for `penstock sweep`

    std::string file; // where it was read; paths in it are relative to its folder
    std::string directory;
    std::vector<std::string> inputs; // every file that it was read from, and its traces
    std::string text; // the scenario as read, overrides applied: what the run store keeps
    std::vector<std::string> overrides; // PATH=VALUE, as laid over the file, to do it again
    std::vector<Finding> remarks;       // what reading it showed: not wrong, but probably not meant
};

// What a replica is called: the `pod` label of its metrics, and how faults name it.
inline std::string podName(const std::string& pool, std::size_t endpoint) {
    return pool + "-decode-" + std::to_string(endpoint);
}

} // namespace penstock::sim

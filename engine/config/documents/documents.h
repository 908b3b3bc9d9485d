// SPDX-License-Identifier: Apache-2.0
#pragma once

// What llm-d-async's own documents say (pkg/redis/options.go, pkg/pubsub/options.go,
// pipeline/worker_pool.go, pkg/async/mergepolicy, pkg/asyncworker/transform of its version 0.9),
// read unchanged, with its defaults filled in and the place of each part kept.
//
// They are the parts of one tree, the same that a scenario has under `engine` (engine_tree.h makes
// it of files, flags or Helm values):
//
//   semantics        the name of a preset (engine/types/semantics.h), or one with differences
//   transport_type   redis-sortedset | redis-pubsub | gcp-pubsub
//   transport        the transport document        pools         the pool document (a list)
//   merge_policy     the merge policy document     transforms    the transform document
//   concurrency, request_timeout, drain_timeout, gate_wait_timeout, prometheus_url,
//   prometheus_cache_ttl, health_port, metrics_port, tls_ca_cert, tls_cert, tls_key,
//   tls_insecure_skip_verify, backoff {base_seconds, max_seconds}
//
// An unknown key is an error. Under a preset of llm-d-async everything is read as that version
// reads it: what it refuses is an error, and what it takes otherwise than it looks is a finding.
#include "engine/config/text/finding.h"
#include "engine/config/text/reader.h"
#include "engine/core/merge_policy.h"
#include "engine/types/backoff.h"
#include "engine/types/semantics.h"

#include <nlohmann/json.hpp>

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace penstock {

struct GateDocument {
    std::string type;
    nlohmann::json params = nlohmann::json::object();
    std::string path; // of the mapping that has gate_type: "engine.transport.queues[batch]"
    Place place;      // of gate_type
    // Of every value within gate_params, by its path from there: "threshold",
    // "gates[0].gate_params.limit".
    std::map<std::string, Place, std::less<>> places;
};

struct QueueDocument {
    std::string id;
    std::string name;        // the key in Redis, the channel, or the subscription
    std::string resultQueue; // empty: the message's, else the transport's
    std::string pool = "default";
    std::string objective;
    std::string requestPath = "/v1/completions";
    std::string baseUrl;
    std::optional<GateDocument> gate;
    Labels labels;
    std::string path;
    Place place;
};

struct TransportDocument {
    enum class Kind : std::uint8_t { redisSortedSet, redisPubSub, gcpPubSub };
    Kind kind = Kind::redisSortedSet;
    std::string url;       // Redis
    std::string projectId; // Google Cloud
    std::string retryQueue = "retry-sortedset";
    std::string resultQueue;              // list, channel or topic
    std::optional<Duration> pollInterval; // absent: as the semantics say
    std::optional<std::int32_t> batchSize;
    bool tracing = false;
    std::vector<QueueDocument> queues;
    std::string path;
    Place place;
};

struct PoolDocument {
    std::string id;
    std::int32_t workers = 64;
    std::optional<GateDocument> gate;
    std::string path;
    Place place;
};

struct MergePolicyDocument {
    MergeSettings settings;
    std::string path;
    Place place;
};

struct TransformSpec {
    std::string name;
    std::string type; // gcs_uri_multipart
    std::vector<std::string> providers;
    Place place;
};

struct TlsFlags {
    std::string caCert;
    std::string cert;
    std::string key;
    bool insecureSkipVerify = false;
};

struct EngineDocument {
    Semantics semantics = Semantics::penstock();
    TransportDocument transport;
    std::vector<PoolDocument> pools; // never empty: without a document, the pool "default"
    MergePolicyDocument mergePolicy;
    std::vector<TransformSpec> transforms;
    BackoffLaw backoff;
    Duration requestTimeout{std::chrono::minutes{5}};
    Duration drainTimeout{std::chrono::minutes{2}};
    std::string prometheusUrl;
    Duration prometheusCacheTtl{std::chrono::seconds{5}};
    std::uint16_t healthPort = 8081;
    std::uint16_t metricsPort = 9090;
    TlsFlags tls;
    std::string path; // "engine", or "" when the tree is a document of its own
    Place place;
    std::vector<Finding> findings; // what llm-d-async reads otherwise than it looks

    Duration pollInterval() const; // the transport's, else the semantics'
    std::int32_t batchSize() const;
    const PoolDocument* findPool(std::string_view id) const;
};

struct EngineOptions {
    std::string redisUrl;   // environment REDIS_URL: fills an empty url
    std::string igwBaseUrl; // environment IGW_BASE_URL: fills an empty igw_base_url
    // A simulated world has no address: without this, url, project_id, igw_base_url and the like
    // may be absent.
    bool needAddresses = true;
    // A document on its way to llm-d-async, read without its environment: an igw_base_url that is
    // missing stops the program there, a missing url may come from REDIS_URL.
    bool deployed = false;
};

// Reads the tree at `reader`, which it finishes. What is wrong is in the reader's problems.
EngineDocument readEngine(Reader& reader, const EngineOptions& options = {});

// The same from a tree of its own; the error names everything that is wrong.
Result<EngineDocument> readEngine(const Document& tree, const EngineOptions& options = {});

// The six lanes in order of priority, as lane_objectives names them: "reserved-interactive" ….
const std::array<std::string_view, 6>& laneNames();

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
#include "engine/config/documents.h"

#include "engine/config/json.h"
#include "engine/config/semantics_reader.h"
#include "engine/config/wording.h"
#include "engine/core/stamp.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace penstock {
namespace {

using namespace std::chrono_literals;
using Kind = TransportDocument::Kind;

constexpr std::int64_t kMaxWorkers = 100'000;
constexpr std::int64_t kMaxBatch = 1'000'000;
constexpr std::int64_t kMaxPollMs = 3'600'000;
constexpr Length kQueues{0, 1000};

std::string orElse(std::string text, std::string_view otherwise) {
    return text.empty() ? std::string(otherwise) : text;
}

void placesOf(const Document& document, const Node& node, const std::string& path,
              std::map<std::string, Place, std::less<>>& places) {
    if (!path.empty()) places.emplace(path, document.place(node.at));
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        placesOf(document, node.items[i], fmt::format("{}[{}]", path, i), places);
    }
    for (const Member& member : node.members) {
        placesOf(document, member.value, path.empty() ? member.key : path + "." + member.key,
                 places);
    }
}

// The path of an element as a person writes it: by name rather than by number.
std::string named(const Reader& element, const std::string& id) {
    const std::string& path = element.path();
    const std::size_t bracket = path.rfind('[');
    const bool plain = !id.empty() && id.find_first_of("[]\"") == std::string::npos;
    return plain ? fmt::format("{}[{}]", path.substr(0, bracket), id) : path;
}

std::optional<GateDocument> readGate(Reader& r, const std::string& path) {
    GateDocument gate;
    gate.type = r.text("gate_type", "");
    gate.path = path;
    gate.place = r.where("gate_type");
    if (const Node* params = r.raw("gate_params")) {
        if (params->kind != Node::Kind::map) {
            r.fail("gate_params",
                   fmt::format("{} is not a mapping of parameters", describe(*params)));
        } else {
            gate.params = toJson(*params);
            placesOf(r.document(), *params, "", gate.places);
        }
    }
    if (gate.type.empty()) {
        if (!gate.params.empty()) {
            r.fail("gate_params", "given without a gate_type; the gate is open whatever they say");
        }
        return std::nullopt;
    }
    return gate;
}

struct Context {
    const EngineOptions& options;
    bool preset; // of llm-d-async
    std::vector<Error>& warnings;

    void remark(Reader& r, std::string_view key, const std::string& message) const {
        if (!preset) {
            r.fail(key, message);
            return;
        }
        const Place place = r.where(key);
        warnings.push_back(
            {fmt::format("{}: {}", r.pathOf(key), message), place.file, place.line, place.column});
    }
};

void checkUrl(Reader& r, std::string_view key, const std::string& url,
              std::initializer_list<std::string_view> schemes) {
    for (const std::string_view scheme : schemes) {
        if (url.starts_with(scheme) && url.size() > scheme.size()) return;
    }
    r.fail(key, fmt::format("{} is not an address; it must begin with {}", quoteForError(url),
                            listOf(schemes)));
}

QueueDocument readQueue(Reader& r, Kind kind, const Context& context) {
    const bool cloud = kind == Kind::gcpPubSub;
    QueueDocument queue;
    queue.name = r.text(cloud ? "subscriber_id" : "queue_name");
    queue.id = kind == Kind::redisSortedSet ? orElse(r.text("id", ""), queue.name) : queue.name;
    queue.path = named(r, queue.id);
    queue.place = r.where();
    if (kind == Kind::redisSortedSet) queue.resultQueue = r.text("result_queue_name", "");
    queue.pool = orElse(r.text("worker_pool_id", ""), "default");
    queue.objective = r.text("inference_objective", "");
    if (!queue.objective.empty() && !isHeaderValue(queue.objective)) {
        r.fail("inference_objective",
               "not a legal HTTP header value; it holds a control character");
    }
    queue.requestPath = orElse(r.text("request_path_url", ""), "/v1/completions");
    queue.baseUrl = orElse(r.text("igw_base_url", ""), context.options.igwBaseUrl);
    if (!queue.baseUrl.empty()) {
        checkUrl(r, "igw_base_url", queue.baseUrl, {"http://", "https://"});
    } else if (context.options.needAddresses) {
        r.fail("igw_base_url", "missing; it must be the gateway's address, here or in the "
                               "environment variable IGW_BASE_URL");
    }
    queue.labels = r.labels("labels");
    if (kind == Kind::redisPubSub) {
        for (const std::string_view key : {"gate_type", "gate_params"}) {
            r.known(key);
            if (r.has(key)) {
                context.remark(r, key,
                               "redis-pubsub has no queue gates and ignores this; give the "
                               "gate to the pool");
            }
        }
    } else {
        queue.gate = readGate(r, queue.path);
    }
    return queue;
}

void refuseTwice(Reader& list, std::string_view key, const std::vector<QueueDocument>& queues,
                 std::string QueueDocument::*field) {
    std::map<std::string, const QueueDocument*, std::less<>> seen;
    for (const QueueDocument& queue : queues) {
        const std::string& value = queue.*field;
        if (value.empty()) continue;
        const auto [first, fresh] = seen.emplace(value, &queue);
        if (fresh) continue;
        list.problems().add(
            {fmt::format("{}: the {} {} is taken by the queue at line {}; each "
                         "queue needs its own",
                         queue.path, key, quoteForError(value), first->second->place.line),
             queue.place.file, queue.place.line, queue.place.column});
    }
}

TransportDocument readTransport(Reader& r, Kind kind, const Context& context) {
    TransportDocument transport;
    transport.kind = kind;
    transport.path = r.path();
    transport.place = r.where();
    const bool cloud = kind == Kind::gcpPubSub;
    const bool addresses = context.options.needAddresses;
    if (cloud) {
        transport.projectId = r.text("project_id", "");
        transport.resultQueue = r.text("result_topic_id", "");
        if (addresses && transport.projectId.empty()) {
            r.fail("project_id", "missing; it must be the Google Cloud project");
        }
        if (addresses && transport.resultQueue.empty()) {
            r.fail("result_topic_id", "missing; it must be the topic for results");
        }
    } else {
        transport.url = orElse(r.text("url", ""), context.options.redisUrl);
        if (!transport.url.empty()) {
            checkUrl(r, "url", transport.url, {"redis://", "rediss://", "unix://"});
        } else if (addresses) {
            r.fail("url", "missing; it must be the address of Redis (redis://host:6379), here or "
                          "in the environment variable REDIS_URL");
        }
        transport.retryQueue = orElse(r.text("retry_queue_name", ""), "retry-sortedset");
        transport.resultQueue = orElse(r.text("result_queue_name", ""),
                                       kind == Kind::redisPubSub ? "result-queue" : "result-list");
        transport.tracing = r.boolean("enable_tracing", false);
    }
    if (kind == Kind::redisSortedSet) {
        const auto ms = r.integer("poll_interval_ms", {0, kMaxPollMs, "ms"}, 0);
        if (ms > 0) transport.pollInterval = std::chrono::milliseconds{ms};
    }
    if (kind != Kind::redisPubSub) {
        const auto batch = r.integer<std::int32_t>("batch_size", {0, kMaxBatch, "messages"}, 0);
        if (batch > 0) transport.batchSize = batch;
    }
    const std::string_view key = cloud ? "topics" : "queues";
    const std::size_t count = r.list(
        key, [&](Reader& q) { transport.queues.push_back(readQueue(q, kind, context)); }, kQueues);
    if (count == 0 && (!r.has(key) || r.isList(key))) {
        r.fail(key, fmt::format("there is no queue; at least one is needed"));
    }
    refuseTwice(r, "id", transport.queues, &QueueDocument::id);
    if (kind == Kind::redisSortedSet) {
        refuseTwice(r, "queue_name", transport.queues, &QueueDocument::name);
    }
    return transport;
}

PoolDocument readPool(Reader& r) {
    PoolDocument pool;
    pool.id = r.text("id");
    pool.path = named(r, pool.id);
    pool.place = r.where();
    pool.workers = r.integer<std::int32_t>("workers", {1, kMaxWorkers, "workers"});
    pool.gate = readGate(r, pool.path);
    return pool;
}

std::string readHeaderName(Reader& r, std::string_view key, std::string_view fallback,
                           bool emptyDisables) {
    // An absent key means the default; an empty one disables stamping where that is possible.
    if (!r.has(key)) {
        r.known(key);
        return std::string(fallback);
    }
    std::string name = r.text(key, "");
    if (name.empty()) return emptyDisables ? "" : std::string(fallback);
    if (!isHeaderName(name)) {
        r.fail(key, fmt::format("{} is not a legal HTTP header name; letters, digits and hyphens "
                                "are",
                                quoteForError(name)));
    }
    return name;
}

void readMergeParameters(Reader& r, MergePolicyDocument& merge) {
    MergeSettings& s = merge.settings;
    s.fairnessHeader = readHeaderName(r, "fairness_header", s.fairnessHeader, true);
    s.fairnessAttribute = orElse(r.text("fairness_attribute", ""), "userid");
    if (s.kind != MergeSettings::Kind::tierPriority) return;
    s.priorityHeader = readHeaderName(r, "priority_header", "x-gateway-priority", false);
    s.tierLabel = orElse(r.text("tier_label", ""), "tier");
    merge.objectiveHeader = readHeaderName(r, "objective_header", merge.objectiveHeader, false);
    s.aging = r.duration("aging_seconds", {0s, 24h}, 0s);
    const auto& lanes = laneNames();
    for (const Label& lane : r.labels("lane_objectives")) {
        const auto found = std::find(lanes.begin(), lanes.end(), lane.key);
        if (found == lanes.end()) {
            r.fail("lane_objectives",
                   fmt::format("unknown lane {}{} Lanes: {}", quoteForError(lane.key),
                               didYouMean(lane.key, {lanes.begin(), lanes.end()}),
                               listOf({lanes.begin(), lanes.end()})));
            continue;
        }
        s.laneObjectives.resize(lanes.size());
        s.laneObjectives[static_cast<std::size_t>(found - lanes.begin())] = lane.value;
    }
}

void readMergePolicy(Reader& r, MergePolicyDocument& merge, bool preset, Problems& warnings) {
    merge.path = r.path();
    merge.place = r.where();
    merge.settings.kind = r.choice<MergeSettings::Kind>(
        "type", {{"random-robin", MergeSettings::Kind::randomRobin},
                 {"tier-priority", MergeSettings::Kind::tierPriority}});
    if (merge.settings.kind == MergeSettings::Kind::tierPriority) {
        merge.settings.priorityHeader = "x-gateway-priority";
    }
    r.object("parameters", [&](Reader& p) {
        if (preset) p.tolerateUnknownKeys(warnings);
        readMergeParameters(p, merge);
    });
}

void readTransforms(Reader& r, std::vector<TransformSpec>& transforms) {
    r.list("requestTransforms", [&](Reader& t) {
        TransformSpec spec;
        spec.name = t.text("name");
        spec.place = t.where();
        spec.type = t.choice("type", {"gcs_uri_multipart"});
        const bool given = t.object("parameters", [&](Reader& p) {
            spec.providers = p.texts("providers", {1, 1000});
            for (const std::string& provider : spec.providers) {
                if (provider.empty())
                    p.fail("providers", "an entry is empty; each names a provider");
            }
        });
        if (!given) t.fail("parameters", "missing; it must be a mapping with `providers`");
        for (const TransformSpec& other : transforms) {
            if (other.name == spec.name && !spec.name.empty()) {
                t.fail("name", fmt::format("{} is taken by the transform at line {}; each needs "
                                           "its own",
                                           quoteForError(spec.name), other.place.line));
            }
        }
        transforms.push_back(std::move(spec));
    });
}

void readFlags(Reader& r, EngineDocument& engine) {
    engine.requestTimeout = r.duration("request_timeout", {0s, 168h, true}, engine.requestTimeout);
    engine.drainTimeout = r.duration("drain_timeout", {0s, 168h}, engine.drainTimeout);
    engine.prometheusUrl = r.text("prometheus_url", "");
    if (!engine.prometheusUrl.empty()) {
        checkUrl(r, "prometheus_url", engine.prometheusUrl, {"http://", "https://"});
    }
    engine.prometheusCacheTtl =
        r.duration("prometheus_cache_ttl", {0s, 1h}, engine.prometheusCacheTtl);
    engine.healthPort = r.integer<std::uint16_t>("health_port", {1, 65535}, engine.healthPort);
    engine.metricsPort = r.integer<std::uint16_t>("metrics_port", {1, 65535}, engine.metricsPort);
    engine.tls.caCert = r.text("tls_ca_cert", "");
    engine.tls.cert = r.text("tls_cert", "");
    engine.tls.key = r.text("tls_key", "");
    engine.tls.insecureSkipVerify = r.boolean("tls_insecure_skip_verify", false);
    if (engine.tls.cert.empty() != engine.tls.key.empty()) {
        r.fail(engine.tls.cert.empty() ? "tls_cert" : "tls_key",
               "missing; a certificate and its key are given together");
    }
}

void readPools(Reader& r, EngineDocument& engine, Problems* warnings) {
    const auto workers = r.integer<std::int32_t>("concurrency", {1, kMaxWorkers, "workers"}, 64);
    r.list("pools", [&](Reader& p) {
        p.quoteText();
        if (warnings != nullptr) p.tolerateUnknownKeys(*warnings);
        PoolDocument pool = readPool(p);
        if (const PoolDocument* other = engine.findPool(pool.id); other && !pool.id.empty()) {
            p.fail("id", fmt::format("{} is taken by the pool at line {}; each pool needs its own",
                                     quoteForError(pool.id), other->place.line));
        }
        engine.pools.push_back(std::move(pool));
    });
    if (engine.pools.empty()) {
        engine.pools.push_back({"default", workers, std::nullopt, r.pathOf("pools") + "[default]",
                                r.where("concurrency")});
    }
    for (const QueueDocument& queue : engine.transport.queues) {
        if (engine.findPool(queue.pool) != nullptr) continue;
        std::vector<std::string_view> ids;
        for (const PoolDocument& pool : engine.pools)
            ids.push_back(pool.id);
        r.problems().add(
            {fmt::format("{}.worker_pool_id: there is no pool {}{} Pools: {}", queue.path,
                         quoteForError(queue.pool), didYouMean(queue.pool, ids), listOf(ids)),
             queue.place.file, queue.place.line, queue.place.column});
    }
}

} // namespace

const std::array<std::string_view, 6>& laneNames() {
    static constexpr std::array<std::string_view, 6> kLanes{
        "reserved-interactive", "reserved-async", "reserved-batch",
        "overflow-interactive", "overflow-async", "overflow-batch"};
    return kLanes;
}

Duration EngineDocument::pollInterval() const {
    return transport.pollInterval.value_or(semantics.pollInterval);
}
std::int32_t EngineDocument::batchSize() const {
    return transport.batchSize.value_or(semantics.batchSize);
}
const PoolDocument* EngineDocument::findPool(std::string_view id) const {
    for (const PoolDocument& pool : pools) {
        if (pool.id == id) return &pool;
    }
    return nullptr;
}

EngineDocument readEngine(Reader& r, const EngineOptions& options) {
    EngineDocument engine;
    engine.path = r.path();
    engine.place = r.where();
    engine.semantics = readSemantics(r, "semantics");
    const bool theirs = engine.semantics.unknownGateOpens;
    const Kind kind = r.choice<Kind>("transport_type",
                                     {{"redis-sortedset", Kind::redisSortedSet},
                                      {"redis-pubsub", Kind::redisPubSub},
                                      {"gcp-pubsub", Kind::gcpPubSub}},
                                     Kind::redisSortedSet);
    Problems warnings;
    const Context context{options, theirs, engine.warnings};
    r.requireObject("transport", [&](Reader& t) {
        t.quoteText();
        if (theirs) t.tolerateUnknownKeys(warnings);
        engine.transport = readTransport(t, kind, context);
    });
    readPools(r, engine, theirs ? &warnings : nullptr);
    engine.mergePolicy.settings.fairnessHeader = "x-llm-d-inference-fairness-id";
    engine.mergePolicy.path = r.pathOf("merge_policy");
    r.object("merge_policy", [&](Reader& m) {
        m.quoteText();
        readMergePolicy(m, engine.mergePolicy, theirs, warnings);
    });
    r.object("transforms", [&](Reader& t) { readTransforms(t, engine.transforms); });
    readFlags(r, engine);
    r.object("backoff", [&](Reader& b) {
        engine.backoff.baseSeconds =
            b.number("base_seconds", {0, 3600, "s"}, engine.backoff.baseSeconds);
        engine.backoff.maxSeconds =
            b.number("max_seconds", {0, 86400, "s"}, engine.backoff.maxSeconds);
    });
    r.finish();
    for (const Error& warning : warnings.all()) {
        engine.warnings.push_back(warning);
        engine.warnings.back().message += " (llm-d-async ignores it)";
    }
    return engine;
}

Result<EngineDocument> readEngine(const Document& tree, const EngineOptions& options) {
    Problems problems;
    Reader reader = Reader::root(tree, problems);
    EngineDocument engine = readEngine(reader, options);
    if (auto ok = problems.status(); !ok) return fail(ok.error());
    return engine;
}

} // namespace penstock

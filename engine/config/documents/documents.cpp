// SPDX-License-Identifier: Apache-2.0
#include "engine/config/documents/documents.h"

#include "engine/config/documents/documents_parts.h"
#include "engine/config/documents/semantics_reader.h"
#include "engine/config/text/wording.h"
#include "engine/core/stamp.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace penstock {
namespace {

using namespace std::chrono_literals;
using Kind = TransportDocument::Kind;
using detail::checkUrl;
using detail::namedPath;
using detail::orElse;
using detail::readGate;

constexpr std::int64_t kMaxWorkers = 100'000;

PoolDocument readPool(Reader& r) {
    PoolDocument pool;
    pool.id = r.text("id");
    pool.path = namedPath(r, pool.id);
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
    const detail::PartContext context{options, theirs, engine.warnings};
    r.requireObject("transport", [&](Reader& t) {
        t.quoteText();
        if (theirs) t.tolerateUnknownKeys(warnings);
        engine.transport = detail::readTransport(t, kind, context);
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

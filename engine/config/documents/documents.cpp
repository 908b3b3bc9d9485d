// SPDX-License-Identifier: Apache-2.0
#include "engine/config/documents/documents.h"

#include "engine/config/documents/documents_parts.h"
#include "engine/config/documents/semantics_reader.h"
#include "engine/config/text/wording.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace penstock {
namespace {

using Kind = TransportDocument::Kind;
using detail::namedPath;
using detail::readGate;

PoolDocument readPool(Reader& r, const detail::PartContext& context) {
    PoolDocument pool;
    pool.id = r.text("id");
    pool.path = namedPath(r, pool.id);
    pool.place = r.where();
    pool.workers = r.integer<std::int32_t>("workers", {1, detail::kMaxWorkers, "workers"});
    pool.gate = readGate(r, pool.path, context);
    return pool;
}

void readTransforms(Reader& r, std::vector<TransformSpec>& transforms,
                    const detail::PartContext& context) {
    r.list("requestTransforms", [&](Reader& t) {
        TransformSpec spec;
        spec.name = t.text("name");
        spec.place = t.where();
        spec.type = t.choice("type", {"gcs_uri_multipart"});
        const bool given = t.object("parameters", [&](Reader& p) {
            context.begin(p);
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

void readPools(Reader& r, EngineDocument& engine, const detail::PartContext& context) {
    const std::int32_t workers = detail::readConcurrency(r, context);
    r.list("pools", [&](Reader& p) {
        p.quoteText();
        context.begin(p);
        PoolDocument pool = readPool(p, context);
        if (const PoolDocument* other = engine.findPool(pool.id); other && !pool.id.empty()) {
            p.fail("id", fmt::format("{} is taken by the pool at line {}; each pool needs its own",
                                     quoteForError(pool.id), other->place.line));
        }
        engine.pools.push_back(std::move(pool));
    });
    // A document without a pool is one there: the pool "default" is then missing.
    const bool none = context.asGo() && r.isList("pools");
    if (engine.pools.empty() && !none) {
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

Kind readKind(Reader& r) {
    if (const Node* type = r.node().find("transport_type");
        type != nullptr && type->text == "sql") {
        r.known("transport_type");
        r.fail("transport_type", "sql is llm-d-async's experimental transport over PostgreSQL, "
                                 "which is not supported here; redis-sortedset is");
        return Kind::redisSortedSet;
    }
    return r.choice<Kind>("transport_type",
                          {{"redis-sortedset", Kind::redisSortedSet},
                           {"redis-pubsub", Kind::redisPubSub},
                           {"gcp-pubsub", Kind::gcpPubSub}},
                          Kind::redisSortedSet);
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
    const Kind kind = readKind(r);
    std::vector<UnknownKey> unknown;
    std::vector<UnknownKey> refused; // of the documents that llm-d-async reads strictly
    const detail::PartContext context{options, engine.semantics, engine.findings, unknown};
    const detail::PartContext strict{options, engine.semantics, engine.findings, refused};
    detail::judgeIrregular(r, context);
    r.requireObject("transport", [&](Reader& t) {
        t.quoteText();
        context.begin(t);
        engine.transport = detail::readTransport(t, kind, context);
    });
    readPools(r, engine, context);
    engine.mergePolicy.settings.fairnessHeader =
        engine.semantics.fairnessHeaderKnown ? "x-llm-d-inference-fairness-id" : "";
    engine.mergePolicy.path = r.pathOf("merge_policy");
    const bool merge = r.object("merge_policy", [&](Reader& m) {
        m.quoteText();
        strict.begin(m);
        detail::readMergePolicy(m, engine.mergePolicy, context);
    });
    if (const Node* node = r.node().find("merge_policy");
        !merge && context.asGo() && node != nullptr && r.document().source(node->at).json) {
        r.fail("merge_policy", "null is no merge policy; it must be a mapping with `type`");
    }
    r.object("transforms", [&](Reader& t) {
        strict.begin(t);
        readTransforms(t, engine.transforms, strict);
    });
    detail::readFlags(r, engine, context);
    r.object("backoff", [&](Reader& b) {
        engine.backoff.baseSeconds =
            b.number("base_seconds", {0, 3600, "s"}, engine.backoff.baseSeconds);
        engine.backoff.maxSeconds =
            b.number("max_seconds", {0, 86400, "s"}, engine.backoff.maxSeconds);
    });
    r.finish();
    for (const UnknownKey& key : refused) {
        r.problems().add(Error::at(
            key.place,
            fmt::format("{}: unknown key {}{} llm-d-async refuses it here. Known: {}", key.path,
                        quoteForError(key.key),
                        key.nearest.empty() ? "." : "; did you mean \"" + key.nearest + "\"?",
                        key.known)));
    }
    for (const UnknownKey& key : unknown)
        engine.findings.push_back(detail::ignoredKey(key, engine.semantics));
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

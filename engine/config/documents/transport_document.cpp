// SPDX-License-Identifier: Apache-2.0
// The transport document: pkg/redis/options.go and pkg/pubsub/options.go of llm-d-async 0.9.
#include "engine/config/documents/documents_parts.h"
#include "engine/config/text/json.h"
#include "engine/config/text/wording.h"
#include "engine/core/stamp.h"

#include <fmt/format.h>

#include <map>

namespace penstock::detail {
namespace {

using Kind = TransportDocument::Kind;

constexpr std::int64_t kMaxBatch = 1'000'000;
constexpr std::int64_t kMaxPollMs = 3'600'000;
constexpr Length kQueues{0, 1000};

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

QueueDocument readQueue(Reader& r, Kind kind, const PartContext& context) {
    const bool cloud = kind == Kind::gcpPubSub;
    QueueDocument queue;
    queue.name = r.text(cloud ? "subscriber_id" : "queue_name");
    queue.id = kind == Kind::redisSortedSet ? orElse(r.text("id", ""), queue.name) : queue.name;
    queue.path = namedPath(r, queue.id);
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

} // namespace

std::string namedPath(const Reader& element, const std::string& id) {
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

void PartContext::remark(Reader& r, std::string_view key, const std::string& message) const {
    if (!preset) {
        r.fail(key, message);
        return;
    }
    const Place place = r.where(key);
    warnings.push_back(
        {fmt::format("{}: {}", r.pathOf(key), message), place.file, place.line, place.column});
}

void checkUrl(Reader& r, std::string_view key, const std::string& url,
              std::initializer_list<std::string_view> schemes) {
    for (const std::string_view scheme : schemes) {
        if (url.starts_with(scheme) && url.size() > scheme.size()) return;
    }
    r.fail(key, fmt::format("{} is not an address; it must begin with {}", quoteForError(url),
                            listOf(schemes)));
}

TransportDocument readTransport(Reader& r, Kind kind, const PartContext& context) {
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

} // namespace penstock::detail

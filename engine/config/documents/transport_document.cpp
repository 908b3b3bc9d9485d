// SPDX-License-Identifier: Apache-2.0
// The transport document: pkg/redis/options.go and pkg/pubsub/options.go of llm-d-async 0.9.
#include "engine/config/documents/documents_parts.h"
#include "engine/config/text/json.h"
#include "engine/config/text/wording.h"
#include "engine/core/stamp.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <map>

namespace penstock::detail {
namespace {

using Kind = TransportDocument::Kind;

constexpr std::int64_t kMaxBatch = 1'000'000;
constexpr std::int64_t kMaxPollMs = 3'600'000;
constexpr std::int64_t kMostPollMs = 315'360'000'000; // ten years: time to come must not wrap
// From here on batch x budget, computed in floating point, no longer fits Go's int.
constexpr std::int64_t kBatchWraps = 9'223'372'036'854'775'296;
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

void notSupported(Reader& r, std::string_view key, const PartContext& context) {
    context.find(Severity::warning, "not-supported", r, key,
                 fmt::format("{} is read and checked, and does nothing here.", key),
                 "Mind that a run here does not show what it does in llm-d-async.");
}

void readGateway(Reader& r, QueueDocument& queue, const PartContext& context) {
    const EngineOptions& options = context.options;
    queue.baseUrl = r.text("igw_base_url", "");
    if (queue.baseUrl.empty() && context.semantics.gatewayFromEnvironment) {
        queue.baseUrl = options.igwBaseUrl;
    }
    if (queue.baseUrl.empty()) {
        if (options.needAddresses || (options.deployed && context.asGo())) {
            r.fail("igw_base_url",
                   context.semantics.gatewayFromEnvironment
                       ? "missing; it must be the gateway's address, here or in the environment "
                         "variable IGW_BASE_URL"
                       : "missing; it must be the gateway's address, without which llm-d-async "
                         "does not start");
        }
        return;
    }
    if (!context.asGo()) {
        checkUrl(r, "igw_base_url", queue.baseUrl, {"http://", "https://"});
    } else if (const auto trouble = addressTrouble(queue.baseUrl, {"http://", "https://"});
               !trouble.empty()) {
        context.find(Severity::error, "unusable-address", r, "igw_base_url",
                     fmt::format("{}: llm-d-async starts, and every request ends at once as an "
                                 "INFERENCE_ERROR.",
                                 trouble),
                     "Write the gateway's address, like http://gateway:80.");
    }
}

// Keys of later versions that change nothing of what is simulated.
void readQueueExtras(Reader& r, Kind kind, const PartContext& context) {
    if (kind == Kind::redisSortedSet && context.semantics.resultTtlKnown) {
        r.integer("result_ttl_seconds", {}, 0);
        if (r.has("result_ttl_seconds")) notSupported(r, "result_ttl_seconds", context);
    }
    if (kind == Kind::gcpPubSub && !r.text("result_topic_id", "").empty()) {
        notSupported(r, "result_topic_id", context);
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
        context.judge("unusable-header", r, "inference_objective",
                      "not a legal HTTP header value; it holds a control character",
                      "Take it out: llm-d-async ends every request of this queue at once, as an "
                      "INFERENCE_ERROR.");
    }
    queue.requestPath = orElse(r.text("request_path_url", ""), "/v1/completions");
    readGateway(r, queue, context);
    readQueueExtras(r, kind, context);
    queue.labels = r.labels("labels");
    if (kind != Kind::redisPubSub) {
        queue.gate = readGate(r, queue.path, context);
        return queue;
    }
    for (const std::string_view key : {"gate_type", "gate_params"}) {
        r.known(key);
        if (!r.has(key)) continue;
        context.judge("gate-ignored", r, key,
                      "redis-pubsub has no queue gates and ignores this; give the gate to the pool",
                      "Give the gate to the pool, or take the queue to redis-sortedset.");
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

// Two readers of one channel are no error to Redis: both get every message.
void findTwice(const std::vector<QueueDocument>& queues, const PartContext& context) {
    for (std::size_t i = 0; i < queues.size(); ++i) {
        for (std::size_t j = 0; j < i; ++j) {
            if (queues[j].name != queues[i].name) continue;
            context.findings.push_back(
                {"answered-twice", Severity::error, queues[i].path, queues[i].place,
                 fmt::format("The channel {} is read by the queue at line {} too: every message is "
                             "sent to the gateway by both.",
                             quoteForError(queues[i].name), queues[j].place.line),
                 "Keep one of them."});
            break;
        }
    }
}

} // namespace

std::string namedPath(const Reader& element, const std::string& id) {
    const std::string& path = element.path();
    const std::size_t bracket = path.rfind('[');
    const bool plain = !id.empty() && id.find_first_of("[]\"") == std::string::npos;
    return plain ? fmt::format("{}[{}]", path.substr(0, bracket), id) : path;
}

std::optional<GateDocument> readGate(Reader& r, const std::string& path,
                                     const PartContext& context) {
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
            context.judge("gate-left-open", r, "gate_params",
                          "given without a gate_type; the gate is open whatever they say",
                          "Name the gate_type they belong to.");
        }
        return std::nullopt;
    }
    return gate;
}

void checkUrl(Reader& r, std::string_view key, const std::string& url,
              std::initializer_list<std::string_view> schemes) {
    const std::string trouble = addressTrouble(url, schemes);
    if (!trouble.empty()) r.fail(key, trouble);
}

namespace {

void readRedisUrl(Reader& r, TransportDocument& transport, const PartContext& context) {
    transport.url = orElse(r.text("url", ""), context.options.redisUrl);
    if (!transport.url.empty()) {
        const std::string trouble = redisUrlTrouble(transport.url);
        if (!trouble.empty() && r.has("url")) {
            r.fail("url", trouble);
        } else if (!context.asGo()) {
            checkUrl(r, "url", transport.url, {"redis://", "rediss://", "unix://"});
        } else if (const auto odd =
                       addressTrouble(transport.url, {"redis://", "rediss://", "unix://"});
                   !odd.empty()) {
            context.find(Severity::error, "unusable-address", r, "url",
                         odd + ": llm-d-async starts, and never reaches its Redis.",
                         "Write the address of Redis, like redis://host:6379.");
        }
    } else if (context.options.needAddresses) {
        r.fail("url", "missing; it must be the address of Redis (redis://host:6379), here or "
                      "in the environment variable REDIS_URL");
    } else if (context.options.deployed) {
        context.find(Severity::note, "address-from-environment", r, "url",
                     "There is no url: the program starts only where the environment variable "
                     "REDIS_URL gives one.",
                     "Give the address here (redis://host:6379), or see that REDIS_URL is set.");
    }
}

void readPoll(Reader& r, TransportDocument& transport, const PartContext& context) {
    const std::int64_t most = context.asGo() ? kMostPollMs : kMaxPollMs;
    const auto ms = r.integer("poll_interval_ms", {0, most, "ms"}, 0);
    if (ms > 0) transport.pollInterval = std::chrono::milliseconds{ms};
}

void readBatch(Reader& r, TransportDocument& transport, const PartContext& context) {
    if (!context.asGo()) {
        const auto batch = r.integer<std::int32_t>("batch_size", {0, kMaxBatch, "messages"}, 0);
        if (batch > 0) transport.batchSize = batch;
        return;
    }
    const bool cloud = transport.kind == Kind::gcpPubSub;
    const bool refused = cloud || context.semantics.negativeCountsRefused;
    IntRange range{.unit = "messages"};
    if (refused) range.min = 0;
    const std::int64_t batch = r.integer("batch_size", range, 0);
    if (!r.has("batch_size")) return;
    const bool zero = batch == 0 && !cloud && !context.semantics.zeroBatchIsDefault;
    if (zero || batch < 0 || batch >= kBatchWraps) {
        context.find(
            Severity::error, "takes-nothing", r, "batch_size",
            fmt::format("A poll takes floor(batch_size x budget) messages, which is never "
                        "above 0 with {}{}: llm-d-async starts and the queues stand still.",
                        batch, batch >= kBatchWraps ? " (the product wraps)" : ""),
            "Write how many messages a poll takes at most, like 10.");
        transport.batchSize = 0;
        context.semantics.batchSize = 0;
        return;
    }
    if (batch > 0) transport.batchSize = static_cast<std::int32_t>(std::min(batch, kMaxBatch));
}

void readClaims(Reader& r, const PartContext& context) {
    if (!context.semantics.claimKeysKnown) return;
    IntRange range{};
    if (context.semantics.negativeCountsRefused) range.min = 0;
    const std::int64_t lease = r.integer("claim_lease_ttl_seconds", range, 0);
    const std::int64_t scan = r.integer("claim_reclaim_interval_ms", range, 0);
    if (lease > 0) {
        context.semantics.lease = std::chrono::seconds{std::min(lease, kMostPollMs / 1000)};
    }
    if (scan > 0) {
        context.semantics.reclaimScan = std::chrono::milliseconds{std::min(scan, kMostPollMs)};
    }
}

// Redis by cluster or sentinel: judged as 0.11 judges it, and a single server here.
void readConnection(Reader& r, const PartContext& context) {
    if (!context.semantics.connectionModesKnown) return;
    const std::string mode =
        r.choice("mode", {"standalone", "cluster", "sentinel", ""}, "standalone");
    const auto addresses = r.texts("addrs", {}, std::vector<std::string>{});
    const std::string master = r.text("master_name", "");
    const bool single = mode.empty() || mode == "standalone";
    if (single && !addresses.empty()) r.fail("addrs", "only for the modes cluster and sentinel");
    if (mode != "sentinel" && !master.empty()) r.fail("master_name", "only for the mode sentinel");
    if (mode == "sentinel" && master.empty()) {
        r.fail("master_name", "missing; the mode sentinel needs the name of its master");
    }
    if (!single) notSupported(r, "mode", context);
}

} // namespace

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
        readRedisUrl(r, transport, context);
        transport.retryQueue = orElse(r.text("retry_queue_name", ""), "retry-sortedset");
        transport.resultQueue = orElse(r.text("result_queue_name", ""),
                                       kind == Kind::redisPubSub ? "result-queue" : "result-list");
        transport.tracing = r.boolean("enable_tracing", false);
    }
    if (kind == Kind::redisSortedSet) {
        readPoll(r, transport, context);
        readClaims(r, context);
    }
    if (!cloud) readConnection(r, context);
    if (kind != Kind::redisPubSub) readBatch(r, transport, context);
    const std::string_view key = cloud ? "topics" : "queues";
    const std::size_t count = r.list(
        key, [&](Reader& q) { transport.queues.push_back(readQueue(q, kind, context)); }, kQueues);
    if (count == 0 && (!r.has(key) || r.isList(key))) {
        r.fail(key, fmt::format("there is no queue; at least one is needed"));
    }
    if (kind == Kind::redisPubSub && context.asGo()) {
        findTwice(transport.queues, context);
    } else {
        refuseTwice(r, "id", transport.queues, &QueueDocument::id);
    }
    if (kind == Kind::redisSortedSet) {
        refuseTwice(r, "queue_name", transport.queues, &QueueDocument::name);
    }
    return transport;
}

} // namespace penstock::detail

// SPDX-License-Identifier: Apache-2.0
#include "engine/config/documents/export.h"

#include "engine/config/text/json.h"
#include "engine/config/text/override.h"
#include "engine/gates/parts/catalogue.h"
#include "engine/types/duration_text.h"

#include <fmt/format.h>

#include <cmath>

namespace penstock {
namespace {

Node scalar(std::string text, bool quoted) {
    Node node;
    node.kind = Node::Kind::scalar;
    node.quoted = quoted;
    node.text = std::move(text);
    return node;
}

Node emptyMap() {
    Node node;
    node.kind = Node::Kind::map;
    return node;
}

void put(Node& map, std::string_view key, Node value) {
    map.kind = Node::Kind::map;
    if (Node* present = map.find(key)) {
        *present = std::move(value);
    } else {
        map.members.push_back({std::string(key), {}, std::move(value)});
    }
}

Node& section(Node& map, std::string_view key) {
    if (map.find(key) == nullptr) put(map, key, emptyMap());
    Node& node = *map.find(key);
    if (node.kind != Node::Kind::map) node = emptyMap();
    return node;
}

bool isEmpty(const Node* node) {
    return node == nullptr || node->kind == Node::Kind::null ||
           (node->text.empty() && node->items.empty() && node->members.empty());
}

// The value as the document would write it: a duration in a gate's parameters is Go's text, one
// under a name with a unit a number.
Node asWritten(const ParameterEntry& entry, double value, const Node* present) {
    const bool bare = entry.kind != ParameterEntry::Kind::duration || entry.unit == "ms" ||
                      entry.name.ends_with("_seconds");
    if (bare) return scalar(fmt::format("{}", value), present != nullptr && present->quoted);
    return scalar(durationText(Duration{std::llround(value * 1e9)}), true);
}

void gateNotes(const GateDocument& gate, std::vector<std::string>& notes) {
    const GateDescription* known = findGate(gate.type);
    if (known == nullptr || known->ours) {
        notes.push_back(fmt::format("{}: the gate {} is not one of llm-d-async's; it would open it",
                                    gate.path, gate.type));
        return;
    }
    for (const auto& [key, value] : gate.params.items()) {
        const GateParameter* parameter = findParameter(*known, key);
        if (parameter == nullptr || parameter->ours) {
            notes.push_back(
                fmt::format("{}.gate_params.{}: llm-d-async ignores it", gate.path, key));
        }
    }
}

std::vector<std::string> notesOf(const EngineDocument& engine) {
    std::vector<std::string> notes;
    for (const QueueDocument& queue : engine.transport.queues) {
        if (queue.gate) gateNotes(*queue.gate, notes);
    }
    for (const PoolDocument& pool : engine.pools) {
        if (pool.gate) gateNotes(*pool.gate, notes);
    }
    if (engine.mergePolicy.settings.aging > Duration{0}) {
        notes.push_back(engine.mergePolicy.path +
                        ".parameters.aging_seconds: llm-d-async ignores it");
    }
    if (!engine.semantics.unknownGateOpens) {
        notes.push_back(fmt::format("semantics {}: this policy was tuned under behaviour that "
                                    "llm-d-async does not have; run it once with --semantics "
                                    "llm-d-async-0.9 before deploying it",
                                    engine.semantics.name));
    }
    return notes;
}

std::string_view typeName(TransportDocument::Kind kind) {
    switch (kind) {
    case TransportDocument::Kind::redisSortedSet:
        return "redis-sortedset";
    case TransportDocument::Kind::redisPubSub:
        return "redis-pubsub";
    case TransportDocument::Kind::gcpPubSub:
        return "gcp-pubsub";
    }
    return "";
}

// The transport with what the semantics supplied written out.
Node explicitTransport(const EngineDocument& engine, const Node& tree) {
    const Node* found = tree.find("transport");
    Node transport = found != nullptr ? *found : emptyMap();
    if (engine.transport.kind == TransportDocument::Kind::redisSortedSet) {
        const auto ms =
            std::chrono::duration_cast<std::chrono::milliseconds>(engine.pollInterval()).count();
        put(transport, "poll_interval_ms", scalar(std::to_string(ms), false));
    }
    if (engine.transport.kind != TransportDocument::Kind::redisPubSub) {
        put(transport, "batch_size", scalar(std::to_string(engine.batchSize()), false));
    }
    return transport;
}

// What counts for nothing beside ap.transport; the connection is read from there all the same.
void dropOverridden(Node& ap) {
    std::erase_if(ap.members, [](const Member& member) {
        return member.key == "messageQueueImpl" || member.key == "igwBaseURL" ||
               member.key == "gcpPubSub";
    });
    Node* redis = ap.find("redis");
    if (redis == nullptr) return;
    std::erase_if(redis->members, [](const Member& member) {
        return member.key != "url" && !member.key.starts_with("secret");
    });
    if (redis->members.empty()) {
        std::erase_if(ap.members, [](const Member& member) { return member.key == "redis"; });
    }
}

void addFile(Exported& out, std::string name, const Node* node) {
    if (!isEmpty(node)) out.files.push_back({std::move(name), jsonText(*node)});
}

} // namespace

Status writeBack(Document& document, const ParameterRegistry& registry) {
    for (std::size_t i = 0; i < registry.entries().size(); ++i) {
        const ParameterEntry& entry = registry.entries()[i];
        const double value = registry.get(i);
        if (value == registry.initial(i)) continue;
        std::string path = entry.path;
        // Without a pool document the one pool has its workers from a flag.
        constexpr std::string_view kDefaultPool = "pools[default].workers";
        if (path.ends_with(kDefaultPool) &&
            !findPath(document, path.substr(0, path.size() - kDefaultPool.size() + 5))) {
            path.replace(path.size() - kDefaultPool.size(), kDefaultPool.size(), "concurrency");
        }
        const auto present = findPath(document, path);
        Node written = asWritten(entry, value, present ? *present : nullptr);
        if (present) {
            **present = std::move(written);
        } else if (auto ok =
                       applyOverride(document, fmt::format("{}={}", path, written.text), "turned");
                   !ok) {
            return ok;
        }
    }
    return {};
}

Exported exportDocuments(const EngineDocument& engine, const Node& tree) {
    Exported out;
    const Node transport = explicitTransport(engine, tree);
    addFile(out, "transport.json", &transport);
    addFile(out, "pools.json", tree.find("pools"));
    addFile(out, "merge-policy.json", tree.find("merge_policy"));
    addFile(out, "transforms.json", tree.find("transforms"));
    out.flags.push_back(fmt::format("--transport={}", typeName(engine.transport.kind)));
    for (const ExportedFile& file : out.files) {
        const std::string_view flag = file.name == "transport.json"    ? "transport-config-file"
                                      : file.name == "pools.json"      ? "pool-config-file"
                                      : file.name == "transforms.json" ? "transform-config-file"
                                                                       : "request-merge-policy-"
                                                                         "config-file";
        out.flags.push_back(fmt::format("--{}={}", flag, file.name));
    }
    if (tree.find("pools") == nullptr) {
        out.flags.push_back(fmt::format("--concurrency={}", engine.pools.front().workers));
    }
    out.flags.push_back("--request-timeout=" + durationText(engine.requestTimeout));
    out.flags.push_back("--drain-timeout=" + durationText(engine.drainTimeout));
    out.flags.push_back("--prometheus-cache-ttl=" + durationText(engine.prometheusCacheTtl));
    if (!engine.prometheusUrl.empty())
        out.flags.push_back("--prometheus-url=" + engine.prometheusUrl);
    out.notes = notesOf(engine);
    return out;
}

Exported exportHelm(const EngineDocument& engine, const Node& tree, const Node* base) {
    Exported out;
    Node values = base != nullptr ? *base : emptyMap();
    Node& ap = section(values, "ap");
    const Node transport = explicitTransport(engine, tree);
    put(ap, "transport", scalar(std::string(typeName(engine.transport.kind)), true));
    Node config = transport;
    if (const Node* before = ap.find("transportConfig")) {
        const Node* secret = before->find("urlSecret"); // the chart's own key
        if (secret != nullptr && isEmpty(config.find("url"))) put(config, "urlSecret", *secret);
    }
    put(ap, "transportConfig", std::move(config));
    dropOverridden(ap);
    if (const Node* pools = tree.find("pools"); !isEmpty(pools)) {
        put(ap, "workerPools", *pools);
    } else {
        put(ap, "concurrency", scalar(std::to_string(engine.pools.front().workers), false));
    }
    if (const Node* merge = tree.find("merge_policy"); !isEmpty(merge)) {
        put(ap, "requestMergePolicyConfig", *merge);
    }
    if (const Node* transforms = tree.find("transforms"); !isEmpty(transforms)) {
        put(ap, "transformConfig", *transforms);
    }
    put(ap, "drainTimeout", scalar(durationText(engine.drainTimeout), true));
    put(ap, "prometheusCacheTTL", scalar(durationText(engine.prometheusCacheTtl), true));
    if (!engine.prometheusUrl.empty()) put(ap, "prometheusURL", scalar(engine.prometheusUrl, true));
    out.files.push_back({"values.yaml", yamlText(values)});
    out.notes = notesOf(engine);
    if (engine.requestTimeout != std::chrono::minutes{5}) {
        out.notes.push_back(
            fmt::format("request_timeout {}: the chart has no value for it; it runs "
                        "with 5m",
                        durationText(engine.requestTimeout)));
    }
    return out;
}

} // namespace penstock

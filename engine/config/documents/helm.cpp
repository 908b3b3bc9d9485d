// SPDX-License-Identifier: Apache-2.0
// What charts/llm-d-async/templates/ap-deployments.yaml of version 0.9 makes of the `ap` values.
#include "engine/config/documents/engine_tree.h"
#include "engine/config/text/wording.h"

#include <fmt/format.h>

namespace penstock {
namespace {

// Keys of `ap` that say nothing of dispatch.
constexpr std::string_view kElsewhere[] = {
    "affinity",         "securityContext",    "resources", "image",      "imagePullPolicy",
    "imagePullSecrets", "imagePullSecret",    "otel",      "podMonitor", "prometheusRule",
    "grafana",          "modelServerMonitor", "logging",   "replicas",   "nodeSelector",
    "tolerations",      "serviceAccount"};

class Translation {
  public:
    explicit Translation(Document values) : tree_(std::move(values)) {}

    Result<HelmEngine> run() {
        Node values = std::move(tree_.root());
        Node* ap = values.find("ap");
        if (ap == nullptr || ap->kind != Node::Kind::map) {
            return fail(tree_.error(values.at, "there is no `ap` mapping; these are not the values "
                                               "of llm-d-async's chart"));
        }
        tree_.root() = Node{};
        tree_.root().kind = Node::Kind::map;
        tree_.root().at = ap->at;
        if (auto ok = transport(*ap); !ok) return fail(ok.error());
        move(*ap, "workerPools", "pools");
        move(*ap, "transformConfig", "transforms");
        move(*ap, "requestMergePolicyConfig", "merge_policy");
        move(*ap, "concurrency", "concurrency");
        move(*ap, "drainTimeout", "drain_timeout");
        move(*ap, "prometheusURL", "prometheus_url");
        move(*ap, "prometheusCacheTTL", "prometheus_cache_ttl");
        if (Node* health = ap->find("health")) move(*health, "port", "health_port");
        if (Node* metrics = ap->find("metrics")) move(*metrics, "port", "metrics_port");
        if (Node* tls = ap->find("tls")) {
            move(*tls, "insecureSkipVerify", "tls_insecure_skip_verify");
        }
        warnOfUnknown(*ap);
        if (auto ok = completeEngine(tree_, ""); !ok) return fail(ok.error());
        return HelmEngine{std::move(tree_), std::move(options_), std::move(warnings_)};
    }

  private:
    static bool empty(const Node* node) {
        if (node == nullptr || node->kind == Node::Kind::null) return true;
        return node->text.empty() && node->items.empty() && node->members.empty();
    }
    static bool truthy(const Node* node) {
        return !empty(node) && node->text != "false" && node->text != "0";
    }
    static std::string textOf(const Node* node, std::string_view otherwise) {
        return empty(node) ? std::string(otherwise) : node->text;
    }

    // Takes `key` of `from` into the tree as `as`; what the templates take for unset stays out.
    void move(Node& from, std::string_view key, std::string_view as) {
        put(tree_.root(), as, from.find(key));
    }
    static void put(Node& into, std::string_view key, Node* value) {
        if (empty(value)) return;
        into.members.push_back({std::string(key), value->at, std::move(*value)});
    }
    static void put(Node& into, std::string_view key, std::string value, const Position& at) {
        Node node;
        node.kind = Node::Kind::scalar;
        node.quoted = true;
        node.text = std::move(value);
        node.at = at;
        into.members.push_back({std::string(key), at, std::move(node)});
    }
    static Node mapAt(const Position& at) {
        Node node;
        node.kind = Node::Kind::map;
        node.at = at;
        return node;
    }

    Status transport(Node& ap) {
        Node* redis = ap.find("redis");
        Node* cloud = ap.find("gcpPubSub");
        if (redis != nullptr && truthy(redis->find("enabled"))) return ofRedis(ap, *redis);
        if (cloud != nullptr && truthy(cloud->find("enabled"))) return ofCloud(ap, *cloud);
        return fail(tree_.error(ap.at, "neither ap.redis.enabled nor ap.gcpPubSub.enabled is true; "
                                       "one must be"));
    }

    Status ofRedis(Node& ap, Node& redis) {
        const Node* impl = ap.find("messageQueueImpl");
        const std::string type = textOf(impl, "redis-pubsub");
        // Anything else falls back in the template, too.
        const bool sorted = type == "redis-sortedset";
        put(tree_.root(), "transport_type", sorted ? "redis-sortedset" : "redis-pubsub",
            impl != nullptr ? impl->at : redis.at);
        Node transport = mapAt(redis.at);
        if (empty(redis.find("url"))) {
            const std::string secret = textOf(redis.find("secretName"), "");
            if (secret.empty()) {
                return fail(tree_.error(redis.at, "ap.redis is enabled but neither ap.redis.url "
                                                  "nor ap.redis.secretName is set"));
            }
            options_.redisUrl = "redis://in-secret-" + secret;
        } else {
            put(transport, "url", redis.find("url"));
        }
        Node* queues = redis.find("queuesConfig");
        Node* gate = redis.find("gateType");
        if (sorted && !empty(queues) && !empty(gate)) {
            return fail(tree_.error(gate->at,
                                    "ap.redis.gateType and ap.redis.queuesConfig are both "
                                    "set; give each queue its own gate_type"));
        }
        if (sorted) {
            put(transport, "result_queue_name", redis.find("resultQueueName"));
            put(transport, "poll_interval_ms", redis.find("pollIntervalMs"));
            put(transport, "batch_size", redis.find("batchSize"));
        }
        if (empty(queues)) {
            Node queue = mapAt(redis.at);
            put(queue, "queue_name",
                sorted ? textOf(redis.find("requestQueueName"), "request-sortedset")
                       : "request-queue",
                redis.at);
            put(queue, "request_path_url", redis.find("requestPathURL"));
            if (auto ok = gateway(ap, queue); !ok) return ok;
            if (sorted && !empty(gate)) {
                put(queue, "gate_type", gate);
                put(queue, "gate_params", redis.find("gateParams"));
            }
            Node list;
            list.kind = Node::Kind::list;
            list.at = redis.at;
            list.items.push_back(std::move(queue));
            transport.members.push_back({"queues", redis.at, std::move(list)});
        } else {
            put(transport, "queues", queues);
        }
        tree_.root().members.push_back({"transport", transport.at, std::move(transport)});
        return {};
    }

    Status ofCloud(Node& ap, Node& cloud) {
        put(tree_.root(), "transport_type", "gcp-pubsub", cloud.at);
        Node transport = mapAt(cloud.at);
        put(transport, "project_id", cloud.find("projectId"));
        put(transport, "result_topic_id", cloud.find("resultTopicId"));
        Node* topics = cloud.find("topicsConfig");
        if (empty(topics)) {
            Node topic = mapAt(cloud.at);
            put(topic, "subscriber_id", cloud.find("requestSubscriberId"));
            put(topic, "request_path_url", cloud.find("requestPathURL"));
            if (auto ok = gateway(ap, topic); !ok) return ok;
            Node list;
            list.kind = Node::Kind::list;
            list.at = cloud.at;
            list.items.push_back(std::move(topic));
            transport.members.push_back({"topics", cloud.at, std::move(list)});
        } else {
            if (textOf(ap.find("messageQueueImpl"), "") == "gcp-pubsub") warnOfInertGates(*topics);
            put(transport, "topics", topics);
        }
        tree_.root().members.push_back({"transport", transport.at, std::move(transport)});
        return {};
    }

    Status gateway(Node& ap, Node& queue) {
        if (empty(ap.find("igwBaseURL"))) {
            return fail(tree_.error(ap.at, "ap.igwBaseURL is missing; it must be the gateway's "
                                           "address (or give each queue its igw_base_url)"));
        }
        put(queue, "igw_base_url", ap.find("igwBaseURL"));
        return {};
    }

    void warnOfInertGates(const Node& topics) {
        for (const Node& topic : topics.items) {
            if (empty(topic.find("gate_type"))) continue;
            warnings_.push_back(tree_.error(
                topic.find("gate_type")->at,
                "ap.messageQueueImpl gcp-pubsub leaves every gate of a topic inert; leave it "
                "empty or set gcp-pubsub-gated"));
        }
    }

    void warnOfUnknown(const Node& ap) {
        static constexpr std::string_view kKnown[] = {"igwBaseURL",
                                                      "concurrency",
                                                      "drainTimeout",
                                                      "prometheusURL",
                                                      "prometheusCacheTTL",
                                                      "workerPools",
                                                      "transformConfig",
                                                      "requestMergePolicyConfig",
                                                      "health",
                                                      "metrics",
                                                      "messageQueueImpl",
                                                      "gcpPubSub",
                                                      "tls",
                                                      "redis"};
        std::vector<std::string_view> known(std::begin(kKnown), std::end(kKnown));
        known.insert(known.end(), std::begin(kElsewhere), std::end(kElsewhere));
        for (const Member& member : ap.members) {
            if (std::find(known.begin(), known.end(), member.key) != known.end()) continue;
            warnings_.push_back(tree_.error(
                member.at, fmt::format("ap: the chart does not know the key {}{}",
                                       quoteForError(member.key), didYouMean(member.key, known))));
        }
    }

    Document tree_;
    EngineOptions options_;
    std::vector<Error> warnings_;
};

} // namespace

Result<HelmEngine> engineTreeFromHelm(Document values) {
    return Translation(std::move(values)).run();
}

} // namespace penstock

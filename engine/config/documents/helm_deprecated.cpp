// SPDX-License-Identifier: Apache-2.0
// The values that ap.transport and ap.transportConfig have replaced, as the templates make a
// transport document of them.
#include "engine/config/documents/helm_parts.h"

#include <fmt/format.h>

namespace penstock::detail {
namespace {

class Deprecated {
  public:
    explicit Deprecated(HelmWork& work) : work_(work) {}

    Status run(Node& ap) {
        Node* redis = ap.find("redis");
        Node* cloud = ap.find("gcpPubSub");
        if (redis != nullptr && !HelmWork::absent(redis->find("enabled"))) {
            return ofRedis(ap, *redis);
        }
        if (cloud != nullptr && !HelmWork::absent(cloud->find("enabled"))) {
            return ofCloud(ap, *cloud);
        }
        return work_.refuse(ap.at, "there is no ap.transport, and neither ap.redis.enabled nor "
                                   "ap.gcpPubSub.enabled is true; one must be");
    }

  private:
    static bool empty(const Node* node) { return HelmWork::unset(node); }
    static std::string textOf(const Node* node, std::string_view otherwise) {
        return HelmWork::textOf(node, otherwise);
    }
    static Node mapAt(const Position& at) { return HelmWork::mapAt(at); }
    template <class... Args>
    static void put(Args&&... args) {
        HelmWork::put(std::forward<Args>(args)...);
    }

    Status ofRedis(Node& ap, Node& redis) {
        const Node* impl = ap.find("messageQueueImpl");
        const std::string type = textOf(impl, "redis-pubsub");
        // Anything else falls back in the template, too.
        const bool sorted = type == "redis-sortedset";
        put(work_.tree.root(), "transport_type", sorted ? "redis-sortedset" : "redis-pubsub",
            impl != nullptr ? impl->at : redis.at);
        Node transport = mapAt(redis.at);
        if (empty(redis.find("url"))) {
            const std::string secret = textOf(redis.find("secretName"), "");
            if (secret.empty()) {
                return work_.refuse(redis.at, "ap.redis is enabled but neither ap.redis.url nor "
                                              "ap.redis.secretName is set");
            }
            work_.options.redisUrl = "redis://in-secret-" + secret;
        } else {
            put(transport, "url", redis.find("url"));
        }
        Node* queues = redis.find("queuesConfig");
        Node* gate = redis.find("gateType");
        if (sorted && !empty(queues) && !empty(gate)) {
            return work_.refuse(gate->at, "ap.redis.gateType and ap.redis.queuesConfig are both "
                                          "set; give each queue its own gate_type");
        }
        if (sorted) {
            put(transport, "result_queue_name", redis.find("resultQueueName"));
            const Node* poll = redis.find("pollIntervalMs");
            const Node* batch = redis.find("batchSize");
            if (!work_.zero(poll, "ap.redis.pollIntervalMs", "1000")) {
                put(transport, "poll_interval_ms", redis.find("pollIntervalMs"));
            }
            if (!work_.zero(batch, "ap.redis.batchSize", "10")) {
                put(transport, "batch_size", redis.find("batchSize"));
            }
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
                if (Node* params = redis.find("gateParams")) {
                    for (Member& member : params->members)
                        asText(member);
                    put(queue, "gate_params", params);
                }
            }
            Node list;
            list.kind = Node::Kind::list;
            list.at = redis.at;
            list.items.push_back(std::move(queue));
            transport.members.push_back({"queues", redis.at, std::move(list)});
        } else {
            put(transport, "queues", queues);
        }
        work_.tree.root().members.push_back({"transport", transport.at, std::move(transport)});
        return {};
    }

    Status ofCloud(Node& ap, Node& cloud) {
        put(work_.tree.root(), "transport_type", "gcp-pubsub", cloud.at);
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
        work_.tree.root().members.push_back({"transport", transport.at, std::move(transport)});
        return {};
    }

    // The template turns every parameter of the gate to text.
    void asText(Member& member) {
        Node& value = member.value;
        if (value.kind != Node::Kind::scalar) return;
        std::string text = work_.printed(value);
        if (text.find("e+") != std::string::npos && !value.quoted) {
            work_.find(Severity::error, "number-with-exponent", "ap.redis.gateParams." + member.key,
                       value.at,
                       fmt::format("{} becomes the text \"{}\" on its way through the chart, which "
                                   "is no whole number to the program.",
                                   value.text, text),
                       fmt::format("Write it as text (\"{}\").", value.text));
        }
        value.text = std::move(text);
        value.quoted = true;
    }

    Status gateway(Node& ap, Node& queue) {
        if (empty(ap.find("igwBaseURL"))) {
            return fail(work_.tree.error(ap.at,
                                         "ap.igwBaseURL is missing; it must be the gateway's "
                                         "address (or give each queue its igw_base_url)"));
        }
        put(queue, "igw_base_url", ap.find("igwBaseURL"));
        return {};
    }

    void warnOfInertGates(const Node& topics) {
        for (const Node& topic : topics.items) {
            if (empty(topic.find("gate_type"))) continue;
            work_.find(Severity::error, "gate-ignored", "ap.messageQueueImpl",
                       topic.find("gate_type")->at,
                       "ap.messageQueueImpl gcp-pubsub leaves every gate of a topic inert.",
                       "Leave it empty, or set gcp-pubsub-gated.");
        }
    }

    HelmWork& work_;
};

} // namespace

Status deprecatedTransport(HelmWork& work, Node& ap) {
    return Deprecated(work).run(ap);
}

bool redisSecret(HelmWork& work, Node& ap) {
    Node* redis = ap.find("redis");
    if (redis == nullptr) return false;
    const std::string url = HelmWork::textOf(redis->find("url"), "");
    const std::string name = HelmWork::textOf(redis->find("secretName"), "");
    if (url.empty() && name.empty()) return false;
    work.options.redisUrl = url.empty() ? "redis://in-secret-" + name : url;
    return true;
}

} // namespace penstock::detail

// SPDX-License-Identifier: Apache-2.0
// What the deployment template of llm-d-async's chart makes of the `ap` values: the chart of August
// 2026 (ap.transport), which still takes the values it had before (helm_deprecated.cpp).
#include "engine/config/documents/documents_parts.h"
#include "engine/config/documents/helm_parts.h"
#include "engine/config/text/override.h"
#include "engine/config/text/wording.h"
#include "engine/types/duration_text.h"
#include "engine/types/go_number.h"
#include "engine/types/suggest.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <tuple>

namespace penstock {
namespace {

// Keys of `ap` that say nothing of dispatch.
constexpr std::string_view kElsewhere[] = {
    "affinity",         "securityContext",    "resources", "image",      "imagePullPolicy",
    "imagePullSecrets", "imagePullSecret",    "otel",      "podMonitor", "prometheusRule",
    "grafana",          "modelServerMonitor", "logging",   "replicas",   "nodeSelector",
    "tolerations",      "serviceAccount"};
constexpr std::string_view kRead[] = {"igwBaseURL",
                                      "concurrency",
                                      "drainTimeout",
                                      "prometheusURL",
                                      "prometheusCacheTTL",
                                      "workerPools",
                                      "transformConfig",
                                      "health",
                                      "metrics",
                                      "messageQueueImpl",
                                      "gcpPubSub",
                                      "tls",
                                      "redis",
                                      "transport",
                                      "transportConfig",
                                      "env",
                                      "gateWaitTimeout",
                                      "requestMergePolicyConfig"};

class Translation {
  public:
    explicit Translation(Document values) { work_.tree = std::move(values); }

    Result<HelmEngine> run() {
        Node values = std::move(work_.tree.root());
        Node* ap = values.find("ap");
        if (ap == nullptr || ap->kind != Node::Kind::map) {
            return work_.refuse(values.at, "there is no `ap` mapping; these are not the values of "
                                           "llm-d-async's chart");
        }
        detail::asHelmReads(*ap);
        Node& root = work_.tree.root();
        root = detail::HelmWork::mapAt(ap->at);
        environment(*ap);
        if (auto ok = transport(*ap); !ok) return fail(ok.error());
        move(*ap, "workerPools", "pools");
        move(*ap, "transformConfig", "transforms");
        move(*ap, "requestMergePolicyConfig", "merge_policy");
        move(*ap, "prometheusURL", "prometheus_url");
        if (auto ok = arguments(*ap); !ok) return fail(ok.error());
        unknown(*ap);
        if (auto ok = completeEngine(work_.tree, ""); !ok) return fail(ok.error());
        return HelmEngine{std::move(work_.tree), std::move(work_.options),
                          std::move(work_.findings)};
    }

  private:
    void move(Node& from, std::string_view key, std::string_view as) {
        detail::HelmWork::put(work_.tree.root(), as, from.find(key));
    }

    // Values that become arguments, where a number is what Go prints for a float64.
    Status arguments(Node& ap) {
        if (auto ok = count(ap, "concurrency", "ap.concurrency", "64", "concurrency"); !ok)
            return ok;
        for (const auto& [key, as, instead] :
             {std::tuple{"drainTimeout", "drain_timeout", "2m"},
              std::tuple{"prometheusCacheTTL", "prometheus_cache_ttl", "5s"},
              std::tuple{"gateWaitTimeout", "gate_wait_timeout", "5m"}}) {
            const Node* value = ap.find(key);
            const std::string path = fmt::format("ap.{}", key);
            if (work_.zero(value, path, instead) || detail::HelmWork::absent(value)) continue;
            if (auto duration = goDuration(value->text); !duration) {
                return work_.refuse(value->at, fmt::format("{}: {}, and the program does not start",
                                                           path, duration.error().message));
            }
            move(ap, key, as);
        }
        for (const auto& [key, instead] :
             {std::pair{"health", "8081"}, std::pair{"metrics", "9090"}}) {
            Node* section = ap.find(key);
            if (section == nullptr) continue;
            const std::string path = fmt::format("ap.{}.port", key);
            if (auto ok = count(*section, "port", path, instead, fmt::format("{}_port", key));
                !ok) {
                return ok;
            }
        }
        if (Node* tls = ap.find("tls")) {
            move(*tls, "insecureSkipVerify", "tls_insecure_skip_verify");
        }
        return {};
    }

    Status count(Node& section, std::string_view key, const std::string& path,
                 std::string_view instead, const std::string& as) {
        const Node* value = section.find(key);
        if (work_.zero(value, path, instead)) return {};
        if (detail::HelmWork::absent(value)) return {};
        const std::string argument = work_.printed(*value);
        if (argument.find("e+") != std::string::npos && !value->quoted) {
            return work_.refuse(
                value->at, fmt::format("{}: {} in a values file becomes the argument {}, and the "
                                       "program does not start; write it as text (\"{}\") or "
                                       "give it by --set",
                                       path, value->text, argument, value->text));
        }
        const auto number = goIntegerOfAnyBase(argument);
        if (!number) {
            return work_.refuse(value->at,
                                fmt::format("{}: {} is no whole number, and the program does not "
                                            "start",
                                            path, quoteForError(argument)));
        }
        const bool cut = as == "concurrency" && *number > detail::kMaxWorkers;
        if (cut) {
            work_.find(Severity::warning, "not-supported", path, value->at,
                       detail::workersCut(*number),
                       fmt::format("Write at most {}.", detail::kMaxWorkers));
        }
        Node whole = *value;
        whole.text = std::to_string(cut ? detail::kMaxWorkers : *number);
        whole.quoted = false;
        detail::HelmWork::put(work_.tree.root(), as, &whole);
        return {};
    }

    Status transport(Node& ap) {
        const Node* type = ap.find("transport");
        if (detail::HelmWork::absent(type)) return detail::deprecatedTransport(work_, ap);
        Node* config = ap.find("transportConfig");
        if (config != nullptr && config->kind == Node::Kind::scalar) {
            return work_.refuse(config->at,
                                "ap.transportConfig is text; the chart wants a mapping");
        }
        if (detail::HelmWork::unset(config)) {
            return work_.refuse(type->at, "ap.transport is set and ap.transportConfig is not; the "
                                          "chart refuses that");
        }
        overridden(ap);
        const bool hasUrl = config->find("url") != nullptr;
        const bool secret = urlSecret(ap, *config);
        if (type->text.starts_with("redis") && !hasUrl && !secret) {
            return work_.refuse(config->at, "there is no address of Redis; give "
                                            "ap.transportConfig.url or its urlSecret");
        }
        const bool emptyUrl = hasUrl && detail::HelmWork::textOf(config->find("url"), "").empty();
        if (type->text.starts_with("redis") && emptyUrl && work_.options.redisUrl.empty()) {
            return work_.refuse(config->find("url")->at,
                                "ap.transportConfig.url is empty: the chart takes it, and the "
                                "program does not start");
        }
        detail::HelmWork::put(work_.tree.root(), "transport_type", type->text, type->at);
        move(ap, "transportConfig", "transport");
        return {};
    }

    // The chart's own key, which the program never sees. False: no Secret gives an address.
    bool urlSecret(Node& ap, Node& config) {
        bool given = detail::redisSecret(work_, ap);
        for (std::size_t i = 0; i < config.members.size(); ++i) {
            if (config.members[i].key != "urlSecret") continue;
            const Node& secret = config.members[i].value;
            const std::string url = detail::HelmWork::textOf(secret.find("url"), "");
            const std::string name = detail::HelmWork::textOf(secret.find("name"), "");
            if (!url.empty() || !name.empty()) {
                work_.options.redisUrl = url.empty() ? "redis://in-secret-" + name : url;
                given = true;
            }
            config.members.erase(config.members.begin() + static_cast<std::ptrdiff_t>(i));
            break;
        }
        return given;
    }

    // Beside ap.transport the older values are not read.
    void overridden(const Node& ap) {
        const auto tell = [this](const Node* node, std::string path) {
            if (detail::HelmWork::absent(node)) return;
            work_.find(
                Severity::warning, "value-overridden", path, node->at,
                fmt::format("ap.transport is set, and {} counts for nothing beside it.", path),
                "Take it out, and say it in ap.transportConfig.");
        };
        tell(ap.find("messageQueueImpl"), "ap.messageQueueImpl");
        tell(ap.find("igwBaseURL"), "ap.igwBaseURL");
        for (const std::string_view section : {"redis", "gcpPubSub"}) {
            const Node* values = ap.find(section);
            if (values == nullptr) continue;
            for (const Member& member : values->members) {
                // The connection is taken from here all the same.
                const bool connection = member.key == "url" || member.key.starts_with("secret");
                if (!connection) tell(&member.value, fmt::format("ap.{}.{}", section, member.key));
            }
        }
    }

    void environment(const Node& ap) {
        const Node* env = ap.find("env");
        if (env == nullptr) return;
        for (const Node& entry : env->items) {
            if (detail::HelmWork::textOf(entry.find("name"), "") != "REDIS_URL") continue;
            work_.options.redisUrl =
                detail::HelmWork::textOf(entry.find("value"), "redis://in-environment");
        }
    }

    void unknown(const Node& ap) {
        std::vector<std::string_view> known(std::begin(kRead), std::end(kRead));
        known.insert(known.end(), std::begin(kElsewhere), std::end(kElsewhere));
        for (const Member& member : ap.members) {
            if (std::find(known.begin(), known.end(), member.key) != known.end()) continue;
            const std::string_view near = closestName(member.key, known);
            work_.find(Severity::error, "ignored-key", "ap." + member.key, member.at,
                       fmt::format("The chart does not know the key {} and renders nothing for it.",
                                   quoteForError(member.key)),
                       near.empty() ? std::string("Take it out.")
                                    : fmt::format("Write \"{}\", if that is meant.", near));
        }
    }

    detail::HelmWork work_;
};

} // namespace

Status setHelmValue(Document& values, std::string_view assignment) {
    if (auto ok = applyOverride(values, assignment); !ok) return ok;
    const auto node = findPath(values, assignment.substr(0, assignment.find('=')));
    if (!node || (*node)->kind != Node::Kind::scalar) return {};
    // Helm's own reading: true, false, null, whole numbers in decimal; all else is text.
    const std::string& text = (*node)->text;
    const bool word = text == "true" || text == "false";
    const bool number = text == "0" || (!text.starts_with('0') && goInteger(text));
    (*node)->quoted = !word && !number;
    return {};
}

Result<HelmEngine> engineTreeFromHelm(Document values) {
    return Translation(std::move(values)).run();
}

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
// The values that are flags of llm-d-async's command line. Given as a flag under its semantics, a
// value is read as Go's flag packages read it: durations in Go's form alone, whole numbers in any
// base ("0x10", "010" is 8, "1_000"). Elsewhere, in a scenario or by --set, they are ours.
#include "engine/config/documents/documents_parts.h"
#include "engine/config/text/wording.h"
#include "engine/types/duration_text.h"
#include "engine/types/go_number.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <string>

namespace penstock::detail {
namespace {

using namespace std::chrono_literals;

std::string dashed(std::string_view key) {
    std::string out(key);
    std::replace(out.begin(), out.end(), '_', '-');
    return out;
}

// The value of `key` as it was given by a flag that llm-d-async reads; else nullptr.
const Node* asFlag(Reader& r, std::string_view key, const PartContext& context) {
    const Node* node = context.asGo() ? r.node().find(key) : nullptr;
    const bool flag = node != nullptr && r.document().source(node->at).name.starts_with(
                                             fmt::format("--{}=", dashed(key)));
    if (flag) r.known(key);
    return flag ? node : nullptr;
}

Duration flagDuration(Reader& r, std::string_view key, const DurationRange& range,
                      Duration fallback, const PartContext& context) {
    const Node* node = asFlag(r, key, context);
    if (node == nullptr) return r.duration(key, range, fallback);
    const auto value = goDuration(node->text);
    if (value) return *value;
    r.fail(key, value.error().message);
    return fallback;
}

// The same of a whole number. Only a flag's may lie outside `range`.
std::int64_t flagInteger(Reader& r, std::string_view key, const IntRange& range,
                         std::int64_t fallback, const PartContext& context) {
    const Node* node = asFlag(r, key, context);
    if (node == nullptr) return r.integer(key, range, fallback);
    const auto value = goIntegerOfAnyBase(node->text);
    if (value) return *value;
    r.fail(key, fmt::format("{} is no whole number; llm-d-async does not start with it",
                            quoteForError(node->text)));
    return fallback;
}

bool flagBoolean(Reader& r, std::string_view key, const PartContext& context) {
    const Node* node = asFlag(r, key, context);
    if (node == nullptr) return r.boolean(key, false);
    static constexpr std::string_view kTrue[] = {"1", "t", "T", "true", "TRUE", "True"};
    static constexpr std::string_view kFalse[] = {"0", "f", "F", "false", "FALSE", "False"};
    if (std::find(std::begin(kTrue), std::end(kTrue), node->text) != std::end(kTrue)) return true;
    if (std::find(std::begin(kFalse), std::end(kFalse), node->text) == std::end(kFalse)) {
        r.fail(key, fmt::format("{} is neither true nor false; llm-d-async does not start with it",
                                quoteForError(node->text)));
    }
    return false;
}

// 0 is any free port for health, and none for metrics.
void readPorts(Reader& r, EngineDocument& engine, const PartContext& context) {
    constexpr IntRange kPorts{1, 65535};
    const auto health = flagInteger(r, "health_port", kPorts, engine.healthPort, context);
    if (health < 0 || health > kPorts.max) {
        r.fail("health_port", fmt::format("{} is out of range; a port is at most 65535, and "
                                          "llm-d-async ends at once",
                                          health));
    } else {
        engine.healthPort = static_cast<std::uint16_t>(health);
    }
    const auto metrics = flagInteger(r, "metrics_port", kPorts, engine.metricsPort, context);
    const bool usable = metrics >= kPorts.min && metrics <= kPorts.max;
    engine.metricsPort = usable ? static_cast<std::uint16_t>(metrics) : std::uint16_t{0};
    if (usable) return;
    context.find(Severity::warning, "no-metrics", r, "metrics_port",
                 fmt::format("{} is no port: llm-d-async runs on without metrics.", metrics),
                 "Write a port from 1 to 65535.");
}

void readGateWait(Reader& r, EngineDocument& engine, const PartContext& context) {
    r.known("gate_wait_timeout");
    if (!r.has("gate_wait_timeout")) return;
    const Duration wait = flagDuration(r, "gate_wait_timeout", {0s, 168h}, 5min, context);
    const bool flag = r.where("gate_wait_timeout").file.starts_with("--gate-wait-timeout=");
    if (engine.semantics.gateWaitTimeoutKnown) {
        engine.semantics.parkedTimeout = wait;
    } else if (!flag) {
        context.find(Severity::error, "ignored-key", r, "gate_wait_timeout",
                     fmt::format("{} has no such time, and its chart renders nothing for it: "
                                 "what waits at a pool's gate waits until its deadline.",
                                 engine.semantics.name),
                     "Deploy 0.10 or later, which have it, or take it out.");
    } else {
        r.fail("gate_wait_timeout", fmt::format("{} does not know --gate-wait-timeout and does "
                                                "not start with it; 0.10 is the first that does",
                                                engine.semantics.name));
    }
}

} // namespace

std::string workersCut(std::int64_t workers) {
    return fmt::format("llm-d-async starts {} workers; penstock runs with {}, the most it "
                       "simulates.",
                       workers, kMaxWorkers);
}

std::int32_t readConcurrency(Reader& r, const PartContext& context) {
    const auto workers = flagInteger(r, "concurrency", {1, kMaxWorkers, "workers"}, 64, context);
    if (workers < 1) {
        context.find(Severity::error, "no-workers", r, "concurrency",
                     fmt::format("{} is no number of workers: llm-d-async starts, takes what its "
                                 "channels hold, and answers nothing.",
                                 workers),
                     "Write how many requests may be on the way at once, like 64.");
    } else if (workers > kMaxWorkers) {
        context.find(Severity::warning, "not-supported", r, "concurrency", workersCut(workers),
                     fmt::format("Write at most {}.", kMaxWorkers));
    }
    return static_cast<std::int32_t>(std::clamp<std::int64_t>(workers, 0, kMaxWorkers));
}

void readFlags(Reader& r, EngineDocument& engine, const PartContext& context) {
    const DurationRange long_{0s, 168h};
    engine.requestTimeout =
        flagDuration(r, "request_timeout", {0s, 168h, true}, engine.requestTimeout, context);
    if (engine.requestTimeout <= Duration{0}) {
        context.find(Severity::error, "timeout-at-once", r, "request_timeout",
                     "No time is left to any request: llm-d-async starts, and ends every one of "
                     "them before it is sent.",
                     "Give the time that a request may take, like 5m.");
        engine.requestTimeout = Duration{1};
    }
    engine.drainTimeout = std::max(
        Duration{0}, flagDuration(r, "drain_timeout", long_, engine.drainTimeout, context));
    engine.prometheusUrl = r.text("prometheus_url", "");
    if (!engine.prometheusUrl.empty()) {
        checkUrl(r, "prometheus_url", engine.prometheusUrl, {"http://", "https://"});
    }
    engine.prometheusCacheTtl =
        std::max(Duration{0}, flagDuration(r, "prometheus_cache_ttl", {0s, 1h},
                                           engine.prometheusCacheTtl, context));
    readGateWait(r, engine, context);
    readPorts(r, engine, context);
    engine.tls.caCert = r.text("tls_ca_cert", "");
    engine.tls.cert = r.text("tls_cert", "");
    engine.tls.key = r.text("tls_key", "");
    engine.tls.insecureSkipVerify = flagBoolean(r, "tls_insecure_skip_verify", context);
    if (engine.tls.cert.empty() != engine.tls.key.empty()) {
        r.fail(engine.tls.cert.empty() ? "tls_cert" : "tls_key",
               "missing; a certificate and its key are given together");
    }
}

} // namespace penstock::detail

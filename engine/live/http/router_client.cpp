// SPDX-License-Identifier: Apache-2.0
#include "engine/live/http/router_client.h"

#include "engine/config/wire/wire.h"
#include "engine/core/stamp.h"
#include "engine/types/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <curl/curl.h>
#include <strings.h>

namespace penstock {
namespace {

constexpr std::size_t kHeadersMax = 32;
constexpr std::size_t kHeaderBytesMax = 8192;

bool same(std::string_view a, std::string_view b) {
    return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// What a message may not set: RFC 9110 7.6.1, framing, and what the engine or the router says.
bool denied(std::string_view name) {
    for (const char* one : {"host", "content-length", "transfer-encoding", "connection",
                            "keep-alive", "proxy-authenticate", "proxy-authorization",
                            "proxy-connection", "te", "trailer", "upgrade", "expect"}) {
        if (same(name, one)) return true;
    }
    for (const std::string_view prefix :
         {std::string_view{"x-gateway-"}, std::string_view{"x-llm-d-"}}) {
        if (name.size() >= prefix.size() && same(name.substr(0, prefix.size()), prefix))
            return true;
    }
    return false;
}

// A path, as an endpoint of a message must be: nothing that leads to another host.
bool isPath(std::string_view text) {
    return text.starts_with('/') && !text.starts_with("//") &&
           std::all_of(text.begin(), text.end(), [](char c) {
               const auto byte = static_cast<unsigned char>(c);
               return byte > 0x20 && byte < 0x7f && c != '\\' && c != '#';
           });
}

} // namespace

Duration retryAfterOf(std::string_view text, Time now) {
    if (text.empty()) return Duration{-1};
    double seconds = 0.0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (code == std::errc{} && end == text.data() + text.size()) {
        const bool sane = std::isfinite(seconds) && seconds >= 0.0;
        return sane ? fromSeconds(std::min(seconds, 1e9)) : Duration{-1};
    }
    const time_t date = curl_getdate(std::string(text).c_str(), nullptr);
    if (date < 0) return Duration{-1};
    return std::max(Duration{0}, fromUnixSeconds(static_cast<double>(date)) - now);
}

DroppedReason droppedReasonOf(std::string_view text) {
    if (text.empty()) return DroppedReason::none;
    for (const DroppedReason reason :
         {DroppedReason::rejectedSaturated, DroppedReason::rejectedTtlExpired,
          DroppedReason::rejectedNoEndpoints, DroppedReason::rejectedContextCancelled,
          DroppedReason::rejectedShuttingDown, DroppedReason::evicted}) {
        if (text == name(reason)) return reason;
    }
    return DroppedReason::other;
}

RouterClient::RouterClient(LiveLoop& loop, HttpClient& http, std::vector<RouterTarget> targets)
    : loop_(loop), http_(http), targets_(std::move(targets)) {
    for (const RouterTarget& target : targets_)
        urls_.push_back(joinUrl(target.baseUrl, target.requestPath));
}

void RouterClient::send(std::uint32_t attempt, const Request& request, const Outbound& outbound,
                        ResponseListener& listener) {
    const Envelope& envelope = *request.envelope;
    HttpRequest http;
    http.url = isPath(envelope.endpoint)
                   ? joinUrl(targets_[request.queue].baseUrl, envelope.endpoint)
                   : urls_[request.queue];
    http.body = outbound.body.empty() ? std::string_view(envelope.payload) : outbound.body;
    http.timeout =
        std::max(Duration{std::chrono::milliseconds{1}}, outbound.deadline - loop_.now());
    bool typed = false;
    const auto add = [&http](std::string_view name, std::string_view value) {
        http.headers.push_back(fmt::format("{}: {}", name, value));
    };
    if (!outbound.objective.empty()) add("x-gateway-inference-objective", outbound.objective);
    if (!outbound.laneObjectiveHeader.empty()) {
        add(outbound.laneObjectiveHeader, outbound.laneObjective);
    }
    std::size_t count = 0;
    for (const Label& header : envelope.headers) {
        if (!isHeaderName(header.key) || !isHeaderValue(header.value) || denied(header.key) ||
            header.key.size() + header.value.size() > kHeaderBytesMax || ++count > kHeadersMax) {
            continue;
        }
        if (same(header.key, "content-type")) {
            if (!outbound.contentType.empty()) continue;
            typed = true;
        }
        add(header.key, header.value);
    }
    if (!typed) {
        add("Content-Type",
            outbound.contentType.empty() ? "application/json" : outbound.contentType);
    }
    if (!outbound.fairnessHeader.empty()) add(outbound.fairnessHeader, outbound.fairnessId);
    if (!outbound.priorityHeader.empty()) {
        add(outbound.priorityHeader, std::to_string(outbound.priority));
    }
    if (outbound.sendTimeoutHeader) {
        add("x-envoy-upstream-rq-timeout-ms",
            std::to_string(std::chrono::ceil<std::chrono::milliseconds>(http.timeout).count()));
    }
    if (isHeaderValue(envelope.id) && envelope.id.size() <= 512) {
        add("x-request-id", envelope.id);
        if (!envelope.token.empty()) {
            add("Idempotency-Key", fmt::format("{}:{}", envelope.id, envelope.token));
        }
    }
    if (attempt >= attempts_.size()) attempts_.resize(attempt + 1);
    PENSTOCK_CHECK(attempts_[attempt].transfer == 0);
    attempts_[attempt].listener = &listener;
    ++sent_;
    bytes_ += http.body.size();
    attempts_[attempt].transfer = http_.send(http, [this, attempt](const HttpAnswer& answer) {
        Attempt& mine = attempts_[attempt];
        mine.transfer = 0;
        Response response;
        response.transport = answer.error;
        response.status = answer.error == TransportError::none ? answer.status : 0;
        response.retryAfter = retryAfterOf(answer.retryAfter, loop_.now());
        response.dropped = droppedReasonOf(answer.dropped);
        response.body =
            answer.error == TransportError::none ? answer.body : std::string_view(answer.words);
        mine.listener->responded(attempt, response);
    });
}

void RouterClient::abort(std::uint32_t attempt) {
    PENSTOCK_CHECK(attempt < attempts_.size());
    http_.cancel(attempts_[attempt].transfer);
    attempts_[attempt].transfer = 0;
}

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
#include "engine/config/wire/wire.h"
#include "engine/config/wire/wire_text.h"

#include <fmt/format.h>

#include <cmath>

namespace penstock {
namespace {

using detail::asJson;
using detail::kClassificationLabel;

constexpr double kSequences = 2097152.0; // 2^21 orders fit under a deadline of 33 bits

std::string labelsText(const Labels& labels) {
    std::string out = "{";
    for (const Label& label : labels) {
        if (out.size() > 1) out += ',';
        out += asJson(label.key) + ':' + asJson(label.value);
    }
    return out + '}';
}

std::string_view kindName(WireMessage::Kind kind) {
    switch (kind) {
    case WireMessage::Kind::plain:
        return "plain";
    case WireMessage::Kind::redis:
        return "redis";
    case WireMessage::Kind::pubsub:
        return "pubsub";
    }
    return "";
}

} // namespace

std::string writeMessage(const WireMessage& m) {
    std::string internal;
    const auto add = [&internal](std::string_view key, const std::string& json) {
        if (!internal.empty()) internal += ',';
        internal += fmt::format("\"{}\":{}", key, json);
    };
    const auto text = [&add](std::string_view key, const std::string& value) {
        if (!value.empty()) add(key, asJson(value));
    };
    if (m.retryCount > 0) add("retry_count", std::to_string(m.retryCount));
    text("queue_id", m.queueId);
    text("request_token", m.envelope.token);
    text("request_queue_name", m.requestQueue);
    text("result_queue_name", m.envelope.resultQueue);
    text("transport_correlation_id", m.correlationId);
    Labels labels = m.envelope.labels;
    if (m.classification != Classification::none) {
        labels.push_back({std::string(kClassificationLabel),
                          m.classification == Classification::reserved ? "reserved" : "overflow"});
    }
    if (!labels.empty()) add("labels", labelsText(labels));
    if (m.resultTtlSeconds) add("result_ttl_seconds", std::to_string(*m.resultTtlSeconds));
    if (m.enqueueSeq) add("enqueue_seq", std::to_string(*m.enqueueSeq));
    text("payload_ref", m.payloadRef);
    if (!m.otherInternal.empty()) {
        if (!internal.empty()) internal += ',';
        internal += m.otherInternal;
    }
    std::string out = "{\"internal\":{" + internal + "},\"request_kind\":\"";
    out += kindName(m.kind);
    out += "\",\"data\":";
    out += m.dataBefore;
    out += m.envelope.payload;
    out += m.dataAfter;
    if (!m.otherTop.empty()) out += "," + m.otherTop;
    return out + "}";
}

WireMessage makeMessage(Envelope envelope, double createdSeconds, double deadlineSeconds,
                        std::string requestQueue) {
    WireMessage m;
    m.kind = WireMessage::Kind::redis;
    m.envelope = std::move(envelope);
    m.createdSeconds = createdSeconds;
    m.deadlineSeconds = deadlineSeconds;
    m.requestQueue = std::move(requestQueue);
    const Envelope& e = m.envelope;
    // llm-d-async reads whole seconds only.
    m.dataBefore =
        fmt::format("{{\"id\":{},\"created\":{:.0f},\"deadline\":{:.0f},\"payload\":", asJson(e.id),
                    std::floor(createdSeconds), std::ceil(deadlineSeconds));
    if (!e.metadata.empty()) m.dataAfter += ",\"metadata\":" + labelsText(e.metadata);
    if (!e.headers.empty()) m.dataAfter += ",\"headers\":" + labelsText(e.headers);
    if (!e.endpoint.empty()) m.dataAfter += ",\"endpoint\":" + asJson(e.endpoint);
    if (!e.model.empty()) m.dataAfter += ",\"model\":" + asJson(e.model);
    m.dataAfter += "}";
    return m;
}

double messageScore(double deadlineSeconds, std::optional<std::uint64_t> enqueueSeq) {
    if (!enqueueSeq) return deadlineSeconds;
    const double last = kSequences - 1.0;
    const double order = static_cast<double>(*enqueueSeq);
    return deadlineSeconds + (order < last ? order : last) / kSequences;
}

std::string scoreText(double score) {
    return fmt::format("{:.17g}", score);
}

std::string activeKey(std::string_view id) {
    return fmt::format("request-active:{}", id);
}
std::string cancelKey(std::string_view id) {
    return fmt::format("request-cancel:{}", id);
}
std::string payloadKey(std::string_view id, std::string_view token) {
    return fmt::format("request-payload:{}:{}", id, token);
}

std::string resultText(std::string_view id, const ResultMessage& result, std::string_view token) {
    std::string out = "{\"id\":" + asJson(id);
    const std::string_view code = name(result.code);
    if (code.empty()) {
        out +=
            fmt::format(",\"status_code\":{},\"payload\":{}", result.status, asJson(result.body));
    } else {
        const std::string error = "{\"error\":" + asJson(result.body) + "}";
        out += fmt::format(",\"payload\":{},\"error_code\":\"{}\",\"error_message\":{}",
                           asJson(error), code, asJson(result.body));
    }
    if (!token.empty()) out += ",\"request_token\":" + asJson(token);
    return out + "}";
}

std::string deadLetterText(std::string_view member, const WireError& error, double nowSeconds) {
    return fmt::format("{{\"reason\":{},\"id\":{},\"at\":{:.3f},\"message\":{}}}",
                       asJson(error.message), asJson(error.id), nowSeconds, asJson(member));
}

} // namespace penstock

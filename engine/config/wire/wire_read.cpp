// SPDX-License-Identifier: Apache-2.0
#include "engine/config/wire/wire.h"
#include "engine/config/wire/wire_text.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <cmath>

namespace penstock {
namespace {

namespace ondemand = simdjson::ondemand;

constexpr double kSecondsMax = 9.0e9;

// Members of one object that are passed over in order. `bad` says what broke, if anything did.
class Fields {
  public:
    Fields(WireMessage& message, WireError& error) : m_(message), error_(error) {}

    bool failed() const { return !error_.message.empty(); }
    void refuse(std::string message) {
        if (!failed()) error_.message = std::move(message);
    }

    std::string text(ondemand::value& value, std::string_view key) {
        if (isNull(value)) return {};
        std::string_view text;
        if (value.get_string().get(text)) {
            refuse(fmt::format("{} must be a string", key));
            return {};
        }
        return std::string(text);
    }
    double number(ondemand::value& value, std::string_view key) {
        if (isNull(value)) return 0.0;
        double number = 0.0;
        if (value.get_double().get(number)) refuse(fmt::format("{} must be a number", key));
        return number;
    }
    template <class T>
    std::optional<T> whole(ondemand::value& value, std::string_view key) {
        if (isNull(value)) return std::nullopt;
        std::int64_t number = 0;
        if (value.get_int64().get(number) || number < 0 ||
            std::cmp_greater(number, std::numeric_limits<T>::max())) {
            refuse(fmt::format("{} must be a whole number of at least 0", key));
            return std::nullopt;
        }
        return static_cast<T>(number);
    }
    Labels labels(ondemand::value& value, std::string_view key) {
        Labels out;
        if (isNull(value)) return out;
        ondemand::object object;
        if (value.get_object().get(object)) {
            refuse(fmt::format("{} must be a mapping of names to strings", key));
            return out;
        }
        for (auto field : object) {
            std::string_view name;
            if (field.unescaped_key().get(name)) {
                refuse(fmt::format("{} has a broken name", key));
                return out;
            }
            std::string owned(name); // the next value may reuse the buffer
            ondemand::value inner;
            if (field.value().get(inner)) {
                refuse(fmt::format("{} is broken", key));
                return out;
            }
            std::string text = this->text(inner, key);
            set(out, std::move(owned), std::move(text));
        }
        return out;
    }
    static bool isNull(ondemand::value& value) {
        bool null = false;
        return !value.is_null().get(null) && null;
    }
    // Go keeps the last of equal keys.
    static void set(Labels& labels, std::string key, std::string value) {
        for (Label& label : labels) {
            if (label.key == key) {
                label.value = std::move(value);
                return;
            }
        }
        labels.push_back({std::move(key), std::move(value)});
    }

    // Calls `each(key, value)` for every member; keys it does not know are kept in `other`.
    template <class Each>
    void members(ondemand::object& object, std::string_view where, std::string* other, Each each) {
        for (auto field : object) {
            ondemand::raw_json_string raw;
            ondemand::value value;
            std::string_view name;
            if (field.error() || field.unescaped_key().get(name) || field.value().get(value)) {
                refuse(fmt::format("{} is not a JSON object", where));
                return;
            }
            const std::string key(name);
            if (!each(key, value) && other != nullptr && !failed()) {
                std::string_view text;
                if (simdjson::to_json_string(value).get(text)) {
                    refuse(fmt::format("{} is broken at {}", where, key));
                    return;
                }
                if (!other->empty()) *other += ',';
                *other += detail::asJson(key) + ':' + std::string(text);
            }
            if (failed()) return;
        }
    }

  private:
    WireMessage& m_;
    WireError& error_;
};

bool legalName(std::string_view text) {
    // NUL separates id and token in the keys of claims.
    return text.size() <= kIdBytesMax && text.find('\0') == std::string_view::npos;
}

void takeClassification(WireMessage& m) {
    for (std::size_t i = 0; i < m.envelope.labels.size(); ++i) {
        const Label& label = m.envelope.labels[i];
        if (label.key != detail::kClassificationLabel) continue;
        if (label.value == "reserved") m.classification = Classification::reserved;
        if (label.value == "overflow") m.classification = Classification::overflow;
        m.envelope.labels.erase(m.envelope.labels.begin() + static_cast<std::ptrdiff_t>(i));
        return;
    }
}

} // namespace

struct MessageReader::Buffers {
    ondemand::parser parser;
    simdjson::dom::parser validator; // on demand, what is not looked at is not checked
    simdjson::padded_string text;
};

MessageReader::MessageReader() : buffers_(std::make_unique<Buffers>()) {}
MessageReader::~MessageReader() = default;

namespace {

struct Parts {
    bool internal = false;
    std::string requestKind;
    bool data = false;
};

void readInternal(Fields& f, ondemand::value& value, WireMessage& m) {
    if (Fields::isNull(value)) return;
    ondemand::object object;
    if (value.get_object().get(object)) return f.refuse("internal must be an object");
    f.members(object, "internal", &m.otherInternal,
              [&](const std::string& key, ondemand::value& v) {
                  if (key == "retry_count") {
                      m.retryCount = f.whole<std::uint32_t>(v, key).value_or(0);
                  } else if (key == "queue_id") {
                      m.queueId = f.text(v, key);
                  } else if (key == "request_token") {
                      m.envelope.token = f.text(v, key);
                  } else if (key == "request_queue_name") {
                      m.requestQueue = f.text(v, key);
                  } else if (key == "result_queue_name") {
                      m.envelope.resultQueue = f.text(v, key);
                  } else if (key == "transport_correlation_id") {
                      m.correlationId = f.text(v, key);
                  } else if (key == "labels") {
                      m.envelope.labels = f.labels(v, key);
                  } else if (key == "result_ttl_seconds") {
                      m.resultTtlSeconds = f.whole<std::int64_t>(v, key);
                  } else if (key == "enqueue_seq") {
                      m.enqueueSeq = f.whole<std::uint64_t>(v, key);
                  } else if (key == "payload_ref") {
                      m.payloadRef = f.text(v, key);
                  } else {
                      return false;
                  }
                  return true;
              });
    takeClassification(m);
}

void readPayload(Fields& f, ondemand::value& value, std::string_view data, WireMessage& m) {
    if (Fields::isNull(value)) return;
    ondemand::object object;
    std::string_view raw;
    if (value.get_object().get(object) || simdjson::to_json_string(object).get(raw)) {
        return f.refuse("payload must be an object");
    }
    m.envelope.payload = raw;
    m.dataBefore = data.substr(0, static_cast<std::size_t>(raw.data() - data.data()));
    m.dataAfter = data.substr(m.dataBefore.size() + raw.size());
}

void readData(Fields& f, ondemand::value& value, WireMessage& m) {
    ondemand::object object;
    std::string_view data;
    if (value.get_object().get(object) || simdjson::to_json_string(object).get(data)) {
        return f.refuse("data must be an object");
    }
    m.dataBefore = data;
    m.dataAfter.clear();
    if (object.reset().error()) return f.refuse("data is broken");
    f.members(object, "data", nullptr, [&](const std::string& key, ondemand::value& v) {
        if (key == "id") {
            m.envelope.id = f.text(v, key);
        } else if (key == "created") {
            m.createdSeconds = f.number(v, key);
        } else if (key == "deadline") {
            m.deadlineSeconds = f.number(v, key);
        } else if (key == "payload") {
            readPayload(f, v, data, m);
        } else if (key == "metadata") {
            m.envelope.metadata = f.labels(v, key);
        } else if (key == "headers") {
            m.envelope.headers = f.labels(v, key);
        } else if (key == "endpoint") {
            m.envelope.endpoint = f.text(v, key);
        } else if (key == "model") {
            m.envelope.model = f.text(v, key);
        } else if (key == "result_queue_name" && m.envelope.resultQueue.empty()) {
            m.envelope.resultQueue = f.text(v, key);
        } else if (key == "pubsub_id" && m.correlationId.empty()) {
            m.correlationId = f.text(v, key);
        }
        return true;
    });
}

void readKind(Fields& f, const std::string& kind, WireMessage& m) {
    if (kind == "plain") {
        m.kind = WireMessage::Kind::plain;
    } else if (kind == "redis") {
        m.kind = WireMessage::Kind::redis;
    } else if (kind == "pubsub") {
        m.kind = WireMessage::Kind::pubsub;
    } else if (kind.empty()) {
        f.refuse("request_kind is missing; it must be plain, redis or pubsub");
    } else {
        f.refuse(fmt::format("request_kind \"{}\" is not known; it must be plain, redis or pubsub",
                             kind.substr(0, 40)));
    }
}

void check(Fields& f, const WireMessage& m, bool data) {
    if (!data) return f.refuse("data is missing");
    if (m.envelope.id.empty()) return f.refuse("data.id is missing");
    if (!legalName(m.envelope.id)) {
        return f.refuse(fmt::format("data.id is longer than {} bytes or holds a NUL", kIdBytesMax));
    }
    if (!legalName(m.envelope.token)) {
        return f.refuse("internal.request_token is too long or holds a NUL");
    }
    if (!(m.deadlineSeconds > 0.0) || m.deadlineSeconds > kSecondsMax) {
        return f.refuse("data.deadline must be Unix seconds, greater than 0");
    }
    if (!std::isfinite(m.createdSeconds) || std::abs(m.createdSeconds) > kSecondsMax) {
        return f.refuse("data.created must be Unix seconds");
    }
    if (!m.payloadRef.empty()) {
        // Another name would let a sender read whatever key it likes.
        if (m.payloadRef != payloadKey(m.envelope.id, m.envelope.token)) {
            return f.refuse("internal.payload_ref does not name this message's own payload");
        }
    } else if (m.envelope.payload.empty()) {
        return f.refuse("data.payload is missing; it must be an object");
    }
}

} // namespace

tl::expected<WireMessage, WireError> MessageReader::read(std::string_view member) {
    WireMessage m;
    WireError error;
    Fields f(m, error);
    const auto refused = [&]() -> tl::unexpected<WireError> {
        if (legalName(m.envelope.id)) error.id = m.envelope.id;
        if (legalName(m.envelope.token)) error.token = m.envelope.token;
        error.resultQueue = m.envelope.resultQueue;
        return tl::unexpected<WireError>(std::move(error));
    };
    if (member.size() > kMessageBytesMax) {
        f.refuse(fmt::format("{} bytes is more than {}, the limit for a message", member.size(),
                             kMessageBytesMax));
        return refused();
    }
    Buffers& b = *buffers_;
    b.text = simdjson::padded_string(member);
    const auto broken = b.validator.parse(b.text).error();
    ondemand::document document;
    ondemand::object top;
    if (b.parser.iterate(b.text).get(document) || document.get_object().get(top)) {
        f.refuse("not a JSON object");
        return refused();
    }
    bool data = false;
    std::string kind;
    f.members(top, "the message", &m.otherTop, [&](const std::string& key, ondemand::value& v) {
        if (key == "internal") {
            readInternal(f, v, m);
        } else if (key == "data") {
            data = true;
            readData(f, v, m);
        } else if (key == "request_kind") {
            kind = f.text(v, key);
        } else {
            return false;
        }
        return true;
    });
    if (broken) {
        error.message = fmt::format("not JSON: {}", simdjson::error_message(broken));
        return refused();
    }
    if (!f.failed()) readKind(f, kind, m);
    if (!f.failed()) check(f, m, data);
    if (f.failed()) return refused();
    return m;
}

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
#pragma once

// llm-d-async's messages as they lie in Redis (api/internal_api.go and api/api.go of version 0.9,
// and what 0.10 added): a member of a sorted set in, a result out. The payload is never parsed and
// written again but kept byte for byte, and so is every field that is not ours to change.
#include "engine/types/error.h"
#include "engine/types/request.h"
#include "engine/types/result.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace penstock {

struct WireMessage {
    enum class Kind : std::uint8_t { plain, redis, pubsub };
    Kind kind = Kind::plain;
    Envelope envelope;           // labels: the message's own; the queue's are added by its adapter
    double createdSeconds = 0.0; // Unix; 0: absent
    double deadlineSeconds = 0.0;

    // The engine's part of the envelope, written again by writeMessage().
    std::uint32_t retryCount = 0;
    std::string queueId;
    std::string requestQueue;
    std::string correlationId;
    Classification classification = Classification::none;
    std::optional<std::int64_t> resultTtlSeconds;
    std::optional<std::uint64_t> enqueueSeq;
    std::string payloadRef; // the key that holds the payload; empty: it is here

    // What writeMessage() puts back unchanged: members of `internal` and of the message that are
    // not known here, as `"key":value` texts, and `data` around its payload.
    std::string otherInternal;
    std::string otherTop;
    std::string dataBefore;
    std::string dataAfter;
};

// What could still be told of a message that could not be read: with an id its sender can get a
// terminal result.
struct WireError {
    std::string message;
    std::string id;
    std::string token;
    std::string resultQueue;
};

inline constexpr std::size_t kMessageBytesMax = std::size_t{32} << 20;
inline constexpr std::size_t kIdBytesMax = 512;

// Reads one member. Not thread-safe: each caller has its own reader, whose buffers are reused.
class MessageReader {
  public:
    MessageReader();
    ~MessageReader();
    tl::expected<WireMessage, WireError> read(std::string_view member);

  private:
    struct Buffers;
    std::unique_ptr<Buffers> buffers_;
};

// The member again, with the fields above that the engine may have changed.
std::string writeMessage(const WireMessage& message);

// A new message as a producer writes it. `payload` is a JSON object.
WireMessage makeMessage(Envelope envelope, double createdSeconds, double deadlineSeconds,
                        std::string requestQueue);

// Score in the request's sorted set: the deadline, and in its fraction the order among equals.
double messageScore(double deadlineSeconds, std::optional<std::uint64_t> enqueueSeq = {});
std::string scoreText(double score); // as Redis takes it, without loss

// Keys beside the queue.
std::string activeKey(std::string_view id);
std::string cancelKey(std::string_view id);
std::string payloadKey(std::string_view id, std::string_view token);

// One line of JSON for the result list. `token` may be empty.
std::string resultText(std::string_view id, const ResultMessage& result, std::string_view token);

// A message that could not be read, for the dead-letter list: why, when, and itself.
std::string deadLetterText(std::string_view member, const WireError& error, double nowSeconds);

// Go's url.JoinPath: the path cleaned of "." and "..", without double slashes, what is not legal in
// a path escaped. `base` is http(s)://host[:port][/path].
std::string joinUrl(std::string_view base, std::string_view path);

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
#pragma once

// The one terminal answer that every accepted request gets, and the answer of a router to one
// attempt. Names are those of the wire format.
#include "engine/types/time.h"

#include <cstdint>
#include <string_view>

namespace penstock {

enum class ResultCode : std::uint8_t {
    http, // a response of the router, whatever its status: no error_code on the wire
    deadlineExceeded,
    cancelled,
    gateDropped,
    gateError,
    inferenceError,
    invalidRequest,
    payloadUnavailable,
    deliveryAttemptsExceeded,
};

// `cut`: the connection broke after the status line, in the body.
enum class TransportError : std::uint8_t { none, refused, reset, timeout, aborted, cut };

// x-llm-d-request-dropped-reason
enum class DroppedReason : std::uint8_t {
    none,
    rejectedSaturated,
    rejectedTtlExpired,
    rejectedNoEndpoints,
    rejectedContextCancelled,
    rejectedShuttingDown,
    evicted,
    other,
};

// Where the time of one attempt went, as far as the client can know it (a simulation knows all, a
// live client nothing: zeros).
struct ServiceTiming {
    Duration routerQueue{0};
    Duration replicaQueue{0};
    Duration prefill{0}; // from scheduled to first token
    Duration decode{0};
    std::uint32_t promptTokens = 0;
    std::uint32_t outputTokens = 0;
};

struct ResultMessage {
    ResultCode code = ResultCode::http;
    int status = 0;         // HTTP status; 0 when there was none
    std::string_view body;  // raw body, or an error text; valid during the call that passes it
    ServiceTiming timing{}; // of the last attempt; zeros if nothing was ever sent
};

struct Response {
    TransportError transport = TransportError::none;
    int status = 0;          // HTTP status; 0 with a transport error
    Duration retryAfter{-1}; // negative: the header was absent
    DroppedReason dropped = DroppedReason::none;
    ServiceTiming timing;
    std::string_view body; // valid during the call that passes it
};

std::string_view name(ResultCode code); // "" for http
std::string_view name(DroppedReason reason);
std::string_view name(TransportError error);

} // namespace penstock

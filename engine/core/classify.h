// SPDX-License-Identifier: Apache-2.0
#pragma once

// What an answer means for a request: its result, another attempt, or the end. Source: llm-d-async
// 0.9, pkg/asyncworker/http_client.go and worker.go.
#include "engine/types/result.h"
#include "engine/types/semantics.h"

namespace penstock {

enum class Fate : std::uint8_t {
    result, // the answer is the result, whatever its status
    retry,  // worth another attempt
    failed, // the end, with INFERENCE_ERROR: there was no HTTP answer to hand on
    late,   // the end, with DEADLINE_EXCEEDED
};

// 429 is a shed, 5xx a server's trouble, a body cut short likewise: retried by every version. Every
// other status is the result, other 4xx and redirects included. No status at all: as
// `retryTransportErrors` says, and `cutOff` where the attempt's own deadline ended it.
inline Fate classify(const Response& response, const Semantics& semantics) {
    if (response.transport == TransportError::cut) return Fate::retry;
    if (response.transport == TransportError::timeout) {
        switch (semantics.cutOff) {
        case Semantics::CutOff::inferenceError:
            return Fate::failed;
        case Semantics::CutOff::deadlineExceeded:
            return Fate::late;
        case Semantics::CutOff::retried:
            return Fate::retry;
        }
    }
    if (response.transport != TransportError::none || response.status <= 0) {
        return semantics.retryTransportErrors ? Fate::retry : Fate::failed;
    }
    if (response.status == 429) return Fate::retry;
    if (response.status >= 500 && response.status < 600) return Fate::retry;
    return Fate::result;
}

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
#pragma once

// The way to the router. One send, one response, or one abort and silence.
// Run thread only; a response may arrive before send() returns.
#include "engine/types/request.h"
#include "engine/types/result.h"

#include <cstdint>
#include <string_view>

namespace penstock {

// What the engine adds to a request's own headers and payload. Views are valid during send().
struct Outbound {
    Time deadline{};            // of this attempt: the client gives up then with `timeout`
    std::string_view objective; // x-gateway-inference-objective; empty: not sent
    std::string_view laneObjectiveHeader; // name; empty: not sent. Routers read it before the other
    std::string_view laneObjective;
    std::string_view fairnessHeader; // name; empty: not sent
    std::string_view fairnessId;
    std::string_view priorityHeader; // name; empty: not sent
    std::int32_t priority = 0;
    bool sendTimeoutHeader = false; // x-envoy-upstream-rq-timeout-ms
    std::string_view contentType;   // empty: application/json
    std::string_view body;          // empty: the envelope's payload
};

class ResponseListener {
  public:
    // `attempt` is the handle given to send().
    virtual void responded(std::uint32_t attempt, const Response& response) = 0;

  protected:
    ~ResponseListener() = default;
};

class InferenceClient {
  public:
    virtual ~InferenceClient() = default;

    // `attempt` is the caller's handle, unique among attempts in flight (small, reused).
    virtual void send(std::uint32_t attempt, const Request& request, const Outbound& outbound,
                      ResponseListener& listener) = 0;

    // Ends an attempt in flight without a response: the connection is closed.
    virtual void abort(std::uint32_t attempt) = 0;
};

} // namespace penstock

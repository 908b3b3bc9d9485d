// SPDX-License-Identifier: Apache-2.0
#pragma once

// The InferenceClient port over HTTP: what a request's queue, its message and the engine say
// becomes a POST to the router. What would break HTTP (CR, LF, NUL in a header, a name that is
// none) or belongs to the connection or the router (Host, Content-Length, x-gateway-*) is never
// taken from a message. Run thread only.
#include "engine/live/http/http_client.h"
#include "engine/ports/inference_client.h"

#include <string>
#include <vector>

namespace penstock {

struct RouterTarget {
    std::string baseUrl;     // igw_base_url
    std::string requestPath; // request_path_url
};

class RouterClient final : public InferenceClient {
  public:
    // A target a queue, in the order of the documents.
    RouterClient(LiveLoop& loop, HttpClient& http, std::vector<RouterTarget> targets);

    void send(std::uint32_t attempt, const Request& request, const Outbound& outbound,
              ResponseListener& listener) override;
    void abort(std::uint32_t attempt) override;

    std::uint64_t sent() const { return sent_; }
    std::uint64_t bytesOut() const { return bytes_; }

  private:
    struct Attempt {
        std::uint64_t transfer = 0; // 0: none
        ResponseListener* listener = nullptr;
    };

    LiveLoop& loop_;
    HttpClient& http_;
    std::vector<RouterTarget> targets_;
    std::vector<std::string> urls_; // of targets, without a message's own endpoint
    std::vector<Attempt> attempts_;
    std::uint64_t sent_ = 0, bytes_ = 0;
};

// Retry-After: seconds or an HTTP date; negative if it is neither.
Duration retryAfterOf(std::string_view text, Time now);
DroppedReason droppedReasonOf(std::string_view text);

} // namespace penstock

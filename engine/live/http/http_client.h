// SPDX-License-Identifier: Apache-2.0
#pragma once

// HTTP/1.1 from the loop: curl's multi interface on libevent, with connections kept alive.
//
// curl sends a POST again by itself when a kept connection dies before the answer's first byte
// (curl #18417). That would be an execution that nobody has counted, so a body is read from a
// callback that cannot be rewound: the transfer fails instead, and the caller decides.
//
// Run thread only. Each request is answered exactly once, unless it is cancelled.
#include "engine/live/loop/live_loop.h"
#include "engine/types/error.h"
#include "engine/types/result.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace penstock {

struct HttpSettings {
    std::string caFile;      // empty: the system's
    std::string certificate; // of ours, PEM; empty: none
    std::string key;
    bool verify = true;
    Duration idle{std::chrono::seconds{4}};     // vLLM's server closes kept connections after 5 s
    Duration lifetime{std::chrono::minutes{5}}; // a Kubernetes Service balances when connecting
    Duration connect{std::chrono::seconds{5}};
    std::size_t answerMax = std::size_t{8} << 20; // bytes; a longer one is an error
};

struct HttpRequest {
    std::string url;                  // http:// or https://
    std::vector<std::string> headers; // "Name: value", checked by the caller
    std::string_view body;            // valid until the answer; of a POST
    bool post = true;
    Duration timeout{std::chrono::minutes{5}};
};

struct HttpAnswer {
    // `refused`: no connection was made, so that nothing was executed; `cut`: it broke when the
    // head of the answer had come; `reset`: before that, or the answer was longer than answerMax.
    TransportError error = TransportError::none;
    int status = 0;
    std::string_view body;                // valid during the call
    std::string_view retryAfter, dropped; // headers; empty if absent
    Duration firstByte{0}, total{0};
    std::string words; // of what went wrong
};

class HttpClient {
  public:
    using Handler = std::function<void(const HttpAnswer&)>;

    HttpClient(LiveLoop& loop, HttpSettings settings);
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    // The handle of a request under way. It is never answered before send() returns.
    std::uint64_t send(const HttpRequest& request, Handler handler);
    // Closes its connection; its handler is not called.
    void cancel(std::uint64_t handle);

    std::size_t inFlight() const { return transfers_.size(); }
    std::uint64_t connectionsMade() const { return made_; }

  private:
    struct Transfer;
    struct Socket;

    static int onSocket(void* easy, int fd, int what, void* self, void* socket);
    static int onTimer(void* multi, long ms, void* self);
    static void onReady(int fd, short what, void* self);
    static std::size_t onBody(char* data, std::size_t size, std::size_t count, void* transfer);
    static std::size_t onHeader(char* data, std::size_t size, std::size_t count, void* transfer);
    static std::size_t onRead(char* data, std::size_t size, std::size_t count, void* transfer);

    void act(int fd, int what);
    void collect();
    void timeOut();
    std::unique_ptr<Transfer> take();
    void putBack(std::unique_ptr<Transfer> transfer, bool reuse);

    LiveLoop& loop_;
    HttpSettings settings_;
    void* multi_;
    std::unordered_map<std::uint64_t, std::unique_ptr<Transfer>> transfers_;
    std::vector<std::unique_ptr<Transfer>> free_;
    std::unordered_map<int, std::unique_ptr<Socket>> sockets_;
    std::uint64_t next_ = 0;
    std::uint64_t made_ = 0;
    MemberTimer<HttpClient, &HttpClient::timeOut> timer_{*this};
};

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Small answers over HTTP: metrics, health, status. evhttp, on the loop; on loopback unless told.
#include "engine/live/loop/live_loop.h"
#include "engine/types/error.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

struct evhttp;

namespace penstock {

struct HttpReply {
    int status = 200;
    std::string body;
    std::string contentType = "text/plain; charset=utf-8";
};

class HttpServer {
  public:
    explicit HttpServer(LiveLoop& loop);
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    // Port 0: any free one. The error says address, port and why.
    Result<std::uint16_t> listen(const std::string& address, std::uint16_t port);
    void serve(std::string path, std::function<HttpReply()> answer);

  private:
    struct Route;
    LiveLoop& loop_;
    evhttp* server_;
    std::vector<std::unique_ptr<Route>> routes_;
};

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
#include "engine/live/http/http_server.h"

#include "engine/types/check.h"

#include <fmt/format.h>

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

namespace penstock {
namespace {

constexpr ev_ssize_t kHeadMax = 16 * 1024;
constexpr ev_ssize_t kBodyMax = 1024; // nothing is ever sent to us here
constexpr int kPatienceSeconds = 10;

} // namespace

struct HttpServer::Route {
    LiveLoop* loop;
    std::function<HttpReply()> answer;
};

HttpServer::HttpServer(LiveLoop& loop) : loop_(loop), server_(evhttp_new(loop.base())) {
    PENSTOCK_CHECK(server_ != nullptr);
    evhttp_set_allowed_methods(server_, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
    evhttp_set_max_headers_size(server_, kHeadMax);
    evhttp_set_max_body_size(server_, kBodyMax);
    evhttp_set_timeout(server_, kPatienceSeconds);
}

HttpServer::~HttpServer() {
    evhttp_free(server_);
}

Result<std::uint16_t> HttpServer::listen(const std::string& address, std::uint16_t port) {
    evhttp_bound_socket* bound = evhttp_bind_socket_with_handle(server_, address.c_str(), port);
    if (bound == nullptr) {
        return fail(fmt::format("cannot listen on {}:{}: {}; give another port", address, port,
                                std::strerror(errno)));
    }
    sockaddr_storage where{};
    socklen_t size = sizeof where;
    getsockname(evhttp_bound_socket_get_fd(bound), reinterpret_cast<sockaddr*>(&where), &size);
    const std::uint16_t got = where.ss_family == AF_INET6
                                  ? reinterpret_cast<sockaddr_in6*>(&where)->sin6_port
                                  : reinterpret_cast<sockaddr_in*>(&where)->sin_port;
    return ntohs(got);
}

void HttpServer::serve(std::string path, std::function<HttpReply()> answer) {
    routes_.push_back(std::make_unique<Route>(Route{&loop_, std::move(answer)}));
    evhttp_set_cb(
        server_, path.c_str(),
        [](evhttp_request* request, void* self) {
            const auto* route = static_cast<Route*>(self);
            HttpReply reply;
            route->loop->enter([&] { reply = route->answer(); });
            evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
                              reply.contentType.c_str());
            evbuffer* body = evbuffer_new();
            evbuffer_add(body, reply.body.data(), reply.body.size());
            evhttp_send_reply(request, reply.status, reply.status < 400 ? "OK" : "Unavailable",
                              body);
            evbuffer_free(body);
        },
        routes_.back().get());
}

} // namespace penstock

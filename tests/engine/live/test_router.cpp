// SPDX-License-Identifier: Apache-2.0
#include "tests/engine/live/test_router.h"

#include "engine/types/check.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <sys/queue.h>

namespace penstock::testing {

struct TestRouter::Late {
    TestRouter* router;
    evhttp_request* request;
    Answer answer;
    event* timer = nullptr;
};

TestRouter::TestRouter(Rule rule, std::uint16_t port)
    : rule_(std::move(rule)), base_(event_base_new()) {
    server_ = evhttp_new(base_);
    evhttp_bound_socket* bound = evhttp_bind_socket_with_handle(server_, "127.0.0.1", port);
    PENSTOCK_CHECK(bound != nullptr);
    sockaddr_in where{};
    socklen_t size = sizeof where;
    getsockname(evhttp_bound_socket_get_fd(bound), reinterpret_cast<sockaddr*>(&where), &size);
    port_ = ntohs(where.sin_port);
    evhttp_set_gencb(
        server_,
        [](evhttp_request* request, void* self) {
            static_cast<TestRouter*>(self)->answered(request);
        },
        this);
    thread_ = std::thread([this] {
        while (!over_) {
            const timeval slice{0, 20'000};
            event_base_loopexit(base_, &slice);
            event_base_dispatch(base_);
        }
    });
}

TestRouter::~TestRouter() {
    over_ = true;
    thread_.join();
    for (Late* each : late_) {
        event_free(each->timer);
        delete each;
    }
    evhttp_free(server_);
    event_base_free(base_);
}

std::map<std::string, int> TestRouter::hits() const {
    const std::lock_guard lock(mutex_);
    return hits_;
}
std::string TestRouter::lastBody() const {
    const std::lock_guard lock(mutex_);
    return lastBody_;
}
std::map<std::string, std::string> TestRouter::lastHeaders() const {
    const std::lock_guard lock(mutex_);
    return lastHeaders_;
}

void TestRouter::answered(evhttp_request* request) {
    const char* id = evhttp_find_header(evhttp_request_get_input_headers(request), "x-request-id");
    Answer answer;
    {
        const std::lock_guard lock(mutex_);
        const std::string name = id == nullptr ? "" : id;
        answer = rule_(name, ++hits_[name]);
        evbuffer* body = evhttp_request_get_input_buffer(request);
        lastBody_.assign(reinterpret_cast<const char*>(evbuffer_pullup(body, -1)),
                         evbuffer_get_length(body));
        lastHeaders_.clear();
        for (auto* each = evhttp_request_get_input_headers(request)->tqh_first; each != nullptr;
             each = each->next.tqe_next)
            lastHeaders_[each->key] = each->value;
    }
    auto* late = new Late{this, request, std::move(answer)};
    late_.insert(late);
    const auto send = [](int, short, void* owned) {
        auto* l = static_cast<Late*>(owned);
        if (l->answer.cuts) {
            // The head and some of the body must have left before the connection goes.
            evbuffer* part = evbuffer_new();
            evbuffer_add(part, "{", 1);
            evhttp_send_reply_start(l->request, 200, "said");
            evhttp_send_reply_chunk(l->request, part);
            evbuffer_free(part);
            l->answer.cuts = false;
            l->answer.breaks = true;
            const timeval soon{0, 50'000};
            event_add(l->timer, &soon);
            return;
        }
        if (l->answer.breaks) {
            evhttp_connection_free(evhttp_request_get_connection(l->request));
        } else {
            if (!l->answer.retryAfter.empty()) {
                evhttp_add_header(evhttp_request_get_output_headers(l->request), "Retry-After",
                                  l->answer.retryAfter.c_str());
            }
            evbuffer* out = evbuffer_new();
            evbuffer_add(out, l->answer.body.data(), l->answer.body.size());
            evhttp_send_reply(l->request, l->answer.status, "said", out);
            evbuffer_free(out);
        }
        l->router->late_.erase(l);
        event_free(l->timer);
        delete l;
    };
    late->timer = event_new(base_, -1, 0, send, late);
    const auto micros = static_cast<long>(late->answer.seconds * 1e6);
    const timeval wait{micros / 1'000'000, micros % 1'000'000};
    event_add(late->timer, &wait);
}

} // namespace penstock::testing

// SPDX-License-Identifier: Apache-2.0
#include "tests/engine/live/lossy_proxy.h"

#include "tests/loopback.h"

#include <gtest/gtest.h>

#include <poll.h>

namespace penstock::testing {

namespace {
constexpr int kLook = 20; // ms, how often it looks whether it is over

bool sendAll(int to, const char* data, ssize_t size) {
    while (size > 0) {
        const ssize_t sent = send(to, data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        data += sent;
        size -= sent;
    }
    return true;
}
} // namespace

LossyProxy::LossyProxy(std::uint16_t server, int least, int most, std::uint32_t seed)
    : server_(server), passes_(least, most), random_(seed),
      listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = test::loopback(0);
    socklen_t size = sizeof address;
    const bool listens = bind(listener_, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                         listen(listener_, 16) == 0 &&
                         getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) == 0;
    EXPECT_TRUE(listens);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
}

LossyProxy::~LossyProxy() {
    over_ = true;
    thread_.join();
    close(listener_);
}

void LossyProxy::serve() {
    while (!over_) {
        pollfd wait{listener_, POLLIN, 0};
        if (poll(&wait, 1, kLook) <= 0) continue;
        const int client = accept(listener_, nullptr, nullptr);
        const int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const sockaddr_in address = test::loopback(server_);
        if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
            relay(client, server);
        }
        close(server);
        close(client);
    }
}

void LossyProxy::relay(int client, int server) {
    int passes = passes_(random_);
    char data[65536];
    while (!over_) {
        pollfd both[] = {{client, POLLIN, 0}, {server, POLLIN, 0}};
        if (poll(both, 2, kLook) <= 0) continue;
        for (const auto& [from, to] : {std::pair{0, server}, std::pair{1, client}}) {
            if ((both[from].revents & (POLLIN | POLLHUP | POLLERR)) == 0) continue;
            const ssize_t got = recv(both[from].fd, data, sizeof data, 0);
            if (got <= 0) return;
            if (from == 1 && !healed_ && passes-- == 0) {
                ++lost_;
                return;
            }
            if (!sendAll(to, data, got)) return;
        }
    }
}

} // namespace penstock::testing

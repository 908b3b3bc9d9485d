// SPDX-License-Identifier: Apache-2.0
#pragma once

// Addresses on loopback, for tests that start servers.
#include <arpa/inet.h>
#include <cstdint>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace penstock::test {

inline sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

// That nobody uses now; another may be faster to take it. 0 if there is none.
inline std::uint16_t freePort() {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    const bool bound = bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0;
    if (bound) getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    close(fd);
    return bound ? ntohs(address.sin_port) : std::uint16_t{0};
}

} // namespace penstock::test

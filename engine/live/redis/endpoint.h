// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where a Redis is, as a URL says it, and how to be let in.
#include "engine/types/error.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace penstock {

struct RedisEndpoint {
    std::string host = "localhost";
    std::uint16_t port = 6379;
    std::string user; // empty: the default one
    std::string password;
    int database = 0;
    bool tls = false;
    bool verify = true;      // certificate and host name
    std::string caFile;      // empty: the system's
    std::string certificate; // of ours, PEM; empty: none
    std::string key;

    // redis[s]://[[user]:password@]host[:port][/database]. Errors never repeat the password.
    static Result<RedisEndpoint> parse(std::string_view url);

    std::string text() const; // without user and password
};

} // namespace penstock

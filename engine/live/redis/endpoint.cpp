// SPDX-License-Identifier: Apache-2.0
#include "engine/live/redis/endpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

namespace penstock {
namespace {

constexpr std::string_view kShape = "write redis://[user:password@]host[:port][/database], or "
                                    "rediss:// for TLS";

bool number(std::string_view text, int least, int most, int& out) {
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
    return code == std::errc{} && end == text.data() + text.size() && out >= least && out <= most;
}

// %40 is @, as URLs have it; nothing if a % is followed by anything else than two digits.
Result<std::string> decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        unsigned byte = 0;
        if (i + 2 >= text.size())
            return fail("a % in the user or password is not followed by two hexadecimal digits");
        const auto [end, code] =
            std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16);
        if (code != std::errc{} || end != text.data() + i + 3) {
            return fail("a % in the user or password is not followed by two hexadecimal digits");
        }
        out += static_cast<char>(byte);
        i += 2;
    }
    return out;
}

} // namespace

Result<RedisEndpoint> RedisEndpoint::parse(std::string_view url) {
    RedisEndpoint out;
    const std::size_t mark = url.find("://");
    std::string scheme(url.substr(0, mark == std::string_view::npos ? 0 : mark));
    std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (scheme != "redis" && scheme != "rediss") {
        return fail(
            fmt::format("the Redis URL does not begin with redis:// or rediss://: {}", kShape));
    }
    out.tls = scheme == "rediss";
    std::string_view rest = url.substr(mark + 3);
    if (const auto query = rest.find_first_of("?#"); query != std::string_view::npos) {
        return fail(fmt::format("the Redis URL has options (\"{}\"), of which none is known: {}",
                                rest.substr(query), kShape));
    }
    if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
        const std::string_view login = rest.substr(0, at);
        rest.remove_prefix(at + 1);
        const auto colon = login.find(':');
        auto user = decoded(login.substr(0, colon));
        if (!user) return fail(user.error());
        out.user = *user;
        if (colon != std::string_view::npos) {
            auto password = decoded(login.substr(colon + 1));
            if (!password) return fail(password.error());
            out.password = *password;
        }
    }
    if (const auto slash = rest.find('/'); slash != std::string_view::npos) {
        const std::string_view database = rest.substr(slash + 1);
        rest = rest.substr(0, slash);
        if (!database.empty() && !number(database, 0, 1'000'000, out.database)) {
            return fail(fmt::format(
                "the database of the Redis URL is \"{}\", not a whole number from 0", database));
        }
    }
    std::string_view port;
    if (rest.starts_with('[')) {
        const auto close = rest.find(']');
        if (close == std::string_view::npos)
            return fail(fmt::format("the Redis URL has no ] for its [: {}", kShape));
        out.host = rest.substr(1, close - 1);
        rest.remove_prefix(close + 1);
        if (rest.starts_with(':')) port = rest.substr(1);
    } else if (const auto colon = rest.find(':'); colon != std::string_view::npos) {
        out.host = rest.substr(0, colon);
        port = rest.substr(colon + 1);
    } else if (!rest.empty()) {
        out.host = rest;
    }
    const bool blank =
        std::any_of(out.host.begin(), out.host.end(), [](unsigned char c) { return c <= ' '; });
    if (out.host.empty() || blank)
        return fail(fmt::format("the Redis URL has no host: {}", kShape));
    int parsed = out.port;
    if (!port.empty() && !number(port, 1, 65535, parsed)) {
        return fail(fmt::format(
            "the port of the Redis URL is \"{}\", not a whole number from 1 to 65535", port));
    }
    out.port = static_cast<std::uint16_t>(parsed);
    return out;
}

std::string RedisEndpoint::text() const {
    return fmt::format("{}://{}:{}/{}", tls ? "rediss" : "redis", host, port, database);
}

} // namespace penstock

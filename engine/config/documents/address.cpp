// SPDX-License-Identifier: Apache-2.0
// Addresses: whether a request can be sent there, and whether llm-d-async starts with an address of
// Redis, which is go-redis's to say.
#include "engine/config/documents/documents_parts.h"
#include "engine/config/text/wording.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <charconv>

namespace penstock::detail {
namespace {

constexpr std::string_view kOptions[] = {
    "addr",         "client_name",       "conn_max_idle_time", "conn_max_lifetime",
    "db",           "dial_timeout",      "identity_suffix",    "idle_check_frequency",
    "idle_timeout", "max_active_conns",  "max_conn_age",       "max_idle_conns",
    "max_retries",  "max_retry_backoff", "min_idle_conns",     "min_retry_backoff",
    "pool_fifo",    "pool_size",         "pool_timeout",       "protocol",
    "read_timeout", "skip_verify",       "write_timeout"};

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

std::string portTrouble(std::string_view authority) {
    if (const std::size_t at = authority.rfind('@'); at != authority.npos) {
        authority.remove_prefix(at + 1);
    }
    const std::size_t bracket = authority.rfind(']'); // of an IPv6 address
    const std::size_t colon = authority.rfind(':');
    if (colon == authority.npos || (bracket != authority.npos && colon < bracket)) return "";
    const std::string_view port = authority.substr(colon + 1);
    int value = 0;
    const auto [end, code] = std::from_chars(port.data(), port.data() + port.size(), value);
    const bool whole = code == std::errc{} && end == port.data() + port.size();
    if (port.empty() || (whole && value >= 1 && value <= 65535)) return "";
    return fmt::format("{} is no port; one is a number from 1 to 65535", quoteForError(port));
}

} // namespace

std::string addressTrouble(std::string_view url, std::initializer_list<std::string_view> schemes) {
    const std::size_t colon = url.find("://");
    const std::string begin = colon == url.npos ? "" : lower(url.substr(0, colon + 3));
    const auto wrong = [&](std::string_view what) {
        return fmt::format("{} is not an address; {}", quoteForError(url), what);
    };
    if (url.find("{{") != url.npos) return wrong("it is a template that nobody has filled in");
    if (std::find(schemes.begin(), schemes.end(), begin) == schemes.end()) {
        return wrong("it must begin with " + listOf(schemes));
    }
    const bool blank = std::any_of(url.begin(), url.end(), [](unsigned char c) {
        return c <= 0x20 || c == 0x7f; // line ends and other controls too
    });
    if (blank) return wrong("it holds a blank or a control character");
    if (begin == "unix://") return "";
    std::string_view authority = url.substr(colon + 3);
    authority = authority.substr(0, authority.find_first_of("/?#"));
    if (begin.starts_with("http") && (authority.empty() || authority.starts_with(':'))) {
        return wrong("it names no host");
    }
    const std::string port = portTrouble(authority);
    return port.empty() ? "" : wrong(port);
}

std::string redisUrlTrouble(std::string_view url) {
    const std::size_t colon = url.find("://");
    const std::string scheme = lower(url.substr(0, colon));
    if (colon == url.npos || (scheme != "redis" && scheme != "rediss" && scheme != "unix")) {
        return fmt::format("{} is not an address; it must begin with redis://, rediss://, unix://",
                           quoteForError(url));
    }
    std::string_view rest = url.substr(colon + 3);
    std::string_view query;
    if (const std::size_t mark = rest.find('?'); mark != rest.npos) {
        query = rest.substr(mark + 1);
        rest = rest.substr(0, mark);
    }
    while (!query.empty()) {
        const std::size_t end = std::min(query.find('&'), query.size());
        const std::string_view name = query.substr(0, std::min(query.find('='), end));
        query.remove_prefix(std::min(end + 1, query.size()));
        const auto& all = kOptions;
        if (name.empty() || std::find(std::begin(all), std::end(all), name) != std::end(all)) {
            continue;
        }
        return fmt::format("the option {} of the address is not known{} Known: {}",
                           quoteForError(name), didYouMean(name, {std::begin(all), std::end(all)}),
                           listOf({std::begin(all), std::end(all)}));
    }
    if (scheme == "unix") return "";
    const std::size_t slash = rest.find('/');
    std::string_view database = slash == rest.npos ? std::string_view{} : rest.substr(slash + 1);
    while (database.ends_with('/'))
        database.remove_suffix(1);
    const bool digits = std::all_of(database.begin(), database.end(),
                                    [](unsigned char c) { return std::isdigit(c) != 0; });
    if (digits) return "";
    return fmt::format("{} is not the number of a database; an address ends like redis://host/0",
                       quoteForError(database));
}

} // namespace penstock::detail

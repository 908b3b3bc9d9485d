// SPDX-License-Identifier: Apache-2.0
// An address of Redis as go-redis takes it, which is what llm-d-async starts or does not start by.
#include "engine/config/documents/documents_parts.h"
#include "engine/config/text/wording.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

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

} // namespace

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

// SPDX-License-Identifier: Apache-2.0
#include "engine/config/wire/wire.h"

#include <cctype>
#include <vector>

namespace penstock {
namespace {

// RFC 3986, 3.3: what may stand in a path as it is. A "%" stays only before two hex digits.
std::string escapedPath(std::string_view path) {
    static constexpr std::string_view kMarks = "-._~!$&'()*+,;=:@/";
    static constexpr char kHex[] = "0123456789ABCDEF";
    std::string out;
    for (std::size_t i = 0; i < path.size(); ++i) {
        const auto byte = static_cast<unsigned char>(path[i]);
        const bool escape = path[i] == '%' && i + 2 < path.size() &&
                            std::isxdigit(static_cast<unsigned char>(path[i + 1])) != 0 &&
                            std::isxdigit(static_cast<unsigned char>(path[i + 2])) != 0;
        const bool plain = byte < 0x80 && std::isalnum(byte) != 0;
        if (escape || plain || kMarks.find(path[i]) != std::string_view::npos) {
            out += path[i];
        } else {
            out += '%';
            out += kHex[byte >> 4];
            out += kHex[byte & 15];
        }
    }
    return out;
}

} // namespace

std::string joinUrl(std::string_view base, std::string_view path) {
    const std::size_t scheme = base.find("://");
    const std::size_t host = scheme == std::string_view::npos ? 0 : scheme + 3;
    const std::size_t root = std::min(base.find_first_of("/?#", host), base.size());
    const std::size_t query = std::min(base.find_first_of("?#", root), base.size());
    const std::string whole =
        std::string(base.substr(root, query - root)) + "/" + std::string(path);
    std::vector<std::string_view> parts;
    for (std::size_t at = 0; at <= whole.size();) {
        const std::size_t end = std::min(whole.find('/', at), whole.size());
        const std::string_view part = std::string_view(whole).substr(at, end - at);
        if (part == "..") {
            if (!parts.empty()) parts.pop_back();
        } else if (!part.empty() && part != ".") {
            parts.push_back(part);
        }
        at = end + 1;
    }
    std::string out(base.substr(0, root));
    for (const std::string_view part : parts)
        out += "/" + escapedPath(part);
    if (parts.empty() || path.ends_with('/')) out += "/";
    return out + std::string(base.substr(query));
}

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
#include "app/cli/commands.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace penstock::app {

int report(const Error& error, int code) {
    fmt::print(stderr, "error: {}\n", error.text());
    return code;
}

Status writeText(const std::string& path, const std::string& text) {
    std::FILE* file = path == "-" ? stdout : std::fopen(path.c_str(), "wb");
    if (file == nullptr) {
        return fail(Error{fmt::format("cannot be written: {}", std::strerror(errno)), path});
    }
    const bool whole = std::fwrite(text.data(), 1, text.size(), file) == text.size();
    const bool closed = file == stdout ? std::fflush(file) == 0 : std::fclose(file) == 0;
    if (!whole || !closed) {
        return fail(Error{fmt::format("cannot be written: {}", std::strerror(errno)), path});
    }
    return {};
}

} // namespace penstock::app

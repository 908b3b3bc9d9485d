// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the world does to us comes back as a value: Result<T> is a T or an Error that says where
// the trouble is, what was found, and what would be right. No exception crosses a folder.
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace penstock {

// Where something stands in what a person wrote.
struct Place {
    std::string file; // or the option of the command line, "--set pool.tp=3"; empty: unknown
    int line = 0;     // 1-based; 0 when unknown
    int column = 0;
};

struct Error {
    std::string message;   // what is wrong, with the offending value, and what would be right
    std::string file = {}; // empty when the input did not come from a file
    int line = 0;          // 1-based; 0 when unknown
    int column = 0;        // 1-based; 0 when unknown

    static Error at(const Place& place, std::string message) {
        return {std::move(message), place.file, place.line, place.column};
    }

    // "file:line:column: message", leaving out what is unknown.
    std::string text() const {
        std::string out = file;
        if (line > 0) out += ":" + std::to_string(line);
        if (line > 0 && column > 0) out += ":" + std::to_string(column);
        return out.empty() ? message : out + ": " + message;
    }
};

template <class T>
using Result = tl::expected<T, Error>;
using Status = Result<void>;

inline tl::unexpected<Error> fail(std::string message) {
    return tl::unexpected<Error>(Error{std::move(message)});
}
inline tl::unexpected<Error> fail(Error error) {
    return tl::unexpected<Error>(std::move(error));
}

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Numbers in as few bytes as they need, seven bits a byte, the lowest first (LEB128): how
// histograms and chunks of series lie in a store.
#include <cstdint>
#include <string>
#include <string_view>

namespace penstock {

inline void putVarint(std::string& out, std::uint64_t value) {
    while (value >= 0x80) {
        out.push_back(static_cast<char>(value | 0x80));
        value >>= 7;
    }
    out.push_back(static_cast<char>(value));
}

// Takes one off the front of `in`; false if it is cut short or longer than 64 bits.
inline bool takeVarint(std::string_view& in, std::uint64_t& value) {
    value = 0;
    for (int shift = 0; shift < 64 && !in.empty(); shift += 7) {
        const auto byte = static_cast<std::uint8_t>(in.front());
        in.remove_prefix(1);
        value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) return true;
    }
    return false;
}

} // namespace penstock

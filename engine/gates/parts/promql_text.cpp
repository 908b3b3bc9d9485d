// SPDX-License-Identifier: Apache-2.0
#include "engine/gates/parts/promql_text.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

namespace penstock {
namespace {
// strconv, format %g: "if precision was the shortest possible, use precision 6 for this decision".
constexpr int kPlainDigits = 6;
} // namespace

std::string poolSelector(std::string_view metric, std::string_view poolLabel, std::string_view pool,
                         std::string_view nameSpace, bool effectiveStage) {
    std::string out = fmt::format("{}{{{}={}", metric, poolLabel, goQuoted(pool));
    if (!nameSpace.empty()) out += ",namespace=" + goQuoted(nameSpace);
    if (effectiveStage) out += ",stage=~\"effective|\"";
    return out + '}';
}

std::string goNumber(double value) {
    if (std::isnan(value)) return "NaN";
    std::array<char, 64> buffer;
    const auto print = [&buffer, value](std::chars_format form) {
        const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, form);
        return std::string(buffer.data(), end.ptr);
    };
    const std::string scientific = print(std::chars_format::scientific);
    const int exponent = std::atoi(scientific.c_str() + scientific.find('e') + 1);
    const bool plain = value == 0.0 || (exponent >= -4 && exponent < kPlainDigits);
    return plain ? print(std::chars_format::fixed) : scientific;
}

std::string goQuoted(std::string_view text) {
    std::string out = "\"";
    for (const char c : text) {
        switch (c) {
        case '"':
            out += "\\\"";
            break;
        case '\\':
            out += "\\\\";
            break;
        case '\a':
            out += "\\a";
            break;
        case '\b':
            out += "\\b";
            break;
        case '\f':
            out += "\\f";
            break;
        case '\n':
            out += "\\n";
            break;
        case '\r':
            out += "\\r";
            break;
        case '\t':
            out += "\\t";
            break;
        case '\v':
            out += "\\v";
            break;
        default:
            if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
                out += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
            } else {
                out += c;
            }
        }
    }
    return out + '"';
}

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
#include "engine/types/go_number.h"

#include <charconv>
#include <limits>
#include <string>

namespace penstock {
namespace {

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool same(std::string_view text, std::string_view word) {
    if (text.size() != word.size()) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (lower(text[i]) != word[i]) return false;
    }
    return true;
}

bool isDigit(char c, bool hex) {
    const char l = lower(c);
    return (c >= '0' && c <= '9') || (hex && l >= 'a' && l <= 'f');
}

// Without the underscores, each of which must stand between digits or behind the base.
std::optional<std::string> withoutUnderscores(std::string_view text, bool hex) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '_') {
            out += text[i];
            continue;
        }
        const bool before = i == 0 ? hex : isDigit(text[i - 1], hex);
        const bool after = i + 1 < text.size() && isDigit(text[i + 1], hex);
        if (!before || !after) return std::nullopt;
    }
    return out;
}

} // namespace

std::optional<double> goFloat(std::string_view text) {
    if (same(text, "nan")) return std::numeric_limits<double>::quiet_NaN();
    const bool minus = text.starts_with('-');
    if (minus || text.starts_with('+')) text.remove_prefix(1);
    const double sign = minus ? -1.0 : 1.0;
    if (same(text, "inf") || same(text, "infinity")) {
        return sign * std::numeric_limits<double>::infinity();
    }
    const bool hex = text.size() > 2 && text[0] == '0' && lower(text[1]) == 'x';
    if (hex) text.remove_prefix(2);
    const auto bare = withoutUnderscores(text, hex);
    if (!bare || bare->empty() || (!isDigit((*bare)[0], hex) && (*bare)[0] != '.')) {
        return std::nullopt;
    }
    const std::size_t exponent = bare->find_first_of(hex ? "pP" : "eE");
    if (hex && exponent == std::string::npos) return std::nullopt;
    double value = 0.0;
    const char* last = bare->data() + bare->size();
    const auto [end, code] = std::from_chars(
        bare->data(), last, value, hex ? std::chars_format::hex : std::chars_format::general);
    if (end != last || code == std::errc::invalid_argument) return std::nullopt;
    if (code == std::errc::result_out_of_range) {
        const bool small = exponent != std::string::npos && (*bare)[exponent + 1] == '-';
        const bool fraction = exponent == std::string::npos && (*bare)[0] == '0';
        if (!small && !fraction) return std::nullopt;
        value = 0.0;
    }
    return sign * value;
}

std::optional<std::int64_t> goInteger(std::string_view text) {
    if (text.starts_with('+')) {
        text.remove_prefix(1);
        if (text.starts_with('-')) return std::nullopt;
    }
    std::int64_t value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

std::optional<std::int64_t> goIntegerOfAnyBase(std::string_view text) {
    const bool minus = text.starts_with('-');
    if (minus || text.starts_with('+')) text.remove_prefix(1);
    int base = 10;
    bool prefix = false; // an underscore may follow it
    if (text.size() > 1 && text[0] == '0') {
        const char letter = lower(text[1]);
        prefix = true;
        base = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 8;
        text.remove_prefix(letter == 'x' || letter == 'o' || letter == 'b' ? 2 : 1);
    }
    std::string digits(minus ? "-" : "");
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '_') {
            digits += text[i];
            continue;
        }
        const bool before = i == 0 ? prefix : isDigit(text[i - 1], base == 16);
        if (!before || i + 1 == text.size() || !isDigit(text[i + 1], base == 16)) {
            return std::nullopt;
        }
    }
    if (text.starts_with('-') || text.starts_with('+')) return std::nullopt;
    std::int64_t value = 0;
    const char* last = digits.data() + digits.size();
    const auto [end, code] = std::from_chars(digits.data(), last, value, base);
    if (code != std::errc{} || end != last) return std::nullopt;
    return value;
}

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
// Digit-by-digit parsing of numbers and dates.
#include "sim/traffic/trace/text_value.h"

#include <fmt/format.h>

#include <charconv>
#include <chrono>
#include <cmath>

namespace penstock::sim {
namespace {

constexpr std::int64_t kSecondNs = 1'000'000'000;
constexpr std::int64_t kMostNs = INT64_MAX / 2;

bool isDigit(char c) {
    return c >= '0' && c <= '9';
}

// Takes exactly `digits` digits off the front.
bool takeDigits(std::string_view& text, int digits, int& out) {
    if (text.size() < static_cast<std::size_t>(digits)) return false;
    out = 0;
    for (int i = 0; i < digits; ++i) {
        const char c = text[static_cast<std::size_t>(i)];
        if (!isDigit(c)) return false;
        out = out * 10 + (c - '0');
    }
    text.remove_prefix(static_cast<std::size_t>(digits));
    return true;
}

bool take(std::string_view& text, char c) {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
}

// Bytes of the UTF-8 sequence that `text` begins with, or 0 if it begins with none.
std::size_t sequenceLength(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const std::size_t length = byte(0) < 0x80                      ? 1
                               : byte(0) >= 0xc2 && byte(0) < 0xe0 ? 2
                               : byte(0) >= 0xe0 && byte(0) < 0xf0 ? 3
                               : byte(0) >= 0xf0 && byte(0) < 0xf5 ? 4
                                                                   : 0;
    if (length == 0 || length > text.size()) return 0;
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0) != 0x80) return 0;
    }
    return length;
}

} // namespace

std::string quotedText(std::string_view text) {
    constexpr std::size_t kShownBytes = 60;
    std::string out = "\"";
    std::size_t at = 0;
    while (at < text.size() && at < kShownBytes) {
        const auto byte = static_cast<unsigned char>(text[at]);
        const std::size_t length = sequenceLength(text.substr(at));
        // U+0080 to U+009F are control characters too.
        const bool control =
            byte < 0x20 || byte == 0x7f ||
            (byte == 0xc2 && length == 2 && static_cast<unsigned char>(text[at + 1]) < 0xa0);
        if (length == 0 || control) {
            out += fmt::format("\\x{:02x}", byte);
            ++at;
        } else {
            out += text.substr(at, length);
            at += length;
        }
    }
    return out + (at < text.size() ? "\"..." : "\"");
}

std::string_view trimmed(std::string_view text) {
    const auto blank = [](char c) { return c == ' ' || c == '\t'; };
    while (!text.empty() && blank(text.front()))
        text.remove_prefix(1);
    while (!text.empty() && blank(text.back()))
        text.remove_suffix(1);
    return text;
}

std::optional<std::uint32_t> parseCount(std::string_view text, std::uint32_t most) {
    text = trimmed(text);
    if (text.empty()) return std::nullopt;
    std::uint64_t value = 0;
    std::size_t i = 0;
    for (; i < text.size() && isDigit(text[i]) && i < 11; ++i) {
        value = value * 10 + static_cast<std::uint64_t>(text[i] - '0');
    }
    if (i == text.size()) {
        if (value > most) return std::nullopt;
        return static_cast<std::uint32_t>(value);
    }
    const std::optional<double> decimal = parseDouble(text);
    if (!decimal || *decimal < 0 || *decimal > most || *decimal != std::floor(*decimal)) {
        return std::nullopt;
    }
    return static_cast<std::uint32_t>(*decimal);
}

std::optional<double> parseDouble(std::string_view text) {
    text = trimmed(text);
    if (!text.empty() && text.front() == '+') text.remove_prefix(1);
    double value = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
        return std::nullopt;
    }
    return value;
}

std::optional<std::int64_t> parseDecimalNs(std::string_view text, std::int64_t unitNs) {
    text = trimmed(text);
    const std::string_view whole = text;
    bool negative = false;
    if (take(text, '-')) {
        negative = true;
    } else {
        take(text, '+');
    }
    std::int64_t value = 0;
    bool any = false;
    while (!text.empty() && isDigit(text.front())) {
        any = true;
        if (value > kMostNs / 10 / unitNs) return std::nullopt;
        value = value * 10 + (text.front() - '0');
        text.remove_prefix(1);
    }
    value *= unitNs;
    if (take(text, '.')) {
        std::int64_t place = unitNs;
        while (!text.empty() && isDigit(text.front())) {
            any = true;
            // The digit that falls below a nanosecond rounds; those after it do not matter.
            if (place % 10 == 0) {
                place /= 10;
                value += place * (text.front() - '0');
            } else if (place > 0) {
                value += (place * (text.front() - '0') + 5) / 10;
                place = 0;
            }
            text.remove_prefix(1);
        }
    }
    if (!any) return std::nullopt;
    if (!text.empty()) {
        if (text.front() != 'e' && text.front() != 'E') return std::nullopt;
        const std::optional<double> decimal = parseDouble(whole);
        if (!decimal) return std::nullopt;
        const double ns = *decimal * static_cast<double>(unitNs);
        if (std::abs(ns) > static_cast<double>(kMostNs)) return std::nullopt;
        return std::llround(ns);
    }
    if (value > kMostNs) return std::nullopt;
    return negative ? -value : value;
}

std::optional<std::int64_t> parseDateNs(std::string_view text) {
    text = trimmed(text);
    int year = 0;
    int month = 0;
    int day = 0;
    int hour = 0;
    int minute = 0;
    int second = 0;
    if (!takeDigits(text, 4, year) || (!take(text, '-') && !take(text, '/')) ||
        !takeDigits(text, 2, month) || (!take(text, '-') && !take(text, '/')) ||
        !takeDigits(text, 2, day)) {
        return std::nullopt;
    }
    std::int64_t fraction = 0;
    std::int64_t zoneSeconds = 0;
    if (take(text, ' ') || take(text, 'T') || take(text, 't')) {
        if (!takeDigits(text, 2, hour) || !take(text, ':') || !takeDigits(text, 2, minute) ||
            !take(text, ':') || !takeDigits(text, 2, second)) {
            return std::nullopt;
        }
        if (take(text, '.') || take(text, ',')) {
            if (text.empty() || !isDigit(text.front())) return std::nullopt;
            std::int64_t place = kSecondNs;
            while (!text.empty() && isDigit(text.front())) {
                place /= 10; // 0 from the tenth digit on
                fraction += place * (text.front() - '0');
                text.remove_prefix(1);
            }
        }
        text = trimmed(text);
        if (!text.empty() && (text.front() == '+' || text.front() == '-')) {
            const int sign = text.front() == '-' ? -1 : 1;
            text.remove_prefix(1);
            int zoneHours = 0;
            int zoneMinutes = 0;
            if (!takeDigits(text, 2, zoneHours)) return std::nullopt;
            take(text, ':');
            if (!text.empty() && !takeDigits(text, 2, zoneMinutes)) return std::nullopt;
            if (zoneHours > 18 || zoneMinutes > 59) return std::nullopt;
            zoneSeconds = sign * (zoneHours * 3600 + zoneMinutes * 60);
        } else if (text == "Z" || text == "z" || text == "UTC") {
            text = {};
        }
    }
    if (!text.empty() || hour > 23 || minute > 59 || second > 60 || year < 1970 || year > 2200) {
        return std::nullopt;
    }
    const std::chrono::year_month_day date{std::chrono::year{year},
                                           std::chrono::month{static_cast<unsigned>(month)},
                                           std::chrono::day{static_cast<unsigned>(day)}};
    if (!date.ok()) return std::nullopt;
    const std::int64_t days = std::chrono::sys_days{date}.time_since_epoch().count();
    const std::int64_t seconds = days * 86400 + hour * 3600 + minute * 60 + second - zoneSeconds;
    return seconds * kSecondNs + fraction;
}

bool isDate(std::string_view text) {
    const std::string_view body = trimmed(text);
    return body.size() >= 10 && isDigit(body[0]) && (body[4] == '-' || body[4] == '/');
}

std::string otherTimes(bool dated) {
    return dated ? "a number, but the rows before it have dates; write all times alike"
                 : "a date, but the rows before it have numbers; write all times alike";
}

std::optional<std::int64_t> parseTimeNs(std::string_view text, std::int64_t unitNs) {
    return isDate(text) ? parseDateNs(trimmed(text)) : parseDecimalNs(trimmed(text), unitNs);
}

std::string wantedTime(std::string_view text, std::int64_t unitNs) {
    if (!parseDouble(text)) return "not a time (a number, or 2023-11-16 18:17:03.97)";
    const std::string unit = unitNs == kSecondNs   ? "seconds"
                             : unitNs == 1'000'000 ? "milliseconds"
                             : unitNs == 1'000     ? "microseconds"
                                                   : fmt::format("units of {} ns", unitNs);
    return fmt::format(
        "too large for a time in {}; if it is in another unit, say so with time_unit "
        "(for csv and jsonl), as 1ms",
        unit);
}

} // namespace penstock::sim

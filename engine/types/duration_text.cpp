// SPDX-License-Identifier: Apache-2.0
#include "engine/types/duration_text.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace penstock {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t nanoseconds;
};
constexpr std::array<Unit, 8> kUnits{{{"ns", 1},
                                      {"us", 1'000},
                                      {"\u00b5s", 1'000},
                                      {"\u03bcs", 1'000},
                                      {"ms", 1'000'000},
                                      {"s", 1'000'000'000},
                                      {"m", 60'000'000'000},
                                      {"h", 3'600'000'000'000}}};

bool isNumeric(char c) {
    return (c >= '0' && c <= '9') || c == '.';
}

Result<std::int64_t> unitNamed(std::string_view name) {
    for (const Unit& unit : kUnits) {
        if (unit.name == name) return unit.nanoseconds;
    }
    return fail(fmt::format("unknown unit \"{}\"; units are ns, us, ms, s, m, h", name));
}

// Digits with at most one point, as units of `nanoseconds`. Integer arithmetic for the whole part,
// so that nothing is lost below 2^63 ns.
Result<std::int64_t> scaled(std::string_view number, std::int64_t nanoseconds) {
    std::int64_t whole = 0;
    double fraction = 0.0;
    double place = 0.1;
    bool seenPoint = false;
    bool seenDigit = false;
    for (const char c : number) {
        if (c == '.') {
            if (seenPoint) return fail("two decimal points");
            seenPoint = true;
            continue;
        }
        seenDigit = true;
        if (seenPoint) {
            fraction += place * (c - '0');
            place *= 0.1;
        } else if (__builtin_mul_overflow(whole, 10, &whole) ||
                   __builtin_add_overflow(whole, c - '0', &whole)) {
            return fail("too large");
        }
    }
    if (!seenDigit) return fail("a number is missing");
    std::int64_t result = 0;
    if (__builtin_mul_overflow(whole, nanoseconds, &result) ||
        __builtin_add_overflow(result, std::llround(fraction * static_cast<double>(nanoseconds)),
                               &result)) {
        return fail("too large");
    }
    return result;
}

} // namespace

Result<Duration> goDuration(std::string_view text) {
    const auto bad = [text](std::string_view why) {
        return fail(fmt::format("invalid duration \"{}\": {}", text, why));
    };
    std::string_view rest = text;
    const bool negative = rest.starts_with('-');
    if (negative || rest.starts_with('+')) rest.remove_prefix(1);
    if (rest == "0") return Duration{0};
    if (rest.empty()) return bad("empty; write for instance \"5s\" or \"1m30s\"");

    std::int64_t total = 0;
    while (!rest.empty()) {
        std::size_t digits = 0;
        while (digits < rest.size() && isNumeric(rest[digits]))
            ++digits;
        if (digits == 0) return bad("a number is missing; write for instance \"5s\" or \"1m30s\"");
        const std::string_view number = rest.substr(0, digits);
        rest.remove_prefix(digits);
        std::size_t letters = 0;
        while (letters < rest.size() && !isNumeric(rest[letters]))
            ++letters;
        if (letters == 0)
            return bad(fmt::format("a unit is missing; write for instance \"{}s\"", text));
        const auto unit = unitNamed(rest.substr(0, letters));
        if (!unit) return bad(unit.error().message);
        rest.remove_prefix(letters);
        const auto part = scaled(number, *unit);
        if (!part) return bad(part.error().message);
        if (__builtin_add_overflow(total, *part, &total)) return bad("too large");
    }
    return Duration{negative ? -total : total};
}

std::string durationText(Duration duration) {
    std::int64_t left = duration.count();
    if (left == 0) return "0s";
    std::string out;
    if (left < 0) {
        out = "-";
        left = left == INT64_MIN ? INT64_MAX : -left;
    }
    for (const auto& [name, size] :
         {kUnits[7], kUnits[6], kUnits[5], kUnits[4], kUnits[1], kUnits[0]}) {
        if (left < size) continue;
        out += fmt::format("{}{}", left / size, name);
        left %= size;
    }
    return out;
}

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
// Single values: what was expected, in words, and what was found.
#include "engine/config/text/reader.h"
#include "engine/config/text/wording.h"
#include "engine/types/duration_text.h"

#include <fmt/format.h>

#include <cctype>
#include <charconv>
#include <cmath>

namespace penstock {
namespace {

std::string withUnit(std::string_view unit) {
    return unit.empty() ? std::string() : fmt::format(" ({})", unit);
}

// %g would say 1e+06 where a person writes 1000000.
std::string plain(double value) {
    const bool whole = std::abs(value) < 1e15 && value == std::floor(value);
    return whole ? fmt::format("{:.0f}", value) : fmt::format("{:g}", value);
}

std::string expectation(const Range& range) {
    const bool low = std::isfinite(range.min);
    const bool high = std::isfinite(range.max);
    std::string out = "a number";
    if (low && high && !range.above && !range.below) {
        out += fmt::format(" from {} to {}", plain(range.min), plain(range.max));
    } else {
        if (low) out += (range.above ? " greater than " : " of at least ") + plain(range.min);
        if (low && high) out += " and";
        if (high) out += (range.below ? " less than " : " of at most ") + plain(range.max);
    }
    return out + withUnit(range.unit);
}

std::string expectation(const IntRange& range) {
    const bool low = range.min > std::numeric_limits<std::int32_t>::min();
    const bool high = range.max < std::numeric_limits<std::int32_t>::max();
    std::string out = "a whole number";
    if (low && high) {
        out += fmt::format(" from {} to {}", range.min, range.max);
    } else if (low) {
        out += fmt::format(" of at least {}", range.min);
    } else if (high) {
        out += fmt::format(" of at most {}", range.max);
    }
    return out + withUnit(range.unit);
}

std::string expectation(const DurationRange& range) {
    std::string out = "a duration like 250ms, 90s, 1m30s or a number of seconds";
    const bool low = range.above || range.min != Duration{0};
    if (low)
        out += fmt::format(", {} {}", range.above ? "longer than" : "at least",
                           durationText(range.min));
    if (range.max != Duration::max()) out += fmt::format(", at most {}", durationText(range.max));
    return out;
}

std::optional<double> parseNumber(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    double value = 0.0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

bool saysNotFinite(std::string_view text) {
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (text.starts_with('.')) text.remove_prefix(1);
    std::string lower(text.substr(0, 9));
    for (char& c : lower)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return lower == "nan" || lower == "inf" || lower == "infinity";
}

} // namespace

std::optional<double> Reader::asNumber(const Node& node, const Range& range,
                                       const std::string& path) {
    const auto wrong = [&](std::string_view what) {
        report(node.at, path,
               fmt::format("{} {}; it must be {}", describe(node), what, expectation(range)));
        return std::nullopt;
    };
    if (node.kind != Node::Kind::scalar) return wrong("is not a number");
    if (saysNotFinite(node.text)) return wrong("is not a finite number");
    if (node.quoted && !stringForms_) return wrong("is text; write the number without quotes");
    const auto value = parseNumber(node.text);
    if (!value) {
        return wrong(node.text.find(',') != std::string::npos
                         ? "is not a number (decimals take a point)"
                         : "is not a number");
    }
    const bool low = range.above ? *value > range.min : *value >= range.min;
    const bool high = range.below ? *value < range.max : *value <= range.max;
    if (!low || !high) return wrong("is out of range");
    return value;
}

std::optional<std::int64_t> Reader::asInteger(const Node& node, const IntRange& range,
                                              const std::string& path) {
    const auto wrong = [&](std::string_view what) {
        report(node.at, path,
               fmt::format("{} {}; it must be {}", describe(node), what, expectation(range)));
        return std::nullopt;
    };
    if (node.kind != Node::Kind::scalar) return wrong("is not a number");
    if (saysNotFinite(node.text)) return wrong("is not a finite number");
    if (node.quoted && !stringForms_) return wrong("is text; write the number without quotes");
    std::int64_t value = 0;
    const char* last = node.text.data() + node.text.size();
    const auto [end, code] = std::from_chars(node.text.data(), last, value);
    if (wholeOnly(node) && (code != std::errc{} || end != last)) {
        return wrong("is written with a point, an exponent or too many digits, which llm-d-async "
                     "does not take for a whole number");
    }
    if (code != std::errc{} || end != last) {
        const auto real = parseNumber(node.text); // 1e6 is whole too
        if (!real) return wrong("is not a whole number");
        if (*real != std::floor(*real)) return wrong("is not whole");
        if (std::abs(*real) >= 9.2e18) return wrong("is out of range");
        value = static_cast<std::int64_t>(*real);
    }
    if (value < range.min || value > range.max) return wrong("is out of range");
    return value;
}

bool Reader::wholeOnly(const Node& node) const {
    return unknown_ != nullptr && document_->source(node.at).json;
}

std::optional<std::string> Reader::asText(const Node& node, const std::string& path) {
    if (node.kind != Node::Kind::scalar) {
        report(node.at, path, fmt::format("{} is not text; it must be a string", describe(node)));
        return std::nullopt;
    }
    const bool strict = quoteText_ || document_->source(node.at).json;
    if (strict && typeOf(node) != ScalarType::text) {
        report(node.at, path,
               fmt::format("{} is not text; write \"{}\"", describe(node), node.text));
        return std::nullopt;
    }
    return node.text;
}

double Reader::number(std::string_view key, const Range& range, std::optional<double> fallback) {
    const double otherwise = fallback.value_or(std::isfinite(range.min) ? range.min : 0.0);
    const Node* node = takeOrMiss(key, fallback.has_value(), expectation(range));
    return node == nullptr ? otherwise : asNumber(*node, range, pathOf(key)).value_or(otherwise);
}

double Reader::number(const ParameterSpec& spec) {
    return number(spec.name, {spec.min, spec.max, spec.unit}, spec.defaultValue);
}

std::int64_t Reader::wholeNumber(std::string_view key, const IntRange& range,
                                 std::optional<std::int64_t> fallback) {
    const std::int64_t otherwise =
        fallback.value_or(std::clamp<std::int64_t>(0, range.min, range.max));
    const Node* node = takeOrMiss(key, fallback.has_value(), expectation(range));
    return node == nullptr ? otherwise : asInteger(*node, range, pathOf(key)).value_or(otherwise);
}

bool Reader::boolean(std::string_view key, std::optional<bool> fallback) {
    const bool otherwise = fallback.value_or(false);
    const Node* node = takeOrMiss(key, fallback.has_value(), "true or false");
    if (node == nullptr) return otherwise;
    const bool plainWord = node->kind == Node::Kind::scalar && (!node->quoted || stringForms_);
    if (plainWord && node->text == "true") return true;
    if (plainWord && node->text == "false") return false;
    report(node->at, pathOf(key), fmt::format("{} is neither true nor false", describe(*node)));
    return otherwise;
}

std::string Reader::text(std::string_view key, std::optional<std::string> fallback) {
    const bool mayBeEmpty = fallback && fallback->empty();
    const Node* node = takeOrMiss(key, fallback.has_value(), "a string");
    if (node == nullptr) return fallback.value_or("");
    const auto value = asText(*node, pathOf(key));
    if (value && value->empty() && !mayBeEmpty) {
        report(node->at, pathOf(key), "empty; it must be a string with something in it");
    }
    return value.value_or(fallback.value_or(""));
}

std::string Reader::file(std::string_view key, std::optional<std::string> fallback) {
    std::string name = text(key, std::move(fallback));
    const Node* node = lookup(key);
    return name.empty() || node == nullptr ? name : document_->resolve(node->at, name);
}

Duration Reader::duration(std::string_view key, const DurationRange& range,
                          std::optional<Duration> fallback) {
    const Duration otherwise = fallback.value_or(range.min);
    const Node* node = takeOrMiss(key, fallback.has_value(), expectation(range));
    if (node == nullptr) return otherwise;
    const auto wrong = [&](std::string_view what) {
        report(node->at, pathOf(key),
               fmt::format("{} {}; it must be {}", describe(*node), what, expectation(range)));
        return otherwise;
    };
    if (node->kind != Node::Kind::scalar) return wrong("is not a duration");
    const auto value = parseDuration(node->text);
    if (!value) return wrong("is not a duration");
    if (*value < range.min || *value > range.max || (range.above && *value == range.min)) {
        return wrong("is out of range");
    }
    return *value;
}

std::size_t Reader::chosen(std::string_view key, const std::vector<std::string_view>& names,
                           std::optional<std::size_t> fallback) {
    const std::size_t otherwise = fallback.value_or(0);
    const Node* node = takeOrMiss(key, fallback.has_value(), "one of " + listOf(names));
    if (node == nullptr) return otherwise;
    if (node->kind == Node::Kind::scalar) {
        const auto found = std::find(names.begin(), names.end(), node->text);
        if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
    }
    report(node->at, pathOf(key),
           fmt::format("{} is not known here{} It must be one of {}", describe(*node),
                       node->kind == Node::Kind::scalar ? didYouMean(node->text, names) : ".",
                       listOf(names)));
    return otherwise;
}

std::string Reader::choice(std::string_view key, std::initializer_list<std::string_view> names,
                           std::optional<std::string_view> fallback) {
    if (!has(key) && fallback) {
        known(key);
        return std::string(*fallback);
    }
    return std::string(names.begin()[chosen(key, names, std::nullopt)]);
}

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
#include "engine/config/text/wording.h"

#include "engine/types/duration_text.h"
#include "engine/types/suggest.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <optional>

namespace penstock {
namespace {

constexpr double kMaxSeconds = 9.0e9; // 285 years: within int64 nanoseconds

std::optional<double> finite(std::string_view text) {
    double value = 0.0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = code == std::errc{} && end == text.data() + text.size();
    if (!whole || !std::isfinite(value)) return std::nullopt;
    return value;
}

} // namespace

std::string didYouMean(std::string_view word, const std::vector<std::string_view>& candidates) {
    const std::string_view near = closestName(word, candidates);
    return near.empty() ? "." : fmt::format("; did you mean \"{}\"?", near);
}

std::string listOf(const std::vector<std::string_view>& words, std::size_t most) {
    std::string out;
    for (std::size_t i = 0; i < words.size() && i < most; ++i) {
        if (i > 0) out += ", ";
        out += words[i];
    }
    if (words.size() > most) out += fmt::format(" and {} more", words.size() - most);
    return out;
}

Result<Duration> parseDuration(std::string_view text) {
    const std::size_t d = text.find('d');
    const bool days = d != std::string_view::npos;
    const auto count = finite(days ? text.substr(0, d) : text);
    if (!count) return goDuration(text); // "90s", or an error that shows the grammar
    const double seconds = *count * (days ? 86400.0 : 1.0);
    if (std::abs(seconds) > kMaxSeconds) return fail(fmt::format("\"{}\" is too long", text));
    if (!days || d + 1 == text.size()) return fromSeconds(seconds);
    const auto rest = goDuration(text.substr(d + 1));
    if (!rest) return rest;
    if (toSeconds(*rest) > kMaxSeconds) return fail(fmt::format("\"{}\" is too long", text));
    return fromSeconds(seconds) + *rest;
}

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
#include "engine/broker/leased_rate.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

namespace penstock {
namespace {

constexpr std::string_view kApiVersion = "llm-d.ai/v1alpha1";
constexpr double kRounding = 1e-9; // a token that refilled up to this is whole

template <class T>
std::optional<T> parsed(std::string_view text) {
    T value{};
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

} // namespace

Result<LeasedRate> readLease(const HashFields& fields, std::string_view poolId, Time now) {
    const auto field = [&fields](std::string_view name) -> std::string_view {
        const auto found = fields.find(name);
        return found == fields.end() ? std::string_view{} : std::string_view{found->second};
    };
    if (field("api_version") != kApiVersion) {
        return fail(fmt::format("api_version is \"{}\"; it must be \"{}\"", field("api_version"),
                                kApiVersion));
    }
    if (field("pool_id") != poolId) {
        return fail(
            fmt::format("the lease is for pool \"{}\", not \"{}\"", field("pool_id"), poolId));
    }
    if (field("decision_id").empty()) return fail("decision_id is missing");
    const auto rate = parsed<double>(field("max_admission_rps"));
    if (!rate || !std::isfinite(*rate) || *rate < 0.0) {
        return fail(fmt::format("max_admission_rps is \"{}\"; it must be a number from 0 up",
                                field("max_admission_rps")));
    }
    const auto until = parsed<std::int64_t>(field("valid_until_unix_ms"));
    if (!until) {
        return fail(fmt::format("valid_until_unix_ms is \"{}\"; it must be a whole number",
                                field("valid_until_unix_ms")));
    }
    const auto nowMs =
        std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch()).count();
    if (*until <= nowMs) return fail("the lease has expired");
    return LeasedRate{.perSecond = *rate};
}

Admission TokenBucket::take(Time now, double perSecond, Duration burst) {
    const double most = std::max(1.0, perSecond * toSeconds(burst));
    const double refilled = tokens_ + toSeconds(now - at_) * perSecond;
    tokens_ = used_ ? std::min(most, refilled) : most;
    used_ = true;
    at_ = now;
    if (perSecond <= 0.0) return {};
    if (tokens_ >= 1.0 - kRounding) {
        tokens_ = std::max(0.0, tokens_ - 1.0);
        return {.granted = true};
    }
    // A rate near 0 would give a time beyond all: asking once an hour is often enough.
    const double wait = std::min(3600.0, (1.0 - tokens_) / perSecond);
    return {.granted = false, .again = fromSeconds(wait) + Duration{1}};
}

} // namespace penstock

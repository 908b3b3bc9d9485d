// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/series/time_ticks.h"

#include "engine/record/measures/round_step.h"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace penstock::app {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::array<std::int64_t, 21> kClockSteps = {
    1,    2,    5,    10,    15,    30,    60,    120,    300,    600,    900,
    1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 2592000};

} // namespace

Duration tickStep(Duration span, int most) {
    const std::int64_t wanted = std::max<std::int64_t>(1, span.count() / std::max(1, most));
    for (std::int64_t decade = 1; decade < kSecond; decade *= 10) {
        for (const int digit : {1, 2, 5}) {
            if (decade * digit >= wanted) return Duration{decade * digit};
        }
    }
    for (const std::int64_t seconds : kClockSteps) {
        if (seconds * kSecond >= wanted) return Duration{seconds * kSecond};
    }
    std::int64_t step = kClockSteps.back() * kSecond;
    while (step < wanted)
        step *= 2;
    return Duration{step};
}

std::vector<Time> ticks(TimeRange range, Duration step, Time origin) {
    std::vector<Time> out;
    std::int64_t k = (range.from - origin).count() / step.count();
    while (origin + k * step < range.from)
        ++k;
    while (origin + (k - 1) * step >= range.from)
        --k;
    for (; origin + k * step < range.to; ++k)
        out.push_back(origin + k * step);
    return out;
}

std::string timeLabel(Duration sinceOrigin, Duration step) {
    const bool negative = sinceOrigin.count() < 0;
    const std::int64_t ns = std::abs(sinceOrigin.count());
    const char* sign = negative ? "−" : "";
    const std::int64_t seconds = ns / kSecond;
    int decimals = 0;
    for (std::int64_t unit = kSecond; unit > step.count() && decimals < 9; unit /= 10)
        ++decimals;
    std::string fraction;
    if (decimals > 0) fraction = fmt::format(".{:09}", ns % kSecond).substr(0, 1 + decimals);
    if (seconds < 60 && decimals > 0) return fmt::format("{}{}{} s", sign, seconds, fraction);
    if (seconds < 3600) {
        return fmt::format("{}{}:{:02}{}", sign, seconds / 60, seconds % 60, fraction);
    }
    return fmt::format("{}{}:{:02}:{:02}{}", sign, seconds / 3600, seconds / 60 % 60, seconds % 60,
                       fraction);
}

std::string clockLabel(Duration sinceOrigin) {
    const std::int64_t ms = std::abs(sinceOrigin.count()) / 1'000'000;
    return fmt::format("{}{:02}:{:02}:{:02}.{:03}", sinceOrigin.count() < 0 ? "−" : "",
                       ms / 3'600'000, ms / 60'000 % 60, ms / 1000 % 60, ms % 1000);
}

std::string durationLabel(Duration d) {
    if (d.count() < 0) return "−" + durationLabel(-d);
    const double s = toSeconds(d);
    if (s == 0) return "0 s";
    if (s < 1e-6) return fmt::format("{} ns", d.count());
    const auto three = [](double v) {
        return fmt::format("{:.{}f}", v, v < 9.995 ? 2 : v < 99.95 ? 1 : 0);
    };
    if (s < 1e-3) return three(s * 1e6) + " µs";
    if (s < 1) return three(s * 1e3) + " ms";
    if (s < 60) return three(s) + " s";
    const auto whole = static_cast<std::int64_t>(s + 0.5);
    if (whole < 3600) return fmt::format("{} min {:02} s", whole / 60, whole % 60);
    if (whole < 86400) return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
    return fmt::format("{} d {:02} h", whole / 86400, whole / 3600 % 24);
}

std::string numberLabel(double value) {
    if (std::isnan(value)) return "–";
    if (std::isinf(value)) return value > 0 ? "∞" : "−∞";
    const double a = std::abs(value);
    const char* sign = value < 0 ? "−" : "";
    if (a == 0) return "0";
    const auto trimmed = [&](double v, int decimals) {
        std::string text = fmt::format("{:.{}f}", v, decimals);
        if (text.find('.') != std::string::npos) {
            text.erase(text.find_last_not_of('0') + 1);
            if (text.back() == '.') text.pop_back();
        }
        return sign + text;
    };
    if (a < 1e-4) return sign + fmt::format("{:.2e}", a);
    if (a < 0.1) return trimmed(a, 4);
    if (a < 10) return trimmed(a, 3);
    if (a < 100) return trimmed(a, 2);
    if (a < 1000) return trimmed(a, 1);
    if (a < 1e5) {
        const auto whole = static_cast<std::int64_t>(a + 0.5);
        return fmt::format("{}{},{:03}", sign, whole / 1000, whole % 1000);
    }
    if (a < 1e6) return trimmed(a / 1e3, 0) + " k";
    if (a < 1e9) return trimmed(a / 1e6, a < 1e8 ? 2 : 0) + " M";
    if (a < 1e12) return trimmed(a / 1e9, 2) + " G";
    return sign + fmt::format("{:.2e}", a);
}

ValueScale niceScale(double low, double high, int most) {
    if (!(high > low)) {
        const double pad = low == 0 ? 1 : std::abs(low) * 0.5;
        if (low >= 0) {
            low = std::min(low, 0.0);
            high = std::max(high, low + pad);
        } else {
            low -= pad;
            high += pad;
        }
    }
    const double wanted = (high - low) / std::max(1, most);
    const double step = roundUp(wanted, {1.0, 2.0, 2.5, 5.0});
    return {std::floor(low / step + 1e-9) * step, std::ceil(high / step - 1e-9) * step, step};
}

} // namespace penstock::app

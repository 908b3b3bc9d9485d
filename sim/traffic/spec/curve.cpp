// SPDX-License-Identifier: Apache-2.0
// Knots of each modulation, their product, and its integral.
#include "sim/traffic/spec/curve.h"

#include "engine/types/check.h"
#include "sim/traffic/spec/arrival.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

namespace penstock::sim {
namespace {

constexpr std::int64_t kHourNs = 3'600'000'000'000;
constexpr std::int64_t kDayNs = 24 * kHourNs;

std::int64_t ns(double seconds) {
    return static_cast<std::int64_t>(std::llround(seconds * 1e9));
}

std::vector<double> meanOne(std::vector<double> values) {
    const double mean =
        std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
    PENSTOCK_CHECK(mean > 0);
    for (double& v : values)
        v /= mean;
    return values;
}

} // namespace

double RatePiece::seconds() const {
    if (endNs == kNoTime) return std::numeric_limits<double>::infinity();
    return static_cast<double>(endNs - beginNs) * 1e-9;
}

double RatePiece::at(double x) const {
    double value = 0;
    for (int k = degree; k >= 0; --k)
        value = value * x + coefficients[static_cast<std::size_t>(k)];
    return value;
}

double RatePiece::integral(double x) const {
    double value = 0;
    for (int k = degree; k >= 0; --k) {
        value = value * x + coefficients[static_cast<std::size_t>(k)] / (k + 1);
    }
    return value * x;
}

double RatePiece::solve(double from, double to, double amount) const {
    if (degree == 0) {
        const double x = coefficients[0] > 0 ? from + amount / coefficients[0]
                                             : std::numeric_limits<double>::infinity();
        return x < to ? x : std::numeric_limits<double>::infinity();
    }
    const double base = integral(from);
    if (integral(to) - base <= amount) return std::numeric_limits<double>::infinity();
    // Newton kept inside a bracket: the integral never decreases, so this cannot leave it.
    double low = from;
    double high = to;
    double x = 0.5 * (low + high);
    for (int i = 0; i < 200 && high - low > 1e-10; ++i) {
        const double excess = integral(x) - base - amount;
        (excess > 0 ? high : low) = x;
        const double slope = at(x);
        const double step = slope > 0 ? x - excess / slope : low - 1;
        const double next = step > low && step < high ? step : 0.5 * (low + high);
        if (std::abs(next - x) < 1e-11) {
            x = next;
            break;
        }
        x = next;
    }
    return x;
}

RateCurve::RateCurve(const std::vector<Modulation>& modulations) {
    for (const Modulation& m : modulations)
        parts_.push_back(build(m));
}

RateCurve::Part RateCurve::build(const Modulation& modulation) {
    Part part;
    if (const auto* diurnal = std::get_if<DiurnalModulation>(&modulation)) {
        part.periodNs = kDayNs;
        part.phaseNs = ns(diurnal->startHour * 3600);
        if (diurnal->hourly.empty()) {
            // Mean 1, trough 2/(1+r), peak 2r/(1+r).
            const double ratio = diurnal->peakToTrough;
            const double amplitude = (ratio - 1) / (ratio + 1);
            for (int quarter = 0; quarter <= 96; ++quarter) {
                const double angle =
                    2 * std::numbers::pi * (quarter / 4.0 - diurnal->peakHour) / 24.0;
                part.knots.push_back({quarter * kHourNs / 4, 1 + amplitude * std::cos(angle)});
            }
        } else {
            const std::vector<double> hours = meanOne(diurnal->hourly);
            if (diurnal->interpolate) {
                const double midnight = 0.5 * (hours.front() + hours.back());
                part.knots.push_back({0, midnight});
                for (int h = 0; h < 24; ++h) {
                    part.knots.push_back(
                        {h * kHourNs + kHourNs / 2, hours[static_cast<std::size_t>(h)]});
                }
                part.knots.push_back({kDayNs, midnight});
            } else {
                for (int h = 0; h < 24; ++h) {
                    part.knots.push_back({h * kHourNs, hours[static_cast<std::size_t>(h)]});
                    part.knots.push_back({(h + 1) * kHourNs, hours[static_cast<std::size_t>(h)]});
                }
            }
        }
    } else if (const auto* week = std::get_if<WeekModulation>(&modulation)) {
        part.periodNs = 7 * kDayNs;
        part.phaseNs = ns(week->startDay * 86400);
        const std::vector<double> days = meanOne(week->daily);
        for (int d = 0; d < 7; ++d) {
            part.knots.push_back({d * kDayNs, days[static_cast<std::size_t>(d)]});
            part.knots.push_back({(d + 1) * kDayNs, days[static_cast<std::size_t>(d)]});
        }
    } else if (const auto* spike = std::get_if<SpikeModulation>(&modulation)) {
        const std::int64_t at = ns(spike->atSeconds);
        const std::int64_t until = at + ns(spike->forSeconds);
        const std::int64_t rise = ns(std::min(spike->riseSeconds, spike->forSeconds / 2));
        std::int64_t shift = 0;
        if (spike->everySeconds > 0) {
            part.periodNs = ns(spike->everySeconds);
            part.phaseNs = -at;
            shift = -at;
            part.knots.push_back({0, 1.0});
        }
        part.knots.push_back({at + shift, 1.0});
        part.knots.push_back({at + rise + shift, spike->factor});
        part.knots.push_back({until - rise + shift, spike->factor});
        part.knots.push_back({until + shift, 1.0});
        if (part.periodNs > 0) part.knots.push_back({part.periodNs, 1.0});
    } else {
        const auto& ramp = std::get<RampModulation>(modulation);
        part.knots.push_back({ns(ramp.fromSeconds), ramp.fromFactor});
        part.knots.push_back({ns(ramp.toSeconds), ramp.toFactor});
    }
    return part;
}

RateCurve::Line RateCurve::lineAt(const Part& part, std::int64_t ns) {
    std::int64_t local = ns;
    if (part.periodNs > 0) {
        local = (ns + part.phaseNs) % part.periodNs;
        if (local < 0) local += part.periodNs;
    }
    const auto after = std::upper_bound(part.knots.begin(), part.knots.end(), local,
                                        [](std::int64_t t, const Knot& k) { return t < k.ns; });
    if (after == part.knots.begin()) {
        return {part.knots.front().value, 0, ns + (part.knots.front().ns - local)};
    }
    if (after == part.knots.end()) return {part.knots.back().value, 0, kNoTime};
    const Knot& a = *(after - 1);
    const Knot& b = *after;
    const double slope = (b.value - a.value) / (static_cast<double>(b.ns - a.ns) * 1e-9);
    return {a.value + slope * static_cast<double>(local - a.ns) * 1e-9, slope, ns + (b.ns - local)};
}

void RateCurve::apply(RatePiece& piece) const {
    for (const Part& part : parts_) {
        const Line line = lineAt(part, piece.beginNs);
        piece.endNs = std::min(piece.endNs, line.endNs);
        auto& c = piece.coefficients;
        if (line.slope != 0) {
            ++piece.degree;
            for (int k = piece.degree; k >= 1; --k) {
                const auto i = static_cast<std::size_t>(k);
                c[i] = c[i] * line.value + c[i - 1] * line.slope;
            }
        } else {
            for (int k = piece.degree; k >= 1; --k)
                c[static_cast<std::size_t>(k)] *= line.value;
        }
        c[0] *= line.value;
    }
}

double RateCurve::at(std::int64_t ns) const {
    double value = 1;
    for (const Part& part : parts_)
        value *= lineAt(part, ns).value;
    return value;
}

} // namespace penstock::sim

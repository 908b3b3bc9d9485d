// SPDX-License-Identifier: Apache-2.0
// Functions over a range of samples; see promql_range.h.
#include "sim/metrics/promql_range.h"

#include "engine/types/check.h"

#include <cmath>

namespace penstock::sim::promql {

namespace {

// Neumaier's variant of Kahan summation.
struct CompensatedSum {
    double sum = 0.0;
    double compensation = 0.0;

    void add(double increment) {
        const double total = sum + increment;
        compensation += std::fabs(sum) >= std::fabs(increment) ? (sum - total) + increment
                                                               : (increment - total) + sum;
        sum = total;
    }
    double value() const { return std::isinf(sum) ? sum : sum + compensation; }
};

double average(std::span<const Sample> samples) {
    CompensatedSum mean;
    double count = 0.0;
    for (const Sample& s : samples) {
        count += 1.0;
        if (std::isinf(mean.sum)) {
            // An infinite mean stays unless the sample is NaN or the opposite infinity; the update
            // below would make it NaN.
            if (std::isinf(s.value) && (mean.sum > 0) == (s.value > 0)) continue;
            if (std::isfinite(s.value)) continue;
        }
        mean.add(s.value / count - mean.sum / count);
    }
    return mean.value();
}

std::optional<double> extrapolated(std::span<const Sample> samples, std::int64_t startMs,
                                   std::int64_t endMs, bool counter, bool perSecond) {
    if (samples.size() < 2) return std::nullopt;
    const Sample& first = samples.front();
    const Sample& last = samples.back();
    double change = last.value - first.value;
    if (counter) {
        // Each fall is a reset to zero: what had been counted before it is added back.
        double previous = first.value;
        for (const Sample& s : samples.subspan(1)) {
            if (s.value < previous) change += previous;
            previous = s.value;
        }
    }
    double toStart = static_cast<double>(first.atMs - startMs) / 1000;
    const double toEnd = static_cast<double>(endMs - last.atMs) / 1000;
    const double sampled = static_cast<double>(last.atMs - first.atMs) / 1000;
    const double spacing = sampled / static_cast<double>(samples.size() - 1);
    if (counter && change > 0 && first.value >= 0) {
        // A counter is never negative, so it is not extrapolated to before it was zero.
        const double toZero = sampled * (first.value / change);
        if (toZero < toStart) toStart = toZero;
    }
    // Samples that end well inside the window mean that the series began or ended there; it is then
    // extended by half a spacing only.
    const double threshold = spacing * 1.1;
    double covered = sampled;
    covered += toStart < threshold ? toStart : spacing / 2;
    covered += toEnd < threshold ? toEnd : spacing / 2;
    double factor = covered / sampled;
    if (perSecond) factor /= static_cast<double>(endMs - startMs) / 1000;
    return change * factor;
}

} // namespace

std::optional<double> overRange(Function function, std::span<const Sample> samples,
                                std::int64_t startMs, std::int64_t endMs) {
    switch (function) {
    case Function::rate:
        return extrapolated(samples, startMs, endMs, true, true);
    case Function::increase:
        return extrapolated(samples, startMs, endMs, true, false);
    case Function::delta:
        return extrapolated(samples, startMs, endMs, false, false);
    case Function::avgOverTime:
        return average(samples);
    case Function::sumOverTime: {
        CompensatedSum sum;
        for (const Sample& s : samples)
            sum.add(s.value);
        return sum.value();
    }
    case Function::countOverTime:
        return static_cast<double>(samples.size());
    case Function::lastOverTime:
        return samples.back().value;
    case Function::minOverTime: {
        double least = samples.front().value;
        for (const Sample& s : samples) {
            if (s.value < least || std::isnan(least)) least = s.value;
        }
        return least;
    }
    case Function::maxOverTime: {
        double most = samples.front().value;
        for (const Sample& s : samples) {
            if (s.value > most || std::isnan(most)) most = s.value;
        }
        return most;
    }
    case Function::abs:
    case Function::clamp:
    case Function::clampMin:
    case Function::clampMax:
    case Function::scalar:
    case Function::vector:
        break;
    }
    PENSTOCK_CHECK(false);
    return std::nullopt;
}

} // namespace penstock::sim::promql

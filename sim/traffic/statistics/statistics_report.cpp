// SPDX-License-Identifier: Apache-2.0
// The statistics as text for a person and as JSON for a program. What is undefined is "-" and null.
#include "sim/traffic/statistics/statistics.h"

#include <fmt/format.h>

namespace penstock::sim {
namespace {

nlohmann::json orNull(const std::optional<double>& value) {
    return value ? nlohmann::json(*value) : nlohmann::json(nullptr);
}

nlohmann::json lengthsJson(const LengthHistogram& lengths) {
    if (lengths.count() == 0) return nullptr;
    return {{"mean", lengths.mean()},        {"min", lengths.min()},
            {"p10", lengths.quantile(0.10)}, {"p50", lengths.quantile(0.50)},
            {"p90", lengths.quantile(0.90)}, {"p95", lengths.quantile(0.95)},
            {"p99", lengths.quantile(0.99)}, {"max", lengths.max()}};
}

std::string lengthsText(const LengthHistogram& lengths) {
    if (lengths.count() == 0) return "not recorded";
    return fmt::format("mean {:.1f}  min {}  p50 {}  p90 {}  p99 {}  max {}", lengths.mean(),
                       lengths.min(), lengths.quantile(0.5), lengths.quantile(0.9),
                       lengths.quantile(0.99), lengths.max());
}

} // namespace

std::string TraceStatistics::advice() const {
    std::string out;
    const double meanGap = perSecond ? 1 / *perSecond : 0;
    const double grid = static_cast<double>(gridNs) * 1e-9;
    // Requests that share no instant stand on a grid because they were sent evenly.
    const double shared = sameInstantShare.value_or(0);
    if (gridNs > 0 && grid > 0.1 * meanGap && shared > 0) {
        out += fmt::format("times sit on a grid of {:g} s, coarse beside the mean gap of {:.3g} s: "
                           "{:.0f} % of requests come at the same instant as the one before, which "
                           "no client sent that way. Add the transform dither to spread them.",
                           grid, meanGap, 100 * shared);
    }
    if (counters.inversions > 0) {
        if (!out.empty()) out += ' ';
        out += fmt::format(
            "{} requests stood later in the file than their time, by up to {:g} s; they "
            "were put in order.",
            counters.inversions, static_cast<double>(counters.largestInversionNs) * 1e-9);
    }
    return out;
}

std::string TraceStatistics::text() const {
    std::string out = fmt::format("{}\n", file);
    const auto line = [&](std::string_view name, const std::string& value) {
        out += fmt::format("  {:<22}{}\n", name, value);
    };
    line("format", std::string(traceFormatName(counters.format)));
    if (!sha256.empty()) line("sha256", sha256);
    for (const std::string& transform : transforms)
        line("transform", transform);
    line("requests", fmt::format("{} kept of {} read", counters.rowsKept, counters.rowsRead));
    for (const auto& [reason, count] : counters.dropped) {
        line("dropped", fmt::format("{}: {}", count, reason));
    }
    line("span", fmt::format("{:.1f} s", spanSeconds));
    line("rate", perSecond ? fmt::format("{:.4g} requests/s", *perSecond) : "-");
    line("gap CV", gapCv ? fmt::format("{:.2f}", *gapCv) : "-");
    const auto counts = [](const std::optional<double>& value) {
        return value ? fmt::format("{:.3g}", *value) : std::string("-");
    };
    line("dispersion",
         fmt::format("{} at 1 s, {} at 10 s, {} at 60 s (Poisson: 1)", counts(dispersion[0]),
                     counts(dispersion[1]), counts(dispersion[2])));
    line("1-minute peak/mean",
         minutePeakOverMean ? fmt::format("{:.2f}", *minutePeakOverMean) : "-");
    line("prompt tokens", lengthsText(promptTokens));
    line("output tokens", lengthsText(outputTokens));
    if (unknownOutputs > 0 && outputTokens.count() > 0) {
        line("", fmt::format("{} requests do not say", unknownOutputs));
    }
    if (gridNs > 0) line("time grid", fmt::format("{:g} s", static_cast<double>(gridNs) * 1e-9));
    for (const std::string& note : counters.notes)
        line("note", note);
    if (const std::string text = advice(); !text.empty()) line("note", text);
    return out;
}

nlohmann::json TraceStatistics::json() const {
    nlohmann::json out = {
        {"file", file},
        {"format", traceFormatName(counters.format)},
        {"file_bytes", fileBytes},
        {"transforms", transforms},
        {"rows_read", counters.rowsRead},
        {"rows_kept", counters.rowsKept},
        {"dropped", counters.dropped},
        {"inversions_repaired", counters.inversions},
        {"largest_inversion_s", static_cast<double>(counters.largestInversionNs) * 1e-9},
        {"first_s", firstSeconds},
        {"span_s", spanSeconds},
        {"requests_per_second", orNull(perSecond)},
        {"iat_cv", orNull(gapCv)},
        {"same_instant_share", orNull(sameInstantShare)},
        {"dispersion",
         {{"1s", orNull(dispersion[0])},
          {"10s", orNull(dispersion[1])},
          {"60s", orNull(dispersion[2])}}},
        {"minute_peak_over_mean", orNull(minutePeakOverMean)},
        {"time_grid_s", static_cast<double>(gridNs) * 1e-9},
        {"prompt_tokens", lengthsJson(promptTokens)},
        {"output_tokens", lengthsJson(outputTokens)},
        {"unknown_outputs", unknownOutputs},
        {"notes", counters.notes},
        {"advice", advice()},
    };
    if (!sha256.empty()) out["sha256"] = sha256;
    return out;
}

} // namespace penstock::sim

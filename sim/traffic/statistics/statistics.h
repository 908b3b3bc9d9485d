// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a person wants to know of a trace before believing a run made with it: how much there is,
// how bursty it is at which time scale, how long its requests are, and what had to be mended.
// Gathered in one pass with bounded memory.
#include "engine/types/error.h"
#include "sim/traffic/trace/trace_row.h"
#include "sim/traffic/transform/time_grid.h"

#include <nlohmann/json.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace penstock::sim {

// Quantiles of whole numbers: exact below 131072, to 0.4 % above.
class LengthHistogram {
  public:
    void add(std::uint64_t value);
    std::uint64_t count() const { return count_; }
    double mean() const { return count_ > 0 ? sum_ / static_cast<double>(count_) : 0; }
    std::uint64_t min() const { return min_; }
    std::uint64_t max() const { return max_; }
    // The smallest value that a share `q` of all values does not exceed; 0 if there are none.
    std::uint64_t quantile(double q) const;

  private:
    std::vector<std::uint64_t> exact_;
    std::vector<std::uint64_t> coarse_;
    std::uint64_t count_ = 0;
    std::uint64_t min_ = UINT64_MAX;
    std::uint64_t max_ = 0;
    double sum_ = 0;
};

// Counts in consecutive windows from the first arrival on. The last window, which the end cuts off,
// is left out.
class WindowCounts {
  public:
    explicit WindowCounts(std::int64_t widthNs) : widthNs_(widthNs) {}
    void add(std::int64_t sinceFirstNs); // non-decreasing
    // Variance over mean of the counts (1 for Poisson); none below two windows.
    std::optional<double> dispersion() const;
    std::optional<double> peakOverMean() const; // of the counts; none below one window

  private:
    void close();

    std::int64_t widthNs_;
    std::int64_t window_ = 0;
    std::uint64_t current_ = 0;
    std::uint64_t peak_ = 0;
    double windows_ = 0;
    double sum_ = 0;
    double squares_ = 0;
};

struct TraceStatistics {
    std::string file;
    // Of the file as it lies there, or of a folder's files one after the other; empty if not asked
    // for.
    std::string sha256;
    std::uint64_t fileBytes = 0;
    TraceCounters counters; // rows read, kept, dropped by reason; inversions; format
    std::vector<std::string> transforms;

    double firstSeconds = 0; // of the first request, on the trace's own clock
    double spanSeconds = 0;  // first to last
    // None where so short a trace, or one that comes at one instant, has no such thing.
    std::optional<double> perSecond;                   // requests over span
    std::optional<double> gapCv;                       // of the gaps between arrivals
    std::optional<double> sameInstantShare;            // of gaps that are 0
    std::array<std::optional<double>, 3> dispersion{}; // at 1, 10 and 60 s
    std::optional<double> minutePeakOverMean;
    std::int64_t gridNs = 0; // times are multiples of it; 0: no grid
    LengthHistogram promptTokens;
    LengthHistogram outputTokens;
    std::uint64_t unknownOutputs = 0; // rows that do not say how long their output was

    std::string advice() const; // about the time grid and the inversions; empty if there is none
    std::string text() const;   // for a terminal, several lines
    nlohmann::json json() const;
};

// Feed rows in time order, then finish().
class StatisticsCollector {
  public:
    void add(const TraceRow& row);
    TraceStatistics finish() const; // without file, sha256, counters and transforms

  private:
    std::uint64_t rows_ = 0;
    std::uint64_t sameInstant_ = 0;
    std::int64_t firstNs_ = 0;
    std::int64_t lastNs_ = 0;
    double gapMean_ = 0; // Welford's running mean and sum of squared deviations, in seconds
    double gapSquares_ = 0;
    WindowCounts second_{1'000'000'000};
    WindowCounts tenSeconds_{10'000'000'000};
    WindowCounts minute_{60'000'000'000};
    TimeGrid grid_;
    std::uint64_t unknownOutputs_ = 0;
    LengthHistogram prompt_;
    LengthHistogram output_;
};

// Reads the whole trace once (and the file once more for its checksum).
Result<TraceStatistics> readStatistics(const TraceSource& source, const std::string& directory = {},
                                       std::uint64_t seed = 1);

// The same, showing each row on the way.
Result<TraceStatistics> passTrace(const TraceSource& source, const std::string& directory,
                                  std::uint64_t seed,
                                  const std::function<void(const TraceRow&)>& each);

// Hexadecimal SHA-256 of the bytes of files, one after the other.
Result<std::string> sha256Of(const std::vector<std::string>& paths, std::uint64_t* bytes = nullptr);
// Of a trace: its file, or every file of a folder of clients.
Result<std::string> sha256OfTrace(const std::string& path, TraceFormat format,
                                  std::uint64_t* bytes = nullptr);

} // namespace penstock::sim

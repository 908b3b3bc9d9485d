// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the checks of a TrafficSpec share: a collector of complaints whose messages name the source,
// the field, the value and what would be right, and the checks of laws and traces that many fields
// use.
#include "sim/traffic/spec/spec.h"

#include <string>
#include <vector>

namespace penstock::sim {

// Bounds that are about sanity, not physics: beyond them a number is a mistake in units.
inline constexpr double kMostPerSecond = 1e9;
inline constexpr double kMostSeconds = 1e9; // 31 years
inline constexpr double kMostTokens = 1e9;
inline constexpr double kMostUsers = 10e6;
inline constexpr double kMostGroups = 10e6;
inline constexpr double kMostLoops = 1e6; // of a trace; 0 loops for ever
inline constexpr std::size_t kMostTransforms = 16;
inline constexpr double kLeastCv = 0.001; // but 0

// Keeps the first complaint. `source` may be empty: there is none to name.
class SpecChecker {
  public:
    explicit SpecChecker(std::string source) : source_(std::move(source)) {}

    void complain(const std::string& field, const std::string& what);
    // low <= value <= high; NaN is outside.
    void within(const std::string& field, double value, double low, double high,
                const char* unit = "");
    void positive(const std::string& field, double value, double high, const char* unit = "");
    void ordered(const std::string& low, double a, const std::string& high, double b);
    // As many as `expected`, none negative, not all 0.
    void weights(const std::string& field, const std::vector<double>& values, std::size_t expected);
    Status result() const;

  private:
    std::string source_;
    std::string message_;
};

void check(SpecChecker& c, const std::string& field, const LengthLaw& law);
void check(SpecChecker& c, const std::string& field, const DurationLaw& law);
void check(SpecChecker& c, const std::string& field, const TraceSource& trace);

} // namespace penstock::sim

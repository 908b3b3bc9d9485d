// SPDX-License-Identifier: Apache-2.0
#pragma once

// Laws from which numbers are drawn: lengths in tokens (also sizes of jobs and turns of sessions)
// and durations in seconds. Plain descriptions, filled by the scenario's reader; the drawing is
// in draw.h. Units are in the names.
#include <cstdint>
#include <variant>
#include <vector>

namespace penstock::sim {

// --- lengths, in tokens (or a count). Every draw is rounded to a whole number, at least 1. ---

struct ConstantLength {
    double tokens = 1;
};
struct UniformLength { // whole numbers from min to max, both included
    double minTokens = 1;
    double maxTokens = 1;
};
struct LogNormalLength { // exp(mu + sigma z)
    double mu = 0;
    double sigma = 1;
    double capTokens = 0; // draws above are set to it; 0: no cap
};
struct ExponentialLength {
    double meanTokens = 1;
    double capTokens = 0;
};
struct LengthBin { // uniform over the whole numbers low..high
    double lowTokens = 1;
    double highTokens = 1;
    double weight = 1;
};
struct EmpiricalLength { // a histogram; a bin with low == high is an atom
    std::vector<LengthBin> bins;
};
using LengthLaw = std::variant<ConstantLength, UniformLength, LogNormalLength, ExponentialLength,
                               EmpiricalLength>;

// The log-normal with this mean and coefficient of variation (before rounding and cap).
LogNormalLength logNormalLength(double meanTokens, double cv, double capTokens = 0);

// The mean of a law before rounding; with a cap, of the capped law.
double meanOf(const LengthLaw& law);

// --- durations, in seconds ---

struct ConstantSeconds {
    double seconds = 0;
};
struct UniformSeconds {
    double minSeconds = 0;
    double maxSeconds = 0;
};
struct ExponentialSeconds {
    double meanSeconds = 1;
};
struct LogNormalSeconds { // median * exp(sigma z)
    double medianSeconds = 1;
    double sigma = 1;
    double capSeconds = 0; // draws above are set to it; 0: no cap
};
struct ChoiceSeconds { // one of the values, at random; no weights: all alike
    std::vector<double> seconds;
    std::vector<double> weights;
};
struct CycleSeconds { // the values in turn: the first draw takes the first
    std::vector<double> seconds;
};
using DurationLaw = std::variant<ConstantSeconds, UniformSeconds, ExponentialSeconds,
                                 LogNormalSeconds, ChoiceSeconds, CycleSeconds>;

LogNormalSeconds logNormalSeconds(double meanSeconds, double cv, double capSeconds = 0);
double meanOf(const DurationLaw& law);

} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
#pragma once

// Two reports side by side, with the differences that exceed the noise marked. The noise is best
// taken from replications (the same scenario under several seeds); without them it is estimated:
// two standard deviations of a Poisson count, and a relative bound for everything else.
#include "engine/record/report/report.h"

#include <map>
#include <span>
#include <string>
#include <vector>

namespace penstock {

struct Noise {
    double relative = 0.02;                  // below this a difference is noise
    std::map<std::string, double> halfWidth; // by path: a difference up to this is noise
};

struct CompareRow {
    std::string path;
    Json a, b;      // null where that report has no such value
    double abs = 0; // b - a, for numbers
    double rel = 0; // (b - a) / |a|; 0 when a is 0
    bool beyondNoise = false;
};

// From two or more reports of one scenario under different seeds: the 95 % half-width of the
// difference of two single runs, Student's t times the standard deviation times the root of 2.
Noise noiseOf(std::span<const Json> replications);

// A row for every number and text that is in either, in the order of the first; what must differ
// between any two runs (seed, fingerprint, wall time) is left out.
std::vector<CompareRow> compare(const Json& a, const Json& b, const Noise& noise = {});

// Aligned columns for a terminal; equal rows only when `all`.
std::string toText(const std::vector<CompareRow>& rows, bool all = false);

} // namespace penstock

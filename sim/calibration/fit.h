// SPDX-License-Identifier: Apache-2.0
#pragma once

// Fits the constants of the step-time law to measurements.
//
// The error of a value is log(simulated / measured). A fit minimises the weighted mean of a robust
// loss of the errors (square up to `robust`, linear beyond, so that one odd row does not bend the
// rest) over all values of all rows, every measurement counting alike however many rows it has,
// plus a faint pull towards the start (`pull`), which decides the directions that the data leaves
// open. Method: Gauss-Newton with the derivative taken by differences, each step the bounded
// minimum of the linearised problem (NLopt, SLSQP) within a trust region. The simulation is exact,
// but not smooth: differences are taken over a percent, not over an epsilon.
#include "sim/calibration/measurement.h"
#include "sim/calibration/parameters.h"

#include <functional>
#include <string>
#include <vector>

namespace penstock::sim {

struct FitOptions {
    std::vector<std::string> parameters; // to move; empty: all that the data can speak about
    std::vector<Bound> bounds;
    bool fitA0 = true;
    int iterations = 25; // of each search
    // Searches from this many starts, the first from the given one and the others from points
    // around it, always the same ones; the best counts. The knee of a server makes local minima.
    int starts = 3;
    int threads = 0; // 0: as many as there are cores
    double robust = 0.04;
    double pull = 2e-5;
    // Called from the calling thread: runs of experiments so far, and how many there will be at
    // most.
    std::function<void(std::size_t done, std::size_t most)> progress;
};

struct FittedParameter {
    std::string name; // "e_w", or "a0 (deployment)"
    std::string unit;
    std::string meaning;
    double start = 0.0, value = 0.0, least = 0.0, most = 0.0; // in `unit`
    bool atBound = false;
    // By how much, in percent, the errors change (root of the weighted mean square) when the
    // parameter alone moves by a tenth of its value: what the data sees of it.
    double sensitivity = 0.0;
    // Standard error from the curvature at the optimum, the other parameters free to follow, with
    // the errors that remain taken as noise; in `unit`. At a bound it says little.
    double uncertainty = 0.0;
    bool free = false; // uncertainty above a third of the value: the data does not say
};

// Mean absolute errors of a set of rows, NaN where nothing was measured.
struct ErrorSummary {
    std::string name;
    std::size_t rows = 0;
    std::array<double, kQuantities> mean{}; // relative
    std::array<double, kQuantities> worst{};
};

struct Fit {
    Candidate candidate;
    std::vector<FittedParameter> parameters;
    double loss = 0.0;      // at the end
    double startLoss = 0.0; // at the start
    int iterations = 0;
    // Of the problem in units of a step that matters: the ratio of the best to the worst seen
    // direction, and what the worst one is made of, largest share first.
    double condition = 0.0;
    std::vector<std::pair<std::string, double>> weakest;
    std::vector<std::vector<Values>> predicted; // by set and row
};

// Values of a row that a fit uses, with their weights (0: only reported).
double weightOf(const MeasurementSet& set, const MeasuredRow& row, Quantity quantity);

// The errors name measurements in which nothing can be fitted and parameters that do not exist.
Result<Fit> fit(const Measurements& measurements, const Candidate& start,
                const FitOptions& options);

// Every row under a candidate, by set and row; experiments run on `threads`.
std::vector<std::vector<Values>> predictAll(const Measurements& measurements,
                                            const Candidate& candidate, int threads = 0);

// Errors of the values of one set that `filter` lets through.
ErrorSummary summarise(const std::string& name, const MeasurementSet& set,
                       const std::vector<Values>& predicted,
                       const std::function<bool(const MeasuredRow&, Quantity)>& filter);

struct HeldOut {
    std::string group;
    std::size_t set = 0;
    ErrorSummary inside;  // of the fit to everything
    ErrorSummary outside; // of a fit that has not seen the group
    Candidate candidate;
};

// Fits once for every group with that group left out, from the given start alone, and predicts it.
// A single group is taken apart: row by row, or by fifths of many rows. Empty where there is one
// row.
Result<std::vector<HeldOut>> crossValidate(const Measurements& measurements, const Candidate& start,
                                           const Fit& whole, const FitOptions& options);

} // namespace penstock::sim

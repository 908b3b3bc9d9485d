// SPDX-License-Identifier: Apache-2.0
#pragma once

// Measurements of real model servers in the terms of the experiments that made them: which server,
// what was asked of it, what its client saw. Plain data; plan_reader.h makes it from files, fit.h
// and validation.h compare it with the load model.
#include "sim/calibration/experiment.h"
#include "sim/fleet/step_time.h"
#include "sim/scenario/scenario.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <variant>
#include <vector>

namespace penstock::sim {

// Means over the requests of a row: milliseconds, and requests a second.
enum class Quantity : std::uint8_t { ttft, tpot, e2e, completed };
inline constexpr std::size_t kQuantities = 4;
const char* nameOf(Quantity quantity); // "TTFT", "TPOT", "E2E", "completed"
const char* unitOf(Quantity quantity); // "ms" or "rps"
// Their names in plans and reports: ttft, tpot, e2e, completed_rps.
const char* keyOf(Quantity quantity);

// What was measured, or predicted; NaN where it was not.
struct Values {
    std::array<double, kQuantities> of{nan(), nan(), nan(), nan()};

    double operator[](Quantity q) const { return of[static_cast<std::size_t>(q)]; }
    double& operator[](Quantity q) { return of[static_cast<std::size_t>(q)]; }
    bool has(Quantity q) const { return !std::isnan((*this)[q]); }
    static double nan() { return std::numeric_limits<double>::quiet_NaN(); }
};

// One server as it was set up. Deployments of the same key share their a0 and may have one of their
// own; everything else of the law is common to all.
struct Deployment {
    std::string key; // what shares an a0: the measurement's `deployment`, by default GPU + model
    ReplicaGroup replica; // with the constants of the moment of reading
    GpuSpec gpu;          // meaningless for coefficients
    ModelSpec model;
    bool a0Given = false; // and therefore not fitted
    bool lawful() const { return replica.config.cost.backEnd == StepBackEnd::analytic; }
};

struct MeasuredRow {
    int line = 0;           // of the file; of its first request for a log
    std::string label;      // "tp 2, 1024/128, 64 users"
    std::string group;      // left out together in cross-validation
    bool saturated = false; // the server could not keep up: throughput is what is measured
    double load = 0.0; // of a load stage: offered / the most that was ever completed, where known
    Values measured;
    std::size_t experiment = 0; // of the same set
    std::size_t first = 0;      // a log is cut into slices: requests first … first + count - 1
    std::size_t count = 0;
};

struct Experiment {
    std::size_t deployment = 0; // index in Measurements::deployments
    std::variant<LoadStage, ClosedLoop, std::vector<LoggedRequest>> what;
};

// A bound that a validation holds the simulation to.
struct Check {
    Quantity quantity = Quantity::completed;
    enum class Rows : std::uint8_t { all, saturated, unsaturated } rows = Rows::all;
    bool each = false;  // every row, not the mean of the absolute errors
    double below = 0.0; // relative error
    int line = 0;       // of the plan
};

struct MeasurementSet {
    std::string name;
    std::string source; // who measured, and the licence
    std::string file;
    bool fit = true; // a calibration uses it; a validation always does
    std::vector<Experiment> experiments;
    std::vector<MeasuredRow> rows;
    std::vector<Check> checks;
    // Of a log: what each request took, and the server's own series if there is one.
    std::vector<Replay::Times> requests;
    struct Second {
        double at = 0.0, running = 0.0, waiting = 0.0;
    };
    std::vector<Second> series;
};

struct Measurements {
    std::vector<Deployment> deployments;
    std::vector<MeasurementSet> sets;
    // Sets of a plan whose file is not there: name and file.
    std::vector<std::pair<std::string, std::string>> missing;
    // Sets whose file is there and cannot be read: name and why.
    std::vector<std::pair<std::string, Error>> unreadable;
};

// The constants of the law and, per deployment key, a0.
struct Candidate {
    StepConstants constants;
    std::vector<std::pair<std::string, double>> a0Ms; // by deployment key; others keep their own
};

// The replica of a deployment under a candidate: only a deployment that obeys the law changes.
ReplicaConfig configFor(const Deployment& deployment, const Candidate& candidate);

// What the load model gives for one experiment: one Values for each of the set's rows that belong
// to it, in their order.
std::vector<Values> predict(const MeasurementSet& set, std::size_t experiment,
                            const ReplicaConfig& config);

} // namespace penstock::sim

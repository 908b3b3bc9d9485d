// SPDX-License-Identifier: Apache-2.0
#pragma once

// The load model against everything that is known about real servers: published measurements, the
// answers of queueing theory, physics, and what must hold of any run. Each check is a number, what
// it should be, and a bound; a check without its data is skipped and says so.
#include "sim/calibration/fit.h"
#include "sim/scenario/profile.h"
#include "sim/scenario/replica_reader.h"
#include "sim/validation/xy_chart.h"

#include <nlohmann/json.hpp>

#include <functional>
#include <string>
#include <vector>

namespace penstock::sim {

struct ValidationCheck {
    enum class Outcome : std::uint8_t { pass, fail, skipped };
    std::string name;
    std::string expected; // "113 rps", "below 6 %", "equal"
    std::string found;
    std::string error; // "2.1 %"; empty where there is none
    std::string bound; // "5 %"
    Outcome outcome = Outcome::pass;
    double value = 0.0; // what is held to the bound: an error as a share
    double limit = 0.0;
    std::string note;
};

struct ValidationSection {
    std::string title;
    std::string about; // in a sentence or two
    std::vector<ValidationCheck> checks;
    std::vector<XyChart> charts;
    // A table of every row: header, then rows.
    std::vector<std::vector<std::string>> table;
};

struct Validation {
    std::string constants; // whose: a profile's name, or the defaults
    Profile profile;       // they, and what they were fitted to
    std::vector<ValidationSection> sections;

    std::size_t count(ValidationCheck::Outcome outcome) const;
    bool passed() const { return count(ValidationCheck::Outcome::fail) == 0; }
};

struct ValidationOptions {
    std::string constants = "defaults";
    Profile profile;
    std::vector<std::string>
        sections;        // measured, physics, overload, theory, invariants; empty: all
    double effort = 1.0; // share of the requests of the theory checks; below 1 their bound is wider
    int threads = 0;
    std::function<void(double done)> progress; // from the calling thread
};

inline const char* const kValidationSections[] = {"measured", "physics", "overload", "theory",
                                                  "invariants"};

Validation validate(const Measurements& measurements, const Hardware& hardware,
                    const ValidationOptions& options);

// Parts of it, one a file.
std::vector<ValidationSection> measuredSections(const Measurements& measurements,
                                                const ValidationOptions& options);
ValidationSection physicsSection(const Hardware& hardware, const ValidationOptions& options);
ValidationSection overloadSection(const Hardware& hardware, const ValidationOptions& options);
ValidationSection theorySection(const ValidationOptions& options);
ValidationSection invariantsSection(const Hardware& hardware, const ValidationOptions& options);

// A check that |error| stays below the limit.
ValidationCheck checkError(std::string name, std::string expected, std::string found, double error,
                           double limit);
// A check that something holds.
ValidationCheck checkHolds(std::string name, std::string expected, std::string found, bool holds);

inline constexpr const char* kValidationSchema = "penstock.validation/1";
nlohmann::ordered_json toJson(const Validation& validation);
std::string toMarkdown(const Validation& validation); // the checks, as tables
std::string toHtml(const Validation& validation);     // one page that needs nothing else

} // namespace penstock::sim

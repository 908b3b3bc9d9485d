// SPDX-License-Identifier: Apache-2.0
#include "sim/validation/validation.h"

#include "sim/calibration/fit_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace penstock::sim {

using Outcome = ValidationCheck::Outcome;

std::size_t Validation::count(Outcome outcome) const {
    std::size_t n = 0;
    for (const ValidationSection& section : sections) {
        for (const ValidationCheck& check : section.checks)
            n += check.outcome == outcome ? 1 : 0;
    }
    return n;
}

ValidationCheck checkError(std::string name, std::string expected, std::string found, double error,
                           double limit) {
    ValidationCheck check;
    check.name = std::move(name);
    check.expected = std::move(expected);
    check.found = std::move(found);
    check.error = percent(error);
    check.bound = fmt::format("{:.3g} %", 100.0 * limit);
    check.value = error;
    check.limit = limit;
    check.outcome = std::abs(error) <= limit ? Outcome::pass : Outcome::fail; // NaN fails
    return check;
}

ValidationCheck checkHolds(std::string name, std::string expected, std::string found, bool holds) {
    ValidationCheck check;
    check.name = std::move(name);
    check.expected = std::move(expected);
    check.found = std::move(found);
    check.outcome = holds ? Outcome::pass : Outcome::fail;
    return check;
}

Validation validate(const Measurements& measurements, const Hardware& hardware,
                    const ValidationOptions& options) {
    Validation out;
    out.constants = options.constants;
    out.profile = options.profile;
    const auto wanted = [&](const char* name) {
        return options.sections.empty() ||
               std::find(options.sections.begin(), options.sections.end(), name) !=
                   options.sections.end();
    };
    const auto tell = [&](double done) {
        if (options.progress) options.progress(done);
    };
    // Shares of the time that the parts take.
    if (wanted("measured")) out.sections = measuredSections(measurements, options);
    tell(0.3);
    if (wanted("physics")) out.sections.push_back(physicsSection(hardware, options));
    if (wanted("overload")) out.sections.push_back(overloadSection(hardware, options));
    tell(0.4);
    if (wanted("theory")) out.sections.push_back(theorySection(options));
    tell(0.9);
    if (wanted("invariants")) out.sections.push_back(invariantsSection(hardware, options));
    tell(1.0);
    return out;
}

namespace {

const char* wordFor(Outcome outcome) {
    if (outcome == Outcome::pass) return "pass";
    return outcome == Outcome::fail ? "FAIL" : "skipped";
}

} // namespace

std::string toMarkdown(const Validation& v) {
    std::string out;
    const auto to = std::back_inserter(out);
    for (const ValidationSection& section : v.sections) {
        fmt::format_to(to, "{}\n\n", section.title);
        if (!section.checks.empty()) {
            out += "| | check | should be | is | error | bound |\n"
                   "| --- | --- | --- | --- | --: | --: |\n";
        }
        for (const ValidationCheck& c : section.checks) {
            fmt::format_to(to, "| {} | {} | {} | {} | {} | {} |\n", wordFor(c.outcome), c.name,
                           c.expected, c.note.empty() ? c.found : c.found + " (" + c.note + ")",
                           c.error, c.bound);
        }
        out += "\n";
    }
    fmt::format_to(to, "{} checks pass, {} fail, {} skipped; constants: {}.\n",
                   v.count(Outcome::pass), v.count(Outcome::fail), v.count(Outcome::skipped),
                   v.constants);
    return out;
}

nlohmann::ordered_json toJson(const Validation& v) {
    nlohmann::ordered_json out;
    out["schema"] = kValidationSchema;
    out["constants"] = v.constants;
    out["pass"] = v.count(Outcome::pass);
    out["fail"] = v.count(Outcome::fail);
    out["skipped"] = v.count(Outcome::skipped);
    for (const Profile::Evidence& e : v.profile.fittedTo)
        out["fitted_to"].push_back({{"measurement", e.measurement}, {"outcome", e.outcome}});
    out["sections"] = nlohmann::ordered_json::array();
    for (const ValidationSection& section : v.sections) {
        nlohmann::ordered_json s{{"title", section.title}, {"about", section.about}};
        s["checks"] = nlohmann::ordered_json::array();
        for (const ValidationCheck& c : section.checks) {
            s["checks"].push_back(
                {{"name", c.name},
                 {"outcome", wordFor(c.outcome)},
                 {"expected", c.expected},
                 {"found", c.found},
                 {"value", std::isfinite(c.value) ? nlohmann::ordered_json(c.value) : nullptr},
                 {"limit", c.limit},
                 {"note", c.note}});
        }
        s["rows"] = section.table;
        out["sections"].push_back(std::move(s));
    }
    return out;
}

} // namespace penstock::sim

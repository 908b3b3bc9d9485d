// SPDX-License-Identifier: Apache-2.0
#include "sim/calibration/fit_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

namespace penstock::sim {
namespace {

using nlohmann::ordered_json;

ordered_json number(double value) {
    return std::isnan(value) ? ordered_json(nullptr) : ordered_json(value);
}

// The errors of a set, apart for rows the server kept up with and rows it did not.
std::vector<ErrorSummary> summariesOf(const Calibration& c, std::size_t set) {
    std::vector<ErrorSummary> out;
    for (const bool saturated : {false, true}) {
        const MeasurementSet& s = c.measurements->sets[set];
        const auto mine = [&](const MeasuredRow& row, Quantity) {
            return row.saturated == saturated;
        };
        ErrorSummary e =
            summarise(s.name + (saturated ? " (saturated)" : ""), s, c.fit->predicted[set], mine);
        if (e.rows > 0) out.push_back(std::move(e));
    }
    return out;
}

bool used(const Calibration& c, std::size_t set) {
    const MeasurementSet& s = c.measurements->sets[set];
    return s.fit && std::any_of(s.rows.begin(), s.rows.end(), [&](const MeasuredRow& row) {
               return c.measurements->deployments[s.experiments[row.experiment].deployment]
                   .lawful();
           });
}

// The names of those with `flag` set, "" if there are none.
std::string namesOf(const Fit& fit, bool FittedParameter::*flag) {
    std::string out;
    for (const FittedParameter& p : fit.parameters) {
        if (p.*flag) out += (out.empty() ? "" : ", ") + p.name;
    }
    return out;
}

// Errors this large are seldom the law's: "ttft_ms" in seconds, another model, a wrong GPU.
std::vector<std::string> suspicions(const Calibration& c) {
    constexpr double kFactor = 2.0;
    std::vector<std::string> out;
    for (std::size_t s = 0; s < c.measurements->sets.size(); ++s) {
        const MeasurementSet& set = c.measurements->sets[s];
        for (std::size_t q = 0; q < kQuantities; ++q) {
            const auto quantity = static_cast<Quantity>(q);
            std::vector<double> ratios;
            for (std::size_t r = 0; r < set.rows.size(); ++r) {
                if (weightOf(set, set.rows[r], quantity) == 0.0) continue;
                ratios.push_back(c.fit->predicted[s][r][quantity] / set.rows[r].measured[quantity]);
            }
            if (ratios.empty()) continue;
            const auto middle = ratios.begin() + static_cast<std::ptrdiff_t>(ratios.size() / 2);
            std::nth_element(ratios.begin(), middle, ratios.end());
            if (*middle <= kFactor && *middle >= 1.0 / kFactor) continue;
            out.push_back(
                fmt::format("{}: simulated {} is {:.3g} times the measured in half of the rows. "
                            "Is it in {}, and is the server the one described?",
                            set.name, nameOf(quantity), *middle, unitOf(quantity)));
        }
    }
    return out;
}

std::string errorCells(const ErrorSummary& e) {
    return fmt::format("{} | {} | {} | {}", percent(e.mean[0]), percent(e.mean[1]),
                       percent(e.mean[2]), percent(e.mean[3]));
}

// " TPOT 1.5 % E2E 1.8 %": what was measured.
std::string errorWords(const ErrorSummary& e) {
    std::string out;
    for (std::size_t q = 0; q < kQuantities; ++q) {
        if (std::isnan(e.mean[q])) continue;
        out += fmt::format(" {} {}", nameOf(static_cast<Quantity>(q)), percent(e.mean[q]));
    }
    return out;
}

} // namespace

std::string percent(double share) {
    return std::isnan(share) ? "-" : fmt::format("{:.1f} %", 100.0 * share);
}

std::string toText(const Calibration& c, bool everyRow) {
    const Fit& fit = *c.fit;
    std::string out;
    const auto to = std::back_inserter(out);
    std::size_t sets = 0, rows = 0;
    for (std::size_t s = 0; s < c.measurements->sets.size(); ++s) {
        if (!used(c, s)) continue;
        ++sets;
        rows += c.measurements->sets[s].rows.size();
    }
    fmt::format_to(
        to,
        "Fitted {} parameters to {} measurements of {} rows; loss {:.5f}, at the start {:.5f}.\n\n",
        fit.parameters.size(), sets, rows, fit.loss, fit.startLoss);
    out += "| parameter | start | fitted | uncertainty | range | a tenth more moves the errors by "
           "| |\n"
           "| --- | --: | --: | --: | --- | --: | --- |\n";
    for (const FittedParameter& p : fit.parameters) {
        const std::string unit = p.unit.empty() ? "" : " " + p.unit;
        fmt::format_to(
            to, "| {} | {:.3g} | {:.3g}{} | {:.2g} | {:.3g} to {:.3g} | {:.2f} % | {}{}{} |\n",
            p.name, p.start, p.value, unit, p.uncertainty, p.least, p.most, p.sensitivity,
            p.meaning, p.atBound ? "; AT ITS BOUND" : "", p.free ? "; the data does not say" : "");
    }
    const std::string free = namesOf(fit, &FittedParameter::free);
    if (!free.empty()) {
        fmt::format_to(to,
                       "\nThe data leaves open: {}. Their uncertainty is above a third of their "
                       "value: together they explain the rows, one by one they mean little.\n",
                       free);
    }
    fmt::format_to(to, "Condition {:.0f}; the direction seen worst:", fit.condition);
    for (const auto& [name, share] : fit.weakest)
        fmt::format_to(to, " {:+.2f} {}", share, name);
    out += "\n\nMean absolute errors of what was fitted and of what was only compared:\n\n"
           "| measurement | rows | TTFT | TPOT | E2E | completed | fitted |\n"
           "| --- | --: | --: | --: | --: | --: | --- |\n";
    for (std::size_t s = 0; s < c.measurements->sets.size(); ++s) {
        for (const ErrorSummary& e : summariesOf(c, s)) {
            fmt::format_to(to, "| {} | {} | {} | {} |\n", e.name, e.rows, errorCells(e),
                           used(c, s) ? "yes" : "no");
        }
    }
    for (const std::string& suspicion : suspicions(c))
        fmt::format_to(to, "\nwarning: {}\n", suspicion);
    if (c.heldOut.empty()) {
        out += "\nNo cross-validation: how well rows are predicted that the fit has not seen is "
               "unknown.\n";
    } else {
        out += "\nCross-validation: each group as predicted by a fit that has not seen it.\n\n"
               "| left out | TTFT | TPOT | E2E | completed | TPOT, E2E when fitted |\n"
               "| --- | --: | --: | --: | --: | --- |\n";
        for (const HeldOut& h : c.heldOut) {
            fmt::format_to(to, "| {} | {} | {}, {} |\n", h.group, errorCells(h.outside),
                           percent(h.inside.mean[1]), percent(h.inside.mean[2]));
        }
    }
    if (everyRow) {
        out += "\nEvery row, simulated / measured:\n";
        for (std::size_t s = 0; s < c.measurements->sets.size(); ++s) {
            const MeasurementSet& set = c.measurements->sets[s];
            fmt::format_to(
                to,
                "\n{}, {}\n\n| line | row | TTFT ms | TPOT ms | E2E ms | completed rps |\n"
                "| --: | --- | --: | --: | --: | --: |\n",
                set.name, set.file);
            for (std::size_t r = 0; r < set.rows.size(); ++r) {
                const MeasuredRow& row = set.rows[r];
                fmt::format_to(to, "| {} | {}{} ", row.line, row.label,
                               row.saturated ? ", saturated" : "");
                for (std::size_t q = 0; q < kQuantities; ++q) {
                    const double measured = row.measured.of[q],
                                 simulated = fit.predicted[s][r].of[q];
                    if (std::isnan(measured)) {
                        out += "| - ";
                    } else {
                        fmt::format_to(to, "| {:.4g} / {:.4g} ({:+.1f} %) ", simulated, measured,
                                       100.0 * (simulated / measured - 1.0));
                    }
                }
                out += "|\n";
            }
        }
    }
    return out;
}

ordered_json toJson(const Calibration& c) {
    const Fit& fit = *c.fit;
    ordered_json out;
    out["schema"] = kCalibrationSchema;
    out["loss"] = fit.loss;
    out["start_loss"] = fit.startLoss;
    out["iterations"] = fit.iterations;
    out["condition"] = fit.condition;
    for (const auto& [name, share] : fit.weakest)
        out["weakest_direction"][name] = share;
    out["parameters"] = ordered_json::array();
    for (const FittedParameter& p : fit.parameters) {
        out["parameters"].push_back({{"name", p.name},
                                     {"unit", p.unit},
                                     {"meaning", p.meaning},
                                     {"start", p.start},
                                     {"value", p.value},
                                     {"least", p.least},
                                     {"most", p.most},
                                     {"uncertainty", p.uncertainty},
                                     {"sensitivity_percent", p.sensitivity},
                                     {"at_bound", p.atBound},
                                     {"free", p.free}});
    }
    out["measurements"] = ordered_json::array();
    for (std::size_t s = 0; s < c.measurements->sets.size(); ++s) {
        const MeasurementSet& set = c.measurements->sets[s];
        ordered_json m{
            {"name", set.name}, {"file", set.file}, {"source", set.source}, {"fitted", used(c, s)}};
        m["rows"] = ordered_json::array();
        for (std::size_t r = 0; r < set.rows.size(); ++r) {
            ordered_json row{{"line", set.rows[r].line},
                             {"row", set.rows[r].label},
                             {"saturated", set.rows[r].saturated}};
            for (std::size_t q = 0; q < kQuantities; ++q) {
                const auto quantity = static_cast<Quantity>(q);
                if (!set.rows[r].measured.has(quantity)) continue;
                const double measured = set.rows[r].measured[quantity];
                const double simulated = fit.predicted[s][r][quantity];
                row[keyOf(quantity)] = {{"measured", measured},
                                        {"simulated", number(simulated)},
                                        {"error", number(simulated / measured - 1.0)}};
            }
            m["rows"].push_back(std::move(row));
        }
        out["measurements"].push_back(std::move(m));
    }
    out["warnings"] = suspicions(c);
    out["cross_validation"] = ordered_json::array();
    for (const HeldOut& h : c.heldOut) {
        ordered_json row{{"left_out", h.group}};
        for (std::size_t q = 0; q < kQuantities; ++q) {
            row[keyOf(static_cast<Quantity>(q))] = {{"error_unseen", number(h.outside.mean[q])},
                                                    {"error_fitted", number(h.inside.mean[q])}};
        }
        out["cross_validation"].push_back(std::move(row));
    }
    return out;
}

Profile toProfile(const Calibration& c, const std::string& name, const std::string& about) {
    Profile p;
    p.name = name;
    p.about = about;
    p.constants = c.fit->candidate.constants;
    if (!c.fit->candidate.a0Ms.empty())
        p.a0 = fromSeconds(c.fit->candidate.a0Ms.front().second * 1e-3);
    for (std::size_t s = 0; s < c.measurements->sets.size(); ++s) {
        if (!used(c, s)) continue;
        const MeasurementSet& set = c.measurements->sets[s];
        const Deployment& d = c.measurements->deployments[set.experiments.front().deployment];
        if (p.gpu.empty()) p.gpu = d.replica.gpu;
        const ErrorSummary e =
            summarise(set.name, set, c.fit->predicted[s], [&](const MeasuredRow& row, Quantity q) {
                return weightOf(set, row, q) > 0.0;
            });
        std::string outcome = fmt::format("{} rows; mean absolute errors", e.rows);
        outcome += errorWords(e);
        for (const HeldOut& h : c.heldOut) {
            if (h.set != s) continue;
            outcome += h.group == set.name ? "; predicted unseen" : "; unseen " + h.group;
            outcome += errorWords(h.outside);
        }
        p.fittedTo.push_back(
            {set.name + (set.source.empty() ? "" : " (" + set.source + ")"), outcome});
    }
    const auto say = [&](const std::string& names, const char* what) {
        if (!names.empty())
            p.about += fmt::format("{}{}: {}.", p.about.empty() ? "" : " ", what, names);
    };
    say(namesOf(*c.fit, &FittedParameter::atBound), "At a bound that other measurements set");
    say(namesOf(*c.fit, &FittedParameter::free), "The data leaves open");
    std::string others;
    for (std::size_t i = 1; i < c.fit->candidate.a0Ms.size(); ++i) {
        const auto& [key, ms] = c.fit->candidate.a0Ms[i];
        others += fmt::format("{}{:.2f} ms for {}", others.empty() ? "" : ", ", ms, key);
    }
    say(others, "Other deployments' a0");
    return p;
}

} // namespace penstock::sim

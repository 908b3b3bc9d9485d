// SPDX-License-Identifier: Apache-2.0
// Published measurements: every row simulated, the plan's checks, and curves through the measured
// points.
#include "sim/calibration/fit_report.h"
#include "sim/calibration/workers.h"
#include "sim/validation/validation.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace penstock::sim {
namespace {

constexpr int kColors = 6;

std::string valueText(double value, Quantity quantity) {
    if (std::isnan(value)) return "-";
    constexpr double kManyMs = 1e4;
    if (quantity != Quantity::completed && value >= kManyMs) {
        return fmt::format("{:.1f} s", value * 1e-3);
    }
    return fmt::format("{:.4g} {}", value, unitOf(quantity));
}

bool inRows(const MeasuredRow& row, Check::Rows rows) {
    if (rows == Check::Rows::all) return true;
    return row.saturated == (rows == Check::Rows::saturated);
}

const char* wordFor(Check::Rows rows) {
    if (rows == Check::Rows::saturated) return "saturated rows";
    return rows == Check::Rows::unsaturated ? "rows it kept up with" : "all rows";
}

// The mean over the requests of a log, of slices weighted by their size.
double logMean(const MeasurementSet& set, const std::vector<Values>* predicted, Quantity quantity) {
    double sum = 0.0, count = 0.0;
    for (std::size_t r = 0; r < set.rows.size(); ++r) {
        const double n = static_cast<double>(set.rows[r].count);
        sum +=
            n * (predicted != nullptr ? (*predicted)[r][quantity] : set.rows[r].measured[quantity]);
        count += n;
    }
    return sum / count;
}

void addChecks(const MeasurementSet& set, const std::vector<Values>& predicted,
               ValidationSection& out) {
    const bool log = !set.requests.empty();
    for (const Check& check : set.checks) {
        const char* quantity = nameOf(check.quantity);
        if (log) {
            const double measured = logMean(set, nullptr, check.quantity);
            const double simulated = logMean(set, &predicted, check.quantity);
            out.checks.push_back(checkError(
                fmt::format("{}: mean {}", set.name, quantity), valueText(measured, check.quantity),
                valueText(simulated, check.quantity), simulated / measured - 1.0, check.below));
            continue;
        }
        double sum = 0.0, count = 0.0;
        for (std::size_t r = 0; r < set.rows.size(); ++r) {
            const MeasuredRow& row = set.rows[r];
            if (!inRows(row, check.rows) || !row.measured.has(check.quantity)) continue;
            const double measured = row.measured[check.quantity];
            const double simulated = predicted[r][check.quantity];
            sum += std::abs(simulated / measured - 1.0);
            count += 1.0;
            if (!check.each) continue;
            out.checks.push_back(checkError(
                fmt::format("{}, {}: {}", set.name, row.label, quantity),
                valueText(measured, check.quantity), valueText(simulated, check.quantity),
                simulated / measured - 1.0, check.below));
        }
        if (check.each) continue;
        out.checks.push_back(checkError(
            fmt::format("{}: mean error of {}", set.name, quantity),
            fmt::format("below {}", percent(check.below)),
            fmt::format("{} of {:.0f} {}", percent(sum / count), count, wordFor(check.rows)),
            sum / count, check.below));
    }
}

void addRows(const MeasurementSet& set, const std::vector<Values>& predicted,
             ValidationSection& out) {
    if (out.table.empty()) {
        out.table.push_back(
            {"measurement", "row", "", "TTFT ms", "TPOT ms", "E2E ms", "completed rps"});
    }
    for (std::size_t r = 0; r < set.rows.size(); ++r) {
        const MeasuredRow& row = set.rows[r];
        std::vector<std::string> cells{set.name, row.label, row.saturated ? "saturated" : ""};
        for (std::size_t q = 0; q < kQuantities; ++q) {
            const double measured = row.measured.of[q], simulated = predicted[r].of[q];
            cells.push_back(std::isnan(measured)
                                ? "-"
                                : fmt::format("{:.4g} / {:.4g} ({:+.1f} %)", simulated, measured,
                                              100.0 * (simulated / measured - 1.0)));
        }
        out.table.push_back(std::move(cells));
    }
}

// Times and throughput against the offered rate, several measurements of one deployment in a chart:
// the curve is simulated at rates between the measured ones too.
void addLoadCurves(const Measurements& m, const std::vector<std::size_t>& sets,
                   const Candidate& candidate, int threads, ValidationSection& out) {
    constexpr std::size_t kPoints = 32;
    const Quantity order[] = {Quantity::completed, Quantity::e2e, Quantity::tpot, Quantity::ttft};
    std::vector<XyChart> charts;
    for (const Quantity quantity : order) {
        XyChart chart;
        chart.title = quantity == Quantity::completed ? "Completed requests" : nameOf(quantity);
        chart.yLabel = quantity == Quantity::completed ? "per second" : "ms";
        chart.xLabel = "offered requests per second";
        chart.logY = quantity == Quantity::ttft || quantity == Quantity::e2e;
        charts.push_back(std::move(chart));
    }
    for (std::size_t i = 0; i < sets.size(); ++i) {
        const MeasurementSet& set = m.sets[sets[i]];
        const int color = static_cast<int>(i) % kColors;
        double most = 0.0;
        for (const Experiment& e : set.experiments)
            most = std::max(most, std::get<LoadStage>(e.what).perSecond);
        std::vector<std::pair<double, Seen>> curve(kPoints);
        forEachOnThreads(kPoints, threads, [&](std::size_t k) {
            const Experiment& first = set.experiments.front();
            LoadStage stage = std::get<LoadStage>(first.what);
            stage.perSecond = 1.0 + (most - 1.0) * static_cast<double>(k) / (kPoints - 1);
            const ReplicaConfig config = configFor(m.deployments[first.deployment], candidate);
            curve[k] = {stage.perSecond, runLoadStage(config, stage)};
        });
        for (std::size_t q = 0; q < std::size(order); ++q) {
            XyChart::Series line{set.name, color, false, {}}, dots{"", color, true, {}};
            for (const auto& [rate, seen] : curve) {
                const double values[] = {seen.completedPerSecond, seen.e2eMs, seen.tpotMs,
                                         seen.ttftMs};
                line.points.emplace_back(rate, values[q]);
            }
            for (const MeasuredRow& row : set.rows) {
                const auto& stage = std::get<LoadStage>(set.experiments[row.experiment].what);
                dots.points.emplace_back(stage.perSecond, row.measured[order[q]]);
            }
            charts[q].series.push_back(std::move(line));
            charts[q].series.push_back(std::move(dots));
        }
    }
    for (XyChart& chart : charts) {
        chart.note = "lines simulated, dots measured";
        out.charts.push_back(std::move(chart));
    }
}

// TPOT against the number of users, a chart for each pair of lengths, a colour for each tp.
void addClosedLoops(const Measurements& m, const MeasurementSet& set,
                    const std::vector<Values>& predicted, ValidationSection& out) {
    struct Lines {
        XyChart::Series simulated, measured;
    };
    std::map<std::pair<std::int32_t, std::int32_t>, std::map<int, Lines>> charts;
    for (std::size_t r = 0; r < set.rows.size(); ++r) {
        const Experiment& e = set.experiments[set.rows[r].experiment];
        const auto& loop = std::get<ClosedLoop>(e.what);
        const int tp = m.deployments[e.deployment].replica.tp;
        Lines& lines = charts[{loop.promptTokens, loop.outputTokens}][tp];
        lines.simulated.points.emplace_back(loop.concurrency, predicted[r][Quantity::tpot]);
        lines.measured.points.emplace_back(loop.concurrency, set.rows[r].measured[Quantity::tpot]);
    }
    for (auto& [lengths, byTp] : charts) {
        XyChart chart;
        chart.title = fmt::format("TPOT, {} tokens in, {} out", lengths.first, lengths.second);
        chart.note = set.name + "; lines simulated, dots measured";
        chart.xLabel = "users, each with one request at a time";
        chart.yLabel = "ms";
        chart.logX = chart.logY = true;
        int color = 0;
        for (auto& [tp, lines] : byTp) {
            std::sort(lines.simulated.points.begin(), lines.simulated.points.end());
            lines.simulated.label = fmt::format("tp {}", tp);
            lines.simulated.color = lines.measured.color = color++ % kColors;
            lines.measured.dots = true;
            chart.series.push_back(std::move(lines.simulated));
            chart.series.push_back(std::move(lines.measured));
        }
        out.charts.push_back(std::move(chart));
    }
}

void addLog(const Measurements& m, const MeasurementSet& set, const Candidate& candidate,
            ValidationSection& out) {
    const Experiment& e = set.experiments.front();
    const Replay replay = replayLog(configFor(m.deployments[e.deployment], candidate),
                                    std::get<std::vector<LoggedRequest>>(e.what));
    XyChart ttft;
    ttft.title = "TTFT by order of arrival";
    ttft.xLabel = "request";
    ttft.yLabel = "s";
    XyChart::Series line{"simulated", 0, false, {}}, dots{"measured", 1, true, {}};
    for (std::size_t i = 0; i < set.requests.size(); ++i) {
        const double x = static_cast<double>(i + 1);
        line.points.emplace_back(x, replay.times[i].ttftMs * 1e-3);
        if (i % 3 == 0) dots.points.emplace_back(x, set.requests[i].ttftMs * 1e-3);
    }
    ttft.series = {line, dots};
    out.charts.push_back(std::move(ttft));
    if (set.series.empty()) return;
    XyChart chart;
    chart.title = "Running and waiting requests";
    chart.note = "lines simulated, dots measured";
    chart.xLabel = "seconds";
    XyChart::Series series[] = {
        {"running", 0, false, {}}, {"", 0, true, {}}, {"waiting", 1, false, {}}, {"", 1, true, {}}};
    for (std::size_t s = 0; s < replay.seconds.size(); ++s) {
        const double t = static_cast<double>(s + 1);
        series[0].points.emplace_back(t, static_cast<double>(replay.seconds[s].running));
        series[2].points.emplace_back(t, static_cast<double>(replay.seconds[s].waiting));
    }
    double running = 0.0, waiting = 0.0, count = 0.0;
    for (const MeasurementSet::Second& second : set.series) {
        series[1].points.emplace_back(second.at, second.running);
        series[3].points.emplace_back(second.at, second.waiting);
        const auto at = static_cast<std::size_t>(std::llround(second.at)) - 1;
        if (at >= replay.seconds.size()) continue;
        running += std::abs(second.running - static_cast<double>(replay.seconds[at].running));
        waiting += std::abs(second.waiting - static_cast<double>(replay.seconds[at].waiting));
        count += 1.0;
    }
    chart.series.assign(std::begin(series), std::end(series));
    out.charts.push_back(std::move(chart));
    const double requests = static_cast<double>(set.requests.size());
    // Of all requests: the series follow if the distance is a small part of what there is.
    constexpr double kFollows = 0.02;
    out.checks.push_back(checkError(set.name + ": running, mean distance of the two series",
                                    "0 requests", fmt::format("{:.1f}", running / count),
                                    running / count / requests, kFollows));
    out.checks.push_back(checkError(set.name + ": waiting, mean distance of the two series",
                                    "0 requests", fmt::format("{:.1f}", waiting / count),
                                    waiting / count / requests, kFollows));
}

} // namespace

std::vector<ValidationSection> measuredSections(const Measurements& m,
                                                const ValidationOptions& options) {
    Candidate candidate;
    candidate.constants = options.profile.constants;
    for (const Deployment& d : m.deployments)
        candidate.a0Ms.emplace_back(d.key, toSeconds(options.profile.a0) * 1e3);
    const auto predicted = predictAll(m, candidate, options.threads);

    ValidationSection stages, loops, logs, missing;
    stages.title = "Load stages";
    stages.about =
        "Open loop at constant rates from idle to past saturation, as the published client "
        "did it, limit on requests in flight included. First tokens are in the table of all "
        "rows and have no bound: at the knee a percent of capacity is tens of percent of them.";
    loops.title = "Closed loops";
    loops.about =
        "A fixed number of users, all starting together, each sending its next request when it "
        "has its answer, on a server set up as the source's generator of deployments does. How "
        "long real users stay in step is not known, so first tokens are shown and not judged, "
        "nor rows whose users do not fit the KV memory together.";
    logs.title = "Logs of requests";
    logs.about =
        "Every request of a log sent when it was sent. Operator times are measured; nothing is "
        "fitted.";
    missing.title = "Not compared";
    missing.about = "Measurements that are not there, or cannot be read.";
    std::map<std::string, std::vector<std::size_t>> byDeployment;
    for (std::size_t s = 0; s < m.sets.size(); ++s) {
        const MeasurementSet& set = m.sets[s];
        const auto& what = set.experiments.front().what;
        if (!set.requests.empty()) {
            addChecks(set, predicted[s], logs);
            addRows(set, predicted[s], logs);
            addLog(m, set, candidate, logs);
        } else if (std::holds_alternative<LoadStage>(what)) {
            addChecks(set, predicted[s], stages);
            addRows(set, predicted[s], stages);
            byDeployment[m.deployments[set.experiments.front().deployment].key].push_back(s);
        } else {
            addChecks(set, predicted[s], loops);
            addRows(set, predicted[s], loops);
            addClosedLoops(m, set, predicted[s], loops);
        }
    }
    for (const auto& [key, sets] : byDeployment)
        addLoadCurves(m, sets, candidate, options.threads, stages);
    for (const auto& [name, file] : m.missing) {
        ValidationCheck check;
        check.name = name;
        check.outcome = ValidationCheck::Outcome::skipped;
        check.note = "no file " + file;
        missing.checks.push_back(std::move(check));
    }
    for (const auto& [name, error] : m.unreadable) {
        missing.checks.push_back(checkHolds(name, "readable", error.text(), false));
    }
    std::vector<ValidationSection> out;
    for (ValidationSection* section : {&stages, &loops, &logs, &missing}) {
        if (!section->checks.empty() || !section->table.empty()) out.push_back(std::move(*section));
    }
    return out;
}

} // namespace penstock::sim

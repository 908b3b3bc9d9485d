// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/window/runs/run_comparison.h"

#include "app/session/replay/run_log.h"
#include "app/session/stored/run_history.h"
#include "app/session/view/run_info.h"
#include "engine/record/report/compare.h"
#include "engine/record/store/run_reader.h"

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <set>

namespace penstock::app {
namespace {

const char* kEstimatedNoise = "an estimate: 2 % of each value, two deviations of a count. Run the "
                              "same with other seeds to have it measured";

struct Parameters {
    std::map<std::string, ParameterRow> byPath; // with their last values
};

// A run's parameters as they were at its end.
Result<Parameters> parametersOf(const RunLog& log) {
    auto scenario = scenarioOf(log);
    if (!scenario) return fail(scenario.error());
    auto described = penstock::app::describe(*scenario);
    if (!described) return fail(described.error());
    Parameters out;
    for (ParameterRow& row : described->info.parameters)
        out.byPath.emplace(row.path, std::move(row));
    for (const Move& move : log.moves) {
        const auto at = out.byPath.find(move.path);
        if (at == out.byPath.end()) continue;
        double value = 0;
        const char* end = move.value.data() + move.value.size();
        if (std::from_chars(move.value.data(), end, value).ptr == end) at->second.value = value;
    }
    return out;
}

std::vector<ParameterDifference> differences(const Parameters& a, const Parameters& b) {
    std::set<std::string> paths;
    for (const Parameters* each : {&a, &b}) {
        for (const auto& [path, row] : each->byPath)
            paths.insert(path);
    }
    std::vector<ParameterDifference> out;
    for (const std::string& path : paths) {
        const auto inA = a.byPath.find(path), inB = b.byPath.find(path);
        const bool hasA = inA != a.byPath.end(), hasB = inB != b.byPath.end();
        if (hasA && hasB && inA->second.value == inB->second.value) continue;
        const ParameterRow& row = hasA ? inA->second : inB->second;
        out.push_back({path, row.group, row.name, row.unit, hasA ? inA->second.value : kUnknown,
                       hasB ? inB->second.value : kUnknown});
    }
    return out;
}

// What two runs share that differ in their seeds alone.
std::string kinship(const RunLog& log) {
    RunOrigin origin = log.origin;
    origin.seed = 0;
    std::string out = log.scenario + toJson(origin).dump();
    for (const Move& move : log.moves) {
        out += "\n" + move.path + "=" + move.value;
    }
    return out;
}

Result<Json> parse(const std::string& name, const std::string& text) {
    Json json = Json::parse(text, nullptr, false);
    if (json.is_discarded() || !json.is_object() || json.value("schema", "") != kReportSchema) {
        return fail(Error{
            fmt::format("is not a report ({}), as penstock run --json writes it", kReportSchema),
            name});
    }
    return json;
}

RunRow rowOfReport(const std::string& name, const Json& report) {
    RunRow row;
    row.scenario = report.value("scenario", name);
    row.seed = report.value("seed", std::uint64_t{0});
    row.fingerprint = report.value("fingerprint", "");
    row.virtualSeconds = report.value("virtual_seconds", 0.0);
    row.wallSeconds = report.value("wall_seconds", 0.0);
    row.notes = name;
    return row;
}

} // namespace

Result<Comparison> compareStored(const std::string& store, std::int64_t a, std::int64_t b) {
    auto reader = RunReader::open(store);
    if (!reader) return fail(reader.error());
    const auto log = [&](std::int64_t run) { return readLog(fmt::format("{}#{}", store, run)); };
    auto reportA = (*reader)->report(a), reportB = (*reader)->report(b);
    if (!reportA) return fail(reportA.error());
    if (!reportB) return fail(reportB.error());
    auto rowA = (*reader)->run(a), rowB = (*reader)->run(b);
    if (!rowA) return fail(rowA.error());
    if (!rowB) return fail(rowB.error());
    auto logA = log(a), logB = log(b);
    if (!logA) return fail(logA.error());
    if (!logB) return fail(logB.error());

    Comparison out;
    out.a = rowOf(*rowA);
    out.b = rowOf(*rowB);
    auto parametersA = parametersOf(*logA), parametersB = parametersOf(*logB);
    if (parametersA && parametersB) out.parameters = differences(*parametersA, *parametersB);

    // Other seeds of A, else of B.
    Noise noise;
    out.noise = kEstimatedNoise;
    auto all = (*reader)->runs();
    if (!all) return fail(all.error());
    for (const auto& [mine, own] : {std::pair{&*logA, &*reportA}, std::pair{&*logB, &*reportB}}) {
        std::map<std::uint64_t, Json> bySeed{{mine->origin.seed, *own}};
        for (const RunSummary& run : *all) {
            if (run.state != RunState::done || bySeed.contains(run.seed)) continue;
            if (run.scenario != mine->scenario) continue;
            auto other = log(run.id);
            if (!other || kinship(*other) != kinship(*mine)) continue;
            if (auto report = (*reader)->report(run.id)) bySeed.emplace(run.seed, *report);
        }
        if (bySeed.size() < 2) continue;
        std::vector<Json> reports;
        for (auto& [seed, report] : bySeed)
            reports.push_back(std::move(report));
        noise = noiseOf(reports);
        out.noise = fmt::format("the spread of {} seeds of the same run", reports.size());
        break;
    }
    out.metrics = penstock::compare(*reportA, *reportB, noise);
    return out;
}

Result<Comparison> compareTexts(const std::string& nameA, const std::string& a,
                                const std::string& nameB, const std::string& b) {
    const auto reportA = parse(nameA, a);
    if (!reportA) return fail(reportA.error());
    const auto reportB = parse(nameB, b);
    if (!reportB) return fail(reportB.error());
    Comparison out;
    out.a = rowOfReport(nameA, *reportA);
    out.b = rowOfReport(nameB, *reportB);
    out.metrics = penstock::compare(*reportA, *reportB);
    out.noise = kEstimatedNoise;
    return out;
}

} // namespace penstock::app

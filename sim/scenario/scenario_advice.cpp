// SPDX-License-Identifier: Apache-2.0
#include "sim/scenario/scenario_advice.h"

#include "sim/scenario/pool_facts.h"
#include "sim/traffic/statistics/statistics.h"

#include <fmt/format.h>

#include <algorithm>

namespace penstock::sim {

namespace {

// As many rows of a trace tell its time grid, in a moment whatever its size.
constexpr int kRowsLooked = 20'000;

bool dithered(const TraceSource& source) {
    return std::any_of(source.transforms.begin(), source.transforms.end(), [](const Transform& t) {
        return std::holds_alternative<DitherTransform>(t);
    });
}

// What the beginning of a trace says of its time grid; empty: nothing that matters.
std::string gridOf(TraceSource source) {
    source.transforms.clear();
    TraceCounters counters;
    auto rows = openTrace(source, "", counters, DrawKey{});
    if (!rows) return {};
    StatisticsCollector collector;
    TraceRow row;
    for (int i = 0; i < kRowsLooked && (*rows)->next(row) == Pull::row; ++i)
        collector.add(row);
    return collector.finish().advice(); // without counters it speaks of the grid alone
}

void adviseTrace(const Scenario& scenario, const SourceSpec& source, std::vector<Finding>& found) {
    const auto* trace = std::get_if<TraceProcess>(&source.traffic.process);
    if (trace == nullptr || dithered(trace->source)) return;
    const std::string grid = gridOf(trace->source);
    if (grid.empty()) return;
    found.push_back({"trace-on-a-grid", Severity::warning,
                     fmt::format("sources[{}].arrivals.file", source.traffic.name),
                     Place{scenario.file, 0, 0}, fmt::format("In {} {}", trace->source.path, grid),
                     "Write transforms: [{dither: {}}] beside the file."});
}

} // namespace

std::vector<Finding> adviseScenario(const Scenario& scenario) {
    std::vector<Finding> found = advise(scenario.engine, poolFacts(scenario));
    found.insert(found.end(), scenario.remarks.begin(), scenario.remarks.end());
    sortFindings(found);
    return found;
}

std::vector<Finding> adviseWithTraces(const Scenario& scenario) {
    std::vector<Finding> found = adviseScenario(scenario);
    for (const SourceSpec& source : scenario.sources)
        adviseTrace(scenario, source, found);
    sortFindings(found);
    return found;
}

} // namespace penstock::sim

// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/docks/charts/run_charts.h"

#include "app/workbench/models/text.h"
#include "app/workbench/series/foremost.h"

#include <QObject>

#include <algorithm>

namespace penstock::app {
namespace {

constexpr std::size_t kMostQueues = 5, kMostPools = 4;
// In a heading that also says how many there are: pixels, and as many in one that is narrower.
constexpr int kWideHeading = 900;
constexpr std::size_t kFewQueues = 3, kFewPools = 2;
constexpr auto kStep = CurveStyle::step;
constexpr auto kLine = CurveStyle::line;

ChartSeries curve(const QString& name, const SeriesBuffer& data, int color,
                  CurveStyle style = kLine, bool dashed = false, bool dots = false) {
    return {name, &data, style, color, dashed, dots};
}

ChartSeries cutOff(ChartSeries series) {
    series.scales = false;
    return series;
}

template <class T>
std::vector<double> peaksOf(const std::vector<std::unique_ptr<T>>& all) {
    std::vector<double> peaks;
    for (const auto& one : all)
        peaks.push_back(one->peak);
    return peaks;
}

// Where these of `names` are among `others`; those that are not there are left out.
std::vector<std::size_t> placesOf(const std::vector<std::size_t>& chosen,
                                  const std::vector<std::string>& names,
                                  const std::vector<std::string>& others) {
    std::vector<std::size_t> out;
    for (const std::size_t i : chosen) {
        const auto at = std::find(others.begin(), others.end(), names[i]);
        if (at != others.end()) out.push_back(static_cast<std::size_t>(at - others.begin()));
    }
    return out;
}

std::vector<ChartSeries> queueCurves(const RunSeries& run, const ChartChoice& choice) {
    std::vector<ChartSeries> out;
    for (const std::size_t i : choice.queues) {
        out.push_back(
            curve(text(run.queueNames[i]), run.queues[i]->depth, static_cast<int>(out.size())));
    }
    if (out.empty()) return out;
    out.push_back(curve(QObject::tr("backlog"), run.backlog, 6));
    out.push_back(curve(QObject::tr("retrying"), run.retries, 7));
    return out;
}

std::vector<ChartSeries> gateCurves(const RunSeries& run, int gate) {
    if (gate < 0 || static_cast<std::size_t>(gate) >= run.gates.size()) return {};
    const RunSeries::Gate& g = *run.gates[static_cast<std::size_t>(gate)];
    return {cutOff(curve(QObject::tr("true load"), g.truth, 0)),
            cutOff(curve(QObject::tr("read"), g.read, 1, kStep, false, true)),
            curve(QObject::tr("threshold"), g.threshold, 2, kStep, true),
            curve(QObject::tr("budget"), g.budget, 3, kStep)};
}

std::vector<ChartSeries> poolCurves(const RunSeries& run, const ChartChoice& choice) {
    std::vector<ChartSeries> out;
    int color = 0;
    for (const std::size_t i : choice.pools) {
        const RunSeries::Pool& pool = *run.pools[i];
        const bool single = run.pools.size() == 1;
        const QString name = text(run.poolNames[i]);
        out.push_back(curve(single ? QObject::tr("in flight") : name, pool.busy, color, kStep));
        out.push_back(
            curve(single ? QObject::tr("worker limit") : QObject::tr("%1 limit").arg(name),
                  pool.limit, single ? 1 : color, kStep, true));
        ++color;
    }
    return out;
}

} // namespace

const std::vector<ChartDesign>& chartDesigns() {
    const auto name = [](const char* s) { return QString::fromLatin1(s); };
    static const std::vector<ChartDesign> all = {
        {name("queues"),
         QObject::tr("Queues"),
         QObject::tr("Requests of each queue that wait, those of all that could be claimed now "
                     "(backlog), and those that wait for their next attempt (retrying). Of many "
                     "queues, those that have been deepest so far"),
         {false, 0, 10, QObject::tr("requests")}},
        {name("gate"),
         QObject::tr("Gate"),
         QObject::tr("The true load, what the gate read and when, its threshold and its budget. "
                     "Shaded: closed, by reason."),
         {false, 0, 1, {}}},
        {name("flight"),
         QObject::tr("In flight"),
         QObject::tr(
             "Requests sent and not yet answered, and the worker limit. Of many pools, those "
             "that have been busiest so far"),
         {false, 0, 10, QObject::tr("requests")}},
        {name("outcomes"),
         QObject::tr("Outcomes"),
         QObject::tr("Requests that ended, by how, for each second of engine time"),
         {false, 0, 1, QObject::tr("per s")}},
        {name("ttft"),
         QObject::tr("Interactive TTFT"),
         QObject::tr("Time to first token of the interactive users: the price of batch work"),
         {true, 10, 0, QObject::tr("ms")}},
        {name("slack"),
         QObject::tr("Deadline slack"),
         QObject::tr("Time left to the deadline when a request ended; below zero it came too late"),
         {false, 0, 1, QObject::tr("s")}},
        {name("pool"),
         QObject::tr("GPU pool"),
         QObject::tr(
             "How busy the pool is: its time, its KV cache, its batches, and the saturation "
             "that the router sees"),
         {false, 0, 1, {}}},
    };
    return all;
}

ChartChoice choose(const RunSeries& run, const ChartChoice& before, int width) {
    const auto room = [&](std::size_t all, std::size_t most, std::size_t few) {
        return all <= most || width >= kWideHeading ? most : few;
    };
    return {
        foremost(peaksOf(run.queues), room(run.queues.size(), kMostQueues, kFewQueues),
                 before.queues),
        foremost(peaksOf(run.pools), room(run.pools.size(), kMostPools, kFewPools), before.pools),
        before.gate};
}

ChartChoice sameIn(const RunSeries& other, const RunSeries& run, const ChartChoice& choice) {
    std::vector<std::size_t> gate;
    if (choice.gate >= 0 && static_cast<std::size_t>(choice.gate) < run.gateNames.size())
        gate.push_back(static_cast<std::size_t>(choice.gate));
    gate = placesOf(gate, run.gateNames, other.gateNames);
    return {placesOf(choice.queues, run.queueNames, other.queueNames),
            placesOf(choice.pools, run.poolNames, other.poolNames),
            gate.empty() ? -1 : static_cast<int>(gate.front())};
}

QString chartTitle(const ChartDesign& design, const RunSeries& run, const ChartChoice& choice) {
    const auto some = [&](std::size_t shown, std::size_t all) {
        return shown < all ? QObject::tr("%1, %2 of %3").arg(design.title).arg(shown).arg(all)
                           : design.title;
    };
    if (design.id == QStringLiteral("queues")) return some(choice.queues.size(), run.queues.size());
    if (design.id == QStringLiteral("flight")) return some(choice.pools.size(), run.pools.size());
    return design.title;
}

std::vector<ChartSeries> chartCurves(const QString& chart, const RunSeries& run,
                                     const ChartChoice& choice) {
    if (chart == QStringLiteral("queues")) return queueCurves(run, choice);
    if (chart == QStringLiteral("gate")) return gateCurves(run, choice.gate);
    if (chart == QStringLiteral("flight")) return poolCurves(run, choice);
    if (chart == QStringLiteral("outcomes")) {
        return {curve(QObject::tr("ok"), run.ok, 2), curve(QObject::tr("retry"), run.retry, 1),
                curve(QObject::tr("shed"), run.shed, 3), curve(QObject::tr("late"), run.late, 0),
                curve(QObject::tr("failed"), run.failed, 6)};
    }
    if (chart == QStringLiteral("ttft")) {
        return {curve(QStringLiteral("p50"), run.ttftP50, 0),
                curve(QStringLiteral("p95"), run.ttftP95, 1),
                curve(QStringLiteral("p99"), run.ttftP99, 3)};
    }
    if (chart == QStringLiteral("slack")) {
        return {curve(QObject::tr("lowest"), run.slackLowest, 1),
                curve(QObject::tr("median"), run.slackMedian, 0)};
    }
    if (chart == QStringLiteral("pool")) {
        return {curve(QObject::tr("busy"), run.busy, 0), curve(QObject::tr("KV cache"), run.kv, 1),
                cutOff(curve(QObject::tr("saturation"), run.saturation, 2)),
                curve(QObject::tr("batch"), run.batchShare, 3)};
    }
    return {};
}

void addOverlay(std::vector<ChartSeries>& curves, const std::vector<ChartSeries>& other,
                const QString& name) {
    const std::size_t own = curves.size();
    for (const ChartSeries& s : other) {
        for (std::size_t i = 0; i < own; ++i) {
            if (curves[i].overlayOf >= 0 || curves[i].name != s.name) continue;
            ChartSeries laid = s;
            laid.name = QStringLiteral("%1 (%2)").arg(s.name, name);
            laid.color = curves[i].color;
            laid.visible = curves[i].visible;
            laid.dashed = true;
            laid.dots = false;
            laid.overlayOf = static_cast<int>(i);
            curves.push_back(std::move(laid));
            break;
        }
    }
}

} // namespace penstock::app

// SPDX-License-Identifier: Apache-2.0
// The charts of a stored run: the same as those of a living one, to the resolution of its samples.
#include "engine/record/measures/gate_track.h"
#include "engine/record/store/run_reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

namespace penstock {

namespace {
constexpr std::int64_t kMaxReadings = 200'000;

struct Builder {
    RunReader& reader;
    RunId id;
    Time start;
    Time end;
    Duration width;
    std::optional<Error> error;

    std::vector<Point> pointsOf(const std::string& series) {
        if (error) return {};
        auto points = reader.points(id, series);
        if (points) return std::move(*points);
        error = points.error();
        return {};
    }
    // Bins wide enough that none between two points is empty. Percentiles exist only where there
    // was traffic: their closest points tell their window.
    Curve curve(const std::string& series, std::string label, std::string unit,
                Series::Kind kind = Series::Kind::gauge, bool hasSilences = false) {
        const std::vector<Point> points = pointsOf(series);
        Duration widest = width;
        if (kind == Series::Kind::gauge) {
            Duration closest = end - start;
            Duration farthest{0};
            for (std::size_t i = 1; i < points.size(); ++i) {
                closest = std::min(closest, points[i].t - points[i - 1].t);
                farthest = std::max(farthest, points[i].t - points[i - 1].t);
            }
            widest = std::max(width, hasSilences ? closest : farthest);
        }
        Series out(kind, start, widest);
        for (const Point& p : points)
            out.add(p.t, p.value);
        return out.curve(std::move(label), std::move(unit), end);
    }
};

// Closed from a reading with budget 0 to the next with more, for each gate by its place in events.
std::vector<ChartData::Span> closedSpans(const std::vector<Event>& readings,
                                         const RunLayout& layout, const std::string& owner,
                                         Time start, Time end) {
    std::vector<ChartData::Span> out;
    std::optional<Event> since;
    const auto close = [&](Time to) {
        if (since && to > since->at) {
            out.push_back({toSeconds(since->at - start), toSeconds(to - start),
                           std::string(closedReasonName(since->code))});
        }
        since.reset();
    };
    for (const Event& e : readings) {
        const bool ofPool = e.queue == kNoIndex;
        const auto& names = ofPool ? layout.workerPools : layout.queues;
        const std::size_t index = ofPool ? e.pool : e.queue;
        if (index >= names.size() || owner != (ofPool ? "pool:" : "queue:") + names[index]) {
            continue;
        }
        if (since && (e.budget > 0 || e.code != since->code)) close(e.at);
        if (e.budget <= 0 && !since) since = e;
    }
    close(end);
    return out;
}

std::string markText(const Event& e, const RunLayout& layout) {
    if (e.kind == EventKind::parameter && e.code == 1) {
        return fmt::format("queue {} {}",
                           e.subject < layout.queues.size() ? layout.queues[e.subject] : "",
                           e.value > 0 ? "paused" : "taken up again");
    }
    if (e.kind == EventKind::parameter) {
        return fmt::format("{} = {:g}",
                           e.subject < layout.parameters.size()
                               ? layout.parameters[e.subject]
                               : fmt::format("parameter {}", e.subject),
                           e.value);
    }
    return (e.subject < layout.faults.size() ? layout.faults[e.subject]
                                             : fmt::format("fault {}", e.subject)) +
           (e.code == 1 ? " begins" : " ends");
}
} // namespace

Result<ChartData> RunReader::charts(RunId id, int bins) {
    const auto run = this->run(id);
    if (!run) return fail(run.error());
    const auto layout = this->layout(id);
    if (!layout) return fail(layout.error());
    const Time start = run->start;
    const Time end = std::max(run->lastWritten, start + Duration{1});
    const std::int64_t wanted = std::clamp(bins, 1, Series::kBins);
    Builder b{*this, id, start, end, Duration{(end - start).count() / wanted + 1}, {}};
    ChartData out;
    out.seconds = toSeconds(end - start);
    out.warmupSeconds = layout->warmupSeconds;
    std::vector<Point> backlog;
    for (const std::string& queue : layout->queues) {
        out.queueDepth.push_back(b.curve("queue/" + queue + "/depth", queue, "requests"));
        // All queues are sampled together, so that their points pair up.
        const auto pending = b.pointsOf("queue/" + queue + "/pending");
        if (backlog.empty()) {
            backlog = pending;
        } else {
            for (std::size_t i = 0; i < std::min(backlog.size(), pending.size()); ++i) {
                backlog[i].value += pending[i].value;
            }
        }
    }
    Series broker(Series::Kind::step, start, b.width);
    for (const Point& p : backlog)
        broker.add(p.t, p.value);
    out.brokerBacklog = broker.curve("broker backlog", "requests", end);
    const auto readings = events(id, {.kinds = {EventKind::gateRead}, .limit = kMaxReadings});
    if (!readings) return fail(readings.error());
    for (const auto& gate : layout->gates) {
        ChartData::Gate g;
        g.owner = gate.owner;
        g.type = gate.type;
        const std::string base = "gate/" + gate.owner;
        g.trueLoad = b.curve(base + "/true", "true load", "");
        g.reading = b.curve(base + "/read", "what the gate read", "", Series::Kind::step);
        g.threshold = b.curve(base + "/threshold", "threshold", "", Series::Kind::step);
        g.budget = b.curve(base + "/budget", "budget", "", Series::Kind::step);
        if (!gate.higherIsBusier) {
            for (Curve* curve : {&g.trueLoad, &g.reading, &g.threshold})
                *curve = curve->complement();
        }
        g.closed = closedSpans(*readings, *layout, gate.owner, start, end);
        out.gates.push_back(std::move(g));
    }
    for (const std::string& pool : layout->workerPools) {
        const std::string base = "workers/" + pool;
        out.workers.push_back({pool, b.curve(base + "/busy", "in flight", "requests"),
                               b.curve(base + "/limit", "worker limit", "requests")});
    }
    out.ok = b.curve("outcomes/ok", "ok", "1/s");
    out.retry = b.curve("outcomes/retry", "retry", "1/s");
    out.shed = b.curve("outcomes/shed", "shed", "1/s");
    out.late = b.curve("outcomes/late", "late", "1/s");
    out.failed = b.curve("outcomes/failed", "failed", "1/s");
    out.ttftP50 = b.curve("ttft/p50", "p50", "s", Series::Kind::gauge, true);
    out.ttftP95 = b.curve("ttft/p95", "p95", "s", Series::Kind::gauge, true);
    out.ttftP99 = b.curve("ttft/p99", "p99", "s", Series::Kind::gauge, true);
    out.saturation = b.curve("fleet/saturation", "saturation", "");
    out.busy = b.curve("fleet/busy", "busy", "");
    out.kv = b.curve("fleet/kv", "KV cache", "");
    out.running = b.curve("fleet/running", "running", "requests");
    out.waiting = b.curve("fleet/waiting", "waiting", "requests");
    const auto all = series(id);
    if (!all) return fail(all.error());
    const auto replicas = std::count_if(all->begin(), all->end(), [](const SeriesInfo& s) {
        return s.name.starts_with("replica/");
    });
    for (std::int64_t r = 0; r < replicas; ++r) {
        const Curve busy = b.curve(fmt::format("replica/{}/busy", r), "", "");
        out.heat.rows = out.heat.members = static_cast<int>(replicas);
        out.heat.columns = static_cast<int>(busy.size());
        out.heat.columnSeconds = busy.binSeconds;
        out.heat.share.insert(out.heat.share.end(), busy.mean.begin(), busy.mean.end());
    }
    const auto marks =
        events(id, {.kinds = {EventKind::parameter, EventKind::fault}, .limit = 512});
    if (!marks) return fail(marks.error());
    for (const Event& e : *marks) {
        out.marks.push_back({toSeconds(e.at - start), markText(e, *layout)});
    }
    if (b.error) return fail(*b.error);
    return out;
}

} // namespace penstock

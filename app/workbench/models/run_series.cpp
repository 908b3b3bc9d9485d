// SPDX-License-Identifier: GPL-3.0-only
#include "app/workbench/models/run_series.h"

#include "engine/types/check.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace penstock::app {
namespace {

constexpr std::int64_t kNanosPerSecond = 1'000'000'000;

// Of all queues together, and of all pools and all gates. A buffer of one of many is still long
// enough for every pixel of a wide chart; what it forgets it keeps as summaries.
constexpr std::size_t kSharedSamples = std::size_t{1} << 20;
constexpr std::size_t kLeastSamples = 4096, kMostSamples = 65536;

template <class T>
std::vector<std::unique_ptr<T>> some(std::size_t count) {
    const std::size_t share =
        std::clamp(kSharedSamples / std::max<std::size_t>(1, count), kLeastSamples, kMostSamples);
    std::vector<std::unique_ptr<T>> all(count);
    for (auto& one : all)
        one = std::make_unique<T>(share);
    return all;
}

// A limit, a threshold or a budget is worth a sample only where it changes.
void appendChange(SeriesBuffer& buffer, Time t, double value) {
    const auto last = buffer.last();
    if (last && (last->value == value || (std::isnan(last->value) && std::isnan(value)))) return;
    buffer.append(t, value);
}

} // namespace

void RunSeries::begin(const RunInfo& info, std::optional<Time> alignTo) {
    queues = some<Queue>(info.queues.size());
    pools = some<Pool>(info.pools.size());
    gates = some<Gate>(info.gates.size());
    for (SeriesBuffer* buffer :
         {&backlog, &retries, &ok, &retry, &shed, &late, &failed, &ttftP50, &ttftP95, &ttftP99,
          &slackLowest, &slackMedian, &busy, &kv, &saturation, &batchShare}) {
        buffer->clear();
    }
    replicas.reset(info.replicas.size());
    marks.clear();
    queueNames = info.queues;
    poolNames = info.pools;
    replicaNames = info.replicas;
    gateNames.clear();
    for (const RunInfo::Gate& gate : info.gates)
        gateNames.push_back(gate.owner);
    begun_ = !info.scenario.empty();
    shift_ = alignTo ? *alignTo - info.start : Duration{};
    head_ = lastMark_ = moved(info.start);
    slackSecond_ = -1;
    slacks_.clear();
}

void RunSeries::add(const Frame& frame) {
    head_ = std::max(head_, moved(frame.head));
    for (const GaugeSample& g : frame.gauges) {
        const Time t = moved(g.at);
        PENSTOCK_CHECK(g.queues.size() == queues.size() && g.pools.size() == pools.size());
        double waiting = 0, parked = 0;
        for (std::size_t i = 0; i < queues.size(); ++i) {
            queues[i]->depth.append(t, g.queues[i].depth);
            queues[i]->peak = std::max<double>(queues[i]->peak, g.queues[i].depth);
            waiting += g.queues[i].backlog;
            parked += g.queues[i].retries;
        }
        backlog.append(t, waiting);
        retries.append(t, parked);
        for (std::size_t i = 0; i < pools.size(); ++i) {
            pools[i]->busy.append(t, g.pools[i].busy);
            pools[i]->peak = std::max<double>(pools[i]->peak, g.pools[i].busy);
            appendChange(pools[i]->limit, t, g.pools[i].limit);
        }
        for (std::size_t i = 0; i < std::min(gates.size(), g.gateTruth.size()); ++i)
            gates[i]->truth.append(t, g.gateTruth[i]);
        busy.append(t, g.busy);
        kv.append(t, g.kv);
        saturation.append(t, g.saturation);
        batchShare.append(t, g.batchShare);
        addReplicas(t, g.replicas);
    }
    for (const GateReading& r : frame.readings) {
        PENSTOCK_CHECK(r.gate < gates.size());
        Gate& gate = *gates[r.gate];
        const Time t = moved(r.at);
        gate.read.append(t, r.available ? r.value : kUnknown);
        appendChange(gate.threshold, t, r.threshold);
        appendChange(gate.budget, t, r.budget);
    }
    for (const GateTurn& turn : frame.turns) {
        PENSTOCK_CHECK(turn.gate < gates.size());
        SpanTrack& closed = gates[turn.gate]->closed;
        closed.set(moved(turn.at), turn.reason.empty() ? -1 : closed.reasonIndex(turn.reason));
    }
    for (const OutcomeRates& o : frame.outcomes) {
        const Time t = moved(o.at);
        ok.append(t, o.ok);
        retry.append(t, o.retry);
        shed.append(t, o.shed);
        late.append(t, o.late);
        failed.append(t, o.failed);
    }
    for (const Latencies& l : frame.latencies) {
        const Time t = moved(l.at);
        ttftP50.append(t, l.ttftP50);
        ttftP95.append(t, l.ttftP95);
        ttftP99.append(t, l.ttftP99);
    }
    addMarks(frame);
    addSlack(frame);
}

void RunSeries::addReplicas(Time t, std::vector<float> shares) {
    // An autoscaler adds replicas, and may take them away again.
    if (shares.size() > replicas.rows()) replicas.grow(shares.size());
    if (shares.empty() && replicas.rows() == 0) return;
    shares.resize(replicas.rows(), std::numeric_limits<float>::quiet_NaN());
    replicas.append(t, shares);
}

void RunSeries::addMarks(const Frame& frame) {
    // Two lists, each in order of time, into one. A note may come a frame after the decisions of
    // its time; it is then drawn where the track has got to, a frame to the right at most.
    std::size_t note = 0;
    const auto add = [&](Time t, MarkKind kind, const std::string& text) {
        lastMark_ = std::max(lastMark_, moved(t));
        marks.add({lastMark_, kind, text});
    };
    const auto addNote = [&] {
        const MarkNote& m = frame.marks[note++];
        add(m.at,
            m.kind == MarkNote::Kind::move    ? MarkKind::move
            : m.kind == MarkNote::Kind::fault ? MarkKind::fault
                                              : MarkKind::note,
            m.text);
    };
    for (const Time t : frame.decisions) {
        while (note < frame.marks.size() && frame.marks[note].at <= t)
            addNote();
        add(t, MarkKind::decision, {});
    }
    while (note < frame.marks.size())
        addNote();
}

void RunSeries::addSlack(const Frame& frame) {
    for (const RequestRow& request : frame.requests) {
        if (std::isnan(request.slackSeconds) || request.finished == kNever) continue;
        const std::int64_t second =
            moved(request.finished).time_since_epoch().count() / kNanosPerSecond;
        if (second > slackSecond_) {
            closeSlackSecond();
            slackSecond_ = second;
        }
        slacks_.push_back(request.slackSeconds);
    }
    // A second without a deadline to meet ends when the run has left it behind.
    if (head_.time_since_epoch().count() / kNanosPerSecond > slackSecond_ + 1) closeSlackSecond();
}

void RunSeries::closeSlackSecond() {
    if (slacks_.empty()) return;
    const Time t{Duration{slackSecond_ * kNanosPerSecond}};
    const auto last = slackLowest.last();
    // Requests that were reported late belong to a second that is closed: into the next one.
    const Time at = last ? std::max(last->t, t) : t;
    const auto middle = slacks_.begin() + static_cast<std::ptrdiff_t>(slacks_.size() / 2);
    slackLowest.append(at, *std::min_element(slacks_.begin(), slacks_.end()));
    std::nth_element(slacks_.begin(), middle, slacks_.end());
    slackMedian.append(at, *middle);
    slacks_.clear();
}

} // namespace penstock::app

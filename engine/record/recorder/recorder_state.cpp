// SPDX-License-Identifier: Apache-2.0
// What the Recorder sets up once, and what it does seldom: windows, tenants, marks.
#include "engine/record/recorder/recorder_state.h"

#include "engine/types/check.h"

#include <fmt/core.h>

#include <algorithm>

namespace penstock {

namespace {
constexpr std::size_t kMaxMarks = 512;

} // namespace

void FleetIntegral::look(const FleetSample& fleet, double elapsed, bool counts) {
    saturation.look(fleet.saturation, elapsed);
    kv.look(fleet.kvUsed, elapsed);
    running.look(static_cast<double>(fleet.running), elapsed);
    waiting.look(static_cast<double>(fleet.waiting), elapsed);
    busySum += fleet.busyShare * elapsed;
    if (!counts) return;
    kvMax = std::max(kvMax, fleet.kvUsed);
    runningMax = std::max(runningMax, fleet.running);
    waitingMax = std::max(waitingMax, fleet.waiting);
}

WindowedQuantiles::WindowedQuantiles(Time start, Duration width)
    : window(width), end(start + width), p50(Series::Kind::gauge, start, width),
      p95(Series::Kind::gauge, start, width), p99(Series::Kind::gauge, start, width) {}

// Writes the finished window's percentiles at its last instant, then finds the window of `t`.
void WindowedQuantiles::close(Time t) {
    if (histogram.count() > 0) {
        const Time at = end - Duration{1};
        p50.add(at, static_cast<double>(histogram.quantile(0.50)) * 1e-9);
        p95.add(at, static_cast<double>(histogram.quantile(0.95)) * 1e-9);
        p99.add(at, static_cast<double>(histogram.quantile(0.99)) * 1e-9);
        histogram.clear();
    }
    end += ((t - end) / window + 1) * window;
}

std::int32_t TenantTable::indexOf(const Envelope& envelope, std::string_view attribute) {
    const std::string* name = findLabel(envelope.metadata, attribute);
    if (name == nullptr) return -1;
    const auto found = byName_.find(*name);
    if (found != byName_.end()) return found->second;
    if (tenants_.size() == kMax) return static_cast<std::int32_t>(kMax) - 1;
    const auto index = static_cast<std::int32_t>(tenants_.size());
    tenants_.emplace_back();
    byName_.emplace(*name, index);
    return index;
}

TenantState* TenantTable::find(const Envelope& envelope, std::string_view attribute) {
    if (envelope.metadata.empty()) return nullptr;
    std::int32_t index = 0;
    if (envelope.shared) {
        Cached& slot = cache_[(reinterpret_cast<std::uintptr_t>(&envelope) >> 5) % kCache];
        if (slot.envelope != &envelope) slot = {&envelope, indexOf(envelope, attribute)};
        index = slot.index;
    } else {
        index = indexOf(envelope, attribute);
    }
    return index < 0 ? nullptr : &tenants_[static_cast<std::size_t>(index)];
}

Recorder::State::State(RecorderSetup given)
    : setup(std::move(given)), warmEnd(setup.start + setup.warmup),
      ok(Series::Kind::count, setup.start, setup.samplePeriod),
      retry(Series::Kind::count, setup.start, setup.samplePeriod),
      shed(Series::Kind::count, setup.start, setup.samplePeriod),
      late(Series::Kind::count, setup.start, setup.samplePeriod),
      failed(Series::Kind::count, setup.start, setup.samplePeriod), ttft(setup.start, setup.window),
      backlog(Series::Kind::gauge, setup.start, setup.samplePeriod),
      saturation(Series::Kind::gauge, setup.start, setup.samplePeriod),
      busy(Series::Kind::gauge, setup.start, setup.samplePeriod),
      kv(Series::Kind::gauge, setup.start, setup.samplePeriod),
      running(Series::Kind::gauge, setup.start, setup.samplePeriod),
      waiting(Series::Kind::gauge, setup.start, setup.samplePeriod),
      heat(setup.replicas, setup.start, setup.samplePeriod) {
    lastSample = setup.start;
    for (const auto& source : setup.sources) {
        auto& state = sources.emplace_back();
        state.counts.name = source.name;
        state.counts.interactive = source.interactive;
    }
    for (const auto& queue : setup.queues) {
        PENSTOCK_CHECK(queue.pool < setup.workerPools.size());
        auto& state = queues.emplace_back(QueueState{
            .depthSeries = Series(Series::Kind::gauge, setup.start, setup.samplePeriod)});
        state.counts.name = queue.name;
        state.pool = queue.pool;
    }
    for (std::size_t i = 0; i < setup.workerPools.size(); ++i) {
        pools.push_back({.busy = Series(Series::Kind::gauge, setup.start, setup.samplePeriod),
                         .limit = Series(Series::Kind::gauge, setup.start, setup.samplePeriod)});
    }
    for (const auto& owner : setup.gates) {
        const auto index = static_cast<std::int16_t>(gates.size());
        auto& gate = gates.emplace_back(GateState{
            {}, GateTrack(setup.start, warmEnd, setup.samplePeriod, owner.higherIsBusier)});
        gate.counts.type = owner.type;
        if (owner.ofPool) {
            PENSTOCK_CHECK(owner.index < pools.size());
            gate.counts.owner = "pool:" + setup.workerPools[owner.index].name;
            pools[owner.index].gate = index;
        } else {
            PENSTOCK_CHECK(owner.index < queues.size());
            gate.counts.owner = "queue:" + setup.queues[owner.index].name;
            queues[owner.index].queueGate = index;
        }
    }
    for (std::size_t i = 0; i < gates.size(); ++i)
        gates[i].track.listen(*this, static_cast<std::uint16_t>(i));
    for (auto& queue : queues)
        queue.poolGate = pools[queue.pool].gate;
    marks.reserve(kMaxMarks);
}

void Recorder::State::turned(std::uint16_t gate, Time t, bool closed, std::uint8_t reason) {
    for (RecordSink* sink : sinks)
        sink->turned(gate, t, closed, reason);
}

void Recorder::State::mark(const Event& e) {
    if (marks.size() == kMaxMarks) return;
    const auto named = [&](const std::vector<std::string>& names, const char* what) {
        return e.subject < names.size() ? names[e.subject] : fmt::format("{} {}", what, e.subject);
    };
    std::string text;
    if (e.kind == EventKind::parameter && e.code == 1) {
        text = fmt::format("queue {} {}",
                           e.subject < setup.queues.size() ? setup.queues[e.subject].name : "",
                           e.value > 0 ? "paused" : "taken up again");
    } else if (e.kind == EventKind::parameter) {
        text = fmt::format("{} = {:g}", named(setup.parameterNames, "parameter"), e.value);
    } else if (e.kind == EventKind::fault) {
        text = named(setup.faultNames, "fault");
        if (e.value >= 0) text += fmt::format(" on replica {:.0f}", e.value);
        text += e.code == 1 ? " begins" : " ends";
    } else {
        static constexpr const char* kWhat[] = {"engine started", "engine crashed",
                                                "engine draining", "engine stopped"};
        if (e.code == 0 && e.at == setup.start) return; // every run begins
        text = kWhat[std::min<std::size_t>(e.code, 3)];
    }
    marks.emplace_back(e.at, std::move(text));
}

} // namespace penstock

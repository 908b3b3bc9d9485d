// SPDX-License-Identifier: Apache-2.0
#include "app/session/view/run_info.h"

#include "app/session/view/advice_rows.h"
#include "app/session/view/gate_words.h"
#include "engine/config/documents/build.h"
#include "sim/scenario/scenario_advice.h"
#include "sim/world/perfect_gate.h"
#include "sim/world/pool_gauges.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace penstock::app {

namespace {

// A gate that holds others speaks in the terms of the inner one that decided; those that read a
// metric come first, because the others seldom are the interesting ones.
const Gate& speaker(const Gate& gate) {
    const Gate* first = nullptr;
    for (const auto& each : gate.inner()) {
        const Gate& leaf = speaker(*each);
        if (speaksOfFreeShare(leaf.type())) return leaf;
        if (first == nullptr) first = &leaf;
    }
    return first != nullptr ? *first : gate;
}

GateNote noteOf(Gate& gate, const std::string& owner, const std::vector<ParameterRow>& rows) {
    // What turns a gate most directly, the best first.
    static constexpr std::array kFirst{"threshold",       "target", "baseline",
                                       "max_concurrency", "limit",  "max_window"};
    GateNote note;
    note.terms = speaker(gate).type();
    std::size_t best = kFirst.size();
    for (const ParameterRow& row : rows) {
        // The registry's owner is "queue batch, prometheus-saturation".
        if (!row.group.starts_with(owner + ",")) continue;
        const auto rank = static_cast<std::size_t>(
            std::find(kFirst.begin(), kFirst.end(), row.name) - kFirst.begin());
        if (rank < best) {
            best = rank;
            note.firstPath = row.path;
        }
        if (row.name == "fallback" && note.fallbackPath.empty()) note.fallbackPath = row.path;
    }
    return note;
}

} // namespace

ParameterRow rowOf(const ParameterEntry& entry, double value) {
    ParameterRow row;
    row.path = entry.path;
    row.group = entry.owner;
    row.name = entry.name;
    row.unit = entry.unit;
    switch (entry.kind) {
    case ParameterEntry::Kind::number:
        row.kind = ParameterKind::number;
        break;
    case ParameterEntry::Kind::integer:
        row.kind = ParameterKind::integer;
        break;
    case ParameterEntry::Kind::duration:
        row.kind = ParameterKind::duration;
        break;
    }
    row.min = entry.min;
    row.max = entry.max;
    row.fallback = entry.defaultValue;
    row.value = value;
    row.help = entry.help;
    return row;
}

Result<Described> describe(const sim::Scenario& scenario, const sim::WorldOptions& options) {
    SilentWorld silent;
    const EngineDocument engine =
        options.perfectGate ? sim::withoutGates(scenario.engine, sim::sequenceSlotsOf(scenario))
                            : scenario.engine;
    auto settings = buildSettings(engine, silent);
    if (!settings) return fail(settings.error());
    sim::EventLoop loop(Time{}, 0);
    const sim::Router idle(scenario.router, loop, 0); // what a perfect gate would look at
    if (options.perfectGate) sim::placePerfectGates(*settings, scenario.engine, idle);

    Described out;
    RunInfo& info = out.info;
    info.scenario = scenario.name;
    info.about = scenario.about;
    info.lesson = scenario.lesson;
    info.semantics = engine.semantics.name;
    info.seed = scenario.seed;
    const ParameterRegistry registry(*settings);
    for (std::size_t i = 0; i < registry.entries().size(); ++i) {
        info.parameters.push_back(rowOf(registry.entries()[i], registry.get(i)));
    }
    const auto addGate = [&](Gate* gate, bool ofPool, std::size_t index, std::string owner) {
        if (gate == nullptr) return;
        GateNote note = noteOf(*gate, owner, info.parameters);
        note.ofPool = ofPool;
        note.index = static_cast<std::uint16_t>(index);
        out.gates.push_back(std::move(note));
        info.gates.push_back({std::move(owner), std::string(gate->type()), true});
    };
    for (std::size_t i = 0; i < settings->queues.size(); ++i) {
        const QueueSettings& queue = settings->queues[i];
        info.queues.push_back(queue.id);
        addGate(queue.gate.get(), false, i, "queue " + queue.id);
    }
    for (std::size_t i = 0; i < settings->pools.size(); ++i) {
        const PoolSettings& pool = settings->pools[i];
        info.pools.push_back(pool.id);
        addGate(pool.gate.get(), true, i, "pool " + pool.id);
    }
    for (const auto& source : scenario.sources) {
        info.sources.push_back(source.traffic.name);
        out.queueOfSource.push_back(source.queue);
    }
    std::size_t replicas = 0;
    double slots = 0;
    for (const auto& group : scenario.replicas) {
        replicas += static_cast<std::size_t>(group.count);
        slots += static_cast<double>(group.config.maxNumSeqs) * group.count;
    }
    if (slots > 0) out.sequenceSlots = slots / static_cast<double>(replicas);
    for (std::size_t i = 0; i < replicas; ++i) {
        info.replicas.push_back(sim::podName(scenario.poolName, i));
    }
    for (const Finding& finding : sim::adviseScenario(scenario)) {
        info.advice.push_back(rowOf(finding));
    }
    return out;
}

} // namespace penstock::app

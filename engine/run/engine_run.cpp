// SPDX-License-Identifier: Apache-2.0
#include "engine/run/engine_run.h"

#include "engine/types/check.h"

#include <fmt/format.h>

#include <utility>

namespace penstock {

namespace {

// Metric gates speak of the free share D and close at or below a point: lower is busier.
RecorderSetup completed(RecorderSetup setup, DispatcherSettings& settings) {
    PENSTOCK_CHECK(setup.queues.empty() && setup.workerPools.empty() && setup.gates.empty());
    PENSTOCK_CHECK(setup.parameterNames.empty());
    setup.budgetIsRate = settings.semantics.budgetMeans == Semantics::BudgetMeans::ratePerPoll;
    for (const QueueSettings& queue : settings.queues)
        setup.queues.push_back({queue.id, queue.pool});
    for (const PoolSettings& pool : settings.pools)
        setup.workerPools.push_back({pool.id});
    for (const OwnedGate owner : gateOwners(settings)) {
        const std::string type{gateOf(settings, owner).type()};
        setup.gates.push_back({owner.ofPool, owner.index, type, false});
    }
    const ParameterRegistry registry(settings);
    for (const ParameterEntry& entry : registry.entries())
        setup.parameterNames.push_back(entry.path);
    return setup;
}

} // namespace

EngineRun::EngineRun(DispatcherSettings settings, RecorderSetup recorder, EnginePorts ports,
                     EngineListener* listener)
    : loop_(ports.loop), listener_(listener), recorder_(completed(std::move(recorder), settings)),
      dispatcher_(std::move(settings), ports.loop, ports.client, std::move(ports.queues), this),
      settings_(dispatcher_.settings()), registry_(settings_), gauges_(dispatcher_, settings_) {
    // A move tells the recorder an index in a list that was made before this one.
    PENSTOCK_CHECK(registry_.entries().size() == recorder_.setup().parameterNames.size());
}

EngineRun::~EngineRun() = default;

void EngineRun::ended(const End& end) {
    recorder_.ended(end);
    if (listener_ != nullptr) listener_->engineEnded(end);
}

void EngineRun::tellMove(std::uint8_t code, std::size_t subject, double value) {
    Event event;
    event.at = loop_.now();
    event.kind = EventKind::parameter;
    event.code = code;
    event.subject = static_cast<std::uint32_t>(subject);
    event.value = value;
    recorder_.observe(event);
}

Result<std::size_t> EngineRun::move(const std::string& path, double value) {
    const auto index = registry_.find(path);
    if (!index) return fail(index.error());
    if (auto moved = registry_.set(*index, value); !moved) return fail(moved.error());
    dispatcher_.settingsChanged();
    tellMove(0, *index, value);
    return *index;
}

Result<std::uint16_t> EngineRun::findQueue(std::string_view id) const {
    for (std::size_t i = 0; i < settings_.queues.size(); ++i) {
        if (settings_.queues[i].id == id) return static_cast<std::uint16_t>(i);
    }
    return fail(fmt::format("there is no queue \"{}\"", id));
}

Status EngineRun::pauseQueue(std::string_view id, bool paused) {
    const auto queue = findQueue(id);
    if (!queue) return fail(queue.error());
    settings_.queues[*queue].paused = paused;
    dispatcher_.settingsChanged();
    tellMove(1, *queue, paused ? 1.0 : 0.0);
    return {};
}

void EngineRun::addFacts(RunFacts& facts) {
    facts.semantics = settings_.semantics.name;
    facts.end = loop_.now();
    gauges_.readQueues();
    facts.queues = gauges_.queues();
    LimiterShares limiter;
    for (std::size_t i = 0; i < settings_.queues.size(); ++i)
        limiter += dispatcher_.limiter(static_cast<std::uint16_t>(i));
    const auto shares = limiter.bindingShares();
    for (std::size_t i = 0; i < shares.size(); ++i) {
        facts.limiter.emplace_back(std::string(name(static_cast<LifeStage>(i))), shares[i]);
    }
}

} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
// Building a world from its scenario, and letting it run. What faults do to it is in
// world_faults.cpp, what it tells the recorder in world_record.cpp.
#include "sim/world/world.h"

#include "engine/config/documents/build.h"
#include "engine/types/check.h"
#include "sim/world/deferred_call.h"
#include "sim/world/perfect_gate.h"

#include <fmt/format.h>

#include <algorithm>

namespace penstock::sim {

using namespace std::chrono_literals;

namespace {
// Monday 5 January 2026, 00:00 UTC: deadlines on the wire are Unix seconds, so a simulated run
// needs a date, and a week of diurnal traffic begins on a Monday.
constexpr Time kEpoch{Duration{1767571200LL * 1000000000LL}};
} // namespace

World::World(Scenario scenario, const WorldOptions& options)
    : scenario_(std::move(scenario)), options_(options), asWritten_(scenario_.engine),
      start_(kEpoch), loop_(kEpoch, scenario_.seed) {
    if (options_.perfectGate)
        scenario_.engine = withoutGates(asWritten_, sequenceSlotsOf(scenario_));
}

Time World::epoch() {
    return kEpoch;
}

World::~World() {
    loop_.disarm(sampleTimer_);
    loop_.disarm(engineTimer_);
}

Result<std::unique_ptr<World>> World::make(Scenario scenario, const WorldOptions& options) {
    std::unique_ptr<World> world{new World(std::move(scenario), options)};
    if (auto built = world->build(); !built) return fail(built.error());
    return world;
}

Status World::build() {
    router_ = std::make_unique<Router>(scenario_.router, loop_, scenario_.seed);
    for (const ReplicaGroup& group : scenario_.replicas) {
        for (std::int32_t i = 0; i < group.count; ++i) {
            router_->addEndpoint(group.config, group.startUp, 0s);
            endpointGpus_.push_back(group.tp);
        }
    }

    MetricPath::Options options;
    options.mode =
        scenario_.metrics.perfect ? MetricPath::Mode::perfect : MetricPath::Mode::scraped;
    metrics_ = std::make_unique<MetricPath>(loop_, options);
    routerGauges_ = std::make_unique<RouterGauges>(*metrics_, *router_, scenario_);
    updateGauges();
    metricSource_ = std::make_unique<SimulatedMetricSource>(*metrics_, loop_);
    store_ = std::make_unique<MemoryKeyValue>(loop_);

    // The engine before the sources: they send to its queues. The sources before the recorder: it
    // counts them.
    if (auto engine = makeEngine(); !engine) return engine;
    if (auto sources = makeSources(); !sources) return sources;

    if (scenario_.autoscaler.enabled) {
        const auto waiting = [this] {
            std::int64_t messages = 0;
            for (std::size_t i = 0; i < broker_->size(); ++i) {
                const QueueDepth& depth = broker_->queue(i).depth();
                messages += depth.pending + depth.suspect + depth.claimed;
            }
            return messages;
        };
        autoscaler_ =
            std::make_unique<Autoscaler>(scenario_.autoscaler, scenario_.replicas.front(), *router_,
                                         loop_, waiting, [this] { updateGauges(); });
    }
    faults_ = std::make_unique<FaultTimeline>(
        drawFaults(scenario_.faults, scenario_.faultProcesses, scenario_.horizon, scenario_.seed),
        loop_, start_, static_cast<FaultListener&>(*this));
    poisonCrash_ = std::make_unique<DeferredCall>(loop_, [this] { crashEngine(1s); });

    startEngine();
    for (const auto& source : sources_)
        source->begin();
    sample();
    return checkExpectations();
}

// Every endpoint has its gauges, those that came later too.
void World::updateGauges() {
    while (replicaGauges_.size() < router_->endpointCount()) {
        const std::size_t i = replicaGauges_.size();
        replicaGauges_.push_back(
            std::make_unique<ReplicaGauges>(*metrics_, *router_, i, scenario_));
        // What came after the start is of the first kind: the autoscaler's.
        if (i >= endpointGpus_.size()) endpointGpus_.push_back(scenario_.replicas.front().tp);
    }
    if (truth_ != nullptr) truth_->updateReplicas();
}

Status World::makeEngine() {
    EngineDocument document = scenario_.engine;
    if (scenario_.metrics.perfect) document.prometheusCacheTtl = Duration{0};
    const GateContext context{loop_, metricSource_.get(), store_.get(), document.prometheusCacheTtl,
                              document.semantics};
    std::vector<Error> warnings;
    for (const Finding& f : document.findings)
        warnings.push_back(Error::at(f.place, f.path + ": " + f.computed));
    auto settings = buildSettings(document, context, &warnings);
    if (!settings) return fail(settings.error());
    const EngineDocument* const replaced = options_.perfectGate ? &asWritten_ : nullptr;
    if (replaced != nullptr) placePerfectGates(*settings, *replaced, *router_);
    for (const Error& warning : warnings)
        warnings_.push_back(warning.text());
    truth_ = std::make_unique<TruthPath>(scenario_, loop_, *router_, *store_, replaced,
                                         RouterGauges::Asker::exporter);

    broker_ =
        std::make_unique<MemoryBroker>(BrokerSettings::of(document.semantics), loop_,
                                       static_cast<BrokerListener*>(this), settings->queues.size());
    faultyBroker_ =
        std::make_unique<FaultyBroker>(*broker_, loop_, document.semantics.resultsDurable);
    faultyBroker_->setLatency(scenario_.broker.roundTrip);
    // The decorator costs a few virtual calls a request: only where something can go wrong there.
    const auto meetsBroker = [](const auto& of) {
        return of.kind == FaultKind::queueDown || of.kind == FaultKind::queueSlow;
    };
    const bool apart =
        scenario_.broker.roundTrip > 0s || std::ranges::any_of(scenario_.faults, meetsBroker) ||
        std::ranges::any_of(scenario_.faultProcesses, meetsBroker, &FaultProcess::fault);
    auto queues = apart ? faultyBroker_->ports() : broker_->ports();
    client_ =
        std::make_unique<SimulatedClient>(*router_, loop_, scenario_.router.objectives, sources_,
                                          static_cast<SimulatedClient::PoisonListener&>(*this));
    engine_ = std::make_unique<EngineRun>(std::move(*settings), recorderSetup(),
                                          EnginePorts{loop_, *client_, std::move(queues)},
                                          static_cast<EngineListener*>(this));
    gauger_ = std::make_unique<Gauger>(*engine_, *router_, truth_->gates().settings());
    return {};
}

Status World::makeSources() {
    outstanding_.assign(scenario_.sources.size(), 0);
    for (std::size_t i = 0; i < scenario_.sources.size(); ++i) {
        SourceSpec& spec = scenario_.sources[i];
        if (options_.poissonControl) {
            auto control = poissonControl(spec.traffic, toSeconds(scenario_.horizon));
            if (!control) return fail(control.error());
            spec.traffic = *control;
        }
        const auto index = static_cast<std::uint16_t>(i);
        auto stream = makeStream(spec.traffic, scenario_.seed, index);
        if (!stream) return fail(stream.error());
        if (spec.queue.empty()) {
            sources_.push_back(std::make_unique<InteractiveSource>(
                spec, index, std::move(*stream), loop_, start_, *router_,
                static_cast<InteractiveListener&>(*this)));
            continue;
        }
        const auto found = engine_->findQueue(spec.queue);
        PENSTOCK_CHECK(found.has_value()); // the reader has checked it
        const std::uint16_t queue = *found;
        sources_.push_back(std::make_unique<QueueSource>(spec, index, std::move(*stream), loop_,
                                                         start_, broker_->queue(queue), queue,
                                                         engine_->settings().queues[queue].labels));
    }
    return {};
}

void World::startEngine() {
    engine_->start();
    engineUp_ = true;
}

bool World::step() {
    if (done_) return false;
    for (const auto& source : sources_) {
        if (auto status = source->stream().status(); !status) {
            status_ = status;
            done_ = true;
            return false;
        }
    }
    if (loop_.step(end())) return true;
    loop_.runUntil(end());
    done_ = true;
    return false;
}

void World::runUntil(Time limit) {
    if (done_) return;
    const Time until = std::min(limit, end());
    while (loop_.step(until)) {}
    loop_.runUntil(until);
    if (until == end()) done_ = true;
    for (const auto& source : sources_) {
        if (auto status = source->stream().status(); !status) {
            status_ = status;
            done_ = true;
        }
    }
}

bool World::runFor(std::chrono::nanoseconds wallTime) {
    const auto until = std::chrono::steady_clock::now() + wallTime;
    constexpr int kBetweenLooks = 256; // a look at the clock costs as much as a few events
    while (!done_) {
        for (int i = 0; i < kBetweenLooks; ++i) {
            if (loop_.step(end())) continue;
            runUntil(end());
            return true;
        }
        if (std::chrono::steady_clock::now() >= until) break;
    }
    return done_;
}

bool World::runFor(std::chrono::nanoseconds wallTime, Time limit,
                   const std::atomic<bool>& interrupt, std::uint64_t events) {
    const auto until = std::chrono::steady_clock::now() + wallTime;
    constexpr int kBetweenLooks = 64;
    const Time target = std::max(loop_.now(), std::min(limit, end()));
    while (!done_) {
        for (int i = 0; i < kBetweenLooks; ++i) {
            if (interrupt.load(std::memory_order_relaxed)) return done_;
            if (loop_.fired() >= events) return done_;
            if (loop_.step(target)) continue;
            runUntil(target);
            return done_;
        }
        if (std::chrono::steady_clock::now() >= until) break;
    }
    return done_;
}

Status World::waitUntil(Time t) {
    if (loop_.nextDue() <= t && loop_.now() < t) {
        return fail(fmt::format("something happens at {:.9f} s, before the clock is to be at "
                                "{:.9f} s",
                                toSeconds(loop_.nextDue() - start_), toSeconds(t - start_)));
    }
    if (loop_.now() < t) loop_.runUntil(t);
    return {};
}

penstock::Sample World::look(bool fleet) {
    if (onlooker_ == nullptr) {
        onlooker_ = std::make_unique<Onlooker>(scenario_, loop_, *engine_, *router_, *store_,
                                               options_.perfectGate ? &asWritten_ : nullptr);
        const ParameterRegistry& registry = engine_->parameters();
        for (std::size_t i = 0; i < registry.entries().size(); ++i)
            onlooker_->moved(i, registry.get(i));
    }
    return onlooker_->look(loop_.now(), fleet);
}

Status World::move(const std::string& path, double value) {
    const auto index = engine_->move(path, value);
    if (!index) return fail(index.error());
    truth_->gates().moved(*index, value);
    if (onlooker_ != nullptr) onlooker_->moved(*index, value);
    return {};
}

Status World::pauseQueue(const std::string& id, bool paused) {
    return engine_->pauseQueue(id, paused);
}

std::vector<std::pair<std::string, std::uint64_t>> World::trafficHashes() const {
    std::vector<std::pair<std::string, std::uint64_t>> hashes;
    for (const auto& source : sources_) {
        hashes.emplace_back(source->spec().traffic.name, source->stream().tally().hash);
    }
    return hashes;
}

} // namespace penstock::sim

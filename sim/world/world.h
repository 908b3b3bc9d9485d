// SPDX-License-Identifier: Apache-2.0
#pragma once

// The simulated world: traffic, queues, router, GPUs, metrics and faults, all on one event loop,
// behind the ports of the real engine. The Dispatcher inside is the one that would run live.
//
// A run is a pure function of scenario, seed and the parameter moves made during it: stepping it in
// other portions, recording it or not, showing it or not changes nothing. One thread.
#include "engine/broker/memory_key_value.h"
#include "engine/broker/memory_queue.h"
#include "engine/run/engine_run.h"
#include "sim/faults/faulty_broker.h"
#include "sim/faults/timeline.h"
#include "sim/kernel/event_loop.h"
#include "sim/metrics/metric_path.h"
#include "sim/metrics/metric_source.h"
#include "sim/router/router.h"
#include "sim/scenario/scenario.h"
#include "sim/world/autoscaler.h"
#include "sim/world/client.h"
#include "sim/world/deferred_call.h"
#include "sim/world/gauger.h"
#include "sim/world/onlooker.h"
#include "sim/world/pool_gauges.h"
#include "sim/world/sources.h"
#include "sim/world/truth_path.h"

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace penstock::sim {

struct WorldOptions {
    bool perfectGate = false;    // perfect_gate.h in place of the scenario's gates and their limits
    bool poissonControl = false; // every source with its burstiness removed
};

class World final : private FaultListener,
                    private InteractiveListener,
                    private SimulatedClient::PoisonListener,
                    private BrokerListener,
                    private EngineListener {
  public:
    // The errors are those of traces that cannot be opened, gates that cannot be made, queries that
    // cannot be evaluated and expectations that name nothing of the report.
    static Result<std::unique_ptr<World>> make(Scenario scenario, const WorldOptions& options = {});
    ~World();

    // When every simulated run begins: a Monday, 00:00 UTC.
    static Time epoch();

    const Scenario& scenario() const { return scenario_; }
    EventLoop& loop() { return loop_; }
    Time start() const { return start_; }
    Time end() const { return start_ + scenario_.horizon; }
    Time now() const { return loop_.now(); }
    // At its horizon, or when a stream has failed (status()).
    bool done() const { return done_; }
    Status status() const { return status_; }

    // Fires one event; false when there is none up to the end, the clock then being at the end.
    bool step();
    // Runs up to `limit` (the end at most).
    void runUntil(Time limit);
    // Runs until the end, or until this much wall time has passed: the portion of a caller that has
    // other things to do. True when done.
    bool runFor(std::chrono::nanoseconds wallTime);
    // The same, but no further than `limit`, no more events once `interrupt` is true, and none once
    // `events` have been fired in all: the portion of a caller who must answer at once. Comes back
    // with the clock at `limit` only when nothing due by then is left.
    bool runFor(std::chrono::nanoseconds wallTime, Time limit, const std::atomic<bool>& interrupt,
                std::uint64_t events = UINT64_MAX);

    // Timers fired so far: with the time, the place of a move between two events.
    std::uint64_t eventsFired() const { return loop_.fired(); }
    // Sets the clock to `t`, for a move that was made between two events; an error if something is
    // due before.
    Status waitUntil(Time t);

    ParameterRegistry& parameters() { return engine_->parameters(); }
    // Moves a parameter between two events: part of the run's identity from here on.
    Status move(const std::string& path, double value);
    // Takes nothing more from a queue, or takes up again.
    Status pauseQueue(const std::string& id, bool paused);

    // Every gauge as of now, between two events, as often as wanted: nothing in the run or in its
    // report changes by it. Valid until the next look. Without the fleet, which costs a call for
    // each replica, that part stays as it was last seen.
    penstock::Sample look(bool fleet = true);

    EngineRun& engine() { return *engine_; }
    Recorder& recorder() { return engine_->recorder(); }
    Dispatcher& dispatcher() { return engine_->dispatcher(); }
    Router& router() { return *router_; }
    MemoryBroker& broker() { return *broker_; }
    MetricPath& metrics() { return *metrics_; }
    const std::vector<std::string>& warnings() const { return warnings_; }
    // Hashes over the arrivals of every source, in their order.
    std::vector<std::pair<std::string, std::uint64_t>> trafficHashes() const;

    // The report so far. Checks conservation of requests, tokens and KV blocks, looking at each
    // request that is inside; an error is a bug of ours.
    // With the report of the same world behind the perfect gate, at the same moment, it has a
    // score.
    Result<Report> report(double wallSeconds, const Report* perfect = nullptr);

  private:
    World(Scenario scenario, const WorldOptions& options);
    Status build();
    Status makeSources();
    Status makeEngine();
    RecorderSetup recorderSetup() const;
    void startEngine();
    void crashEngine(Duration downtime);
    void drainEngine(Duration downtime);
    void engineBack();
    void sample();
    void updateGauges();
    RunFacts facts(double wallSeconds);
    Status checkExpectations();
    void addChecksums(std::vector<Json>& traffic);
    double gpuSeconds() const;
    static bool ofReplica(const Fault& fault);
    bool present(std::size_t endpoint) const;
    std::uint64_t wastedTokens() const;
    void tellFault(const Fault& fault, std::size_t endpoint, std::uint8_t code);
    std::size_t endpointOf(std::size_t index, const Fault& fault) const;
    void set(const Fault& fault, std::size_t endpoint, bool on);
    Status checkConservation() const;
    Status checkRequests() const;
    Status checkTokensAndBlocks() const;
    void emit(EventKind kind, std::uint8_t code, std::size_t subject, double value = 0.0);
    std::vector<TargetId> targetsOf(const Fault& fault) const;

    void faultBegins(std::size_t index, const Fault& fault) override;
    void faultEnds(std::size_t index, const Fault& fault) override;
    void interactiveArrived(std::uint16_t source, std::uint64_t number) override;
    void interactiveEnded(const InteractiveOutcome& outcome) override;
    void poisoned() override;
    Event about(EventKind kind, const Request& request) const;
    void engineEnded(const End& end) override;
    void enqueued(const Request& request) override;
    void destroyed(const Request& request) override;

    Scenario scenario_;
    WorldOptions options_;
    EngineDocument asWritten_; // the scenario's engine before a perfect gate took its place
    Time start_;
    EventLoop loop_;
    Status status_;
    bool done_ = false;
    std::vector<std::string> warnings_;

    std::unique_ptr<Router> router_;
    std::unique_ptr<MetricPath> metrics_;
    std::unique_ptr<RouterGauges> routerGauges_;
    std::vector<std::unique_ptr<ReplicaGauges>> replicaGauges_;
    std::unique_ptr<SimulatedMetricSource> metricSource_;
    std::unique_ptr<MemoryKeyValue> store_;
    std::unique_ptr<MemoryBroker> broker_;
    std::unique_ptr<FaultyBroker> faultyBroker_; // the engine's way to it
    std::vector<std::unique_ptr<Source>> sources_;
    std::unique_ptr<SimulatedClient> client_;
    std::unique_ptr<EngineRun> engine_;
    std::unique_ptr<TruthPath> truth_;
    std::unique_ptr<Autoscaler> autoscaler_;
    std::unique_ptr<FaultTimeline> faults_;

    std::unique_ptr<Gauger> gauger_;     // the recorder's
    std::unique_ptr<Onlooker> onlooker_; // null until the first look

    Router::Trouble trouble_;
    // Faults in force, and the endpoint that each hit, if it is one of a replica and that was
    // there: the pool may grow meanwhile.
    static constexpr std::size_t kNowhere = SIZE_MAX;
    struct ActiveFault {
        std::size_t index;
        Fault fault;
        std::size_t endpoint;
    };
    std::vector<ActiveFault> active_;
    std::uint64_t faultsBegun_ = 0;
    std::vector<int> endpointGpus_; // by endpoint
    bool engineUp_ = false;
    std::map<std::string, std::string> checksums_; // of trace files, once asked for
    std::vector<std::uint64_t> outstanding_;       // of each source: arrived and not ended
    MemberTimer<World, &World::sample> sampleTimer_{*this};
    MemberTimer<World, &World::engineBack> engineTimer_{*this};
    std::unique_ptr<DeferredCall> poisonCrash_;
};

} // namespace penstock::sim

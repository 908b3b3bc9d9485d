// SPDX-License-Identifier: Apache-2.0
#pragma once

// One replica as the router sees it: a Replica on the event loop, what the router last read of it,
// and whether it can be reached. The replica says when something happens next; one timer stands for
// all of its events.
//
// The router reads an endpoint's metrics every 50 ms on the endpoint's own phase. Nothing is armed
// for that: what it would have read at its last tick is computed when asked for, or just before
// the replica's state changes, whichever comes first, so the value is exact and idle ticks are
// free.
#include "sim/fleet/replica.h"
#include "sim/kernel/event_loop.h"
#include "sim/router/endpoint_metrics.h"

#include <cstdint>
#include <span>
#include <vector>

namespace penstock::sim {

// What became of a job at its replica.
struct JobEvent {
    // waitingFull, tooLong: refused, heard of only when a partition had ended.
    enum class Kind : std::uint8_t { scheduled, firstToken, finished, lost, waitingFull, tooLong };
    Kind kind;
    std::int32_t cachedTokens; // scheduled: of its prompt, in the prefix cache
    std::uint64_t job;
    Time at;
};

class EndpointListener {
  public:
    // In order of time, when the replica is at rest again; valid during the call.
    virtual void happened(std::span<const JobEvent> events) = 0;
    // Ready or not has changed.
    virtual void readinessChanged() = 0;

  protected:
    ~EndpointListener() = default;
};

class Endpoint final : private Timer {
  public:
    // Ready after `startsIn`. The listener outlives the endpoint.
    Endpoint(const ReplicaConfig& config, EventLoop& loop, EndpointListener& listener,
             Duration refresh, Duration refreshPhase, Duration startUp, Duration startsIn);
    ~Endpoint() override;

    // Across a partition no answer is heard: a refusal counts as accepted, without a slot, and
    // is told as an event when the partition ends.
    Submitted submit(const Sequence& sequence);
    // Takes it out; nothing more is told of it. True if it had finished already, though none had
    // heard of it.
    bool abort(std::int32_t slot, std::uint64_t job);
    // What a partition holds back, in order of time.
    std::span<const JobEvent> untold() const { return happened_; }

    // Takes new requests: started, not draining, not gone.
    bool ready() const { return state_ == State::ready; }
    bool starting() const { return state_ == State::starting; }
    bool draining() const { return state_ == State::draining; }
    // How often it has begun anew, with nothing in its caches.
    std::uint32_t lives() const { return lives_; }
    // Drained away: it has finished what it had, and its GPUs are another's.
    bool released() const { return released_; }
    // Its process is there, for new requests or only to finish old ones: its metrics can be read.
    bool up() const { return state_ == State::ready || state_ == State::draining; }

    // The metrics as last read by the router; refresh() brings them up to the tick before now and
    // returns when the next one is.
    const EndpointMetrics& lastRead() const { return read_; }
    Time refresh(Time now);

    // What lastRead() would be after refresh(now), without having read.
    EndpointMetrics readBy(Time now) const;

    EndpointMetrics truth() const;
    // The truth with everything inside that does not run counted as waiting.
    EndpointMetrics committed() const;
    Observation observe() const;
    Holdings holdings() const { return replica_.holdings(nowNs()); }
    std::int64_t inside() const { return replica_.inside(); }
    std::int64_t cachedTokens(const Sequence& sequence) const {
        return replica_.cachedTokens(sequence);
    }
    const ReplicaConfig& config() const { return replica_.config(); }

    // How long it has been paid for: from its creation on, but for the time between being drained
    // and being wanted again. A killed one keeps its GPUs, waiting for its return.
    Duration held() const;

    // Faults and scaling. A killed endpoint loses everything; it is back `startUp` after restore().
    // A drained one finishes what it has and is released then; until it is, restore() only makes it
    // ready again. start() makes a released one begin anew, ready after `startsIn`.
    void kill();
    void drain();
    void restore();
    void start(Duration startsIn);
    void setSlowFactor(double factor);
    void setPartitioned(bool partitioned);

  private:
    enum class State : std::uint8_t { starting, ready, draining, gone };
    // The replica's sink: remembers, so that listeners are told when the replica is at rest again.
    struct Collector {
        std::vector<JobEvent>& out;
        void scheduled(std::uint64_t id, std::int64_t t, std::int32_t cached) {
            out.push_back({JobEvent::Kind::scheduled, cached, id, Time{Duration{t}}});
        }
        void firstToken(std::uint64_t id, std::int64_t t) {
            out.push_back({JobEvent::Kind::firstToken, 0, id, Time{Duration{t}}});
        }
        void finished(std::uint64_t id, std::int64_t t) {
            out.push_back({JobEvent::Kind::finished, 0, id, Time{Duration{t}}});
        }
        void preempted(std::uint64_t, std::int64_t) {}
        void lost(std::uint64_t id, std::int64_t t) {
            out.push_back({JobEvent::Kind::lost, 0, id, Time{Duration{t}}});
        }
    };

    void fire() override;
    void armNext();
    void tell();
    void started();
    void become(State state);
    void goneIfDrained();
    EndpointMetrics metricsAt(Time t) const;
    std::int64_t nowNs() const { return loop_.now().time_since_epoch().count(); }

    EventLoop& loop_;
    EndpointListener& listener_;
    Replica<> replica_;
    Duration refresh_;
    Duration phase_;
    Duration startUp_;
    State state_ = State::starting;
    bool partitioned_ = false;
    bool released_ = false;
    Duration heldBefore_{0};
    Time heldSince_;
    std::uint32_t lives_ = 0;
    EndpointMetrics read_;
    Time nextTick_{};
    std::vector<JobEvent> happened_;
    std::vector<JobEvent> telling_;
    MemberTimer<Endpoint, &Endpoint::started> startTimer_{*this};
};

} // namespace penstock::sim

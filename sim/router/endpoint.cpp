// SPDX-License-Identifier: Apache-2.0
#include "sim/router/endpoint.h"

#include "engine/types/check.h"

#include <algorithm>

namespace penstock::sim {

Endpoint::Endpoint(const ReplicaConfig& config, EventLoop& loop, EndpointListener& listener,
                   Duration refresh, Duration refreshPhase, Duration startUp, Duration startsIn)
    : loop_(loop), listener_(listener), replica_(config), refresh_(refresh), phase_(refreshPhase),
      startUp_(startUp), heldSince_(loop.now()) {
    read_.at = loop_.now();
    nextTick_ = loop_.now() + phase_;
    if (startsIn > Duration{0}) {
        loop_.arm(startTimer_, loop_.now() + startsIn);
    } else {
        state_ = State::ready;
    }
}

Endpoint::~Endpoint() {
    loop_.disarm(*this);
    loop_.disarm(startTimer_);
}

Submitted Endpoint::submit(const Sequence& sequence) {
    refresh(loop_.now());
    const Submitted submitted = replica_.submit(nowNs(), sequence);
    armNext();
    if (!partitioned_ || submitted.verdict == Admission::accepted) return submitted;
    const auto kind = submitted.verdict == Admission::tooLong ? JobEvent::Kind::tooLong
                                                              : JobEvent::Kind::waitingFull;
    happened_.push_back({kind, 0, sequence.id, loop_.now()});
    return {Admission::accepted, -1};
}

bool Endpoint::abort(std::int32_t slot, std::uint64_t job) {
    refresh(loop_.now());
    Collector collector{happened_};
    replica_.cancel(nowNs(), slot, job, collector);
    // What a partition holds back of it must not reach the next owner of its number.
    bool finished = false;
    std::erase_if(happened_, [&](const JobEvent& h) {
        if (h.job != job) return false;
        finished = finished || h.kind == JobEvent::Kind::finished;
        return true;
    });
    goneIfDrained();
    armNext();
    // Others may have finished at this very instant: they are told from a timer of their own, since
    // the caller is in the middle of something.
    if (!happened_.empty() && !partitioned_) loop_.arm(*this, loop_.now());
    return finished;
}

void Endpoint::fire() {
    refresh(loop_.now());
    Collector collector{happened_};
    replica_.advance(nowNs(), collector);
    tell();
    goneIfDrained();
    armNext();
}

void Endpoint::tell() {
    if (partitioned_ || happened_.empty()) return;
    telling_.swap(happened_);
    listener_.happened(telling_);
    telling_.clear();
}

void Endpoint::armNext() {
    const std::int64_t next = replica_.nextEvent();
    if (next >= kNeverNs) {
        loop_.disarm(*this);
    } else if (!armed() || due() != Time{Duration{next}}) {
        loop_.arm(*this, Time{Duration{next}});
    }
}

Time Endpoint::refresh(Time now) {
    if (now < nextTick_) return nextTick_;
    // The last tick at or before now. No event has happened since, or it would have come by here.
    const Time tick = nextTick_ + (now - nextTick_) / refresh_ * refresh_;
    nextTick_ = tick + refresh_;
    if (!partitioned_) read_ = metricsAt(tick);
    return nextTick_;
}

EndpointMetrics Endpoint::readBy(Time now) const {
    if (partitioned_ || now < nextTick_) return read_;
    return metricsAt(nextTick_ + (now - nextTick_) / refresh_ * refresh_);
}

EndpointMetrics Endpoint::metricsAt(Time t) const {
    const Observation seen = replica_.observe(t.time_since_epoch().count());
    EndpointMetrics m;
    m.at = t;
    m.waiting = static_cast<double>(seen.waiting);
    m.running = static_cast<double>(seen.running);
    m.kvUsed = seen.kvUsedFraction;
    return m;
}

EndpointMetrics Endpoint::truth() const {
    return metricsAt(loop_.now());
}

EndpointMetrics Endpoint::committed() const {
    EndpointMetrics m = truth();
    m.waiting = static_cast<double>(replica_.inside()) - m.running;
    return m;
}

Observation Endpoint::observe() const {
    return replica_.observe(nowNs());
}

void Endpoint::become(State state) {
    if (state_ == state) return;
    state_ = state;
    listener_.readinessChanged();
}

void Endpoint::started() {
    become(State::ready);
}

void Endpoint::kill() {
    refresh(loop_.now());
    become(State::gone);
    loop_.disarm(startTimer_);
    Collector collector{happened_};
    replica_.kill(nowNs(), collector);
    armNext();
    tell();
}

void Endpoint::drain() {
    loop_.disarm(startTimer_);
    if (state_ == State::gone) return;
    become(State::draining);
    goneIfDrained();
}

void Endpoint::goneIfDrained() {
    if (state_ != State::draining || replica_.inside() > 0) return;
    become(State::gone);
    heldBefore_ = held();
    released_ = true;
}

Duration Endpoint::held() const {
    return released_ ? heldBefore_ : heldBefore_ + (loop_.now() - heldSince_);
}

void Endpoint::restore() {
    if (state_ == State::draining) become(State::ready);
    if (state_ == State::gone) start(startUp_);
}

void Endpoint::start(Duration startsIn) {
    PENSTOCK_CHECK(state_ == State::gone);
    refresh(loop_.now());
    Collector collector{happened_};
    replica_.kill(nowNs(), collector); // it is empty; what its caches held goes too
    ++lives_;
    if (released_) heldSince_ = loop_.now();
    released_ = false;
    become(State::starting);
    loop_.arm(startTimer_, loop_.now() + startsIn);
}

void Endpoint::setSlowFactor(double factor) {
    refresh(loop_.now());
    Collector collector{happened_};
    replica_.setSlowFactor(nowNs(), factor, collector);
    tell();
    armNext();
}

void Endpoint::setPartitioned(bool partitioned) {
    refresh(loop_.now());
    partitioned_ = partitioned;
    if (!partitioned_) tell();
}

} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
// The hot path: one switch an event, counters by index, no allocation.
#include "engine/record/recorder/recorder.h"

#include "engine/record/recorder/recorder_state.h"
#include "engine/types/check.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

namespace penstock {

namespace {
constexpr bool succeeded(int status) {
    return status >= 200 && status < 400;
}
} // namespace

// Whose gate spoke, as the event says; null where none did.
GateState* Recorder::State::gateOf(const Event& e) {
    std::int16_t index = -1;
    if (e.queue == kNoIndex) {
        if (e.pool != kNoIndex) index = pools.at(e.pool).gate;
    } else {
        const QueueState& q = queueOf(e);
        const auto side = static_cast<GateSide>(e.detail);
        if (e.kind == EventKind::gateRead || side == GateSide::queueGate) {
            index = q.queueGate;
        } else if (side == GateSide::poolGate) {
            index = q.poolGate;
        }
    }
    return index < 0 ? nullptr : &gates[static_cast<std::size_t>(index)];
}

std::int64_t Recorder::State::inFlightOf(const GateState& gate) const {
    const auto& owner = setup.gates[static_cast<std::size_t>(&gate - gates.data())];
    return owner.ofPool ? pools[owner.index].inFlight : queues[owner.index].inFlight;
}

void Recorder::State::countFinished(const Event& e, QueueState& q) {
    switch (static_cast<ResultCode>(e.code)) {
    case ResultCode::http:
        if (succeeded(e.status)) {
            ++q.counts.succeeded; // ok or late: ended() knows the deadline
            return;
        }
        if (static_cast<GateSide>(e.detail) != GateSide::none) { // a gate's drop, with a status
            ++q.counts.dropped;
            if (GateState* gate = gateOf(e)) ++gate->counts.dropped;
            break;
        }
        ++q.counts.failed;
        break;
    case ResultCode::deadlineExceeded:
        ++q.counts.deadlineExceeded;
        late.add(e.at, 1);
        return;
    case ResultCode::cancelled:
        ++q.counts.cancelled;
        return;
    case ResultCode::gateDropped:
        ++q.counts.dropped;
        if (GateState* gate = gateOf(e)) ++gate->counts.dropped;
        break;
    case ResultCode::gateError:
        ++q.counts.failed;
        if (GateState* gate = gateOf(e)) ++gate->counts.error;
        break;
    case ResultCode::deliveryAttemptsExceeded:
        ++q.counts.dead;
        break;
    case ResultCode::inferenceError:
    case ResultCode::invalidRequest:
    case ResultCode::payloadUnavailable:
        ++q.counts.failed;
        break;
    }
    failed.add(e.at, 1);
}

void Recorder::State::countLost(const Event& e, QueueState& q) {
    ++q.counts.withoutResult;
    // llm-d-async 0.9 drops an expired message in silence: to its sender that is a missed deadline.
    if (lastExpired == e.request) {
        ++q.counts.deadlineExceeded;
        late.add(e.at, 1);
    } else {
        ++q.counts.lost;
        failed.add(e.at, 1);
    }
}

void Recorder::State::count(const Event& e) {
    switch (e.kind) {
    case EventKind::enqueued:
        ++queueOf(e).counts.enqueued;
        queueOf(e).openSinceSeconds += toSeconds(e.at - setup.start);
        return;
    case EventKind::claimed: {
        QueueState& q = queueOf(e);
        ++q.counts.claimed;
        if (q.queueGate >= 0) gates[static_cast<std::size_t>(q.queueGate)].track.letThrough(e.at);
        return;
    }
    case EventKind::expired:
        lastExpired = e.request;
        return;
    case EventKind::sent: {
        QueueState& q = queueOf(e);
        ++q.counts.attempts;
        ++q.inFlight;
        ++pools[q.pool].inFlight;
        if (e.attempt == 0) {
            ++firstAttempts;
            if (e.at >= warmEnd) q.wait.record(e.age);
        }
        if (q.queueGate >= 0) gates[static_cast<std::size_t>(q.queueGate)].track.letThrough(e.at);
        if (q.poolGate >= 0) gates[static_cast<std::size_t>(q.poolGate)].track.letThrough(e.at);
        return;
    }
    case EventKind::response: {
        QueueState& q = queueOf(e);
        --q.inFlight;
        --pools[q.pool].inFlight;
        if (e.detail != 0) ++q.counts.transportErrors;
        if (e.status == 429 || e.status == 503) {
            ++q.counts.shedBy[std::min<std::size_t>(e.code, q.counts.shedBy.size() - 1)];
        }
        if (e.status == 429) {
            ++q.counts.shed;
            shed.add(e.at, 1);
        }
        return;
    }
    case EventKind::retry:
        ++queueOf(e).counts.retries;
        retry.add(e.at, 1);
        return;
    case EventKind::finished:
        countFinished(e, queueOf(e));
        return;
    case EventKind::lost:
        countLost(e, queueOf(e));
        return;
    case EventKind::deadLetter:
        ++queueOf(e).counts.dead;
        failed.add(e.at, 1);
        return;
    case EventKind::redelivered:
        ++queueOf(e).counts.redelivered;
        return;
    case EventKind::unparsable:
        ++queueOf(e).counts.unparsable;
        return;
    case EventKind::gaveBack:
        return;
    case EventKind::gateRead:
        if (GateState* gate = gateOf(e)) {
            const Reason reason{.code = static_cast<ReasonCode>(e.code),
                                .available = e.available,
                                .value = e.value,
                                .threshold = e.threshold,
                                .age = e.age,
                                .source = {}};
            gate->track.read(e.at, reason, e.budget);
            if (reason.code == ReasonCode::gateError) ++gate->counts.error;
        }
        return;
    case EventKind::gateClosed:
        if (GateState* gate = gateOf(e)) {
            ++gate->counts.gateClosed;
            gate->track.noRoom(e.at, !setup.budgetIsRate && inFlightOf(*gate) > 0);
        }
        return;
    case EventKind::refused:
    case EventKind::waiting:
        if (GateState* gate = gateOf(e)) {
            const auto code = static_cast<ReasonCode>(e.code);
            if (code == ReasonCode::gateError) {
                ++gate->counts.error;
            } else if (e.kind == EventKind::waiting) {
                ++gate->counts.waiting;
            } else if (code == ReasonCode::quotaExhausted) {
                ++gate->counts.quotaExhausted;
            } else {
                ++gate->counts.gateClosed;
            }
            gate->track.refusing(e.at, e.code);
        }
        return;
    case EventKind::engine:
        // What a crashed engine had sent has no owner any more.
        if (e.code == 1) {
            for (auto& queue : queues)
                queue.inFlight = 0;
            for (auto& pool : pools)
                pool.inFlight = 0;
        }
        mark(e);
        return;
    case EventKind::parameter:
    case EventKind::fault:
        mark(e);
        return;
    case EventKind::leaseLost:
        return;
    case EventKind::arrived:
    case EventKind::completed:
        return; // counted by arrived() and completed()
    }
}

Recorder::Recorder(RecorderSetup setup) : state_(std::make_unique<State>(std::move(setup))) {}
Recorder::~Recorder() = default;

void Recorder::addSink(RecordSink& sink) {
    state_->sinks.push_back(&sink);
}

void Recorder::observe(const Event& event) {
    State& s = *state_;
    PENSTOCK_CHECK(event.kind != EventKind::arrived && event.kind != EventKind::completed);
    s.fingerprint.add(event);
    s.count(event);
    for (RecordSink* sink : s.sinks)
        sink->event(event);
}

void Recorder::ended(const End& end) {
    State& s = *state_;
    const Request& request = end.request;
    const ServiceTiming& lastTiming = end.timing;
    PENSTOCK_CHECK(request.queue < s.queues.size() && end.event.request == request.number);
    const bool success = succeeded(end.status());
    QueueState& q = s.queues[request.queue];
    const Time at = end.at();
    const Duration life = at - request.enqueued;
    ++q.counts.ended;
    q.lifeSeconds += toSeconds(life);
    q.openSinceSeconds -= toSeconds(request.enqueued - s.setup.start);
    const bool counts = at >= s.warmEnd;
    const bool missed = at > request.deadline;
    if (success) {
        q.counts.promptTokens += lastTiming.promptTokens;
        q.counts.outputTokens += lastTiming.outputTokens;
        if (counts) q.e2e.record(life);
        if (missed) {
            ++q.counts.late;
            s.late.add(at, 1);
        } else {
            q.counts.timelyTokens += lastTiming.outputTokens;
            s.ok.add(at, 1);
        }
    } else {
        s.wastedTokens += lastTiming.outputTokens;
    }
    if (counts && request.deadline < kNever) {
        const Duration slack = request.deadline - at;
        q.slackSum += toSeconds(slack);
        if (slack >= Duration{0}) {
            q.slackMet.record(slack);
        } else {
            q.slackLate.record(-slack);
        }
    }
    if (request.envelope != nullptr) {
        if (TenantState* tenant = s.tenants.find(*request.envelope, s.setup.tenantAttribute)) {
            ++tenant->ended;
            tenant->lifeSeconds += toSeconds(life);
            if (success) ++tenant->succeeded;
        }
    }
    for (RecordSink* sink : s.sinks)
        sink->ended(end);
}

void Recorder::arrived(Time at, std::uint16_t source, std::uint64_t request,
                       std::uint32_t promptTokens, std::uint32_t outputTokens) {
    State& s = *state_;
    PENSTOCK_CHECK(source < s.sources.size());
    ++s.arrivals;
    ++s.sources[source].counts.arrivals;
    Event e;
    e.at = at;
    e.kind = EventKind::arrived;
    e.queue = source;
    e.request = request;
    e.value = promptTokens;
    e.threshold = outputTokens;
    s.fingerprint.add(e);
    for (RecordSink* sink : s.sinks)
        sink->event(e);
    e.request = 0; // numbering may depend on what the engine did
    s.traffic.add(e);
}

void Recorder::completed(const Completion& c) {
    State& s = *state_;
    PENSTOCK_CHECK(c.source < s.sources.size());
    SourceState& source = s.sources[c.source];
    Event e;
    e.at = c.at;
    e.kind = EventKind::completed;
    e.queue = c.source;
    e.request = c.request;
    e.status = c.status;
    e.value = toSeconds(c.ttft);
    e.threshold = toSeconds(c.e2e);
    e.budget = toSeconds(c.tpot);
    s.fingerprint.add(e);
    if (c.status >= 200 && c.status < 400) {
        ++source.counts.completed;
        source.counts.promptTokens += c.promptTokens;
        source.counts.outputTokens += c.outputTokens;
        if (c.at >= s.warmEnd) {
            source.e2e.record(c.e2e);
            if (c.ttft.count() > 0) source.ttft.record(c.ttft);
            if (c.tpot.count() > 0) source.tpot.record(c.tpot);
        }
        if (source.counts.interactive && c.ttft.count() > 0) s.ttft.record(c.at, c.ttft);
    } else {
        ++source.counts.failed;
        s.wastedTokens += source.counts.interactive ? c.outputTokens : 0;
    }
    for (RecordSink* sink : s.sinks) {
        sink->event(e);
        sink->completed(c);
    }
}

void Recorder::sample(Time t, const Sample& sample) {
    State& s = *state_;
    PENSTOCK_CHECK(sample.queues.size() == s.queues.size());
    PENSTOCK_CHECK(sample.workerPools.size() == s.pools.size());
    PENSTOCK_CHECK(sample.gates.size() == s.gates.size());
    const bool counts = t >= s.warmEnd;
    const double elapsed = s.elapsedTo(t);
    const double sinceLast = toSeconds(t - s.lastSample);
    double backlog = 0;
    for (std::size_t i = 0; i < s.queues.size(); ++i) {
        QueueState& q = s.queues[i];
        const QueueSample& now = sample.queues[i];
        const auto depth = static_cast<double>(now.depth());
        backlog += static_cast<double>(now.pending);
        q.depthSeries.add(t, depth);
        q.inSystem.look(static_cast<double>(now.inSystem()), sinceLast);
        q.depth.look(depth, elapsed);
        if (counts) q.depthMax = std::max(q.depthMax, depth);
    }
    s.backlog.add(t, backlog);
    for (std::size_t i = 0; i < s.pools.size(); ++i) {
        s.pools[i].busy.add(t, sample.workerPools[i].busy);
        s.pools[i].limit.add(t, sample.workerPools[i].workers);
    }
    for (std::size_t i = 0; i < s.gates.size(); ++i)
        s.gates[i].track.sample(t, sample.gates[i]);
    const FleetSample& fleet = sample.fleet;
    s.saturation.add(t, fleet.saturation);
    s.busy.add(t, fleet.busyShare);
    s.kv.add(t, fleet.kvUsed);
    s.running.add(t, static_cast<double>(fleet.running));
    s.waiting.add(t, static_cast<double>(fleet.waiting));
    if (!sample.replicaBusy.empty()) s.heat.add(t, sample.replicaBusy);
    s.lastSample = t;
    s.fleet.look(fleet, elapsed, counts);
    if (counts) s.saturationMicro.record(std::llround(fleet.saturation * 1e6));
    for (RecordSink* sink : s.sinks)
        sink->sample(t, sample);
}

const RecorderSetup& Recorder::setup() const {
    return state_->setup;
}
const Fingerprint& Recorder::fingerprint() const {
    return state_->fingerprint;
}
std::uint64_t Recorder::arrivals() const {
    return state_->arrivals;
}

} // namespace penstock

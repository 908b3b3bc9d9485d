// SPDX-License-Identifier: Apache-2.0
#include "sim/world/sources.h"

#include "engine/types/check.h"

#include <algorithm>

namespace penstock::sim {

Source::Source(const SourceSpec& spec, std::uint16_t index, std::unique_ptr<ArrivalStream> stream,
               EventLoop& loop, Time start)
    : spec_(spec), index_(index), loop_(loop), start_(start), stream_(std::move(stream)),
      closedLoop_(std::holds_alternative<ClosedLoopProcess>(spec.traffic.process)) {}

Source::~Source() {
    loop_.disarm(timer_);
}

void Source::begin() {
    armNext();
}

void Source::end() {
    ended_ = true;
    loop_.disarm(timer_);
}

void Source::armNext() {
    if (ended_) return;
    const std::int64_t next = stream_->peekNs();
    if (next == kNoTime) {
        loop_.disarm(timer_);
    } else if (!timer_.armed() || timer_.due() != start_ + Duration{next}) {
        loop_.arm(timer_, start_ + Duration{next});
    }
}

void Source::pull() {
    const std::int64_t now = (loop_.now() - start_).count();
    Arrival arrival;
    // A lump is many arrivals at one instant: all of them belong to this one event.
    while (!ended_ && stream_->peekNs() <= now && stream_->next(arrival))
        send(arrival);
    armNext();
}

void Source::completed(std::uint32_t user, Time at) {
    if (!closedLoop_) return; // no user waits for it
    stream_->completed(user, (at - start_).count());
    armNext();
}

void Source::refused(std::uint32_t user, Time at, Duration retryAfter) {
    if (!closedLoop_) return;
    stream_->refused(user, (at - start_).count(), retryAfter.count());
    armNext();
}

PrefixInfo Source::prefixOf(const Arrival& arrival) const {
    PrefixInfo prefix;
    if (arrival.blockHashes != nullptr) {
        prefix.hashes = arrival.blockHashes;
        prefix.hashCount = static_cast<std::int32_t>(arrival.blockCount);
        prefix.hashTokens = static_cast<std::int32_t>(arrival.blockTokens);
        prefix.space = index_ + std::uint64_t{1};
        return prefix;
    }
    // Ids are unique within a source; the source's index makes them unique in the world.
    const std::uint64_t base = (static_cast<std::uint64_t>(index_) + 1) << 48;
    const auto prompt = static_cast<std::int32_t>(arrival.promptTokens);
    std::int32_t shared = 0;
    if (arrival.prefixGroup != 0) {
        shared = std::min(static_cast<std::int32_t>(arrival.prefixTokens), prompt);
        prefix.groups[0] = {base | arrival.prefixGroup, shared};
    }
    if (arrival.session != 0) {
        const std::int32_t rest = prompt - shared + static_cast<std::int32_t>(arrival.outputTokens);
        const PrefixInfo::Group group{base | (std::uint64_t{1} << 40) | arrival.session, rest};
        prefix.groups[shared > 0 ? 1 : 0] = group;
    }
    return prefix;
}

Body Source::bodyOf(const Arrival& arrival) const {
    Body body;
    body.promptTokens = std::max<std::uint32_t>(arrival.promptTokens, 1);
    body.outputTokens = std::max<std::uint32_t>(arrival.outputTokens, 1);
    body.user = arrival.user;
    body.priority =
        arrival.hasPriority() ? arrival.priority : static_cast<std::int16_t>(spec_.priority);
    body.tenant = arrival.tenant;
    body.poison = arrival.poison();
    return body;
}

// --- interactive ---

struct InteractiveSource::Flight final : Timer {
    InteractiveSource* owner = nullptr;
    std::uint32_t id = 0;
    std::uint32_t user = 0;
    std::uint64_t number = 0;
    Time arrived{};
    Router::JobId job = 0;
    std::vector<std::uint64_t> hashes; // of a trace that has them
    void fire() override { owner->gaveUp(id); }
};

InteractiveSource::InteractiveSource(const SourceSpec& spec, std::uint16_t index,
                                     std::unique_ptr<ArrivalStream> stream, EventLoop& loop,
                                     Time start, Router& router, InteractiveListener& listener)
    : Source(spec, index, std::move(stream), loop, start), router_(router), listener_(listener) {}

InteractiveSource::~InteractiveSource() {
    for (std::uint32_t i = 0; i < flights_.capacity(); ++i)
        loop_.disarm(flights_[i]);
}

void InteractiveSource::send(const Arrival& arrival) {
    const Body body = bodyOf(arrival);
    const std::uint32_t id = flights_.take();
    Flight& flight = flights_[id];
    flight.owner = this;
    flight.id = id;
    flight.number = requestNumber(index_, stream().tally().arrivals - 1);
    flight.user = arrival.user;
    flight.arrived = loop_.now();
    listener_.interactiveArrived(index_, flight.number);

    Duration patience = spec_.timeout;
    if (arrival.cancelAfterNs != kNoTime &&
        (patience == Duration{0} || Duration{arrival.cancelAfterNs} < patience)) {
        patience = Duration{arrival.cancelAfterNs};
    }
    if (patience > Duration{0}) loop_.arm(flight, flight.arrived + patience);

    RouterRequest request;
    request.promptTokens = body.promptTokens;
    request.outputTokens = body.outputTokens;
    request.priority = body.priority;
    request.streams = true; // people read as it comes
    request.fairness = (static_cast<std::uint32_t>(index_) << 16) | body.tenant;
    if (arrival.deadlineNs != kNoTime) request.deadline = start_ + Duration{arrival.deadlineNs};
    request.prefix = prefixOf(arrival);
    if (request.prefix.hashes != nullptr) {
        // The stream reuses its own.
        flight.hashes.assign(arrival.blockHashes, arrival.blockHashes + arrival.blockCount);
        request.prefix.hashes = flight.hashes.data();
    }
    const Router::JobId job = router_.submit(request, *this, id);
    if (flights_.taken(id)) flight.job = job; // else it was answered at once
}

void InteractiveSource::routed(std::uint32_t tag, const Response& response) {
    finish(tag, response, false);
}

void InteractiveSource::gaveUp(std::uint32_t flight) {
    router_.abort(flights_[flight].job);
    finish(flight, Response{}, true);
}

void InteractiveSource::finish(std::uint32_t id, const Response& response, bool timedOut) {
    Flight& flight = flights_[id];
    loop_.disarm(flight);
    const std::uint32_t user = flight.user;
    InteractiveOutcome outcome;
    outcome.source = index_;
    outcome.number = flight.number;
    outcome.response = response;
    outcome.arrived = flight.arrived;
    outcome.timedOut = timedOut;
    flights_.give(id);
    listener_.interactiveEnded(outcome);
    if (timedOut || response.status == 200) {
        completed(user, loop_.now());
    } else {
        refused(user, loop_.now(), response.retryAfter);
    }
}

// --- asynchronous ---

struct QueueSource::Cancel final : Timer {
    QueueSource* owner = nullptr;
    std::uint64_t number = 0;
    std::uint32_t index = 0;
    void fire() override {
        owner->cancels_.give(index);
        owner->queue_.cancel(number);
    }
};

QueueSource::QueueSource(const SourceSpec& spec, std::uint16_t index,
                         std::unique_ptr<ArrivalStream> stream, EventLoop& loop, Time start,
                         MemoryQueue& queue, std::uint16_t queueIndex,
                         const penstock::Labels& queueLabels)
    : Source(spec, index, std::move(stream), loop, start), queue_(queue), queueIndex_(queueIndex),
      queueLabels_(queueLabels) {}

QueueSource::~QueueSource() {
    for (std::uint32_t i = 0; i < cancels_.capacity(); ++i)
        loop_.disarm(cancels_[i]);
}

const Envelope* QueueSource::envelopeOf(const Arrival& arrival) {
    const TrafficSpec& traffic = spec_.traffic;
    const std::uint64_t key = (static_cast<std::uint64_t>(arrival.tenant) << 32) |
                              (static_cast<std::uint64_t>(arrival.tier) << 16) | arrival.label;
    std::unique_ptr<Envelope>& kept = envelopes_[key];
    if (kept == nullptr) {
        auto envelope = std::make_unique<Envelope>();
        envelope->id = traffic.name;
        envelope->shared = true;
        envelope->labels = queueLabels_;
        // A trace may have brought names that the scenario does not know.
        const std::vector<std::string>& tenants = stream().tenantNames();
        const std::vector<std::string>& tiers = stream().tierNames();
        if (arrival.tenant < tenants.size()) {
            envelope->metadata.push_back({spec_.tenantAttribute, tenants[arrival.tenant]});
        }
        if (arrival.tier < tiers.size()) {
            envelope->labels.push_back({spec_.tierLabel, tiers[arrival.tier]});
        }
        if (arrival.label < traffic.labels.size()) {
            for (const auto& [k, v] : traffic.labels[arrival.label].labels) {
                envelope->labels.push_back({k, v});
            }
        }
        kept = std::move(envelope);
    }
    return kept.get();
}

void QueueSource::send(const Arrival& arrival) {
    const std::uint64_t sequence = bodies_.add(bodyOf(arrival), prefixOf(arrival));
    Request request;
    request.number = requestNumber(index_, sequence);
    request.envelope = envelopeOf(arrival);
    request.created = loop_.now();
    request.queue = queueIndex_;
    request.deadline = arrival.deadlineNs == kNoTime ? loop_.now() + std::chrono::hours{24}
                                                     : start_ + Duration{arrival.deadlineNs};
    if (arrival.malformed()) {
        queue_.pushUnparsable(request, true);
        return;
    }
    queue_.push(request);
    if (arrival.cancelAfterNs != kNoTime) {
        const std::uint32_t index = cancels_.take();
        Cancel& cancel = cancels_[index];
        cancel.owner = this;
        cancel.index = index;
        cancel.number = request.number;
        loop_.arm(cancel, loop_.now() + Duration{arrival.cancelAfterNs});
    }
}

} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
#include "app/session/run/frame_feed.h"

#include "app/session/view/gate_words.h"

#include <algorithm>
#include <cmath>

namespace penstock::app {

using Kind = penstock::EventKind;
using namespace std::chrono_literals;

namespace {

constexpr Duration kLongestWindow = 10s; // of latencies
constexpr Duration kShortestRate = 1s;   // of outcomes
constexpr Duration kRateWindow = 10s;    // of a queue's rates
constexpr Duration kWaitWindow = 60s;    // of a queue's wait percentile
constexpr std::size_t kRareRows = 256;
constexpr std::uint64_t kFewWaits = 30;

} // namespace

void FrameFeed::Living::add(std::uint64_t sequence, Time enqueued) {
    if (enqueued_.empty()) first_ = sequence;
    if (sequence < first_) return;
    while (first_ + enqueued_.size() < sequence)
        enqueued_.push_back(kGone);
    enqueued_.push_back(enqueued.time_since_epoch().count());
}

void FrameFeed::Living::end(std::uint64_t sequence) {
    if (sequence < first_ || sequence - first_ >= enqueued_.size()) return;
    enqueued_[sequence - first_] = kGone;
    while (!enqueued_.empty() && enqueued_.front() == kGone) {
        enqueued_.pop_front();
        ++first_;
    }
}

std::optional<Time> FrameFeed::Living::oldest() const {
    if (enqueued_.empty()) return {};
    return Time{Duration{enqueued_.front()}};
}

void FrameFeed::Rate::mark(Time now) {
    if (!marks.empty() && now - marks.back().first < kShortestRate) return;
    marks.emplace_back(now, count);
    while (marks.size() > 2 && now - marks[1].first >= kRateWindow)
        marks.pop_front();
    const double seconds = toSeconds(now - marks.front().first);
    if (seconds > 0) perSecond = static_cast<double>(count - marks.front().second) / seconds;
}

FrameFeed::FrameFeed(RunHost& host, const Described& described, const Names& names)
    : host_(host), info_(described.info), notes_(described.gates), names_(names),
      queues_(info_.queues.size()), gates_(notes_.size()), gateOfQueue_(info_.queues.size(), -1),
      gateOfPool_(info_.pools.size(), -1), living_(info_.sources.size()),
      sequenceSlots_(described.sequenceSlots) {
    const RecorderSetup& setup = host.engine().recorder().setup();
    for (std::size_t i = 0; i < notes_.size(); ++i) {
        gates_[i].terms = GateTerms::of(info_.gates[i].type, notes_[i].terms);
        auto& owner = notes_[i].ofPool ? gateOfPool_ : gateOfQueue_;
        owner[notes_[i].index] = static_cast<std::int16_t>(i);
    }
    for (std::size_t i = 0; i < queues_.size(); ++i)
        queues_[i].pool = setup.queues[i].pool;
    for (std::size_t i = 0; i < described.queueOfSource.size(); ++i) {
        const auto found =
            std::find(info_.queues.begin(), info_.queues.end(), described.queueOfSource[i]);
        if (found == info_.queues.end()) continue;
        queues_[static_cast<std::size_t>(found - info_.queues.begin())].sources.push_back(
            static_cast<std::uint16_t>(i));
    }
    window_ = std::clamp<Duration>(setup.window, 1s, kLongestWindow);
    windowEnd_ = setup.start + window_;
    outcomes_.since = waitsSince_ = setup.start;
}

// ---- what the recorder tells

std::int32_t FrameFeed::gateOf(const Event& e) const {
    if (e.queue == kNoIndex) return e.pool < gateOfPool_.size() ? gateOfPool_[e.pool] : -1;
    const auto side = static_cast<GateSide>(e.detail);
    if (e.kind == Kind::gateRead || side == GateSide::queueGate) return gateOfQueue_[e.queue];
    if (side == GateSide::poolGate) return gateOfPool_[queues_[e.queue].pool];
    return -1;
}

// Whether a gate's numbers are a free share. Of a gate within a gate that depends on who decided.
bool FrameFeed::complements(std::size_t gate) {
    GateState& state = gates_[gate];
    if (!state.terms.wrapped) return state.terms.freeShare;
    const GateNote& note = notes_[gate];
    const Dispatcher& dispatcher = host_.engine().dispatcher();
    return state.terms.complements(note.ofPool ? dispatcher.poolView(note.index).reason.source
                                               : dispatcher.queueView(note.index).reason.source);
}

void FrameFeed::reading(const Event& e) {
    const std::int32_t gate = gateOf(e);
    if (gate < 0) return;
    const bool complement = complements(static_cast<std::size_t>(gate));
    pending_.frame.readings.push_back({static_cast<std::uint16_t>(gate), e.at, e.age,
                                       asLoad(complement, e.value), asLoad(complement, e.threshold),
                                       e.budget, e.available});
}

void FrameFeed::event(const Event& e) {
    BriefEvent brief = BriefEvent::of(e);
    switch (e.kind) {
    case Kind::enqueued:
        ++queues_[e.queue].arrivals.count;
        living_[static_cast<std::size_t>(e.request >> 40)].add(
            e.request & ((std::uint64_t{1} << 40) - 1), e.at);
        break;
    case Kind::sent:
        if (e.attempt == 0) queues_[e.queue].waits.record(e.age);
        if (decisions_++ % decisionStride_ == 0) {
            auto& sent = pending_.frame.decisions;
            sent.push_back(e.at);
            if (sent.size() > kMaxRows) {
                for (std::size_t i = 0; i < sent.size() / 2; ++i)
                    sent[i] = sent[2 * i];
                sent.resize(sent.size() / 2);
                decisionStride_ *= 2;
            }
        }
        break;
    case Kind::response:
        lastResponse_ = e;
        if (e.status == 429) ++outcomes_.shed;
        break;
    case Kind::retry:
        ++outcomes_.retry;
        if (e.attempt == 1 && lastResponse_.request == e.request) {
            firstSent_.emplace(e.request, lastResponse_.at - fromSeconds(lastResponse_.value));
        }
        break;
    case Kind::gateRead:
        reading(e);
        [[fallthrough]];
    case Kind::gateClosed:
    case Kind::refused:
    case Kind::waiting:
        if (const std::int32_t gate = gateOf(e); gate >= 0) {
            const bool complement = complements(static_cast<std::size_t>(gate));
            brief.value = static_cast<float>(asLoad(complement, e.value));
            brief.threshold = static_cast<float>(asLoad(complement, e.threshold));
        }
        break;
    case Kind::parameter:
    case Kind::fault:
    case Kind::engine:
        if (rare_.size() < kRareRows) rare_.emplace_back(events_.end(), brief);
        if (e.kind == Kind::fault) {
            std::string what =
                e.subject < names_.faults.size() ? names_.faults[e.subject] : std::string("fault");
            if (e.value >= 0) what += fmt::format(" on replica {:.0f}", e.value);
            mark(MarkNote::Kind::fault, what + (e.code == 1 ? " begins" : " ends"));
        } else if (e.kind == Kind::engine && e.code != 0) {
            mark(MarkNote::Kind::fault, e.code == 1 ? "engine crashed" : "engine draining");
        }
        break;
    case Kind::completed:
        if (e.value > 0 && e.queue < names_.interactive.size() && names_.interactive[e.queue]) {
            if (e.at >= windowEnd_) closeLatencies(e.at);
            ttft_.record(fromSeconds(e.value));
        }
        break;
    default:
        break;
    }
    events_.push(brief);
}

void FrameFeed::closeLatencies(Time t) {
    if (ttft_.count() > 0) {
        const auto ms = [&](double q) {
            return static_cast<float>(static_cast<double>(ttft_.quantile(q)) * 1e-6);
        };
        pending_.frame.latencies.push_back({windowEnd_, ms(0.50), ms(0.95), ms(0.99)});
        ttft_.clear();
    }
    windowEnd_ += ((t - windowEnd_) / window_ + 1) * window_;
}

void FrameFeed::outcome(const EndedRequest& e) {
    switch (outcomeOf(e)) {
    case Outcome::succeeded:
        ++outcomes_.ok;
        ++queues_[e.queue].completed.count;
        return;
    case Outcome::expired:
        ++outcomes_.late;
        return;
    case Outcome::cancelled:
        return;
    default:
        ++outcomes_.failed;
        return;
    }
}

void FrameFeed::ended(const End& ended) {
    const Request& request = ended.request;
    const Event& end = ended.event;
    EndedRequest e;
    e.number = request.number;
    e.created = request.created;
    e.enqueued = request.enqueued;
    e.finished = end.at;
    e.deadline = request.deadline;
    e.served(ended.timing);
    e.queue = request.queue;
    e.source = static_cast<std::uint16_t>(request.number >> 40);
    e.end = end.kind;
    e.code = end.code;
    e.status = static_cast<std::int16_t>(end.status);
    // An answer a moment ago is the attempt that ended it; those before it are its retries.
    const bool answered = lastResponse_.request == request.number && lastResponse_.at == end.at;
    e.attempts = static_cast<std::uint16_t>(
        std::min<std::uint32_t>(request.retries + (answered ? 1 : 0), UINT16_MAX));
    if (answered) {
        e.dropped = lastResponse_.code;
        e.transport = lastResponse_.detail;
    }
    if (request.retries == 0) {
        if (answered) e.wait = lastResponse_.at - fromSeconds(lastResponse_.value) - e.enqueued;
    } else if (const auto first = firstSent_.find(request.number); first != firstSent_.end()) {
        e.wait = first->second - e.enqueued;
        firstSent_.erase(first);
    }
    if (e.wait < Duration{0} && e.attempts > 0) e.wait = Duration{0}; // rounding
    outcome(e);
    living_[e.source].end(request.number & ((std::uint64_t{1} << 40) - 1));
    ended_.push(e);
}

void FrameFeed::completed(const Completion& c) {
    if (c.source < names_.interactive.size() && !names_.interactive[c.source]) {
        // Its ended() came a moment ago.
        if (ended_.end() == 0) return;
        EndedRequest& last = ended_.at(ended_.end() - 1);
        if (last.number == c.request && c.ttft > Duration{0}) last.ttft = c.ttft;
        return;
    }
    EndedRequest e;
    e.interactive = true;
    e.number = c.request;
    e.source = c.source;
    e.created = e.enqueued = c.at - c.e2e;
    e.finished = c.at;
    e.wait = Duration{0};
    e.ttft = c.ttft > Duration{0} ? c.ttft : Duration{-1};
    e.served(c.timing);
    e.promptTokens = c.promptTokens;
    e.outputTokens = c.outputTokens;
    e.attempts = 1;
    e.status = static_cast<std::int16_t>(c.status);
    ended_.push(e);
}

void FrameFeed::turned(std::uint16_t gate, Time t, bool closed, std::uint8_t reason) {
    gates_[gate].closed = closed;
    gates_[gate].reason = reason;
    pending_.frame.turns.push_back({gate, t, closed ? closedWord(reason) : std::string()});
}

void FrameFeed::mark(MarkNote::Kind kind, std::string text) {
    pending_.frame.marks.push_back({host_.now(), kind, std::move(text)});
}

void FrameFeed::moved(const std::string& path, double value) {
    pending_.frame.moved.emplace_back(path, value);
}

// ---- samples

void FrameFeed::gauge() {
    const Time now = host_.now();
    if (gauged_ && now <= lastGauge_) return;
    gauged_ = true;
    lastGauge_ = now;
    const Sample sample = host_.look(true);
    GaugeSample g;
    g.at = now;
    for (const QueueSample& q : sample.queues) {
        g.queues.push_back({static_cast<float>(q.depth()), static_cast<float>(q.pending),
                            static_cast<float>(q.parked), static_cast<float>(q.inFlight)});
    }
    for (const WorkerPoolSample& pool : sample.workerPools) {
        g.pools.push_back({static_cast<float>(pool.busy), static_cast<float>(pool.workers)});
    }
    for (std::size_t i = 0; i < sample.gates.size(); ++i) {
        const GateSample& gate = sample.gates[i];
        g.gateTruth.push_back(gate.trueKnown
                                  ? static_cast<float>(asLoad(complements(i), gate.trueValue))
                                  : std::numeric_limits<float>::quiet_NaN());
    }
    const FleetSample& fleet = sample.fleet;
    g.saturation = static_cast<float>(fleet.saturation);
    g.busy = static_cast<float>(fleet.busyShare);
    g.kv = static_cast<float>(fleet.kvUsed);
    g.running = static_cast<float>(fleet.running);
    g.waiting = static_cast<float>(fleet.waiting);
    const double slots =
        sequenceSlots_ * static_cast<double>(std::max<std::int64_t>(1, fleet.replicas));
    g.batchShare = static_cast<float>(static_cast<double>(fleet.running) / slots);
    g.replicas.assign(sample.replicaBusy.begin(), sample.replicaBusy.end());
    pending_.frame.gauges.push_back(std::move(g));

    if (const Duration since = now - outcomes_.since; since >= std::max(kShortestRate, step_)) {
        const double seconds = toSeconds(since);
        const auto rate = [&](std::uint64_t& count) {
            const double value = static_cast<double>(count) / seconds;
            count = 0;
            return static_cast<float>(value);
        };
        OutcomeRates rates{};
        rates.at = now;
        rates.ok = rate(outcomes_.ok);
        rates.retry = rate(outcomes_.retry);
        rates.shed = rate(outcomes_.shed);
        rates.late = rate(outcomes_.late);
        rates.failed = rate(outcomes_.failed);
        outcomes_.since = now;
        pending_.frame.outcomes.push_back(rates);
    }
    for (QueueState& queue : queues_) {
        queue.arrivals.mark(now);
        queue.completed.mark(now);
    }
    if (now - waitsSince_ >= kWaitWindow) {
        waitsSince_ = now;
        for (QueueState& queue : queues_) {
            std::swap(queue.waits, queue.waitsBefore);
            queue.waits.clear();
        }
    }
    if (now >= windowEnd_) closeLatencies(now);
}

GateRow FrameFeed::gateRow(std::size_t index, const Sample& sample) {
    const GateNote& note = notes_[index];
    const GateSample& gate = sample.gates[index];
    GateFacts f;
    f.owner = info_.gates[index].owner;
    f.type = info_.gates[index].type;
    f.terms = note.terms;
    f.source = gate.reason.source;
    f.code = gate.reason.code;
    f.available = gate.reason.available;
    f.value = gate.reason.value;
    f.threshold = gate.reason.threshold;
    f.budget = gate.budget;
    f.age = gate.reason.age;
    f.trueKnown = gate.trueKnown;
    f.truth = gate.trueValue;
    f.closed = gates_[index].closed;
    f.noRoom = f.closed && gates_[index].reason == kNoRoom;
    if (f.closed && !f.noRoom) f.code = static_cast<ReasonCode>(gates_[index].reason);
    f.inFlight = gate.inFlight;
    f.firstPath = note.firstPath;
    f.fallbackPath = note.fallbackPath;
    return rowOf(f);
}

void FrameFeed::rows(Frame& frame) {
    const Time now = host_.now();
    const Sample sample = host_.look(false);
    frame.queues.clear();
    frame.gates.clear();
    for (std::size_t i = 0; i < queues_.size(); ++i) {
        QueueState& state = queues_[i];
        const QueueSample& q = sample.queues[i];
        QueueRow row;
        row.id = info_.queues[i];
        row.depth = q.depth();
        row.waitingRetries = q.parked;
        row.inFlight = q.inFlight;
        row.arrivalsPerSecond = state.arrivals.perSecond;
        row.completedPerSecond = state.completed.perSecond;
        row.paused = host_.engine().dispatcher().settings().queues[i].paused;
        for (const std::uint16_t source : state.sources) {
            const auto oldest = living_[source].oldest();
            if (!oldest) continue;
            const double age = toSeconds(now - *oldest);
            if (!(row.oldestAgeSeconds >= age)) row.oldestAgeSeconds = age;
        }
        const Histogram& waits = state.waits.count() >= kFewWaits || state.waitsBefore.count() == 0
                                     ? state.waits
                                     : state.waitsBefore;
        if (waits.count() > 0) row.waitP95Ms = static_cast<double>(waits.quantile(0.95)) * 1e-6;
        frame.queues.push_back(std::move(row));
    }
    for (std::size_t i = 0; i < gates_.size(); ++i)
        frame.gates.push_back(gateRow(i, sample));
}

void FrameFeed::flush(PendingFrame& into) {
    rows(pending_.frame);
    pending_.frame.head = host_.now();
    const auto newest = [](auto& ring, std::uint64_t& told, std::uint64_t& leftOut, auto&& take) {
        const std::uint64_t from =
            std::max({told, ring.first(), ring.end() > kMaxRows ? ring.end() - kMaxRows : 0});
        leftOut += from - told;
        for (std::uint64_t i = from; i < ring.end(); ++i)
            take(i, ring.at(i));
        told = ring.end();
        return from;
    };
    const std::uint64_t from = newest(events_, eventsTold_, pending_.frame.eventsLeftOut,
                                      [&](std::uint64_t i, const BriefEvent& e) {
                                          if (worthARow(e, names_))
                                              pending_.events.emplace_back(i, e);
                                      });
    // Moves and faults are shown whatever else goes by.
    std::erase_if(rare_, [&](const auto& entry) { return entry.first >= from; });
    pending_.events.insert(pending_.events.begin(), rare_.begin(), rare_.end());
    pending_.frame.eventsLeftOut -=
        std::min<std::uint64_t>(rare_.size(), pending_.frame.eventsLeftOut);
    rare_.clear();
    newest(ended_, endedTold_, pending_.frame.requestsLeftOut,
           [&](std::uint64_t, const EndedRequest& e) { pending_.ended.push_back(e); });
    pending_.fresh = true;
    into.append(std::move(pending_));
    pending_ = PendingFrame{};
    decisionStride_ = 1;
}

// ---- find

std::vector<BriefEvent> FrameFeed::eventsOf(std::uint64_t number, Time from) const {
    // Events are in the order of time: what is older than the request need not be read.
    std::uint64_t low = events_.first();
    std::uint64_t high = events_.end();
    while (low < high) {
        const std::uint64_t middle = low + (high - low) / 2;
        if (events_.at(middle).at < from) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    std::vector<BriefEvent> found;
    for (std::uint64_t i = low; i < events_.end(); ++i) {
        const BriefEvent& e = events_.at(i);
        if (e.request != number || !ofOneRequest(e.kind)) continue;
        found.push_back(e);
        if (e.kind == Kind::completed) break;
    }
    return found;
}

RequestRow FrameFeed::liveRow(std::uint64_t number, std::uint16_t source) {
    RequestRow row;
    row.id = names_.requestId(number, source);
    row.finished = kNever;
    const Time now = host_.now();
    Time from{};
    bool known = false;
    if (const auto request = host_.find(number)) {
        known = true;
        row.queue = info_.queues[request->queue];
        row.arrived = from = request->enqueued;
        row.attempts = static_cast<int>(request->retries);
        if (request->deadline < kNever) row.slackSeconds = toSeconds(request->deadline - now);
    }
    const std::vector<BriefEvent> events = eventsOf(number, from);
    if (!known) {
        if (events.empty() || !names_.interactive[source]) return RequestRow{.id = row.id};
        row.queue = names_.sources[source];
        row.arrived = events.front().at;
        row.outcome = Outcome::inFlight;
        row.attempts = 1;
        row.stages.push_back({Stage::routerQueue, row.arrived, now, 1});
        return row;
    }
    for (const BriefEvent& e : events) {
        if (e.kind == Kind::sent) {
            if (e.attempt == 0) row.waitMs = toMillis(e.at - row.arrived);
            row.outcome = Outcome::inFlight;
            row.attempts = e.attempt + 1;
        } else if (e.kind == Kind::response) {
            row.outcome = Outcome::waiting;
        } else if (e.kind == Kind::refused || e.kind == Kind::waiting || e.kind == Kind::retry) {
            row.reason = app::rowOf(e, 0, names_).reason;
        }
    }
    row.stages = stagesOf(events, nullptr, now);
    if (row.stages.empty() && now > row.arrived) {
        row.stages.push_back({Stage::queue, row.arrived, now, 1});
    }
    return row;
}

RequestRow FrameFeed::find(const std::string& id) {
    std::uint64_t number = 0;
    std::uint16_t source = 0;
    if (!names_.parseId(id, number, source)) return RequestRow{.id = id};
    for (std::uint64_t i = ended_.end(); i > ended_.first(); --i) {
        const EndedRequest& e = ended_.at(i - 1);
        if (e.number != number) continue;
        RequestRow row = app::rowOf(e, names_);
        row.stages = stagesOf(eventsOf(number, e.enqueued), &e, host_.now());
        return row;
    }
    return liveRow(number, source);
}

} // namespace penstock::app

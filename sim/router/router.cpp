// SPDX-License-Identifier: Apache-2.0
#include "sim/router/router.h"

#include "sim/router/router_delayed.h"

#include <algorithm>

namespace penstock::sim {

using namespace std::chrono_literals;

namespace {
constexpr auto kPickStream = static_cast<std::uint32_t>(RandomStream::world) + 200;
constexpr auto kErrorStream = static_cast<std::uint32_t>(RandomStream::world) + 201;
constexpr auto kPhaseStream = static_cast<std::uint32_t>(RandomStream::world) + 202;
constexpr Duration kCycle = 1ms; // flow control dispatches one item an arrival and one a cycle
constexpr Duration kSweep = 1s;  // of the TTL

std::int32_t matchOf(const std::vector<PrefixIndex::Match>& matches, std::size_t endpoint) {
    for (const PrefixIndex::Match& m : matches) {
        if (m.endpoint == endpoint) return m.blocks;
    }
    return 0;
}

Time ceilTo(Time t, Duration grid) {
    const auto ns = t.time_since_epoch().count();
    const auto g = grid.count();
    return Time{Duration{(ns + g - 1) / g * g}};
}
} // namespace

Router::Router(const RouterSpec& spec, EventLoop& loop, std::uint64_t seed)
    : spec_(spec), loop_(loop), seed_(seed), flow_(spec), pickRandom_(seed, kPickStream, 0),
      errorRandom_(seed, kErrorStream, 0), scores_(spec) {}

Router::~Router() {
    loop_.disarm(cycleTimer_);
    loop_.disarm(sweepTimer_);
    for (std::uint32_t i = 0; i < delayed_.capacity(); ++i)
        loop_.disarm(delayed_[i]);
}

std::size_t Router::addEndpoint(const ReplicaConfig& config, Duration startUp, Duration startsIn) {
    const std::size_t index = endpoints_.size();
    ReplicaConfig own = config;
    own.jitterSeed = mixBits(seed_ ^ mixBits(index));
    const double phase = philox(seed_, kPhaseStream, static_cast<std::uint32_t>(index), 0).first;
    endpoints_.push_back(std::make_unique<Endpoint>(
        own, loop_, static_cast<EndpointListener&>(*this), spec_.metricsRefresh,
        fromSeconds(phase * toSeconds(spec_.metricsRefresh)), startUp, startsIn));
    scores_.add();
    prefixes_.addEndpoint(config.kvBlocks);
    lives_.push_back(0);
    nextRefresh_.push_back(loop_.now());
    earliestRefresh_ = loop_.now();
    orderKnown_ = false;
    readinessChanged_ = true;
    return index;
}

Router::JobId Router::newJob() {
    if (freeJobs_.empty()) {
        jobs_.emplace_back();
        details_.emplace_back();
        freeJobs_.push_back(static_cast<JobId>(jobs_.size() - 1));
    }
    const JobId id = freeJobs_.back();
    freeJobs_.pop_back();
    const std::uint32_t ticket = jobs_[id].ticket + 1;
    jobs_[id] = Job{};
    jobs_[id].ticket = ticket;
    return id;
}

void Router::freeJob(JobId id) {
    ++jobs_[id].ticket;
    freeJobs_.push_back(id);
}

Router::JobId Router::submit(const RouterRequest& request, RouterClient& client,
                             std::uint32_t tag) {
    const Time now = loop_.now();
    const JobId id = newJob();
    Job& job = jobs_[id];
    job.client = &client;
    job.tag = tag;
    job.promptTokens = request.promptTokens;
    job.outputTokens = request.outputTokens;
    job.arrived = now;
    details_[id] = {request.priority,
                    request.fairness,
                    request.deadline,
                    request.prefix,
                    request.streams,
                    false,
                    false,
                    0,
                    nullptr};
    ++totals_.submitted;

    if (trouble_.down) {
        Response response;
        response.transport = TransportError::refused;
        answer(id, response);
        return id;
    }
    if (trouble_.errorProbability > 0.0 && errorRandom_.uniform() < trouble_.errorProbability) {
        Response response;
        response.status = trouble_.errorStatus;
        response.retryAfter = trouble_.errorRetryAfter;
        answer(id, response);
        return id;
    }
    refresh(now);
    if (spec_.flowControl) {
        FlowControl::Item item{id, job.ticket, now, request.deadline,
                               bytesOf(request.promptTokens)};
        if (!flow_.offer(request.priority, request.fairness, item)) {
            // A full queue before an empty pool is not contention: none serves.
            if (scores_.ready() == 0) {
                reject(id, 503, DroppedReason::rejectedNoEndpoints);
            } else {
                reject(id, 429, DroppedReason::rejectedSaturated);
            }
            return id;
        }
        details_[id].queued = true;
        if (!sweepTimer_.armed()) loop_.arm(sweepTimer_, ceilTo(now + Duration{1}, kSweep));
        cycle();
        return id;
    }
    if (request.priority < 0 && scores_.saturation(now) >= 1.0) {
        // Without flow control the shed carries no reason header.
        reject(id, 429, DroppedReason::none);
        return id;
    }
    admit(id, now);
    return id;
}

void Router::admit(JobId id, Time now) {
    if (scores_.ready() == 0) {
        reject(id, 503, DroppedReason::rejectedNoEndpoints);
        return;
    }
    place(id, pick(id), now);
}

Sequence Router::sequenceOf(JobId id) const {
    Sequence sequence;
    sequence.id = id;
    sequence.promptTokens = static_cast<std::int32_t>(jobs_[id].promptTokens);
    sequence.outputTokens = static_cast<std::int32_t>(jobs_[id].outputTokens);
    sequence.priority = -details_[id].priority; // the router's high is the server's low
    sequence.prefix = details_[id].prefix;
    return sequence;
}

void Router::place(JobId id, std::size_t index, Time now) {
    details_[id].queued = false;
    Job& job = jobs_[id];
    job.admitted = now;
    job.endpoint = static_cast<std::uint32_t>(index);
    const Submitted submitted = endpoints_[index]->submit(sequenceOf(id));
    if (submitted.verdict == Admission::tooLong) {
        reject(id, 400, DroppedReason::none);
        return;
    }
    if (submitted.verdict == Admission::waitingFull) {
        reject(id, 429, DroppedReason::none);
        return;
    }
    job.slot = submitted.slot;
    ++inFlight_;
    scores_.sent(index);
    if (details_[id].tokens > 0) scores_.counted(index, details_[id].tokens);
}

// What the endpoint that it goes to must compute of its prompt.
void Router::countTokens(JobId id, std::int64_t uncached) {
    details_[id].tokens = static_cast<std::uint32_t>(std::max<std::int64_t>(uncached, 0));
}

void Router::releaseTokens(JobId id) {
    std::uint32_t& tokens = details_[id].tokens;
    if (tokens == 0) return;
    scores_.counted(jobs_[id].endpoint, -static_cast<std::int64_t>(tokens));
    tokens = 0;
    wake();
}

// A request is no longer at its endpoint: where saturation counts requests, one that waits may go.
void Router::left(JobId id) {
    --inFlight_;
    scores_.left(jobs_[id].endpoint);
    if (spec_.detector == RouterSpec::Detector::utilization) return;
    if (spec_.countsTokens()) releaseTokens(id);
    wake();
}

void Router::reject(JobId id, int status, DroppedReason reason) {
    Response response;
    response.status = status;
    response.dropped = reason;
    response.retryAfter = spec_.retryAfter;
    response.timing.routerQueue = loop_.now() - jobs_[id].arrived;
    answer(id, response);
}

// Chooses an endpoint, and counts the tokens that the request will be there: the part of the prompt
// that it must compute, as far as the prefix scorer knows (llm-d-router, pkg/epp/framework/plugins/
// requestcontrol/dataproducer/inflightload, August 2026: the output is not estimated by default,
// and a partial block counts whole).
std::size_t Router::pick(JobId id) {
    const auto tokens = static_cast<std::int32_t>(jobs_[id].promptTokens);
    const bool counts = spec_.countsTokens();
    if (spec_.prefixWeight <= 0.0) {
        if (counts) countTokens(id, tokens);
        return scores_.pick({}, 1, pickRandom_);
    }
    const PrefixInfo& prefix = details_[id].prefix;
    if (spec_.prefixIndex == RouterSpec::PrefixIndex::precise) {
        cached_.clear();
        if (prefix.hashCount > 0 || prefix.groups[0].tokens > 0) {
            const Sequence sequence = sequenceOf(id);
            for (std::size_t i = 0; i < endpoints_.size(); ++i) {
                const auto cached =
                    static_cast<std::int32_t>(endpoints_[i]->cachedTokens(sequence));
                if (cached > 0) cached_.push_back({static_cast<std::uint32_t>(i), cached});
            }
        }
        const std::size_t chosen = scores_.pick(cached_, tokens, pickRandom_);
        if (counts) countTokens(id, tokens - matchOf(cached_, chosen));
        return chosen;
    }
    const ReplicaConfig& config = endpoints_.front()->config();
    const auto& matches =
        prefixes_.match(tokens, prefix, config.cacheUnitBlocks * config.blockSize);
    const std::size_t chosen = scores_.pick(matches, prefixes_.blocks(), pickRandom_);
    if (counts) {
        const std::int32_t uncached = prefixes_.blocks() - matchOf(matches, chosen);
        const std::int32_t looked = prefixes_.blocks() * PrefixIndex::kBlockTokens;
        countTokens(id, std::int64_t{uncached} * PrefixIndex::kBlockTokens +
                            std::max(0, tokens - looked));
    }
    prefixes_.record(static_cast<std::uint32_t>(chosen));
    return chosen;
}

void Router::cycle() {
    const Time now = loop_.now();
    refresh(now);
    if (readyEndpoints() > 0) {
        const auto item =
            flow_.take(scores_.saturation(now), [this](const auto& i) { return alive(i); });
        if (item) admit(item->job, now);
    }
    armCycle();
}

// While items wait: the next cycle if one may go, else the next that can find it otherwise. Metrics
// change when they are read; for what the router counts itself, and for endpoints that come and go,
// wake() is called.
void Router::armCycle() {
    if (flow_.size() == 0 || cycleTimer_.armed()) return;
    const Time now = loop_.now();
    const bool blocked = scores_.ready() == 0 || !flow_.mayTake(scores_.saturation(now));
    if (blocked && spec_.detector == RouterSpec::Detector::concurrency) return;
    const Time next = blocked && earliestRefresh_ > now ? earliestRefresh_ : now + Duration{1};
    loop_.arm(cycleTimer_, ceilTo(next, kCycle));
}

// Something has changed that may let an item go: a cycle at the next tick.
void Router::wake() {
    if (flow_.size() == 0) return;
    const Time tick = ceilTo(loop_.now() + Duration{1}, kCycle);
    if (!cycleTimer_.armed() || cycleTimer_.due() > tick) loop_.arm(cycleTimer_, tick);
}

void Router::sweep() {
    const Time now = loop_.now();
    const DroppedReason reason = readyEndpoints() > 0 ? DroppedReason::rejectedTtlExpired
                                                      : DroppedReason::rejectedNoEndpoints;
    const int status = reason == DroppedReason::rejectedTtlExpired ? 429 : 503;
    flow_.sweep(
        now, [this](const auto& i) { return alive(i); },
        [&](const auto& i) {
            details_[i.job].queued = false;
            reject(i.job, status, reason);
        });
    if (flow_.size() > 0) loop_.arm(sweepTimer_, now + kSweep);
}

} // namespace penstock::sim

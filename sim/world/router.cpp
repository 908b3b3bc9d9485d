// SPDX-License-Identifier: Apache-2.0
#include "sim/world/router.h"

#include "engine/types/check.h"

#include <algorithm>
#include <numeric>

namespace penstock::sim {

using namespace std::chrono_literals;

namespace {
constexpr auto kPickStream = static_cast<std::uint32_t>(RandomStream::world) + 200;
constexpr auto kErrorStream = static_cast<std::uint32_t>(RandomStream::world) + 201;
constexpr auto kPhaseStream = static_cast<std::uint32_t>(RandomStream::world) + 202;
constexpr Duration kCycle = 1ms;  // flow control dispatches one item an arrival and one a cycle
constexpr Duration kSweep = 1s;   // of the TTL

Time ceilTo(Time t, Duration grid) {
    const auto ns = t.time_since_epoch().count();
    const auto g = grid.count();
    return Time{Duration{(ns + g - 1) / g * g}};
}
} // namespace

// An answer held back by a latency fault.
class Router::Delayed final : public Timer {
  public:
    explicit Delayed(Router& router) : router_(router) {}
    void hold(JobId job, const Response& response, Time until) {
        job_ = job;
        response_ = response;
        router_.loop_.arm(*this, until);
    }
    void letGo() {
        router_.loop_.disarm(*this);
        router_.freeDelayed_.push_back(this);
    }
    void fire() override {
        router_.freeDelayed_.push_back(this);
        router_.deliver(job_, response_);
    }

  private:
    Router& router_;
    JobId job_ = 0;
    Response response_;
};

Router::Router(const RouterSpec& spec, EventLoop& loop, std::uint64_t seed)
    : spec_(spec), loop_(loop), seed_(seed), flow_(spec), pickRandom_(seed, kPickStream, 0),
      errorRandom_(seed, kErrorStream, 0), scores_(spec) {}

Router::~Router() {
    loop_.disarm(cycleTimer_);
    loop_.disarm(sweepTimer_);
    for (const auto& delayed : delayed_) loop_.disarm(*delayed);
}

std::size_t Router::addEndpoint(const ReplicaConfig& config, Duration startUp, Duration startsIn) {
    const std::size_t index = endpoints_.size();
    ReplicaConfig own = config;
    own.jitterSeed = mixBits(seed_ ^ mixBits(index));
    const double phase =
        philox(seed_, kPhaseStream, static_cast<std::uint32_t>(index), 0).first;
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
    details_[id] = {request.priority, request.fairness, request.deadline, request.prefix, false,
                    nullptr};
    ++totals_.submitted;

    if (trouble_.down) {
        Response response;
        response.transport = TransportError::refused;
        ++totals_.rejected;
        answer(id, response);
        return id;
    }
    if (trouble_.errorProbability > 0.0 && errorRandom_.uniform() < trouble_.errorProbability) {
        Response response;
        response.status = trouble_.errorStatus;
        response.retryAfter = trouble_.errorRetryAfter;
        ++totals_.rejected;
        ++totals_.byReason[static_cast<std::size_t>(DroppedReason::other)];
        answer(id, response);
        return id;
    }
    refresh(now);
    if (spec_.flowControl) {
        FlowControl::Item item{id, job.ticket, now, request.deadline,
                               bytesOf(request.promptTokens)};
        if (!flow_.offer(request.priority, request.fairness, item)) {
            // A full queue before an empty pool is not contention: nobody serves.
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
    scores_.sent(index, std::int64_t{job.promptTokens} + job.outputTokens);
}

// A request is no longer at its endpoint.
void Router::left(const Job& job) {
    --inFlight_;
    scores_.left(job.endpoint, std::int64_t{job.promptTokens} + job.outputTokens);
}

void Router::reject(JobId id, int status, DroppedReason reason) {
    Response response;
    response.status = status;
    response.dropped = reason;
    response.retryAfter = spec_.retryAfter;
    response.timing.routerQueue = loop_.now() - jobs_[id].arrived;
    ++totals_.rejected;
    ++totals_.byReason[static_cast<std::size_t>(reason)];
    answer(id, response);
}

void Router::answer(JobId id, const Response& response, Duration delay) {
    delay += trouble_.latency;
    if (delay == Duration{0}) {
        deliver(id, response);
        return;
    }
    if (freeDelayed_.empty()) {
        delayed_.push_back(std::make_unique<Delayed>(*this));
        freeDelayed_.push_back(delayed_.back().get());
    }
    Delayed* delayed = freeDelayed_.back();
    freeDelayed_.pop_back();
    details_[id].delayed = delayed;
    delayed->hold(id, response, loop_.now() + delay);
}

void Router::deliver(JobId id, const Response& response) {
    RouterClient& client = *jobs_[id].client;
    const std::uint32_t tag = jobs_[id].tag;
    freeJob(id);
    client.routed(tag, response);
}

void Router::abort(JobId id) {
    const Job& job = jobs_[id];
    const JobDetails& details = details_[id];
    PENSTOCK_CHECK(job.ticket % 2 == 1);
    if (details.delayed != nullptr) {
        details.delayed->letGo(); // it was counted when it was answered
    } else if (details.queued) {
        ++totals_.aborted;
        flow_.removed(details.priority, bytesOf(job.promptTokens));
    } else {
        ++totals_.aborted;
        endpoints_[job.endpoint]->abort(job.slot, id);
        left(job);
    }
    freeJob(id);
}

// What each endpoint last told, no older than a refresh.
void Router::refresh(Time now) {
    if (now >= earliestRefresh_) readMetrics(now);
    if (readinessChanged_) seeReadiness();
}

// All are read with the same period, so always in the same order: only those whose tick has passed
// are looked at.
void Router::readMetrics(Time now) {
    const std::size_t count = endpoints_.size();
    if (count == 0) return;
    if (!orderKnown_) {
        inOrder_.resize(count);
        std::iota(inOrder_.begin(), inOrder_.end(), 0U);
        turn_ = 0;
    }
    std::size_t read = 0;
    for (; read < count; ++read) {
        const std::uint32_t i = inOrder_[turn_];
        if (orderKnown_ && nextRefresh_[i] > now) break;
        nextRefresh_[i] = endpoints_[i]->refresh(now);
        scores_.read(i, endpoints_[i]->lastRead());
        turn_ = turn_ + 1 == count ? 0 : turn_ + 1;
    }
    if (read == count) {
        // After a pause, or for the first time: the ring begins somewhere else.
        std::sort(inOrder_.begin(), inOrder_.end(), [this](std::uint32_t a, std::uint32_t b) {
            return nextRefresh_[a] != nextRefresh_[b] ? nextRefresh_[a] < nextRefresh_[b] : a < b;
        });
        turn_ = 0;
        orderKnown_ = true;
    }
    earliestRefresh_ = nextRefresh_[inOrder_[turn_]];
}

void Router::seeReadiness() {
    readinessChanged_ = false;
    for (std::size_t i = 0; i < endpoints_.size(); ++i) {
        scores_.setReady(i, endpoints_[i]->ready());
        if (lives_[i] == endpoints_[i]->lives()) continue;
        lives_[i] = endpoints_[i]->lives();
        prefixes_.forget(static_cast<std::uint32_t>(i));
    }
}

std::size_t Router::pick(JobId id) {
    if (spec_.prefixWeight <= 0.0) return scores_.pick({}, 1, pickRandom_);
    const auto tokens = static_cast<std::int32_t>(jobs_[id].promptTokens);
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
        return scores_.pick(cached_, tokens, pickRandom_);
    }
    const ReplicaConfig& config = endpoints_.front()->config();
    const auto& matches =
        prefixes_.match(tokens, prefix, config.cacheUnitBlocks * config.blockSize);
    const std::size_t chosen = scores_.pick(matches, prefixes_.blocks(), pickRandom_);
    prefixes_.record(static_cast<std::uint32_t>(chosen));
    return chosen;
}

void Router::cycle() {
    const Time now = loop_.now();
    refresh(now);
    if (readyEndpoints() > 0) {
        const auto item = flow_.take(scores_.saturation(now), [this](const auto& i) { return alive(i); });
        if (item) admit(item->job, now);
    }
    armCycle();
}

// While items wait: the next cycle if the head may go, else the next moment that can change it.
void Router::armCycle() {
    if (flow_.size() == 0 || cycleTimer_.armed()) return;
    const Time now = loop_.now();
    const bool blocked = scores_.saturation(now) >= 1.0 && spec_.ceilings.empty();
    const Time next = blocked && earliestRefresh_ > now ? earliestRefresh_ : now + Duration{1};
    loop_.arm(cycleTimer_, ceilTo(next, kCycle));
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

double Router::saturation() {
    refresh(loop_.now());
    return scores_.saturation(loop_.now());
}

double Router::saturationToAnOnlooker() const {
    const Time now = loop_.now();
    double sum = 0.0;
    int ready = 0;
    for (std::size_t i = 0; i < endpoints_.size(); ++i) {
        if (!endpoints_[i]->ready()) continue;
        ++ready;
        sum += scores_.believed(i, endpoints_[i]->readBy(now), now);
    }
    return ready == 0 ? 1.0 : sum / ready;
}

double Router::trueSaturation() const {
    double sum = 0.0;
    int ready = 0;
    for (std::size_t i = 0; i < endpoints_.size(); ++i) {
        if (!endpoints_[i]->ready()) continue;
        ++ready;
        sum += scores_.saturationOf(i, endpoints_[i]->truth());
    }
    return ready == 0 ? 1.0 : sum / ready;
}

double Router::committedSaturation() const {
    double sum = 0.0;
    int ready = 0;
    for (std::size_t i = 0; i < endpoints_.size(); ++i) {
        if (!endpoints_[i]->ready()) continue;
        ++ready;
        sum += scores_.saturationOf(i, endpoints_[i]->committed());
    }
    return ready == 0 ? 1.0 : sum / ready;
}

std::int64_t Router::seats() const {
    std::int64_t seats = 0;
    for (const auto& endpoint : endpoints_) {
        if (endpoint->ready()) seats += endpoint->config().maxNumSeqs;
    }
    return seats;
}

std::int32_t Router::readyEndpoints() const {
    return static_cast<std::int32_t>(std::count_if(endpoints_.begin(), endpoints_.end(),
                                                   [](const auto& e) { return e->ready(); }));
}

void Router::happened(std::span<const JobEvent> events) {
    for (const JobEvent& event : events) {
        const auto id = static_cast<JobId>(event.job);
        switch (event.kind) {
        case JobEvent::Kind::scheduled:
            jobs_[id].scheduled = event.at;
            totals_.cachedTokens += static_cast<std::uint64_t>(event.cachedTokens);
            break;
        case JobEvent::Kind::firstToken:
            // A preempted request computes its prompt again, but its client has had the token.
            if (jobs_[id].firstToken == Time{}) jobs_[id].firstToken = event.at;
            break;
        case JobEvent::Kind::finished: finished(id, event.at); break;
        case JobEvent::Kind::lost: lost(id); break;
        }
    }
}

void Router::finished(JobId id, Time at) {
    const Job& job = jobs_[id];
    Response response;
    response.status = 200;
    response.timing.routerQueue = job.admitted - job.arrived;
    response.timing.replicaQueue = job.scheduled - job.admitted;
    response.timing.prefill = job.firstToken - job.scheduled;
    response.timing.decode = at - job.firstToken;
    response.timing.promptTokens = job.promptTokens;
    response.timing.outputTokens = job.outputTokens;
    ++totals_.completed;
    totals_.deliveredTokens += job.outputTokens;
    left(job);
    answer(id, response, Duration{endpoints_[job.endpoint]->config().responseDelayNs});
}

void Router::lost(JobId id) {
    Response response;
    response.transport = TransportError::reset;
    ++totals_.lost;
    left(jobs_[id]);
    answer(id, response);
}

} // namespace penstock::sim

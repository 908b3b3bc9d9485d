// SPDX-License-Identifier: Apache-2.0
#pragma once

// The router in front of the pool: admits or rejects, queues when flow control is on, picks an
// endpoint by scores over metrics that are up to a refresh old, and answers with the status codes
// and reason headers of llm-d-router. Everything it decides, it decides on what it last read, not
// on the truth: that is half of what makes gates hard to tune.
//
// Saturation (utilization detector) = mean over endpoints of max(waiting / 5, kv / 0.8), an
// endpoint with metrics older than 200 ms counting as 1, an empty pool as 1, unclamped. Run thread
// only.
#include "engine/types/result.h"
#include "engine/types/slab.h"
#include "sim/kernel/event_loop.h"
#include "sim/kernel/random.h"
#include "sim/router/endpoint.h"
#include "sim/router/endpoint_scores.h"
#include "sim/router/flow_control.h"
#include "sim/router/prefix_index.h"
#include "sim/router/router_spec.h"

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace penstock::sim {

class RouterClient {
  public:
    // The answer to submit(); `tag` is the caller's. The response carries the service timing.
    virtual void routed(std::uint32_t tag, const Response& response) = 0;

  protected:
    ~RouterClient() = default;
};

struct RouterRequest {
    std::uint32_t promptTokens = 0;
    std::uint32_t outputTokens = 0;
    int priority = 0;
    std::uint32_t fairness = 0; // any number that tells flows apart
    Time deadline = kNever;
    bool streams = false; // the client reads its answer token by token
    PrefixInfo prefix;
};

// What became of the requests, each counted when its client hears of it or goes away; the parts of
// conservation: submitted = completed + rejected + aborted + lost + Router::inside().
struct RouterTotals {
    std::uint64_t submitted = 0;
    std::uint64_t completed = 0;
    std::uint64_t rejected = 0;     // refused connections and error statuses, all reasons
    std::uint64_t aborted = 0;      // the client went away
    std::uint64_t lost = 0;         // with their replica, or with the router
    std::uint64_t byReason[8] = {}; // rejections by DroppedReason
    // Of completed requests, and of those that a replica had finished for no client: it went
    // away, or the router went down, before the answer came through.
    std::uint64_t deliveredTokens = 0;
    std::uint64_t deliveredPromptTokens = 0;
    std::uint64_t unheardTokens = 0;
    std::uint64_t unheardPromptTokens = 0;
    std::uint64_t cachedTokens = 0; // prompt tokens found in prefix caches
};

class Router final : private EndpointListener {
  public:
    using JobId = std::uint32_t;

    Router(const RouterSpec& spec, EventLoop& loop, std::uint64_t seed);
    ~Router();

    // Adds a replica; endpoints keep their index for ever.
    std::size_t addEndpoint(const ReplicaConfig& config, Duration startUp, Duration startsIn);
    Endpoint& endpoint(std::size_t index) { return *endpoints_[index]; }
    const Endpoint& endpoint(std::size_t index) const { return *endpoints_[index]; }
    std::size_t endpointCount() const { return endpoints_.size(); }

    // Takes a request. The answer may come before this returns; then the JobId is already void.
    JobId submit(const RouterRequest& request, RouterClient& client, std::uint32_t tag);
    // The client has gone: no answer will come.
    void abort(JobId job);

    // The saturation the router itself believes in, from its last refresh of each endpoint.
    double saturation();
    // The same for an onlooker: the router goes on as if it had not been asked.
    double saturationToAnOnlooker() const;
    // The same law on the true state of this instant.
    double trueSaturation() const;
    // The same with every request that is inside a replica and does not run counted as waiting,
    // those still on their way through its API too: what the truth will be once all have arrived.
    double committedSaturation() const;
    // Sequences that the ready replicas run at once, all together.
    std::int64_t slots() const;

    std::int64_t queued() const { return flow_.size(); }
    std::int64_t queuedBytes() const { return flow_.bytes(); }
    const FlowControl& flowControl() const { return flow_; }
    std::int64_t inFlight() const { return inFlight_; } // at a replica
    // Everything that has come and not ended: queued, in flight, or with an answer on its way.
    std::int64_t inside() const { return flow_.size() + inFlight_ + delayed_.used(); }
    // Of what replicas have finished and no client has heard of yet, the tokens. Looks at each
    // request inside.
    struct OnTheirWay {
        std::uint64_t outputTokens = 0;
        std::uint64_t promptTokens = 0;
    };
    OnTheirWay onTheirWay() const;
    std::int32_t readyEndpoints() const;
    const RouterTotals& totals() const { return totals_; }

    // Faults.
    struct Trouble {
        // Connections are refused. When it begins, those that are open break (the clients hear of
        // it at once), and what waited in the router and what it knew of prefixes is gone.
        bool down = false;
        Duration latency{0}; // added to every answer
        int errorStatus = 0; // answered with `errorProbability`
        double errorProbability = 0.0;
        Duration errorRetryAfter{-1};
    };
    void setTrouble(const Trouble& trouble);

  private:
    class Delayed;
    // What every event of a job touches: one cache line.
    struct alignas(64) Job {
        RouterClient* client = nullptr;
        std::uint32_t tag = 0;
        std::uint32_t endpoint = 0;
        std::int32_t slot = -1;   // in its replica
        std::uint32_t ticket = 0; // odd while the job lives; moves with each job of this number
        std::uint32_t promptTokens = 0;
        std::uint32_t outputTokens = 0;
        Time arrived{};
        Time admitted{};
        Time scheduled{};
        Time firstToken{};
    };
    static_assert(sizeof(Job) == 64);
    // What matters until it is placed, and when something goes wrong.
    struct JobDetails {
        int priority = 0;
        std::uint32_t fairness = 0;
        Time deadline = kNever;
        PrefixInfo prefix;
        bool streams = false;
        bool queued = false;
        bool lost = false;          // its replica or its router died under it
        std::uint32_t tokens = 0;   // counted at its endpoint, if tokens are
        Delayed* delayed = nullptr; // the answer is on its way, held back
    };
    void admit(JobId id, Time now);
    void place(JobId id, std::size_t endpoint, Time now);
    void answer(JobId id, const Response& response, Duration delay = Duration{0});
    void hold(JobId id, const Response& response, Duration delay);
    void deliver(JobId id, const Response& response);
    void count(const Response& response, bool lost);
    void withdraw(JobId id);
    void crash();
    void reject(JobId id, int status, DroppedReason reason);
    JobId newJob();
    void freeJob(JobId id);
    std::int64_t bytesOf(std::uint32_t promptTokens) const { return promptTokens * 4; }

    void refresh(Time now);
    void readMetrics(Time now);
    void seeReadiness();
    std::size_t pick(JobId id);
    Sequence sequenceOf(JobId id) const;
    void countTokens(JobId id, std::int64_t uncached);
    void releaseTokens(JobId id);
    void left(JobId id);

    void cycle();
    void sweep();
    void armCycle();
    void wake();
    bool alive(const FlowControl::Item& item) const {
        return jobs_[item.job].ticket == item.ticket && details_[item.job].queued;
    }

    void happened(std::span<const JobEvent> events) override;
    void finished(JobId id, Time at);
    void lost(JobId id);
    void readinessChanged() override {
        readinessChanged_ = true;
        wake();
    }

    const RouterSpec& spec_;
    EventLoop& loop_;
    std::uint64_t seed_;
    std::vector<std::unique_ptr<Endpoint>> endpoints_;
    FlowControl flow_;
    RandomSequence pickRandom_;
    RandomSequence errorRandom_;

    std::vector<Job> jobs_;
    std::vector<JobDetails> details_; // as many
    std::vector<JobId> freeJobs_;
    std::int64_t inFlight_ = 0;

    EndpointScores scores_;
    PrefixIndex prefixes_;
    std::vector<PrefixIndex::Match> cached_; // of a prompt, when asking the caches themselves
    std::vector<std::uint32_t> lives_;       // of each endpoint, as last seen
    std::vector<Time> nextRefresh_;
    std::vector<std::uint32_t> inOrder_; // endpoints by nextRefresh_, a ring that begins at turn_
    std::size_t turn_ = 0;
    bool orderKnown_ = false;
    Time earliestRefresh_{};
    bool readinessChanged_ = true;

    Trouble trouble_;
    RouterTotals totals_;
    MemberTimer<Router, &Router::cycle> cycleTimer_{*this};
    MemberTimer<Router, &Router::sweep> sweepTimer_{*this};
    Slab<Delayed> delayed_; // answers on their way
};

} // namespace penstock::sim

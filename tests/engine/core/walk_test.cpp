// SPDX-License-Identifier: Apache-2.0
// Invariants under a random walk: queues x gates x faults x kills, thousands of seeded runs, each a
// list of steps that RapidCheck shrinks when something breaks. PENSTOCK_WALKS=10000 for the full
// count; the reproduce string that a failure prints goes into RC_PARAMS.
//
// Checked at every send: a slot was free, both gates were open, and (where a budget means a
// concurrency) no more are in flight than it allows. Checked at the end, when all faults are over:
// every request ended exactly once, with at most one result; under leases with exactly one and
// nothing lost; no claim, slot or reservation is left.
#include "tests/engine/core/support.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdlib>
#include <set>

namespace penstock::testing {
namespace {

const bool kConfigured = [] {
    const char* walks = std::getenv("PENSTOCK_WALKS");
    const std::string count = walks != nullptr ? walks : "2000";
    return setenv("RC_PARAMS", ("max_success=" + count).c_str(), 0) == 0;
}();

// One of each three requests belongs to tenant 0, 1 and 2; each may hold `limit` reservations.
class TenantGate final : public Gate {
  public:
    TenantGate(int limit, Action over) : limit_(limit), over_(over) {}
    int held = 0;
    Budget budget(Time) override { return {1.0, {}}; }
    Room room(Time, std::int32_t capacity, std::int32_t inFlight) override {
        // Where a wait at a queue's gate lets through, more may be out than it has room for.
        return {std::max(0, capacity - inFlight), {}};
    }
    Verdict apply(Time, Request& request, Reservations& reservations) override {
        const std::size_t tenant = request.number % 3;
        Verdict verdict;
        if (perTenant_[tenant] >= limit_) {
            verdict.action = over_;
            verdict.reason.code = ReasonCode::quotaExhausted;
            return verdict;
        }
        ++perTenant_[tenant];
        ++held;
        reservations.add(*this, tenant);
        return verdict;
    }
    void release(std::uint64_t token) override {
        PENSTOCK_CHECK(perTenant_[token] > 0);
        --perTenant_[token];
        --held;
        changed();
    }
    std::string_view type() const override { return "tenant"; }

  private:
    int limit_;
    Action over_;
    std::array<int, 3> perTenant_{};
};

struct Step {
    int kind;
    int a;
    int b;
};
std::ostream& operator<<(std::ostream& out, const Step& s) {
    static const char* const kNames[] = {
        "push",  "run",    "events",     "queueKnob", "poolKnob", "router", "kill",   "broker",
        "steal", "cancel", "unparsable", "workers",   "latency",  "pause",  "restart"};
    return out << kNames[s.kind] << '(' << s.a << ',' << s.b << ')';
}

rc::Gen<Step> genStep() {
    using rc::gen::inRange;
    const auto kind = rc::gen::weightedElement<int>({{8, 0},
                                                     {8, 1},
                                                     {3, 2},
                                                     {3, 3},
                                                     {3, 4},
                                                     {3, 5},
                                                     {1, 6},
                                                     {1, 7},
                                                     {1, 8},
                                                     {1, 9},
                                                     {1, 10},
                                                     {1, 11},
                                                     {1, 12},
                                                     {1, 13},
                                                     {1, 14}});
    return rc::gen::map(rc::gen::tuple(kind, inRange(0, 1000), inRange(0, 1000)),
                        [](const std::tuple<int, int, int>& t) {
                            return Step{std::get<0>(t), std::get<1>(t), std::get<2>(t)};
                        });
}

struct Setup {
    int preset;
    int queues;
    int pools;
    int workers;
    int queueGate; // 0 none, 1 knob, 2 limit, 3 tenants
    int poolGate;
    int overAction; // refuse or wait
    bool tiers;
    bool shared;
    std::uint64_t seed;
};
std::ostream& operator<<(std::ostream& out, const Setup& s) {
    return out << "preset " << s.preset << " queues " << s.queues << " pools " << s.pools
               << " workers " << s.workers << " queueGate " << s.queueGate << " poolGate "
               << s.poolGate << " over " << s.overAction << " tiers " << s.tiers << " shared "
               << s.shared << " seed " << s.seed;
}

class Walk final : public InferenceClient {
  public:
    explicit Walk(const Setup& setup) : setup_(setup), loop_(kStart, setup.seed), router_(loop_) {
        router_.keepLog = false;
        router_.serviceTime = [this](const Request& r) { return serviceTime(r); };
        router_.answer = [this](const Request& r) { return answer(r); };
        DispatcherSettings settings;
        settings.semantics = *Semantics::byName(Semantics::names()[setup.preset]);
        settings.semantics.poolBudgetShared = setup.shared;
        settings.requestTimeout = 40s;
        settings.merge.kind =
            setup.tiers ? MergeSettings::Kind::tierPriority : MergeSettings::Kind::randomRobin;
        settings.merge.aging = setup.tiers && setup.seed % 2 == 0 ? Duration(2s) : Duration(0s);
        for (int p = 0; p < setup.pools; ++p) {
            settings.pools.push_back(
                {"p" + std::to_string(p), setup.workers, makeGate(setup.poolGate, poolKnobs_)});
        }
        static const char* const kTiers[] = {"batch", "interactive", "async"};
        for (int q = 0; q < setup.queues; ++q) {
            QueueSettings queue;
            queue.id = "q" + std::to_string(q);
            queue.pool = static_cast<std::uint16_t>(q % setup.pools);
            queue.gate = makeGate(setup.queueGate, queueKnobs_);
            queue.labels.push_back({"tier", kTiers[q % 3]});
            settings.queues.push_back(std::move(queue));
        }
        // What an unreachable broker could not be told is then told later, or told by another
        // owner.
        fenced_ = settings.semantics.claiming == Semantics::Claiming::fencedLease &&
                  settings.semantics.resultsDurable;
        concurrency_ = settings.semantics.budgetMeans == Semantics::BudgetMeans::concurrency;
        broker_ = std::make_unique<MemoryBroker>(BrokerSettings::of(settings.semantics), loop_,
                                                 &results_, static_cast<std::size_t>(setup.queues));
        faults_ =
            std::make_unique<sim::FaultyBroker>(*broker_, loop_, settings.semantics.resultsDurable);
        dispatcher_ = std::make_unique<Dispatcher>(std::move(settings), loop_, *this,
                                                   faults_->ports(), &log_);
        dispatcher_->start();
    }

    void apply(const Step& s) {
        const auto queue = static_cast<std::size_t>(s.b % setup_.queues);
        switch (s.kind) {
        case 0:
            push(1 + s.a % 30, queue, s.a % 4 == 0 ? 3s + 1s * (s.b % 20) : 10min);
            break;
        case 1:
            loop_.runUntil(loop_.now() + 10ms * s.a);
            break;
        case 2:
            for (int i = 0; i < s.a % 40; ++i)
                loop_.step(loop_.now() + 1min);
            break;
        case 3:
            turn(queueKnobs_, s);
            break;
        case 4:
            turn(poolKnobs_, s);
            break;
        case 5:
            mode_ = s.a % 7;
            break;
        case 6:
            kill();
            break;
        case 7:
            faults_->setDown(s.a % 2 == 0);
            break;
        case 8:
            broker_->stealClaims();
            break;
        case 9:
            broker_->queue(queue).cancel(numbers_ == 0 ? 1 : 1 + s.a % numbers_);
            break;
        case 10:
            unparsable(queue, s.a % 2 == 0);
            break;
        case 11:
            for (auto& pool : dispatcher_->settings().pools)
                pool.workers = 1 + s.a % 9;
            workersMax_ = std::max(workersMax_, 1 + s.a % 9);
            dispatcher_->settingsChanged();
            break;
        case 12:
            faults_->setLatency(s.a % 2 == 0 ? Duration(0s) : Duration(30ms));
            break;
        case 13:
            dispatcher_->settings().queues[queue].paused = s.a % 2 == 0;
            dispatcher_->settingsChanged();
            break;
        case 14:
            dispatcher_->stop(5s);
            loop_.runUntil(loop_.now() + 6s);
            // While the broker is away nothing can be given back, and the process stays for it.
            if (dispatcher_->stopped()) dispatcher_->start();
            break;
        default:
            break;
        }
        broker_->checkConservation();
        RC_ASSERT(problems_.empty());
    }

    void settleAndCheck() {
        faults_->setDown(false);
        faults_->setLatency(0s);
        loop_.runUntil(loop_.now() + 1s);
        if (dispatcher_->stopped()) dispatcher_->start();
        mode_ = 0;
        for (KnobGate* knob : queueKnobs_)
            knob->set(1.0);
        for (KnobGate* knob : poolKnobs_)
            knob->set(1.0);
        for (auto& queue : dispatcher_->settings().queues)
            queue.paused = false;
        dispatcher_->settingsChanged();
        loop_.runUntil(loop_.now() + 2h);
        broker_->checkConservation();
        for (const auto& problem : problems_)
            RC_FAIL(problem);
        RC_ASSERT(router_.inFlight == 0);
        for (int p = 0; p < setup_.pools; ++p) {
            const PoolView view = dispatcher_->poolView(static_cast<std::uint16_t>(p));
            RC_ASSERT(view.busy == 0);
            RC_ASSERT(view.waiting == 0);
        }
        for (const LimitGate* gate : limits_)
            RC_ASSERT(gate->held == 0);
        for (const TenantGate* gate : tenants_)
            RC_ASSERT(gate->held == 0);
        std::int64_t lost = 0;
        for (int q = 0; q < setup_.queues; ++q) {
            const MemoryQueue& queue = broker_->queue(static_cast<std::size_t>(q));
            const QueueDepth depth = queue.depth();
            RC_ASSERT(depth.pending + depth.claimed + depth.parked + depth.suspect == 0);
            lost += queue.counts().lost + queue.counts().forgotten;
        }
        const auto perRequest = results_.perRequest();
        for (std::uint64_t n = 1; n <= numbers_; ++n) {
            const auto ends = log_.ends.find(n);
            RC_ASSERT(ends != log_.ends.end());
            RC_ASSERT(ends->second == 1);
            const auto found = perRequest.find(n);
            const int count = found == perRequest.end() ? 0 : found->second;
            RC_ASSERT(count <= 1);
            if (fenced_ && !unreadable_.contains(n)) RC_ASSERT(count == 1);
        }
        if (fenced_ && unreadable_.empty()) RC_ASSERT(lost == 0);
    }

  private:
    std::unique_ptr<Gate> makeGate(int kind, std::vector<KnobGate*>& knobs) {
        const Action over = setup_.overAction == 0 ? Action::refuse : Action::wait;
        if (kind == 1) {
            auto gate = std::make_unique<KnobGate>(1.0);
            gate->closedAction = over;
            knobs.push_back(gate.get());
            return gate;
        }
        if (kind == 2) {
            auto gate = std::make_unique<LimitGate>(3);
            gate->overAction = over;
            limits_.push_back(gate.get());
            return gate;
        }
        if (kind == 3) {
            auto gate = std::make_unique<TenantGate>(2, over);
            tenants_.push_back(gate.get());
            return gate;
        }
        return nullptr;
    }

    void push(int count, std::size_t queue, Duration left) {
        for (int i = 0; i < count; ++i) {
            Request request;
            request.number = ++numbers_;
            request.envelope = &envelope_;
            request.deadline = loop_.now() + left + 1ms * i;
            broker_->queue(queue).push(request);
        }
    }
    void unparsable(std::size_t queue, bool idReadable) {
        Request request;
        request.number = ++numbers_;
        request.deadline = loop_.now() + 1min;
        unreadable_.insert(request.number);
        broker_->queue(queue).pushUnparsable(request, idReadable);
    }
    void turn(std::vector<KnobGate*>& knobs, const Step& s) {
        if (knobs.empty()) return;
        static constexpr double kBudgets[] = {0.0, 0.0, 0.05, 0.3, 0.5, 1.0};
        knobs[static_cast<std::size_t>(s.b) % knobs.size()]->set(kBudgets[s.a % 6]);
    }
    void kill() {
        dispatcher_->crash();
        faults_->killedOwner();
        dispatcher_->start();
    }

    Duration serviceTime(const Request& r) const {
        if (mode_ == 5) return 0s;
        if (mode_ == 6) return 100s; // longer than the request timeout
        return 100ms + 1ms * static_cast<int>(r.number * 7919 % 900);
    }
    Response answer(const Request& r) const {
        Response response;
        response.status = 200;
        const std::uint64_t draw = (r.number * 31 + r.retries * 17) % 10;
        if (mode_ == 1) response.status = 503;
        if (mode_ == 2) {
            response.status = 429;
            response.retryAfter = 3s;
        }
        if (mode_ == 3) {
            response.status = 0;
            response.transport = TransportError::refused;
        }
        if (mode_ == 4) response.status = draw < 5 ? 200 : draw < 8 ? 500 : 404;
        return response;
    }

    void expect(bool holds, const char* what) {
        if (!holds) problems_.emplace_back(what);
    }

    // What must hold whenever something is sent. `sent` has been told already: views count it.
    void send(std::uint32_t attempt, const Request& request, const Outbound& outbound,
              ResponseListener& listener) override {
        const auto pool = static_cast<std::uint16_t>(request.queue % setup_.pools);
        const PoolView view = dispatcher_->poolView(pool);
        // Workers that were parked before their number was lowered still have their turn.
        expect(view.busy <= (concurrency_ ? view.workers : workersMax_), "more busy than workers");
        // There, a worker that is parked looks only once a second.
        expect(!concurrency_ || !broker_->queue(request.queue).cancelled(request),
               "sent though cancelled");
        expect(outbound.deadline <= loop_.now() + 40s, "attempt outlives the request timeout");
        if (concurrency_) {
            std::int32_t inFlight = 0;
            for (int q = pool; q < setup_.queues; q += setup_.pools) {
                inFlight += dispatcher_->queueView(static_cast<std::uint16_t>(q)).inFlight;
            }
            if (!queueKnobs_.empty()) {
                const double budget = queueKnobs_[request.queue]->budget(loop_.now()).share;
                const std::int32_t mine =
                    setup_.shared ? inFlight : dispatcher_->queueView(request.queue).inFlight;
                expect(budget > 0.0, "sent through a closed queue gate");
                expect(mine <= roomOf(view.workers, budget, 0), "queue budget exceeded");
            }
            if (!poolKnobs_.empty()) {
                const double budget = poolKnobs_[pool]->budget(loop_.now()).share;
                expect(budget > 0.0, "sent through a closed pool gate");
                expect(inFlight <= roomOf(view.workers, budget, 0), "pool budget exceeded");
            }
        }
        for (const LimitGate* gate : limits_)
            expect(gate->held <= 3, "limit exceeded");
        router_.send(attempt, request, outbound, listener);
    }
    void abort(std::uint32_t attempt) override { router_.abort(attempt); }

    Setup setup_;
    sim::EventLoop loop_;
    EventLog log_;
    ResultLog results_{loop_, log_};
    FakeRouter router_;
    Envelope envelope_;
    std::vector<KnobGate*> queueKnobs_;
    std::vector<KnobGate*> poolKnobs_;
    std::vector<LimitGate*> limits_;
    std::vector<TenantGate*> tenants_;
    int workersMax_ = setup_.workers;
    std::set<std::uint64_t> unreadable_;
    std::vector<std::string> problems_;
    std::uint64_t numbers_ = 0;
    int mode_ = 0;
    bool fenced_ = false;
    bool concurrency_ = false;
    std::unique_ptr<MemoryBroker> broker_;
    std::unique_ptr<sim::FaultyBroker> faults_;
    std::unique_ptr<Dispatcher> dispatcher_;
};

RC_GTEST_PROP(RandomWalk, KeepsEveryInvariant, ()) {
    RC_PRE(kConfigured);
    using rc::gen::inRange;
    Setup setup{};
    setup.preset = *rc::gen::weightedElement<int>({{1, 0}, {1, 1}, {1, 2}, {1, 3}, {1, 4}, {5, 5}});
    setup.queues = *inRange(1, 4);
    setup.pools = *inRange(1, std::min(setup.queues, 2) + 1);
    setup.workers = *inRange(1, 9);
    setup.queueGate = *inRange(0, 4);
    setup.poolGate = *inRange(0, 4);
    setup.overAction = *inRange(0, 2);
    setup.tiers = *inRange(0, 2) == 1;
    setup.shared = *inRange(0, 2) == 1;
    setup.seed = *inRange<std::uint64_t>(1, 1'000'000);
    const auto steps = *rc::gen::container<std::vector<Step>>(genStep());
    RC_LOG() << setup << '\n';
    Walk walk(setup);
    for (const Step& step : steps)
        walk.apply(step);
    walk.settleAndCheck();
}

} // namespace
} // namespace penstock::testing

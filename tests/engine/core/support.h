// SPDX-License-Identifier: Apache-2.0
#pragma once

// A small world for the dispatcher's tests, an owner of EngineRun as a simulated or a live world is
// one: virtual time, an in-memory broker, a router that answers after a given time, and a log of
// every event.
#include "engine/broker/memory_queue.h"
#include "engine/core/dispatcher.h"
#include "engine/run/engine_run.h"
#include "engine/types/check.h"
#include "sim/faults/faulty_broker.h"
#include "sim/kernel/event_loop.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <vector>

namespace penstock::testing {

using namespace std::chrono_literals;

inline constexpr Time kStart = fromUnixSeconds(1'700'000'000.0);

// Listens to a dispatcher itself, or to the recorder of a run.
class EventLog final : public Observer, public RecordSink {
  public:
    void event(const Event& event) override { observe(event); }
    void sample(Time, const Sample&) override {}
    void observe(const Event& event) override {
        events.push_back(event);
        ++counts[event.kind];
    }
    void ended(const End& end) override { ++ends[end.request.number]; }

    std::size_t count(EventKind kind) const {
        const auto found = counts.find(kind);
        return found == counts.end() ? 0 : found->second;
    }
    std::vector<Event> of(EventKind kind) const {
        std::vector<Event> out;
        for (const Event& e : events) {
            if (e.kind == kind) out.push_back(e);
        }
        return out;
    }

    std::vector<Event> events;
    std::map<EventKind, std::size_t> counts;
    std::map<std::uint64_t, int> ends;
};

// The senders' side: what they were answered, and, in the event log, what they put in and what went
// with the store's data.
class ResultLog final : public BrokerListener {
  public:
    struct Entry {
        std::uint64_t number;
        ResultCode code;
        int status;
        std::string body;
        Time at;
    };
    ResultLog(Loop& loop, EventLog& log) : loop_(loop), log_(log) {}
    void enqueued(const Request& request) override { tell(EventKind::enqueued, request); }
    void destroyed(const Request& request) override {
        const Event event = tell(EventKind::lost, request);
        log_.ended({request, event, ServiceTiming{}});
    }
    void resulted(const Request& request, const ResultMessage& result) override {
        entries.push_back(
            {request.number, result.code, result.status, std::string(result.body), loop_.now()});
    }
    std::map<std::uint64_t, int> perRequest() const {
        std::map<std::uint64_t, int> out;
        for (const Entry& e : entries)
            ++out[e.number];
        return out;
    }
    std::vector<Entry> entries;

  private:
    Event tell(EventKind kind, const Request& request) {
        Event event;
        event.at = loop_.now();
        event.kind = kind;
        event.request = request.number;
        event.queue = request.queue;
        log_.observe(event);
        return event;
    }

    Loop& loop_;
    EventLog& log_;
};

// Answers each attempt as `answer` says, after `serviceTime` (zero: before send() returns).
class FakeRouter final : public InferenceClient {
  public:
    struct Sent {
        std::uint64_t number;
        Time at;
        Time deadline;
        std::string objective;
        std::string fairnessHeader;
        std::string fairnessId;
        std::string priorityHeader;
        std::int32_t priority;
        bool timeoutHeader;
        std::uint32_t retries;
    };

    explicit FakeRouter(Loop& loop) : loop_(loop) {}
    ~FakeRouter() override {
        for (auto& flight : flights_) {
            if (flight) loop_.disarm(*flight);
        }
    }

    std::function<Response(const Request&)> answer = [](const Request&) {
        Response response;
        response.status = 200;
        return response;
    };
    std::function<Duration(const Request&)> serviceTime = [](const Request&) { return 1s; };
    bool keepLog = true;
    std::vector<Sent> sent;
    int inFlight = 0;
    int inFlightMax = 0;

    void send(std::uint32_t attempt, const Request& request, const Outbound& outbound,
              ResponseListener& listener) override {
        if (keepLog) {
            sent.push_back({request.number, loop_.now(), outbound.deadline,
                            std::string(outbound.objective), std::string(outbound.fairnessHeader),
                            std::string(outbound.fairnessId), std::string(outbound.priorityHeader),
                            outbound.priority, outbound.sendTimeoutHeader, request.retries});
        }
        Response response = answer(request);
        const Duration time = serviceTime(request);
        if (time <= 0s) {
            listener.responded(attempt, response);
            return;
        }
        if (attempt >= flights_.size()) flights_.resize(attempt + 1);
        if (!flights_[attempt]) flights_[attempt] = std::make_unique<Flight>(*this, attempt);
        Flight& flight = *flights_[attempt];
        PENSTOCK_CHECK(!flight.armed());
        Time at = loop_.now() + time;
        if (at > outbound.deadline) {
            at = outbound.deadline;
            response = {};
            response.transport = TransportError::timeout;
        }
        flight.response = response;
        flight.listener = &listener;
        inFlightMax = std::max(inFlightMax, ++inFlight);
        loop_.arm(flight, at);
    }

    void abort(std::uint32_t attempt) override {
        PENSTOCK_CHECK(attempt < flights_.size() && flights_[attempt]->armed());
        loop_.disarm(*flights_[attempt]);
        --inFlight;
    }

  private:
    struct Flight final : Timer {
        Flight(FakeRouter& router, std::uint32_t number) : owner(router), attempt(number) {}
        void fire() override {
            --owner.inFlight;
            listener->responded(attempt, response);
        }
        FakeRouter& owner;
        std::uint32_t attempt;
        Response response;
        ResponseListener* listener = nullptr;
    };

    Loop& loop_;
    std::vector<std::unique_ptr<Flight>> flights_;
};

// Calls a function at a time.
class At final : public Timer {
  public:
    At(Loop& loop, Time when, std::function<void()> action)
        : loop_(loop), action_(std::move(action)) {
        loop_.arm(*this, when);
    }
    ~At() override { loop_.disarm(*this); }
    void fire() override { action_(); }

  private:
    Loop& loop_;
    std::function<void()> action_;
};

// A gate whose budget the test sets; it refuses, or says `closedAction`, when shut.
class KnobGate final : public Gate {
  public:
    explicit KnobGate(double open = 1.0) : value_(open) {}

    void set(double value) {
        value_ = value;
        changed();
    }
    void setQuietly(double value) { value_ = value; }
    Action closedAction = Action::refuse;
    int applied = 0;
    int sentCount = 0;
    int settledCount = 0;

    Budget budget(Time) override {
        const ReasonCode code = value_ > 0.0 ? ReasonCode::open : ReasonCode::closedByThreshold;
        return {value_, {.code = code, .value = value_}};
    }
    Verdict apply(Time now, Request&, Reservations&) override {
        ++applied;
        Verdict verdict;
        const Budget open = budget(now);
        if (open.share <= 0.0) verdict.action = closedAction;
        verdict.reason = open.reason;
        return verdict;
    }
    void onSent(Time, const Request&) override { ++sentCount; }
    void onSettled(Time, const Request&, const AttemptOutcome&) override { ++settledCount; }
    std::string_view type() const override { return "knob"; }

  private:
    double value_;
};

// At most `limit` reservations at once; over it, `overAction` with `overCode`.
class LimitGate final : public Gate {
  public:
    explicit LimitGate(int limit) : limit_(limit) {}

    Action overAction = Action::refuse;
    ReasonCode overCode = ReasonCode::atLimit;
    int held = 0;
    int heldMax = 0;
    std::function<void(char)> trace; // 'a' on acquire, 'r' on release

    Budget budget(Time) override {
        const bool open = limit_ > 0 && held < limit_;
        return {open ? static_cast<double>(limit_ - held) / limit_ : 0.0,
                {.value = static_cast<double>(held)}};
    }
    Room room(Time, std::int32_t, std::int32_t) override { return {limit_ - held, {}}; }
    Verdict apply(Time, Request&, Reservations& reservations) override {
        Verdict verdict;
        if (held >= limit_) {
            verdict.action = overAction;
            verdict.reason.code = overCode;
            return verdict;
        }
        ++held;
        heldMax = std::max(heldMax, held);
        reservations.add(*this, 0);
        if (trace) trace('a');
        return verdict;
    }
    void release(std::uint64_t) override {
        --held;
        if (trace) trace('r');
        changed();
    }
    std::string_view type() const override { return "limit"; }

  private:
    int limit_;
};

struct World {
    explicit World(Semantics semantics, std::uint64_t seed = 1) : loop(kStart, seed) {
        settings.semantics = std::move(semantics);
        settings.pools.push_back({"default", 64, nullptr});
    }

    QueueSettings& addQueue(std::string name, std::unique_ptr<Gate> gate = nullptr) {
        QueueSettings queue;
        queue.id = name;
        queue.name = std::move(name);
        queue.gate = std::move(gate);
        settings.queues.push_back(std::move(queue));
        return settings.queues.back();
    }

    // Builds broker and dispatcher from `settings` and starts. `change` has a word in the broker's.
    void start(const std::function<void(BrokerSettings&)>& change = {}) {
        if (settings.queues.empty()) addQueue("q");
        BrokerSettings brokers = BrokerSettings::of(settings.semantics);
        if (change) change(brokers);
        broker = std::make_unique<MemoryBroker>(brokers, loop, &results, settings.queues.size());
        faults =
            std::make_unique<sim::FaultyBroker>(*broker, loop, settings.semantics.resultsDurable);
        RecorderSetup recorder;
        recorder.start = loop.now();
        engine = std::make_unique<EngineRun>(std::move(settings), std::move(recorder),
                                             EnginePorts{loop, router, faults->ports()}, nullptr);
        engine->recorder().addSink(log);
        dispatcher = &engine->dispatcher();
        dispatcher->start();
    }

    Request make(Duration timeToDeadline) {
        Request request;
        request.number = ++numbers;
        request.envelope = &envelope;
        request.created = loop.now();
        request.deadline = loop.now() + timeToDeadline;
        return request;
    }
    std::uint64_t push(Duration timeToDeadline = 1h, std::size_t queue = 0) {
        const Request request = make(timeToDeadline);
        broker->queue(queue).push(request);
        return request.number;
    }
    void run(Duration time) { loop.runUntil(loop.now() + time); }

    sim::EventLoop loop;
    EventLog log;
    ResultLog results{loop, log};
    FakeRouter router{loop};
    Envelope envelope{"source", true, {}, {}, {}, {}, {}, {}, {}, "{}"};
    DispatcherSettings settings;
    std::unique_ptr<MemoryBroker> broker;
    std::unique_ptr<sim::FaultyBroker> faults; // the dispatcher's way to the broker
    std::unique_ptr<EngineRun> engine;         // before the broker it calls at its end
    Dispatcher* dispatcher = nullptr;          // the engine's
    std::uint64_t numbers = 0;
};

inline MergeSettings tiers(Duration aging = Duration{0}) {
    MergeSettings settings;
    settings.kind = MergeSettings::Kind::tierPriority;
    settings.aging = aging;
    return settings;
}

inline Response status(int code) {
    Response response;
    response.status = code;
    return response;
}

} // namespace penstock::testing

// SPDX-License-Identifier: Apache-2.0
#pragma once

// A world of a few lines that owns an EngineRun: a clock, a broker in memory, a router and a metric
// that do as they are told. It knows nothing of sim/.
#include "engine/broker/memory_key_value.h"
#include "engine/broker/memory_queue.h"
#include "engine/config/documents/build.h"
#include "engine/run/engine_run.h"
#include "engine/timers/timer_queue.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace penstock::testing {

class ScriptedWorld final : private Loop,
                            private InferenceClient,
                            private MetricSource,
                            private BrokerListener,
                            private EngineListener {
  public:
    std::function<int(const Request&)> status = [](const Request&) { return 200; };
    std::function<Duration(const Request&)> serviceTime = [](const Request&) {
        return std::chrono::seconds{1};
    };
    double reading = 1.0; // what every metric query gives: all of the pool is free
    std::map<std::uint64_t, int> ends, results;

    // Ends the process if the document cannot be built: tests give good ones.
    explicit ScriptedWorld(const EngineDocument& document) : store_(*this) {
        const GateContext context{*this, this, &store_, document.prometheusCacheTtl,
                                  document.semantics};
        auto settings = buildSettings(document, context);
        PENSTOCK_CHECK(settings.has_value());
        broker_ = std::make_unique<MemoryBroker>(
            BrokerSettings::of(document.semantics), static_cast<Loop&>(*this),
            static_cast<BrokerListener*>(this), settings->queues.size());
        RecorderSetup setup;
        setup.start = now();
        setup.sources.push_back({"sender", false});
        engine_ = std::make_unique<EngineRun>(std::move(*settings), std::move(setup),
                                              EnginePorts{*this, *this, broker_->ports()},
                                              static_cast<EngineListener*>(this));
        engine_->start();
    }
    ~ScriptedWorld() override {
        engine_.reset();
        for (auto& [attempt, flight] : flights_)
            timers_.disarm(*flight);
    }

    EngineRun& engine() { return *engine_; }
    MemoryBroker& broker() { return *broker_; }
    void run(Duration time) { timers_.runUntil(now() + time); }
    std::uint64_t push(Duration left, std::size_t queue = 0) {
        Request request;
        request.number = ++numbers_;
        request.envelope = &envelope_;
        request.created = now();
        request.deadline = now() + left;
        broker_->queue(queue).push(request);
        return request.number;
    }
    void crashAndRestart() {
        engine_->crash();
        broker_->killedOwner();
        engine_->start();
    }
    Result<Report> report() {
        RunFacts facts;
        engine_->addFacts(facts);
        return engine_->recorder().finish(facts);
    }
    Time now() const override { return timers_.now(); }

  private:
    struct Flight final : Timer {
        ScriptedWorld* world = nullptr;
        std::uint32_t attempt = 0;
        Response response;
        ResponseListener* listener = nullptr;
        void fire() override { listener->responded(attempt, response); }
    };

    void arm(Timer& timer, Time at) override { timers_.arm(timer, at); }
    void disarm(Timer& timer) override { timers_.disarm(timer); }
    double random(RandomStream stream, std::uint64_t index) override {
        std::uint64_t x = index * 0x9e3779b97f4a7c15ULL + static_cast<std::uint64_t>(stream);
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
        x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
        return static_cast<double>((x ^ (x >> 31)) >> 11) * 0x1.0p-53;
    }

    void send(std::uint32_t attempt, const Request& request, const Outbound&,
              ResponseListener& listener) override {
        auto& flight = flights_[attempt];
        if (flight == nullptr) flight = std::make_unique<Flight>();
        PENSTOCK_CHECK(!flight->armed());
        flight->attempt = attempt;
        flight->response = {};
        flight->response.status = status(request);
        flight->listener = &listener;
        timers_.arm(*flight, now() + serviceTime(request));
    }
    void abort(std::uint32_t attempt) override { timers_.disarm(*flights_.at(attempt)); }

    void read(const MetricQuery&, std::uint32_t tag, MetricListener& listener) override {
        listener.metricRead(tag, {Reading::State::value, reading, now()});
    }

    void enqueued(const Request& request) override {
        Event event;
        event.at = now();
        event.kind = EventKind::enqueued;
        event.request = request.number;
        event.queue = request.queue;
        engine_->recorder().arrived(event.at, 0, request.number, 0, 0);
        engine_->tell(event);
    }
    void resulted(const Request& request, const ResultMessage&) override {
        ++results[request.number];
    }
    void engineEnded(const End& end) override { ++ends[end.request.number]; }

    TimerQueue timers_{fromUnixSeconds(1'700'000'000.0)};
    MemoryKeyValue store_;
    Envelope envelope_{"sender", true, {}, {}, {}, {}, {}, {}, {}, "{}"};
    std::unique_ptr<MemoryBroker> broker_;
    std::unique_ptr<EngineRun> engine_;
    std::map<std::uint32_t, std::unique_ptr<Flight>> flights_;
    std::uint64_t numbers_ = 0;
};

} // namespace penstock::testing

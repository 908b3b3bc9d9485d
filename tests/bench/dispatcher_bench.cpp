// SPDX-License-Identifier: Apache-2.0
// What a decision costs: claim -> queue gate -> pool gate -> dispatch -> result, over the in-memory
// broker, a virtual-time loop and a composite of a metric gate and a concurrency limit. The hold
// model (pop the earliest, push one later) on the raw heap is the yardstick beside it.
#include "engine/broker/memory_queue.h"
#include "engine/broker/slot_heap.h"
#include "engine/core/dispatcher.h"
#include "engine/gates/factory/factory.h"
#include "engine/types/check.h"
#include "sim/kernel/event_loop.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace penstock {
namespace {

using namespace std::chrono_literals;

// A pool at saturation 0.1, told at once.
class SteadyMetrics final : public MetricSource {
  public:
    explicit SteadyMetrics(const Loop& loop) : loop_(loop) {}
    void read(const MetricQuery&, std::uint32_t tag, MetricListener& listener) override {
        listener.metricRead(tag, {Reading::State::value, 0.9, loop_.now()});
    }

  private:
    const Loop& loop_;
};

// A metric gate and a reserving limit, both of which must agree.
std::unique_ptr<Gate> composite(const GateContext& context) {
    auto gate = makeGate(
        {.type = "composite",
         .params = nlohmann::json::parse(
             R"({"gates": [{"gate_type": "prometheus-saturation", "gate_params": {"pool": "p"}},
                           {"gate_type": "local-max-concurrency", "gate_params": {"limit": 64}}]})")},
        context);
    PENSTOCK_CHECK(gate.has_value());
    return std::move(*gate);
}

// Answers `service` after each send; zero: before send() returns.
class BenchRouter final : public InferenceClient {
  public:
    BenchRouter(Loop& loop, Duration service) : loop_(loop), service_(service) {}
    ~BenchRouter() override {
        for (auto& flight : flights_)
            loop_.disarm(*flight);
    }
    void send(std::uint32_t attempt, const Request&, const Outbound&,
              ResponseListener& listener) override {
        if (service_ <= 0s) {
            listener.responded(attempt, answer_);
            return;
        }
        while (attempt >= flights_.size()) {
            flights_.push_back(std::make_unique<Flight>(*this, flights_.size()));
        }
        Flight& flight = *flights_[attempt];
        flight.listener = &listener;
        loop_.arm(flight, loop_.now() + service_);
    }
    void abort(std::uint32_t attempt) override { loop_.disarm(*flights_[attempt]); }

  private:
    struct Flight final : Timer {
        Flight(BenchRouter& router, std::size_t number)
            : owner(router), attempt(static_cast<std::uint32_t>(number)) {}
        void fire() override { listener->responded(attempt, owner.answer_); }
        BenchRouter& owner;
        std::uint32_t attempt;
        ResponseListener* listener = nullptr;
    };
    Loop& loop_;
    Duration service_;
    Response answer_{TransportError::none, 200, Duration{-1}, DroppedReason::none, {}, {}};
    std::vector<std::unique_ptr<Flight>> flights_;
};

class CountingObserver final : public Observer {
  public:
    void observe(const Event& event) override { ++counts[static_cast<std::size_t>(event.kind)]; }
    void ended(const End&) override { ++ends; }
    std::array<std::uint64_t, 32> counts{};
    std::uint64_t ends = 0;
};

void runDispatcher(benchmark::State& state, Semantics semantics, Duration service) {
    const auto backlog = static_cast<int>(state.range(0));
    sim::EventLoop loop(fromUnixSeconds(1.7e9), 1);
    CountingObserver observer;
    BenchRouter router(loop, service);
    DispatcherSettings settings;
    settings.semantics = std::move(semantics);
    SteadyMetrics metrics(loop);
    const GateContext context{.loop = loop, .metrics = &metrics, .semantics = settings.semantics};
    settings.pools.push_back({"default", 64, composite(context)});
    QueueSettings queue;
    queue.id = "q";
    queue.gate = composite(context);
    settings.queues.push_back(std::move(queue));
    MemoryBroker broker(BrokerSettings::of(settings.semantics), loop, nullptr, 1);
    Dispatcher dispatcher(std::move(settings), loop, router, broker.ports(), &observer);
    Envelope envelope;
    Request request;
    request.envelope = &envelope;
    const auto push = [&](int count) {
        for (int i = 0; i < count; ++i) {
            ++request.number;
            // Deadlines in no order, as a mix of tenants makes them.
            request.deadline = loop.now() + 1h + 1ms * ((request.number * 7919) % 3'600'000);
            request.enqueued = {};
            broker.queue(0).push(request);
        }
    };
    push(backlog);
    dispatcher.start();
    std::uint64_t done = 0;
    for (auto _ : state) {
        const std::uint64_t before = observer.ends;
        push(backlog - static_cast<int>(broker.queue(0).depth().pending));
        while (observer.ends < before + static_cast<std::uint64_t>(backlog) / 2) {
            if (!loop.step()) break;
        }
        done += observer.ends - before;
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(done));
    state.counters["per_decision"] = benchmark::Counter(
        static_cast<double>(done), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

void answerAtOnce(benchmark::State& state) {
    runDispatcher(state, Semantics::penstock(), 0s);
}
void answerLater(benchmark::State& state) {
    runDispatcher(state, Semantics::penstock(), 1s);
}
void answerLater09(benchmark::State& state) {
    Semantics semantics = Semantics::llmDAsync09();
    semantics.batchSize = 64;
    runDispatcher(state, std::move(semantics), 100ms);
}

void holdModel(benchmark::State& state) {
    const auto size = static_cast<std::uint32_t>(state.range(0));
    SlotHeap heap;
    std::uint32_t sequence = 0;
    Time now = fromUnixSeconds(1.7e9);
    for (std::uint32_t i = 0; i < size; ++i) {
        heap.push({now + 1ms * ((i * 7919) % 3'600'000), sequence++, i});
    }
    for (auto _ : state) {
        const SlotHeap::Entry entry = heap.pop();
        heap.push({entry.at + 1ms * ((sequence * 7919) % 3'600'000), sequence, entry.slot});
        ++sequence;
    }
    state.SetItemsProcessed(state.iterations());
}

BENCHMARK(answerAtOnce)->Arg(1000)->Arg(100'000);
BENCHMARK(answerLater)->Arg(1000)->Arg(100'000);
BENCHMARK(answerLater09)->Arg(1000)->Arg(100'000);
BENCHMARK(holdModel)->Arg(64)->Arg(1000)->Arg(100'000);

} // namespace
} // namespace penstock

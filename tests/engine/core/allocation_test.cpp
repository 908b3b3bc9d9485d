// SPDX-License-Identifier: Apache-2.0
// In the steady state a request costs no allocation: operator new is counted while thousands go
// from push to result, with retries and both merge policies, after a warm-up of three times the
// size that ends with the same load: vectors have then reached their largest size.
#include "tests/engine/core/support.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

namespace {
std::size_t allocations = 0;

void* counted(std::size_t size, std::size_t unit) {
    ++allocations;
    void* memory = std::aligned_alloc(unit, (size + unit - 1) / unit * unit);
    if (memory == nullptr) std::abort();
    return memory;
}
} // namespace

// Only what the tested code uses is replaced; arrays come through the single forms.
void* operator new(std::size_t size) {
    return counted(size, alignof(std::max_align_t));
}
void* operator new(std::size_t size, std::align_val_t alignment) {
    return counted(size, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept {
    std::free(memory);
}

namespace penstock::testing {
namespace {

class QuietObserver final : public Observer {
  public:
    void observe(const Event&) override { ++events; }
    void ended(const End&) override { ++ends; }
    std::uint64_t events = 0;
    std::uint64_t ends = 0;
};

std::size_t allocationsOf(const std::string& preset, MergeSettings::Kind kind, bool failures) {
    sim::EventLoop loop(kStart, 1);
    QuietObserver observer;
    FakeRouter router(loop);
    router.keepLog = false;
    router.serviceTime = [](const Request& r) { return 200ms + 10ms * (r.number % 13); };
    bool warmingUp = true; // everything that can fail does: no list will ever be longer
    router.answer = [&](const Request& r) {
        Response response;
        const bool fails = failures && r.retries == 0 && (warmingUp || r.number % 5 == 0);
        response.status = fails ? 503 : 200;
        return response;
    };
    DispatcherSettings settings;
    settings.semantics = *Semantics::byName(preset);
    settings.batchSize = 64;
    settings.merge.kind = kind;
    settings.merge.fairnessHeader = "x-llm-d-inference-fairness-id";
    settings.pools.push_back({"default", 64, std::make_unique<KnobGate>(0.9)});
    for (int q = 0; q < 3; ++q) {
        QueueSettings queue;
        queue.id = "q" + std::to_string(q);
        queue.gate = std::make_unique<LimitGate>(40);
        settings.queues.push_back(std::move(queue));
    }
    MemoryBroker broker(BrokerSettings::of(settings.semantics), loop, nullptr, 3);
    Dispatcher dispatcher(std::move(settings), loop, router, broker.ports(), &observer);
    dispatcher.start();
    Envelope envelope;
    envelope.metadata.push_back({"userid", "a tenant whose name is not a short string"});
    Request request;
    request.envelope = &envelope;
    const auto load = [&](int count) {
        for (int i = 0; i < count; ++i) {
            ++request.number;
            request.deadline = loop.now() + 1h + 1s * (request.number * 7919 % 600);
            broker.queue(request.number % 3).push(request);
        }
        loop.runUntil(loop.now() + 10min);
    };
    load(6000);
    load(3000);
    EXPECT_EQ(observer.ends, 9000U);
    warmingUp = false;
    const std::size_t before = allocations;
    load(3000);
    const std::size_t after = allocations;
    EXPECT_EQ(observer.ends, 12000U);
    return after - before;
}

TEST(SteadyState, ARequestAllocatesNothing) {
    for (const auto& preset : Semantics::names()) {
        for (const auto kind :
             {MergeSettings::Kind::randomRobin, MergeSettings::Kind::tierPriority}) {
            for (const bool failures : {false, true}) {
                // Retries gather differently in each load, so one vector may still grow once; a
                // cost per request would show 3000 times.
                EXPECT_LE(allocationsOf(preset, kind, failures), failures ? 1U : 0U)
                    << preset << failures;
            }
        }
    }
}

} // namespace
} // namespace penstock::testing

// SPDX-License-Identifier: Apache-2.0
// Goal: in the steady state no gate allocates for a request. Method: this program counts calls of
// operator new; after a warm-up, a thousand requests through every gate add none.
#include "tests/engine/gates/support.h"

#include <cstdlib>
#include <new>

namespace {
std::size_t gAllocations = 0;
} // namespace

// NOLINTBEGIN: replacing the global operators is the point.
[[gnu::noinline]] void* operator new(std::size_t size) {
    ++gAllocations;
    if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
    throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept {
    std::free(memory);
}
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}
// NOLINTEND

namespace penstock::test {
namespace {

class SteadyMetrics final : public MetricSource {
  public:
    explicit SteadyMetrics(const Loop& loop) : loop_(loop) {}
    void read(const MetricQuery& query, std::uint32_t tag, MetricListener& listener) override {
        const double free = query.text.starts_with("1 - ") ? 0.6 : 0.4;
        listener.metricRead(tag, valueReading(free, loop_.now()));
    }

  private:
    const Loop& loop_;
};

TEST(Allocation, noneForARequestInTheSteadyState) {
    const std::pair<const char*, const char*> documents[] = {
        {"constant", "{}"},
        {"redis", R"({"address":"r"})"},
        {"redis-quota", R"({"address":"r","limit":100,"mode":"concurrency"})"},
        {"local-max-concurrency", R"({"limit":100})"},
        {"prometheus-saturation", R"({"pool":"p"})"},
        {"prometheus-budget", R"({"pool":"p"})"},
        {"composite",
         R"({"gates":[{"gate_type":"prometheus-budget","gate_params":{"pool":"p"}},
                      {"gate_type":"redis-quota","gate_params":{"address":"r","limit":100,"mode":"concurrency"}},
                      {"gate_type":"local-max-concurrency","gate_params":{"limit":100}}]})"},
        {"tier-priority-admission",
         R"({"saturation_gate":"prometheus-saturation","saturation_gate_params":{"pool":"p"}})"},
        {"aimd", "{}"},
        {"gradient", "{}"},
        {"pi", R"({"pool":"p"})"},
        {"headroom", R"({"pool":"p"})"},
        {"deadline-floor",
         R"({"gate":{"gate_type":"prometheus-saturation","gate_params":{"pool":"p"}}})"},
    };
    for (const auto& [type, params] : documents) {
        Bench bench;
        SteadyMetrics metrics{bench.loop};
        GateContext context = bench.context();
        context.metrics = &metrics;
        auto made = makeGate({.type = type, .params = nlohmann::json::parse(params)}, context);
        ASSERT_TRUE(made) << made.error().text();
        Gate& gate = **made;
        Message message{0, {{"userid", "a user with a name too long to be kept in place"}}};
        const AttemptOutcome outcome{.latency = 30ms, .status = 200, .outputTokens = 10};
        int proceeded = 0;
        const auto pass = [&](int requests) {
            for (int i = 0; i < requests; ++i) {
                ++message.request.number;
                bench.pass(10ms);
                gate.backlog(bench.now(), 10, bench.now() + 60s);
                gate.budget(bench.now());
                gate.room(bench.now(), 64, 0);
                Reservations held;
                if (gate.apply(bench.now(), message.request, held).action != Action::proceed) {
                    continue;
                }
                ++proceeded;
                gate.sent(bench.now(), message.request);
                bench.pass(20ms);
                gate.settled(bench.now(), message.request, outcome);
                held.releaseAll();
            }
        };
        pass(2000); // thirty seconds and more: every cache has expired some times
        const std::size_t before = gAllocations;
        pass(1000);
        EXPECT_EQ(gAllocations, before) << type;
        EXPECT_EQ(proceeded, 3000) << type;
    }
}

} // namespace
} // namespace penstock::test

// SPDX-License-Identifier: Apache-2.0
// The hold model (Jones, CACM 1986): with N timers armed, fire the earliest and arm it again at a
// random later time. One hold is what any discrete-event simulator must at least pay an event, so
// the other benchmarks are read against this one.
#include "sim/kernel/event_loop.h"
#include "sim/kernel/random.h"

#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

namespace {

using namespace penstock;

struct Holder final : Timer {
    sim::EventLoop* loop = nullptr;
    const std::vector<Duration>* steps = nullptr;
    std::size_t next = 0;
    void fire() override {
        next = (next + 1) & (steps->size() - 1);
        loop->arm(*this, loop->now() + (*steps)[next]);
    }
};

void hold(benchmark::State& state) {
    sim::EventLoop loop{Time{}, 1};
    sim::RandomSequence random{1, 1, 1};
    std::vector<Duration> steps(4096);
    for (Duration& step : steps)
        step = fromSeconds(random.exponential());
    std::vector<std::unique_ptr<Holder>> holders;
    for (std::int64_t i = 0; i < state.range(0); ++i) {
        holders.push_back(std::make_unique<Holder>());
        holders.back()->loop = &loop;
        holders.back()->steps = &steps;
        holders.back()->next = static_cast<std::size_t>(i * 7) & (steps.size() - 1);
        holders.back()->fire();
    }
    for (auto _ : state)
        loop.step();
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(hold)->Arg(16)->Arg(128)->Arg(1024)->Arg(16384);

} // namespace

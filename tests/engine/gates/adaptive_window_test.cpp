// SPDX-License-Identifier: Apache-2.0
// Goal: aimd and gradient find a pool's capacity from outcomes alone, by their stated laws. Method:
// single outcomes for the laws, and a small plant (plant.h) for what they add up to.
#include "engine/gates/adaptive/aimd.h"
#include "engine/gates/adaptive/gradient.h"
#include "tests/engine/gates/plant.h"

namespace penstock::test {
namespace {

AttemptOutcome served(Duration latency, std::uint32_t tokens = 100) {
    return {.latency = latency, .status = 200, .outputTokens = tokens};
}
AttemptOutcome shed(Duration latency, DroppedReason why = DroppedReason::rejectedSaturated) {
    return {.latency = latency, .status = 429, .dropped = why};
}

// Holds as many requests as the gate allows, so that its window is in use.
struct Filler {
    std::vector<std::unique_ptr<Message>> messages;
    std::vector<std::unique_ptr<Reservations>> held;
    void fill(Gate& gate, Time now) {
        while (true) {
            auto message = std::make_unique<Message>(messages.size());
            auto reservations = std::make_unique<Reservations>();
            if (gate.apply(now, message->request, *reservations).action != Action::proceed) break;
            messages.push_back(std::move(message));
            held.push_back(std::move(reservations));
        }
    }
    void empty() {
        for (auto& r : held)
            r->releaseAll();
        held.clear();
    }
};

struct AimdBench {
    Bench bench;
    std::unique_ptr<Gate> owner;
    AimdGate& gate;
    Filler filler;
    Message message{0};

    explicit AimdBench(const std::string& params = "{}")
        : owner(bench.make("aimd", params)), gate(dynamic_cast<AimdGate&>(*owner)) {
        gate.room(bench.now(), 1000, 0);
    }
    void tell(const AttemptOutcome& outcome) {
        filler.fill(gate, bench.now());
        gate.settled(bench.now(), message.request, outcome);
    }
    ~AimdBench() { filler.empty(); }
};

TEST(LoadSigns, whatAnOutcomeSaysOfThePool) {
    struct Case {
        AttemptOutcome outcome;
        LoadSign sign;
    };
    for (const Case& c : {
             Case{served(1s), LoadSign::served},
             Case{{.status = 302}, LoadSign::served},
             Case{{.status = 400}, LoadSign::silent},
             Case{{.status = 500}, LoadSign::silent},
             Case{{.status = 429}, LoadSign::shed},
             Case{{.status = 503}, LoadSign::shed},
             Case{shed(1s), LoadSign::shed},
             Case{shed(1s, DroppedReason::evicted), LoadSign::shed},
             Case{shed(1s, DroppedReason::rejectedTtlExpired), LoadSign::late},
             Case{shed(1s, DroppedReason::rejectedContextCancelled), LoadSign::silent},
             Case{shed(1s, DroppedReason::rejectedShuttingDown), LoadSign::silent},
             Case{{.status = 503, .dropped = DroppedReason::rejectedNoEndpoints}, LoadSign::shed},
             Case{{.transport = TransportError::timeout}, LoadSign::shed},
             Case{{.transport = TransportError::refused}, LoadSign::silent},
         }) {
        EXPECT_EQ(loadSignOf(c.outcome), c.sign) << c.outcome.status;
    }
}

TEST(Aimd, doublesEachFlightUntilTheFirstDecreaseThenAddsOneAWindow) {
    AimdBench b(R"({"initial_window":4,"acceleration":0,"hold":"0s"})");
    for (const double expected : {8.0, 16.0, 32.0}) {
        for (int i = static_cast<int>(b.gate.window()); i > 0; --i)
            b.tell(served(1s));
        EXPECT_DOUBLE_EQ(b.gate.window(), expected);
        b.bench.pass(1s);
    }
    b.tell(shed(100ms));
    EXPECT_DOUBLE_EQ(b.gate.window(), 16.0);
    for (const double expected : {17.0, 18.0, 19.0}) {
        for (int i = static_cast<int>(b.gate.window()); i > 0; --i)
            b.tell(served(1s));
        EXPECT_DOUBLE_EQ(b.gate.window(), expected);
    }
}

TEST(Aimd, halvesOnceAFlight) {
    AimdBench b(R"({"initial_window":64})");
    b.bench.pass(10s);
    for (int i = 0; i < 20; ++i)
        b.tell(shed(500ms));
    EXPECT_DOUBLE_EQ(b.gate.window(), 32.0);
    b.bench.pass(400ms); // still of requests sent before the decrease
    b.tell(shed(500ms));
    EXPECT_DOUBLE_EQ(b.gate.window(), 32.0);
    b.bench.pass(200ms);
    b.tell(shed(500ms));
    EXPECT_DOUBLE_EQ(b.gate.window(), 16.0);
    b.bench.pass(1s);
    b.tell(shed(500ms, DroppedReason::rejectedTtlExpired));
    EXPECT_DOUBLE_EQ(b.gate.window(), 16.0 * 0.9);
}

TEST(Aimd, holdsAfterADecreaseAndDoesNotGrowUnused) {
    AimdBench b(R"({"initial_window":10,"hold":"2s"})");
    b.bench.pass(10s);
    b.tell(shed(100ms));
    b.bench.pass(1999ms);
    for (int i = 0; i < 100; ++i)
        b.tell(served(100ms));
    EXPECT_DOUBLE_EQ(b.gate.window(), 5.0);
    b.bench.pass(1ms);
    b.filler.empty();
    for (int i = 0; i < 100; ++i)
        b.gate.settled(b.bench.now(), b.message.request, served(100ms));
    EXPECT_DOUBLE_EQ(b.gate.window(), 5.0); // nobody uses it
    for (int i = 0; i < 5; ++i)
        b.tell(served(100ms));
    EXPECT_DOUBLE_EQ(b.gate.window(), 6.0);
}

TEST(Aimd, staysBetweenItsBounds) {
    AimdBench b(R"({"initial_window":4,"min_window":2,"max_window":6})");
    b.bench.pass(10s);
    for (int i = 0; i < 50; ++i)
        b.tell(served(10ms));
    EXPECT_DOUBLE_EQ(b.gate.window(), 6.0);
    for (int i = 0; i < 10; ++i) {
        b.bench.pass(10s);
        b.tell(shed(10ms));
    }
    EXPECT_DOUBLE_EQ(b.gate.window(), 2.0);
    EXPECT_EQ(b.gate.room(b.bench.now(), 64, 0).requests, 0); // the filler holds more
    b.filler.empty();
    EXPECT_EQ(b.gate.room(b.bench.now(), 64, 0).requests, 2);
    EXPECT_DOUBLE_EQ(b.gate.budget(b.bench.now()).share, 2.0 / 64.0);
}

// A rate meaning of budgets never asks for room: the workers are then those of the owner.
TEST(Aimd, knowsTheWorkersOfItsPoolFromTheStart) {
    Bench bench;
    GateSpec spec{.type = "aimd", .params = {{"initial_window", 8}}};
    spec.owner = {.poolId = "default", .workers = 32};
    auto gate = std::move(*makeGate(spec, bench.context()));
    EXPECT_DOUBLE_EQ(gate->budget(bench.now()).share, 0.25);
    EXPECT_EQ(gate->room(bench.now(), 16, 5).requests, 3); // a pool's own count is believed
    EXPECT_DOUBLE_EQ(gate->budget(bench.now()).share, 0.5);
}

// The plant refuses beyond 40; the window saws between half of that and a little more.
TEST(Aimd, sawsAroundTheCapacityOfAPlant) {
    Bench bench;
    Plant plant{bench};
    plant.refuseAt = 1.0;
    auto gate = gateOn(bench, plant, "aimd", "{}");
    plant.run(*gate, 600s);
    EXPECT_GT(plant.meanFlying, 24.0);
    EXPECT_LT(plant.peak, 1.4);
    EXPECT_LT(static_cast<double>(plant.refused), 0.05 * static_cast<double>(plant.served));
    plant.finish(*gate);
}

TEST(Gradient, settlesWhereDelayIsItsToleratedMultiple) {
    Bench bench;
    Plant plant{bench};
    plant.workers = 200;
    plant.slowdown = 1.0; // twice as slow when full
    auto gate = gateOn(bench, plant, "gradient", R"({"tolerance":1.4})");
    plant.run(*gate, 900s);
    // Base at the initial 8 of 40: 1.2 services. Tolerated 1.68: saturation 0.68; the square root
    // that probes for more adds (1 - g) w = sqrt(w), here some six requests.
    const double last = plant.flyingEachSecond.back();
    EXPECT_GT(last, 0.6 * plant.places);
    EXPECT_LT(last, 1.2 * plant.places);
    plant.finish(*gate);
}

TEST(Gradient, measuresDelayPerTokenNotLatency) {
    // Answers of very different lengths, all at the same speed: no sign of load.
    Bench bench;
    auto owner = bench.make("gradient", "{}");
    auto& gate = dynamic_cast<GradientGate&>(*owner);
    gate.room(bench.now(), 64, 0);
    Filler filler;
    Message message{0};
    for (int i = 0; i < 2000; ++i) {
        filler.fill(gate, bench.now());
        const std::uint32_t tokens = 10 + static_cast<std::uint32_t>(i * 37 % 991);
        bench.pass(20ms);
        gate.settled(bench.now(), message.request, served(10ms * (tokens + 16), tokens));
    }
    EXPECT_DOUBLE_EQ(gate.window(), 64.0);
    // Slower by a third, which is not yet a burst of others: the window comes down.
    for (int i = 0; i < 1000; ++i) {
        bench.pass(20ms);
        gate.settled(bench.now(), message.request, served(13300us * 116, 100));
    }
    EXPECT_LT(gate.window(), 40.0);
    filler.empty();
}

TEST(Gradient, ignoresUnknownTokensOnceTheyAreKnownAndUsesLatencyUntilThen) {
    Bench bench;
    auto owner = bench.make("gradient", R"({"smoothing":1,"samples":5})");
    auto& gate = dynamic_cast<GradientGate&>(*owner);
    gate.room(bench.now(), 64, 0);
    Filler filler;
    Message message{0};
    for (int i = 0; i < 500; ++i) {
        filler.fill(gate, bench.now());
        bench.pass(20ms);
        gate.settled(bench.now(), message.request, served(1s, 0));
    }
    const double grown = gate.window();
    EXPECT_GT(grown, 8.0);
    for (int i = 0; i < 500; ++i) {
        bench.pass(20ms);
        gate.settled(bench.now(), message.request, served(1400ms, 0));
    }
    EXPECT_LT(gate.window(), grown);
    filler.empty();
}

TEST(Gradient, refusalsShrinkItOnceAFlight) {
    Bench bench;
    auto owner = bench.make("gradient", R"({"initial_window":50})");
    auto& gate = dynamic_cast<GradientGate&>(*owner);
    gate.room(bench.now(), 64, 0);
    Message message{0};
    bench.pass(10s);
    for (int i = 0; i < 5; ++i)
        gate.settled(bench.now(), message.request, shed(100ms));
    EXPECT_DOUBLE_EQ(gate.window(), 40.0);
}

} // namespace
} // namespace penstock::test

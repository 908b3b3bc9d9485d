// SPDX-License-Identifier: Apache-2.0
// Goal: without a usable reading each gate falls to its documented side, and says that it has no
// reading. Method: a table of gates, fallbacks and what they do for each kind of non-reading.
#include "tests/engine/gates/support.h"

namespace penstock::test {
namespace {

struct Case {
    std::string type;
    std::string params;
    double budget; // without a reading
};

const std::vector<Case>& cases() {
    static const std::vector<Case> kCases{
        // A fallback of saturation 0 opens; at 0.3 the gate is 0.7 open, threshold or not.
        {"prometheus-saturation", R"({"pool":"p"})", 1.0},
        {"prometheus-saturation", R"({"pool":"p","fallback":"0.3"})", 0.7},
        {"prometheus-saturation", R"({"pool":"p","fallback":1})", 0.0},
        {"prometheus-budget", R"({"pool":"p"})", 0.0},
        {"prometheus-budget", R"({"pool":"p","fallback":0.3})", 0.3},
        {"prometheus-query", R"({"query":"q"})", 0.0},
        {"prometheus-query", R"({"query":"q","fallback":1})", 1.0},
        {"endpoint-scrape", R"({"url":"u","metric":"m"})", 0.0},
        {"endpoint-scrape", R"({"url":"u","metric":"m","fallback":0.4,"baseline":0.2})", 0.4},
    };
    return kCases;
}

TEST(Fallback, polarityOfEachGateForEachKindOfNonReading) {
    const std::vector<std::pair<std::string, Reading>> nothing{
        {"error", Reading{}},
        {"no sample", {Reading::State::noSample, 0.0, kStart}},
        {"NaN", valueReading(kNaN)},
        {"-Inf", valueReading(-kInfinity)},
    };
    for (const Case& c : cases()) {
        for (const auto& [what, reading] : nothing) {
            if (what == "-Inf" && c.type == "endpoint-scrape") continue; // it clamps first
            Bench bench;
            bench.metrics.say("", reading);
            auto gate = bench.make(c.type, c.params);
            EXPECT_DOUBLE_EQ(gate->budget(bench.now()).share, c.budget)
                << c.type << c.params << what;
            EXPECT_FALSE(gate->budget(bench.now()).reason.available);
            EXPECT_EQ(gate->budget(bench.now()).reason.code,
                      c.budget > 0.0 ? ReasonCode::openByFallback : ReasonCode::closedByFallback);
            EXPECT_DOUBLE_EQ(gate->budget(bench.now()).reason.value, c.budget);
            Message message{1};
            Reservations none;
            EXPECT_EQ(gate->apply(bench.now(), message.request, none).action,
                      c.budget > 0.0 ? Action::proceed : Action::refuse);
        }
    }
}

TEST(Fallback, holdsBeforeTheFirstAnswer) {
    for (const Case& c : cases()) {
        Bench bench;
        bench.metrics.setLate(true);
        auto gate = bench.make(c.type, c.params);
        CountingListener listener;
        gate->listen(&listener);
        EXPECT_DOUBLE_EQ(gate->budget(bench.now()).share, c.budget) << c.type << c.params;
        EXPECT_FALSE(gate->budget(bench.now()).reason.available);
        EXPECT_EQ(gate->recheckAt(), kNever);
        bench.metrics.deliver();
        EXPECT_EQ(listener.changes, 1);
    }
}

// redis: no key and no number open, a failing store closes.
TEST(Fallback, redisBudget) {
    struct RedisCase {
        const char* text; // null: no key
        bool failing;
        double budget;
        bool available;
    };
    for (const RedisCase& c : {RedisCase{nullptr, false, 1.0, false},
                               {"0.4", false, 0.4, true},
                               {"+0.4", false, 0.4, true},
                               {"7", false, 1.0, true},
                               {"-1", false, 0.0, true},
                               {"0", false, 0.0, true},
                               {"half", false, 1.0, false},
                               {" 0.4", false, 1.0, false},
                               {"", false, 1.0, false},
                               {"nan", false, 0.0, true},
                               {"Inf", false, 1.0, true},
                               {"0.4", true, 0.0, false}}) {
        Bench bench;
        if (c.text != nullptr) bench.store.set("dispatch-gate-budget", c.text);
        bench.store.setFailing(c.failing);
        auto gate = bench.make("redis", R"({"address":"r:6379"})");
        EXPECT_DOUBLE_EQ(gate->budget(bench.now()).share, c.budget) << (c.text ? c.text : "(none)");
        EXPECT_EQ(gate->budget(bench.now()).reason.available, c.available);
    }
}

TEST(Fallback, redisBudgetIsReadAgainAfterItsRefreshAndLateAnswersWakeTheListener) {
    Bench bench;
    bench.store.set("k", "0.5");
    auto gate = bench.make("redis", R"({"address":"r:6379","budget_key":"k","refresh":"200ms"})");
    CountingListener listener;
    gate->listen(&listener);
    EXPECT_DOUBLE_EQ(gate->budget(bench.now()).share, 0.5);
    bench.store.set("k", "0.25");
    bench.pass(199ms);
    EXPECT_DOUBLE_EQ(gate->budget(bench.now()).share, 0.5);
    EXPECT_EQ(gate->recheckAt(), bench.now() + 1ms);
    bench.pass(1ms);
    EXPECT_DOUBLE_EQ(gate->budget(bench.now()).share, 0.25);
    EXPECT_EQ(listener.changes, 0);
    bench.store.setLatency(10ms);
    bench.store.set("k", "0.75");
    bench.pass(200ms);
    EXPECT_DOUBLE_EQ(gate->budget(bench.now()).share, 0.25);
    bench.pass(10ms);
    EXPECT_EQ(listener.changes, 1);
    EXPECT_DOUBLE_EQ(gate->budget(bench.now()).share, 0.75);
}

} // namespace
} // namespace penstock::test

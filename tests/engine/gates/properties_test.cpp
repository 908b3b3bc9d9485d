// SPDX-License-Identifier: Apache-2.0
// Goal: whatever the world says, every gate keeps its word: a budget in [0, 1], room that is never
// negative, nothing reserved by a verdict other than proceed, everything given back. Method: each
// gate of the catalogue under random readings, outcomes, requests and knob movements.
#include "engine/gates/parts/catalogue.h"
#include "tests/engine/gates/support.h"

#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cmath>

namespace penstock::test {
namespace {

// A document for each gate, with something inside where something belongs.
const std::vector<std::pair<std::string, std::string>>& documents() {
    static const std::vector<std::pair<std::string, std::string>> kAll{
        {"constant", "{}"},
        {"redis", R"({"address":"r"})"},
        {"redis-quota", R"({"address":"r","limit":3,"mode":"concurrency"})"},
        {"redis-quota", R"({"address":"r","limit":3,"gating_mode":"classifying"})"},
        {"local-max-concurrency", R"({"limit":4})"},
        {"prometheus-saturation", R"({"pool":"p"})"},
        {"prometheus-budget", R"({"pool":"p"})"},
        {"prometheus-query", R"({"query":"q"})"},
        {"endpoint-scrape",
         R"({"url":"u","metric":"m","max_count_per_pod":7,"pods_url":"v","pods_metric":"n"})"},
        {"endpoint-scrape",
         R"({"url":"u","metric":"m","max_count_per_pod":7,"admission":"counted"})"},
        {"redis-leased-rate", R"({"address":"r","control_key":"k"})"},
        {"composite", R"({"gates":[{"gate_type":"local-max-concurrency","gate_params":{"limit":5}},
                          {"gate_type":"redis-quota","gate_params":{"address":"r","limit":4}},
                          {"gate_type":"aimd"}]})"},
        {"wait-on-refuse", R"({"gate":{"gate_type":"headroom","gate_params":{"pool":"p"}}})"},
        {"tier-priority-admission",
         R"({"saturation_gate":"local-max-concurrency","saturation_gate_params":{"limit":2}})"},
        {"aimd", "{}"},
        {"gradient", "{}"},
        {"pi", R"({"pool":"p"})"},
        {"headroom", R"({"pool":"p","surge":0.5})"},
        {"deadline-floor",
         R"({"gate":{"gate_type":"prometheus-query","gate_params":{"query":"q"}}})"},
    };
    return kAll;
}

double anyNumber() {
    switch (*rc::gen::inRange(0, 8)) {
    case 0:
        return kNaN;
    case 1:
        return kInfinity;
    case 2:
        return -kInfinity;
    case 3:
        return -1.0 * *rc::gen::inRange(0, 1000);
    case 4:
        return 1e300;
    default:
        return *rc::gen::inRange(-200, 2000) / 1000.0;
    }
}

Reading anyReading(Time now) {
    const auto state = static_cast<Reading::State>(*rc::gen::inRange(0, 3));
    return {state, anyNumber(), now - std::chrono::seconds{*rc::gen::inRange(-2, 90)}};
}

AttemptOutcome anyOutcome() {
    AttemptOutcome outcome;
    outcome.latency = std::chrono::milliseconds{*rc::gen::inRange(0, 20'000)};
    outcome.status = *rc::gen::element(0, 200, 400, 429, 500, 503);
    outcome.transport = static_cast<TransportError>(*rc::gen::inRange(0, 5));
    outcome.dropped = static_cast<DroppedReason>(*rc::gen::inRange(0, 8));
    outcome.outputTokens = *rc::gen::inRange<std::uint32_t>(0, 2000);
    return outcome;
}

struct KnobTurner final : ParameterVisitor {
    static double anywhere(const ParameterSpec& s) {
        return s.min + (s.max - s.min) * *rc::gen::inRange(0, 1001) / 1000.0;
    }
    // An end that does not belong to the range is refused before it comes to a gate.
    void number(const ParameterSpec& s, double& v) override {
        const double to = anywhere(s);
        if (inRange(s, to)) v = to;
    }
    void integer(const ParameterSpec& s, std::int32_t& v) override {
        v = static_cast<std::int32_t>(anywhere(s));
    }
    void duration(const ParameterSpec& s, Duration& v) override { v = fromSeconds(anywhere(s)); }
};
void turnAll(Gate& gate) {
    KnobTurner turner;
    gate.parameters(turner);
    for (const auto& inner : gate.inner())
        turnAll(*inner);
}

TEST(Properties, documentsCoverTheCatalogue) {
    for (const GateDescription& gate : gateCatalogue()) {
        EXPECT_TRUE(std::any_of(documents().begin(), documents().end(), [&](const auto& d) {
            return d.first == gate.type;
        })) << gate.type;
    }
}

RC_GTEST_PROP(Properties, everyGateKeepsItsWord, ()) {
    const auto& [type, params] = *rc::gen::elementOf(documents());
    Bench bench;
    bench.cacheTtl = std::chrono::milliseconds{*rc::gen::element(0, 500, 5000)};
    auto gate = bench.make(type, params);
    struct Guest {
        std::unique_ptr<Message> message;
        Reservations held;
        bool inside = false;
    };
    std::vector<Guest> guests(8);
    std::uint64_t number = 0;
    const auto fresh = [&](Guest& guest) {
        const char* tier = *rc::gen::element("interactive", "batch", "");
        guest.message =
            std::make_unique<Message>(++number, Labels{{"userid", "ann"}}, Labels{{"tier", tier}});
        guest.message->request.classification =
            static_cast<Classification>(*rc::gen::inRange(0, 3));
        guest.inside = false;
    };
    for (Guest& guest : guests)
        fresh(guest);
    for (int step = *rc::gen::inRange(0, 80); step > 0; --step) {
        bench.metrics.say("", anyReading(bench.now()));
        bench.metrics.setLate(*rc::gen::inRange(0, 3) == 0);
        bench.store.setLatency(std::chrono::milliseconds{*rc::gen::inRange(0, 3)});
        if (*rc::gen::inRange(0, 5) == 0) bench.metrics.deliver();
        if (*rc::gen::inRange(0, 12) == 0) turnAll(*gate);
        bench.pass(std::chrono::milliseconds{*rc::gen::inRange(0, 3000)});
        const Time now = bench.now();
        gate->backlog(now, *rc::gen::inRange(0, 1000),
                      now + std::chrono::seconds{*rc::gen::inRange(-5, 1000)});

        const double budget = gate->budget(now).share;
        RC_ASSERT(budget >= 0.0 && budget <= 1.0);
        const std::int32_t capacity = *rc::gen::inRange(0, 200);
        const std::int32_t inFlight = *rc::gen::inRange(0, 250);
        RC_ASSERT(gate->room(now, capacity, inFlight).requests >= 0);
        RC_ASSERT(gate->budget(bench.now()).reason.age >= Duration::zero());
        RC_ASSERT(!gate->budget(bench.now()).reason.available ||
                  !std::isnan(gate->budget(bench.now()).reason.value));

        Guest& guest = guests[*rc::gen::inRange<std::size_t>(0, guests.size())];
        if (guest.inside) {
            gate->settled(now, guest.message->request, anyOutcome());
            guest.held.releaseAll();
            fresh(guest);
            continue;
        }
        const Verdict verdict = gate->apply(now, guest.message->request, guest.held);
        guest.inside = verdict.action == Action::proceed;
        if (guest.inside) {
            gate->sent(now, guest.message->request);
        } else {
            RC_ASSERT(guest.held.size() == 0U);
            if (verdict.action == Action::wait) gate->withdrawn(guest.message->request);
            fresh(guest);
        }
    }
    for (Guest& guest : guests)
        guest.held.releaseAll();
    bench.metrics.deliver();
    bench.pass(1s);
    RC_ASSERT(bench.store.count("quota:userid:ann") == 0 || type == "composite" ||
              params.find("classifying") != std::string::npos);
}

} // namespace
} // namespace penstock::test

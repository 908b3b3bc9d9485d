// SPDX-License-Identifier: Apache-2.0
#pragma once

// A pool small enough to reason about, for the gates that learn: every request, ours or another's,
// takes 1/places of it; saturation is what is taken; it is sampled every `scrape`; ours are refused
// at once when nothing is left, and all in flight are served the slower the more there are. Behind
// the gate is an endless backlog. Time moves in steps of `step`.
#include "tests/engine/gates/support.h"

#include <algorithm>
#include <cmath>
#include <functional>

namespace penstock::test {

class Plant final : public MetricSource {
  public:
    double places = 40.0;
    std::int32_t workers = 64;
    Duration scrape = 15s;
    Duration service = 4s; // unloaded
    Duration step = 50ms;  // of time, to be shorter than a service
    double slowdown = 0.0; // all in flight are slower by 1 + slowdown x saturation
    double refuseAt = 1e9; // saturation from which ours are refused with 429
    DroppedReason refusal = DroppedReason::none;
    std::function<double(Duration)> others = [](Duration) { return 0.0; };
    std::function<double()> length = [] { return 1.0; }; // factor on the service of each
    bool tellsTokens = true;                             // an answer of length 1 has 100
    std::function<bool(Duration)> demand = [](Duration) { return true; };

    // What happened.
    double peak = 0.0;   // saturation
    double excess = 0.0; // integral of saturation above 1, in seconds
    std::int64_t served = 0;
    std::int64_t refused = 0;
    double meanFlying = 0.0;
    std::vector<double> flyingEachSecond;

    explicit Plant(Bench& bench) : bench_(bench) {}

    double saturation() const {
        return (static_cast<double>(flying_.size()) + others(elapsed())) / places;
    }
    std::int32_t flying() const { return static_cast<std::int32_t>(flying_.size()); }
    Duration elapsed() const { return bench_.now() - kStart; }

    void run(Gate& gate, Duration span) {
        const Time end = bench_.now() + span;
        while (bench_.now() < end) {
            const Time now = bench_.now();
            if (now >= nextScrape_) {
                sampled_ = valueReading(saturation(), now);
                nextScrape_ = now + scrape;
            }
            settleDue(gate);
            if (demand(elapsed())) {
                std::int32_t room = gate.room(now, workers, flying()).requests;
                room = std::min(room, workers - flying());
                for (; room > 0; --room) {
                    if (!send(gate, now)) break;
                }
            }
            const double s = saturation();
            peak = std::max(peak, s);
            excess += std::max(0.0, s - 1.0) * toSeconds(step);
            ++steps_;
            meanFlying += (flying() - meanFlying) / static_cast<double>(steps_);
            if (elapsed() % 1s < step) flyingEachSecond.push_back(flying());
            bench_.pass(step);
            for (auto& flight : flying_)
                flight->left -= toSeconds(step) / (flight->refused ? 1.0 : 1.0 + slowdown * s);
        }
    }
    void finish(Gate& gate) {
        for (auto& flight : flying_)
            settleOne(gate, *flight, 200, DroppedReason::none);
        flying_.clear();
    }

    void read(const MetricQuery& query, std::uint32_t tag, MetricListener& listener) override {
        Reading answer = sampled_;
        if (query.text.starts_with("1 - ")) answer.value = 1.0 - answer.value;
        listener.metricRead(tag, answer);
    }

  private:
    struct Flight {
        Message message;
        Reservations held;
        Time sentAt;
        double length = 1.0;
        double left = 0.0; // seconds of an unloaded pool
        bool refused = false;
        Flight(std::uint64_t n, Time now) : message(n), sentAt(now) {}
    };

    bool send(Gate& gate, Time now) {
        auto flight = std::make_unique<Flight>(++number_, now);
        if (gate.apply(now, flight->message.request, flight->held).action != Action::proceed) {
            return false;
        }
        gate.sent(now, flight->message.request);
        flight->refused = saturation() >= refuseAt;
        flight->length = length();
        flight->left = flight->refused ? 0.05 : toSeconds(service) * flight->length;
        flying_.push_back(std::move(flight));
        return true;
    }
    void settleDue(Gate& gate) {
        std::vector<std::unique_ptr<Flight>> done;
        for (auto& flight : flying_) {
            if (flight->left <= 1e-9) done.push_back(std::move(flight));
        }
        std::erase(flying_, nullptr);
        for (auto& flight : done) {
            settleOne(gate, *flight, flight->refused ? 429 : 200,
                      flight->refused ? refusal : DroppedReason::none);
            ++(flight->refused ? refused : served);
        }
    }
    void settleOne(Gate& gate, Flight& flight, int status, DroppedReason dropped) {
        const Duration latency = bench_.now() - flight.sentAt;
        const auto tokens = static_cast<std::uint32_t>(std::lround(100.0 * flight.length));
        gate.settled(bench_.now(), flight.message.request,
                     {.latency = latency,
                      .status = status,
                      .dropped = dropped,
                      .outputTokens = tellsTokens ? std::max(1U, tokens) : 0});
        flight.held.releaseAll();
    }

    Bench& bench_;
    std::vector<std::unique_ptr<Flight>> flying_;
    Reading sampled_{Reading::State::noSample, 0.0, kStart};
    Time nextScrape_ = kStart;
    std::uint64_t number_ = 0;
    std::int64_t steps_ = 0;
};

inline std::unique_ptr<Gate> gateOn(Bench& bench, MetricSource& source, std::string type,
                                    const std::string& params) {
    GateContext context = bench.context();
    context.metrics = &source;
    GateSpec spec;
    spec.type = std::move(type);
    spec.params = nlohmann::json::parse(params);
    spec.owner = {.queueId = "q", .queueName = "q", .poolId = "default"};
    auto made = makeGate(spec, context);
    if (!made) {
        ADD_FAILURE() << made.error().text();
        std::abort();
    }
    return std::move(*made);
}

} // namespace penstock::test

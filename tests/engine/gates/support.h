// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the gate tests share: a clock, a metric source that answers as told (at once or later), and
// a bench on which a gate is made from JSON as a document would have it.
#include "engine/broker/memory_key_value.h"
#include "engine/gates/factory/factory.h"
#include "engine/types/check.h"
#include "sim/kernel/event_loop.h"

#include <gtest/gtest.h>

#include <deque>
#include <limits>
#include <map>
#include <string>
#include <vector>

namespace penstock::test {

using namespace std::chrono_literals;

inline constexpr Time kStart{1'800'000'000s};
inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kInfinity = std::numeric_limits<double>::infinity();

inline Reading valueReading(double value, Time at = kStart) {
    return {Reading::State::value, value, at};
}

// Answers each query by the text it contains; what was not told has no sample.
class FakeMetrics final : public MetricSource {
  public:
    void say(std::string part, Reading reading) { answers_[std::move(part)] = reading; }
    void say(std::string part, double value, Time at = kStart) {
        say(std::move(part), valueReading(value, at));
    }
    void fail(std::string part) { say(std::move(part), Reading{}); }

    // Answers are held back until deliver().
    void setLate(bool late) { late_ = late; }
    void deliver() {
        std::deque<Question> due;
        due.swap(waiting_);
        for (const Question& q : due)
            q.listener->metricRead(q.tag, answerTo(*q.query));
    }

    void read(const MetricQuery& query, std::uint32_t tag, MetricListener& listener) override {
        asked.push_back(query.text);
        if (late_) {
            waiting_.push_back({&query, tag, &listener});
        } else {
            listener.metricRead(tag, answerTo(query));
        }
    }

    std::vector<std::string> asked;

  private:
    struct Question {
        const MetricQuery* query;
        std::uint32_t tag;
        MetricListener* listener;
    };
    Reading answerTo(const MetricQuery& query) const {
        for (const auto& [part, reading] : answers_) {
            if ((query.url + " " + query.text).find(part) != std::string::npos) return reading;
        }
        return {Reading::State::noSample, 0.0, kStart};
    }

    std::map<std::string, Reading> answers_;
    std::deque<Question> waiting_;
    bool late_ = false;
};

class CountingListener final : public GateListener {
  public:
    void gateChanged(Gate&) override { ++changes; }
    int changes = 0;
};

// A request and what it is read from.
struct Message {
    Envelope envelope;
    Request request;

    explicit Message(std::uint64_t number, Labels metadata = {}, Labels labels = {}) {
        envelope.metadata = std::move(metadata);
        envelope.labels = std::move(labels);
        request.number = number;
        request.deadline = kStart + 1h;
        request.envelope = &envelope;
    }
    Message(const Message&) = delete;
    Message& operator=(const Message&) = delete;
};

struct Bench {
    sim::EventLoop loop{kStart, 1};
    FakeMetrics metrics;
    MemoryKeyValue store{loop};
    Semantics semantics = Semantics::penstock();
    Duration cacheTtl = 5s;
    std::vector<Error> warnings;

    GateContext context() {
        return {.loop = loop,
                .metrics = &metrics,
                .store = &store,
                .cacheTtl = cacheTtl,
                .semantics = semantics};
    }
    Result<std::unique_ptr<Gate>> tryMake(std::string type, const std::string& params = "{}") {
        GateSpec spec;
        spec.type = std::move(type);
        spec.params = nlohmann::json::parse(params);
        spec.place = {.at = {"q.json", 7, 0}, .path = "queues[1]"};
        return makeGate(spec, context(), &warnings);
    }
    std::unique_ptr<Gate> make(std::string type, const std::string& params = "{}") {
        auto made = tryMake(std::move(type), params);
        if (!made) {
            ADD_FAILURE() << made.error().text();
            std::abort();
        }
        return std::move(*made);
    }
    Time now() const { return loop.now(); }
    void pass(Duration d) { loop.runUntil(loop.now() + d); }
};

// Sets every parameter that the gate shows under `name`; true if there was one.
inline bool turn(Gate& gate, std::string_view name, double value) {
    struct Turner final : ParameterVisitor {
        std::string_view wanted;
        double to = 0.0;
        bool found = false;
        bool is(const ParameterSpec& spec) { return spec.name == wanted && (found = true); }
        void number(const ParameterSpec& spec, double& v) override {
            if (is(spec)) v = to;
        }
        void integer(const ParameterSpec& spec, std::int32_t& v) override {
            if (is(spec)) v = static_cast<std::int32_t>(to);
        }
        void duration(const ParameterSpec& spec, Duration& v) override {
            if (is(spec)) v = fromSeconds(to);
        }
    } turner;
    turner.wanted = name;
    turner.to = value;
    gate.parameters(turner);
    for (const auto& inner : gate.inner())
        turner.found |= turn(*inner, name, value);
    return turner.found;
}

} // namespace penstock::test

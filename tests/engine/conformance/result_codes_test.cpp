// SPDX-License-Identifier: Apache-2.0
// What each kind of answer means, as a table over statuses and transport errors under both families
// of presets, and the result that its sender gets in the end.
#include "engine/core/classify.h"
#include "tests/engine/core/support.h"

#include <gtest/gtest.h>

namespace penstock::testing {
namespace {

TEST(Classify, ByStatus) {
    const struct {
        int status;
        Fate fate;
    } cases[] = {{200, Fate::result}, {204, Fate::result}, {301, Fate::result}, {400, Fate::result},
                 {404, Fate::result}, {429, Fate::retry},  {499, Fate::result}, {500, Fate::retry},
                 {503, Fate::retry},  {599, Fate::retry},  {600, Fate::result}};
    for (const Semantics& s : {Semantics::llmDAsync09(), Semantics::penstock()}) {
        for (const auto& c : cases) {
            Response response;
            response.status = c.status;
            EXPECT_EQ(classify(response, s), c.fate) << c.status;
        }
    }
}

TEST(Classify, TransportErrorsAreFatalThereAndRetriedHere) {
    for (const auto error :
         {TransportError::refused, TransportError::reset, TransportError::timeout}) {
        Response response;
        response.transport = error;
        const bool timeout = error == TransportError::timeout;
        EXPECT_EQ(classify(response, Semantics::llmDAsync09()), Fate::failed);
        EXPECT_EQ(classify(response, Semantics::llmDAsync010()),
                  timeout ? Fate::late : Fate::failed);
        EXPECT_EQ(classify(response, Semantics::llmDAsync011()),
                  timeout ? Fate::late : Fate::retry);
        EXPECT_EQ(classify(response, Semantics::penstock()), Fate::retry);
    }
    for (const auto& name : Semantics::names()) {
        Response response;
        response.transport = TransportError::cut;
        EXPECT_EQ(classify(response, *Semantics::byName(name)), Fate::retry) << name;
    }
}

ResultCode endOfTime(const std::string& version) {
    const bool early = version == "llm-d-async-0.9.0" || version == "llm-d-async-0.9";
    return early ? ResultCode::inferenceError : ResultCode::deadlineExceeded;
}

ResultLog::Entry onlyResult(Semantics semantics, const Response& response, Duration deadline) {
    World world(std::move(semantics));
    world.router.answer = [&](const Request&) { return response; };
    world.start();
    world.push(deadline);
    world.run(10min);
    EXPECT_EQ(world.results.entries.size(), 1U);
    return world.results.entries.empty() ? ResultLog::Entry{} : world.results.entries.front();
}

TEST(ResultOf, AClientErrorIsThatStatusAndBody) {
    Response response;
    response.status = 404;
    response.body = "no such model";
    for (const Semantics& s : {Semantics::llmDAsync09(), Semantics::penstock()}) {
        const auto result = onlyResult(s, response, 1h);
        EXPECT_EQ(result.code, ResultCode::http);
        EXPECT_EQ(result.status, 404);
        EXPECT_EQ(result.body, "no such model");
    }
}

// The answer comes when no time is left for another attempt: the code that says so, by version.
// Ours names the last status.
TEST(ResultOf, NoTimeLeftAfterAnAnswerIsTheDeadlines) {
    Response response;
    response.status = 503;
    response.body = "busy";
    for (const auto& name : Semantics::names()) {
        World world(*Semantics::byName(name));
        world.router.answer = [&](const Request&) { return response; };
        // The answer comes exactly at the deadline.
        world.router.serviceTime = [&](const Request& r) { return r.deadline - world.loop.now(); };
        world.start();
        world.push(20s);
        world.run(1min);
        ASSERT_EQ(world.results.entries.size(), 1U) << name;
        EXPECT_EQ(world.results.entries[0].code, endOfTime(name)) << name;
        if (name == "penstock") {
            EXPECT_EQ(world.results.entries[0].body, "deadline exceeded; the last answer was 503");
        }
    }
}

TEST(ResultOf, ARefusedConnectionIsInferenceErrorThereAndRetriedHere) {
    for (const auto& name : Semantics::names()) {
        World world(*Semantics::byName(name));
        int calls = 0;
        world.router.answer = [&](const Request&) {
            Response response;
            if (++calls <= 2) {
                response.transport = TransportError::refused;
            } else {
                response.status = 200;
            }
            return response;
        };
        world.start();
        world.push(1h);
        world.run(5min);
        ASSERT_EQ(world.results.entries.size(), 1U) << name;
        if (name == "penstock" || name == "llm-d-async-0.11") {
            EXPECT_EQ(world.results.entries[0].status, 200);
            EXPECT_EQ(calls, 3);
        } else {
            EXPECT_EQ(world.results.entries[0].code, ResultCode::inferenceError);
            EXPECT_EQ(calls, 1);
        }
    }
}

// The attempt's deadline cuts it off: an error of the transport up to 0.9, since then the
// deadline's.
TEST(ResultOf, TheDeadlineDuringAnAttempt) {
    for (const auto& name : Semantics::names()) {
        World world(*Semantics::byName(name));
        world.router.serviceTime = [](const Request&) { return 1h; };
        world.start();
        world.push(30s);
        world.run(5min);
        ASSERT_EQ(world.results.entries.size(), 1U) << name;
        EXPECT_EQ(world.results.entries[0].code, endOfTime(name)) << name;
        EXPECT_LE(world.results.entries[0].at, kStart + 30s);
    }
}

TEST(Attempt, EndsAtTheRequestTimeoutAndIsTriedAgainHere) {
    World world(Semantics::penstock());
    world.settings.requestTimeout = 10s;
    int calls = 0;
    world.router.serviceTime = [&](const Request&) -> Duration { return ++calls < 2 ? 1h : 1s; };
    world.start();
    world.push(1h);
    world.run(5min);
    ASSERT_EQ(world.results.entries.size(), 1U);
    EXPECT_EQ(world.results.entries[0].status, 200);
    EXPECT_EQ(world.router.sent[0].deadline, world.router.sent[0].at + 10s);
    EXPECT_EQ(calls, 2);
}

TEST(ResultCodes, AreThoseOfTheWire) {
    EXPECT_EQ(name(ResultCode::http), "");
    EXPECT_EQ(name(ResultCode::deadlineExceeded), "DEADLINE_EXCEEDED");
    EXPECT_EQ(name(ResultCode::cancelled), "CANCELLED");
    EXPECT_EQ(name(ResultCode::gateDropped), "GATE_DROPPED");
    EXPECT_EQ(name(ResultCode::gateError), "GATE_ERROR");
    EXPECT_EQ(name(ResultCode::inferenceError), "INFERENCE_ERROR");
    EXPECT_EQ(name(ResultCode::invalidRequest), "INVALID_REQUEST");
    EXPECT_EQ(name(ResultCode::payloadUnavailable), "PAYLOAD_UNAVAILABLE");
    EXPECT_EQ(name(ResultCode::deliveryAttemptsExceeded), "DELIVERY_ATTEMPTS_EXCEEDED");
}

} // namespace
} // namespace penstock::testing

// SPDX-License-Identifier: Apache-2.0
// Goal: messages written by llm-d-async are read and written again without loss, whatever a sender
// puts into them. Method: messages in its shape, tables of broken ones, and properties over random
// payloads, labels and mutations.
#include "engine/config/wire/wire.h"

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>
#include <rapidcheck/gtest.h>

namespace penstock {
namespace {

using nlohmann::json;
using testing::HasSubstr;

constexpr std::string_view kMessage =
    R"({"internal":{"retry_count":2,"queue_id":"batch","request_token":"t1","request_queue_name":"q",)"
    R"("result_queue_name":"r","transport_correlation_id":"c","labels":{"tier":"async",)"
    R"("classification":"reserved"},"enqueue_seq":5,"result_ttl_seconds":60,"new_field":{"x":[1, 2]}},)"
    R"("request_kind":"redis","data":{"id":"a","created":1754500000,"deadline":1754500600.25,)"
    R"( "payload": {"prompt":"h\u00e9 ✓",  "n":1.50,"big":12345678901234567890} ,)"
    R"("metadata":{"userid":"u"},"headers":{"x-a":"b"},"endpoint":"/v1/chat/completions","model":"m",)"
    R"("later":true},"trace":"z"})";

WireMessage readMember(std::string_view member) {
    MessageReader reader;
    auto message = reader.read(member);
    EXPECT_TRUE(message) << (message ? "" : message.error().message);
    return message ? *message : WireMessage{};
}

TEST(Wire, readsEveryField) {
    const WireMessage m = readMember(kMessage);
    EXPECT_EQ(m.kind, WireMessage::Kind::redis);
    EXPECT_EQ(m.envelope.id, "a");
    EXPECT_EQ(m.envelope.token, "t1");
    EXPECT_EQ(m.envelope.resultQueue, "r");
    EXPECT_EQ(m.envelope.endpoint, "/v1/chat/completions");
    EXPECT_EQ(m.envelope.model, "m");
    EXPECT_EQ(*findLabel(m.envelope.metadata, "userid"), "u");
    EXPECT_EQ(*findLabel(m.envelope.headers, "x-a"), "b");
    EXPECT_EQ(*findLabel(m.envelope.labels, "tier"), "async");
    EXPECT_EQ(findLabel(m.envelope.labels, "classification"), nullptr);
    EXPECT_EQ(m.classification, Classification::reserved);
    EXPECT_EQ(m.retryCount, 2u);
    EXPECT_EQ(m.queueId, "batch");
    EXPECT_EQ(m.requestQueue, "q");
    EXPECT_EQ(m.correlationId, "c");
    EXPECT_EQ(m.enqueueSeq, 5u);
    EXPECT_EQ(m.resultTtlSeconds, 60);
    EXPECT_EQ(m.createdSeconds, 1754500000.0);
    EXPECT_EQ(m.deadlineSeconds, 1754500600.25);
}

TEST(Wire, thePayloadIsKeptByteForByte) {
    EXPECT_EQ(readMember(kMessage).envelope.payload,
              "{\"prompt\":\"h\\u00e9 ✓\",  \"n\":1.50,\"big\":12345678901234567890}");
}

TEST(Wire, isWrittenAgainWithItsUnknownFieldsAndWhatTheEngineChanged) {
    WireMessage m = readMember(kMessage);
    EXPECT_EQ(json::parse(writeMessage(m)), json::parse(kMessage));
    m.retryCount = 3;
    m.classification = Classification::overflow;
    const std::string written = writeMessage(m);
    json expected = json::parse(kMessage);
    expected["internal"]["retry_count"] = 3;
    expected["internal"]["labels"]["classification"] = "overflow";
    EXPECT_EQ(json::parse(written), expected);
    EXPECT_THAT(written, HasSubstr(R"("payload": {"prompt":"h\u00e9 ✓",  "n":1.50,)"));
}

struct BrokenMessage {
    std::string_view member;
    std::string_view expected;
    std::string_view id = "";
};

TEST(Wire, saysWhatIsWrongAndWhoseItIs) {
    const std::vector<BrokenMessage> table{
        {"", "not a JSON object"},
        {"[]", "not a JSON object"},
        {"{", "not a JSON object"},
        {R"({"request_kind":"plain"})", "data is missing"},
        {R"({"request_kind":"plain","data":{"id":"a","deadline":5,"payload":{"x":tru}}})",
         "not JSON", "a"},
        {R"({"data":{"id":"a","deadline":5,"payload":{}}})", "request_kind is missing", "a"},
        {R"({"request_kind":"odd","data":{"id":"a","deadline":5,"payload":{}}})",
         "request_kind \"odd\" is not known", "a"},
        {R"({"request_kind":"plain","data":{"deadline":5,"payload":{}}})", "data.id is missing"},
        {R"({"request_kind":"plain","data":{"id":7,"deadline":5,"payload":{}}})",
         "id must be a string"},
        {R"({"request_kind":"plain","data":{"id":"a","payload":{}}})", "data.deadline must be",
         "a"},
        {R"({"request_kind":"plain","data":{"id":"a","deadline":-5,"payload":{}}})",
         "data.deadline must be Unix seconds, greater than 0", "a"},
        {R"({"request_kind":"plain","data":{"id":"a","deadline":"5","payload":{}}})",
         "deadline must be a number", "a"},
        {R"({"request_kind":"plain","data":{"id":"a","deadline":5}})", "data.payload is missing",
         "a"},
        {R"({"request_kind":"plain","data":{"id":"a","deadline":5,"payload":[1]}})",
         "payload must be an object", "a"},
        {R"({"request_kind":"plain","data":{"id":"a","deadline":5,"payload":{},"metadata":{"a":1}}})",
         "metadata must be a string", "a"},
        {R"({"request_kind":"plain","internal":{"retry_count":-1},"data":{"id":"a","deadline":5,"payload":{}}})",
         "retry_count must be a whole number"},
        {R"({"request_kind":"plain","data":{"id":"a\u0000b","deadline":5,"payload":{}}})",
         "holds a NUL"},
        {R"({"request_kind":"plain","internal":{"payload_ref":"other"},"data":{"id":"a","deadline":5}})",
         "payload_ref does not name this message's own payload", "a"},
    };
    MessageReader reader;
    for (const BrokenMessage& row : table) {
        const auto message = reader.read(row.member);
        ASSERT_FALSE(message) << row.member;
        EXPECT_THAT(message.error().message, HasSubstr(row.expected)) << row.member;
        EXPECT_EQ(message.error().id, row.id) << row.member;
    }
}

TEST(Wire, aPayloadKeptApartIsNamedByItsMessage) {
    const WireMessage m =
        readMember(R"({"internal":{"request_token":"t","payload_ref":"request-payload:a:t"},)"
                   R"("request_kind":"redis","data":{"id":"a","deadline":5,"payload":null}})");
    EXPECT_EQ(m.payloadRef, payloadKey("a", "t"));
    EXPECT_EQ(json::parse(writeMessage(m))["data"]["payload"], nullptr);
}

TEST(Wire, scoresKeepTheOrderOfEqualDeadlines) {
    const double deadline = 1754500600;
    EXPECT_EQ(scoreText(messageScore(deadline)), "1754500600");
    double last = messageScore(deadline, 0);
    for (const std::uint64_t seq : {1u, 2u, 1000u, 2097150u, 2097151u}) {
        const double score = messageScore(deadline, seq);
        EXPECT_GT(score, last);
        EXPECT_EQ(std::stod(scoreText(score)), score);
        last = score;
    }
    EXPECT_EQ(messageScore(deadline, UINT64_MAX), last);
    EXPECT_LT(last, deadline + 1);
}

TEST(Wire, resultsHaveTheShapeOfTheProtocol) {
    EXPECT_EQ(resultText("a", {.code = ResultCode::http, .status = 200, .body = "{\"x\":1}"}, "t"),
              R"({"id":"a","status_code":200,"payload":"{\"x\":1}","request_token":"t"})");
    EXPECT_EQ(
        resultText("a", {.code = ResultCode::deadlineExceeded, .body = "deadline exceeded"}, ""),
        R"({"id":"a","payload":"{\"error\":\"deadline exceeded\"}","error_code":)"
        R"("DEADLINE_EXCEEDED","error_message":"deadline exceeded"})");
    const std::string broken =
        resultText("a", {.code = ResultCode::http, .status = 500, .body = "\xff\xfe"}, "");
    EXPECT_TRUE(json::accept(broken)) << "bytes that are no text are replaced";
    EXPECT_TRUE(json::accept(deadLetterText("\xff{", {"not JSON", "", "", ""}, 5.0)));
}

TEST(Wire, urlsAreJoinedAsGoJoinsThem) {
    const std::vector<std::array<std::string_view, 3>> table{
        {"http://i", "/v1/completions", "http://i/v1/completions"},
        {"http://i:80/", "v1/completions", "http://i:80/v1/completions"},
        {"http://i/base/", "/v1//x", "http://i/base/v1/x"},
        {"http://i/base", "../x", "http://i/x"},
        {"http://i", "../../x", "http://i/x"},
        {"http://i", "/v1/x/", "http://i/v1/x/"},
        {"http://i", "//evil/x", "http://i/evil/x"},
        {"http://i", "http://evil/x", "http://i/http:/evil/x"},
        {"http://i", "/a b?c#d", "http://i/a%20b%3Fc%23d"},
        {"http://i", "/a\r\nHost: b", "http://i/a%0D%0AHost:%20b"},
        {"http://i", "/a%20b%zz", "http://i/a%20b%25zz"},
        {"http://i?k=v", "/x", "http://i/x?k=v"},
        {"http://i", "", "http://i/"},
    };
    for (const auto& [base, path, expected] : table)
        EXPECT_EQ(joinUrl(base, path), expected);
}

json randomJson(int depth) {
    switch (*rc::gen::inRange(0, depth > 0 ? 7 : 5)) {
    case 0:
        return nullptr;
    case 1:
        return *rc::gen::arbitrary<bool>();
    case 2:
        return *rc::gen::arbitrary<std::int64_t>();
    case 3:
        return *rc::gen::arbitrary<double>();
    case 4:
        return *rc::gen::string<std::string>();
    case 5: {
        json list = json::array();
        for (int i = *rc::gen::inRange(0, 4); i > 0; --i)
            list.push_back(randomJson(depth - 1));
        return list;
    }
    default: {
        json map = json::object();
        for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
            map[*rc::gen::string<std::string>()] = randomJson(depth - 1);
        }
        return map;
    }
    }
}

std::string text(const json& value) {
    return value.dump(-1, ' ', *rc::gen::arbitrary<bool>(), json::error_handler_t::replace);
}

RC_GTEST_PROP(Wire, whatIsReadIsWrittenAgain, ()) {
    json message{{"request_kind", *rc::gen::element<std::string>("plain", "redis", "pubsub")},
                 {"internal", randomJson(1)},
                 {"extra", randomJson(2)}};
    if (!message["internal"].is_object()) message["internal"] = json::object();
    message["internal"]["retry_count"] = *rc::gen::inRange(1, 9);
    json payload = randomJson(3);
    if (!payload.is_object()) payload = json{{"p", payload}};
    message["data"] = {{"id", "i" + *rc::gen::container<std::string>(rc::gen::inRange('a', 'z'))},
                       {"deadline", *rc::gen::inRange(1, 2'000'000'000)},
                       {"payload", "PAYLOAD"},
                       {"other", randomJson(2)}};
    const std::string inside = text(payload);
    std::string member = text(message);
    member.replace(member.find("\"PAYLOAD\""), 9, inside);
    MessageReader reader;
    const auto read = reader.read(member);
    if (!read) RC_FAIL(read.error().message + " in " + member);
    RC_ASSERT(read->envelope.payload == inside);
    RC_ASSERT(json::parse(writeMessage(*read)) == json::parse(member));
}

RC_GTEST_PROP(Wire, mutatedMessagesAreReadOrRefused, ()) {
    std::string member(kMessage);
    for (int i = *rc::gen::inRange(1, 8); i > 0 && !member.empty(); --i) {
        const auto at = *rc::gen::inRange<std::size_t>(0, member.size());
        switch (*rc::gen::inRange(0, 3)) {
        case 0:
            member.erase(at, *rc::gen::inRange<std::size_t>(1, 9));
            break;
        case 1:
            member[at] = *rc::gen::arbitrary<char>();
            break;
        default:
            member.insert(at, 1, *rc::gen::elementOf(std::string("{}[]:,\"\\0e-.nt")));
        }
    }
    MessageReader reader;
    const auto read = reader.read(member);
    if (!read) {
        RC_ASSERT(!read.error().message.empty());
        return;
    }
    RC_ASSERT(json::accept(member));
    const auto again = reader.read(writeMessage(*read));
    RC_ASSERT(again.has_value());
    RC_ASSERT(again->envelope.payload == read->envelope.payload);
    RC_ASSERT(again->deadlineSeconds == read->deadlineSeconds);
}

} // namespace
} // namespace penstock

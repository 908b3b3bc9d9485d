// SPDX-License-Identifier: Apache-2.0
// Requests as they are sent: OpenAI batch input and llm-d-async messages, with what such files
// leave out. Method: small files written here.
#include "support.h"

namespace penstock::sim {
namespace {

using test::Brief;
using test::brief;
using test::readRows;
using test::Rows;
using test::TempDir;

TEST(Readers, OpenAiBatchAndLlmdAsyncMessages) {
    const TempDir dir;
    const std::string body = "{\"model\":\"m\",\"max_tokens\":100,\"messages\":[{\"role\":\"user\","
                             "\"content\":\"twelve bytes\"},{\"role\":\"user\",\"content\":"
                             "[{\"type\":\"text\",\"text\":\"eight by\"}]}]}";
    const Rows batch = readRows(dir.write(
        "b.jsonl", "{\"custom_id\":\"1\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\","
                   "\"body\":" +
                       body + "}\n"));
    EXPECT_EQ(batch.counters.format, TraceFormat::openaiBatch);
    EXPECT_EQ(brief(batch), (Brief{{0, 5, -1}}));
    EXPECT_EQ(batch.rows[0].maxTokens, 100U);
    EXPECT_EQ(batch.rows[0].model, "m");

    const std::string plain =
        "{\"id\":\"a\",\"created\":1700000000,\"deadline\":1700000060,\"payload\":" + body +
        ",\"metadata\":{\"userid\":\"alice\"}}";
    const std::string wrapped =
        "{\"internal\":{\"labels\":{\"tier\":\"gold\"}},\"request_kind\":\"redis\",\"data\":{"
        "\"id\":\"b\","
        "\"created\":1700000002,\"deadline\":1700000100,\"payload\":{\"prompt\":[1,2,3],"
        "\"max_tokens\":7}}}";
    const Rows messages = readRows(dir.write("l.jsonl", plain + "\n" + wrapped + "\n"));
    EXPECT_EQ(messages.error, "");
    EXPECT_EQ(messages.counters.format, TraceFormat::llmdAsync);
    EXPECT_EQ(brief(messages), (Brief{{0, 5, -1}, {2000, 3, -1}}));
    EXPECT_EQ(messages.rows[0].deadlineNs, 60'000'000'000);
    EXPECT_EQ(messages.rows[0].tenant, "alice");
    EXPECT_EQ(messages.rows[1].deadlineNs, 100'000'000'000);
    EXPECT_EQ(messages.rows[1].tier, "gold");
}

std::string message(const std::string& times) {
    return "{\"id\":\"a\"," + times + "\"payload\":{\"prompt\":\"four\"}}\n";
}

TEST(Messages, WithoutATimeOfMakingComeAtOnceAndLoseTheirDeadlines) {
    const TempDir dir;
    const std::string undated = message("\"deadline\":1700000060,");
    const Rows all = readRows(dir.write("l.jsonl", undated + undated));
    ASSERT_EQ(all.error, "");
    EXPECT_EQ(brief(all), (Brief{{0, 1, -1}, {0, 1, -1}}));
    EXPECT_EQ(all.rows[0].deadlineNs, kNoTime);
    EXPECT_EQ(all.counters.notes.size(), 2U); // this, and the estimate of the prompts
    // 0 is what a sender writes that has set nothing.
    EXPECT_EQ(brief(readRows(dir.write("l.jsonl", message("\"created\":0,") + undated))),
              brief(all));

    const std::string dated = message("\"created\":1700000000,");
    const Rows mixed = readRows(dir.write("l.jsonl", dated + dated + undated));
    EXPECT_NE(mixed.error.find("l.jsonl:3:1: no \"created\""), std::string::npos) << mixed.error;
    const Rows other = readRows(dir.write("l.jsonl", undated + dated));
    EXPECT_NE(other.error.find("l.jsonl:2:"), std::string::npos) << other.error;
    EXPECT_NE(other.error.find("none of the messages before"), std::string::npos) << other.error;
}

TEST(Messages, PayloadsKeptApartAreDropped) {
    const TempDir dir;
    const Rows rows = readRows(
        dir.write("l.jsonl", "{\"internal\":{\"payload_ref\":\"request-payload:a:t\"},\"data\":{"
                             "\"id\":\"a\",\"created\":1,\"deadline\":9}}\n" +
                                 message("\"created\":5,")));
    ASSERT_EQ(rows.error, "");
    EXPECT_EQ(brief(rows), (Brief{{0, 1, -1}}));
    EXPECT_EQ(rows.counters.dropped.at("its payload is kept apart (payload_ref)"), 1U);
}

TEST(Messages, WhatGeneratesNothingIsDropped) {
    const TempDir dir;
    const auto line = [](const std::string& url) {
        return "{\"custom_id\":\"1\",\"url\":\"" + url +
               "\",\"body\":{\"input\":\"some words\"}}\n";
    };
    const Rows rows = readRows(dir.write("b.jsonl", line("/v1/embeddings") + line("/v1/responses") +
                                                        line("/v1/moderations")));
    ASSERT_EQ(rows.error, "");
    EXPECT_EQ(rows.rows.size(), 1U);
    EXPECT_EQ(rows.rows[0].kind, "/v1/responses");
    EXPECT_EQ(rows.counters.dropped.at("no generation: embeddings"), 1U);
    EXPECT_EQ(rows.counters.dropped.at("no generation: moderations"), 1U);
    EXPECT_NE(rows.counters.notes.begin()->find("estimated"), std::string::npos);
}

} // namespace
} // namespace penstock::sim

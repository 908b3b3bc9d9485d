// SPDX-License-Identifier: Apache-2.0
// What is written is read back as the same traffic, in every form. Method: round trips of a trace
// that uses every field.
#include "sim/traffic/writer.h"
#include "support.h"

namespace penstock::sim {
namespace {

using test::readRows;
using test::TempDir;

std::string everyField() {
    return "{\"time\":10.5,\"prompt_tokens\":100,\"output_tokens\":7}\n"
           "{\"time\":10.500000001,\"prompt_tokens\":2000,\"max_tokens\":50,\"deadline\":70.25,"
           "\"cancel_after\":3.5,\"session\":\"s-1\",\"prefix_group\":\"sys\",\"prefix_tokens\":"
           "600,"
           "\"tenant\":\"a, "
           "\\\"b\\\"\",\"tier\":\"gold\",\"priority\":-3,\"model\":\"m\",\"kind\":\"k\","
           "\"job\":4,\"block_tokens\":16,\"block_hashes\":[1,18446744073709551615,3]}\n"
           "{\"time\":3611,\"prompt_tokens\":5,\"output_tokens\":6,\"session\":\"s-1\"}\n";
}

TEST(Writer, OwnFormsRoundTrip) {
    const TempDir dir;
    TraceSource source;
    source.path = dir.write("in.jsonl", everyField());
    const auto before = readRows(source);
    ASSERT_EQ(before.error, "");
    ASSERT_EQ(before.rows.size(), 3U);
    for (const TrafficFile form : {TrafficFile::jsonl, TrafficFile::csv}) {
        const std::string out = dir.file("out");
        const auto statistics = writeTraffic(source, {}, out, form);
        ASSERT_TRUE(statistics) << statistics.error().text();
        EXPECT_EQ(statistics->counters.rowsKept, 3U);
        const auto after = readRows(out);
        ASSERT_EQ(after.error, "");
        ASSERT_EQ(after.rows.size(), 3U);
        for (std::size_t i = 0; i < 3; ++i) {
            const TraceRow& a = before.rows[i];
            const TraceRow& b = after.rows[i];
            EXPECT_EQ(a.timeNs, b.timeNs);
            EXPECT_EQ(a.deadlineNs, b.deadlineNs);
            EXPECT_EQ(a.cancelAfterNs, b.cancelAfterNs);
            EXPECT_EQ(a.promptTokens, b.promptTokens);
            EXPECT_EQ(a.outputTokens, b.outputTokens);
            EXPECT_EQ(a.maxTokens, b.maxTokens);
            EXPECT_EQ(a.prefixTokens, b.prefixTokens);
            EXPECT_EQ(a.prefixGroup != 0, b.prefixGroup != 0);
            EXPECT_EQ(a.session != 0, b.session != 0);
            EXPECT_EQ(a.tenant, b.tenant);
            EXPECT_EQ(a.tier, b.tier);
            EXPECT_EQ(a.priority, b.priority);
            EXPECT_EQ(a.hasPriority, b.hasPriority);
            EXPECT_EQ(a.model, b.model);
            EXPECT_EQ(a.kind, b.kind);
            EXPECT_EQ(a.job, b.job);
        }
        EXPECT_EQ(after.rows[1].session, after.rows[2].session);
        if (form == TrafficFile::jsonl) {
            EXPECT_EQ(after.rows[1].blockHashes, before.rows[1].blockHashes);
            EXPECT_EQ(after.rows[1].blockTokens, 16U);
        }
    }
}

TEST(Writer, BlisBothWays) {
    const TempDir dir;
    TraceSource source;
    source.path = dir.write("in.jsonl", everyField());
    const auto statistics = writeTraffic(source, {}, dir.file("t.csv"), TrafficFile::blis);
    ASSERT_TRUE(statistics) << statistics.error().text();
    EXPECT_NE(test::readFile(dir.file("t.yaml")).find("trace_version: 2"), std::string::npos);
    const auto back = readRows(dir.file("t.csv"));
    ASSERT_EQ(back.error, "");
    EXPECT_EQ(back.counters.format, TraceFormat::blis);
    ASSERT_EQ(back.rows.size(), 3U);
    EXPECT_EQ(back.rows[1].promptTokens, 2000U);
    EXPECT_EQ(back.rows[1].prefixTokens, 600U);
    EXPECT_EQ(back.rows[1].outputTokens, 50U); // its max_tokens stand for what is not known
    EXPECT_EQ(back.rows[1].deadlineNs, 59'750'000'000);
    EXPECT_EQ(back.rows[1].tenant, "a, \"b\"");
    EXPECT_EQ(back.rows[2].timeNs, 3'600'500'000'000);
}

TEST(Writer, LeavesNothingBehindWhenItFails) {
    const TempDir dir;
    TraceSource source;
    source.path = dir.write("in.csv", "time,prompt_tokens\n1,5\n2,x\n");
    EXPECT_FALSE(writeTraffic(source, {}, dir.file("out"), TrafficFile::csv));
    EXPECT_FALSE(std::filesystem::exists(dir.file("out")));
    EXPECT_FALSE(writeTraffic(source, {}, source.path, TrafficFile::csv));
    EXPECT_TRUE(std::filesystem::exists(source.path));
    EXPECT_FALSE(writeTraffic(source, {}, dir.file("no/such/folder"), TrafficFile::csv));
}

} // namespace
} // namespace penstock::sim

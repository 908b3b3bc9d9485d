// SPDX-License-Identifier: Apache-2.0
// What is written is read back as the same traffic, in every form. Method: round trips of a trace
// that uses every field.
#include "sim/traffic/statistics/writer.h"
#include "sim/traffic/trace/csv.h"
#include "support.h"

#include <set>

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
    EXPECT_NE(statistics->text().find("left out: jobs, block hashes, cancellations, kinds"),
              std::string::npos);
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

// The fields of a column of a CSV file.
std::vector<std::string> column(const std::string& path, const std::string& name) {
    auto lines = LineReader::open(path, 1 << 16);
    std::vector<std::string> out;
    if (!lines) return out;
    CsvReader csv(std::move(*lines));
    const std::vector<CsvField>* fields = nullptr;
    int at = -1;
    while (csv.next(fields)) {
        if (at < 0) {
            at = findColumn(*fields, name);
            if (at < 0) return out;
            continue;
        }
        out.emplace_back((*fields)[static_cast<std::size_t>(at)].text);
    }
    return out;
}

using Texts = std::vector<std::string>;

TEST(Writer, BlisRoundsOfASessionFollowEachOther) {
    const TempDir dir;
    TraceSource source;
    std::string text = "time,session,prompt_tokens,output_tokens\n";
    // Out of order in the file: rounds go by time.
    for (const char* row : {"1,a,1,1", "2,b,2,1", "4,a,4,1", "3,a,3,1", "5,,5,1", "6,b,6,1"})
        text += std::string(row) + "\n";
    source.path = dir.write("in.csv", text);
    const std::string out = dir.file("t.csv");
    ASSERT_TRUE(writeTraffic(source, {}, out, TrafficFile::blis));
    EXPECT_EQ(column(out, "round_index"), (Texts{"0", "0", "1", "2", "0", "1"}));
    EXPECT_EQ(column(out, "vllm_priority"), Texts{}); // no row has one
    EXPECT_EQ(test::readFile(out).substr(0, 57),
              "request_id,client_id,tenant_id,slo_class,session_id,round");

    const auto first = readRows(source);
    const auto back = readRows(out);
    ASSERT_EQ(back.error, "");
    ASSERT_EQ(back.rows.size(), first.rows.size());
    for (const std::size_t i : {1U, 2U, 3U, 4U, 5U}) {
        for (std::size_t j = 0; j < i; ++j) {
            EXPECT_EQ(back.rows[i].session == back.rows[j].session,
                      first.rows[i].session == first.rows[j].session);
        }
    }
    // What BLIS has written comes out as it was, session ids apart.
    source.path = out;
    ASSERT_TRUE(writeTraffic(source, {}, dir.file("again.csv"), TrafficFile::blis));
    EXPECT_EQ(column(dir.file("again.csv"), "round_index"), column(out, "round_index"));
    EXPECT_EQ(column(dir.file("again.csv"), "arrival_time_us"), column(out, "arrival_time_us"));
}

TEST(Writer, BlisPrioritiesAreTurnedAndNeverNegative) {
    const TempDir dir;
    const std::string out = dir.file("t.csv");
    const auto written = [&](const std::string& priorities) {
        TraceSource source;
        source.path =
            dir.write("in.csv", "time,prompt_tokens,output_tokens,priority\n" + priorities);
        EXPECT_TRUE(writeTraffic(source, {}, out, TrafficFile::blis));
        return column(out, "vllm_priority");
    };
    EXPECT_EQ(written("0,1,1,0\n1,1,1,-5\n2,1,1,\n"), (Texts{"0", "5", "0"}));
    const auto back = readRows(out);
    ASSERT_EQ(back.error, "");
    EXPECT_EQ(back.rows[0].priority, 0);
    EXPECT_EQ(back.rows[1].priority, -5);
    // BLIS has nothing below 0, so the highest becomes 0 and the order stays.
    EXPECT_EQ(written("0,1,1,10\n1,1,1,-5\n2,1,1,\n"), (Texts{"0", "15", "10"}));
}

TEST(Writer, BlisDeadlinesNeverComeBeforeTheirArrivals) {
    const TempDir dir;
    TraceSource source;
    source.path = dir.write("in.csv", "time,prompt_tokens,output_tokens,deadline\n"
                                      "10,1,1,10\n11,1,1,10.5\n12,1,1,14\n13,1,1,\n");
    ASSERT_TRUE(writeTraffic(source, {}, dir.file("t.csv"), TrafficFile::blis));
    EXPECT_EQ(column(dir.file("t.csv"), "deadline_us"), (Texts{"1", "1000000", "4000000", "0"}));
}

TEST(Writer, GzipByItsName) {
    const TempDir dir;
    TraceSource source;
    source.path = dir.write("in.jsonl", everyField());
    ASSERT_TRUE(writeTraffic(source, {}, dir.file("out.jsonl.gz"), TrafficFile::jsonl));
    EXPECT_EQ(test::readFile(dir.file("out.jsonl.gz")).substr(0, 2), "\x1f\x8b");
    EXPECT_EQ(readRows(dir.file("out.jsonl.gz")).rows.size(), 3U);
    const auto refused = writeTraffic(source, {}, dir.file("out.csv.gz"), TrafficFile::blis);
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("no gzip"), std::string::npos);
}

TEST(Writer, LeavesThingsAsTheyWereWhenItFails) {
    const TempDir dir;
    TraceSource source;
    source.path = dir.write("in.csv", "time,prompt_tokens\n1,5\n2,x\n");
    const auto names = [&] {
        std::set<std::string> out;
        for (const auto& entry : std::filesystem::directory_iterator(dir.file("")))
            out.insert(entry.path().filename());
        return out;
    };
    for (const TrafficFile form : {TrafficFile::csv, TrafficFile::jsonl, TrafficFile::blis}) {
        const auto before = names();
        EXPECT_FALSE(writeTraffic(source, {}, dir.file("out.csv"), form));
        EXPECT_EQ(names(), before);
    }
    dir.write("out.csv", "precious");
    dir.write("out.yaml", "precious too");
    for (const TrafficFile form : {TrafficFile::csv, TrafficFile::jsonl, TrafficFile::blis}) {
        const auto before = names();
        EXPECT_FALSE(writeTraffic(source, {}, dir.file("out.csv"), form));
        EXPECT_EQ(names(), before);
        EXPECT_EQ(test::readFile(dir.file("out.csv")), "precious");
        EXPECT_EQ(test::readFile(dir.file("out.yaml")), "precious too");
    }
    EXPECT_FALSE(writeTraffic(source, {}, source.path, TrafficFile::csv));
    EXPECT_TRUE(std::filesystem::exists(source.path));
    EXPECT_FALSE(writeTraffic(source, {}, dir.file("no/such/folder"), TrafficFile::csv));
}

} // namespace
} // namespace penstock::sim

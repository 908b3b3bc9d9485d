// SPDX-License-Identifier: Apache-2.0
// Every format is recognised by its content and read into the same rows, with the oddities of its
// real files. Method: small files written here in each format.
#include "support.h"

namespace penstock::sim {
namespace {

using test::Brief;
using test::brief;
using test::readRows;
using test::Rows;
using test::TempDir;

TEST(Readers, AzureInItsThreeYears) {
    const TempDir dir;
    const Brief expected = {{0, 4808, 10}, {52, 3180, 8}, {1000, 110, 27}};
    const std::vector<std::string> files = {
        "TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:17:03.9799600,4808,10\r\n"
        "2023-11-16 18:17:04.0319600,3180,8\r\n2023-11-16 18:17:04.9799600,110,27",
        "TIMESTAMP,ContextTokens,GeneratedTokens\n2024-05-10 00:00:00.009930+00:00,4808,10\n"
        "2024-05-10 00:00:00.061930+00:00,3180,8\n2024-05-10 00:00:01.009930+00:00,110,27\n",
        "\xef\xbb\xbfTIMESTAMP,NumImages,ContextTokens,GeneratedTokens\n"
        "2024-10-15 12:00:00.000+00:00,2,4808,10\n2024-10-15 12:00:00.052+00:00,0,3180,8\n"
        "2024-10-15 14:00:01+02:00,1,110,27\n",
        "GeneratedTokens, contexttokens ,TIMESTAMP\n10,4808,\"2024-05-10 00:00:00\"\n"
        "8,3180,2024-05-10 00:00:00.052\n27,110,2024-05-10 00:00:01\n",
        "TIMESTAMP,ContextTokens,GeneratedTokens\n100.0,4808,10\n100.052,3180,8\n101,110,27\n"};
    for (const std::string& content : files) {
        const Rows plain = readRows(dir.write("trace.csv", content));
        EXPECT_EQ(plain.error, "");
        EXPECT_EQ(brief(plain), expected);
        EXPECT_EQ(plain.counters.format, TraceFormat::azure);
        EXPECT_EQ(brief(readRows(dir.writeGz("trace.csv.gz", content))), expected);
    }
}

TEST(Readers, BurstGptBothVersionsAndItsFailures) {
    const TempDir dir;
    const Rows v1 = readRows(
        dir.write("1.csv", "Timestamp,Model,Request tokens,Response tokens,Total tokens,Log Type\n"
                           "5,ChatGPT,472,18,490,Conversation log\n"
                           "45,ChatGPT,1087,0,1087,Conversation log\n"
                           "118,GPT-4,417,276,693,API log\n"));
    EXPECT_EQ(brief(v1), (Brief{{0, 472, 18}, {113'000, 417, 276}}));
    EXPECT_EQ(v1.counters.dropped.at("no output tokens"), 1U);
    EXPECT_EQ(v1.counters.rowsRead, 3U);
    EXPECT_EQ(v1.counters.rowsKept, 2U);
    EXPECT_EQ(v1.rows[1].model, "GPT-4");
    EXPECT_EQ(v1.rows[1].kind, "API log");

    const Rows v3 = readRows(dir.write(
        "3.csv", "Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,"
                 "Total tokens,Log Type\n19440110.0,aa,43,GPT-4,906,446,1352,Conversation log\n"
                 "19440161.0,bb,2,ChatGPT,36,29,65,Conversation log\n"
                 "19440161.5,aa,2,ChatGPT,37,29,65,Conversation log\n"));
    EXPECT_EQ(brief(v3), (Brief{{0, 906, 446}, {51'000, 36, 29}, {51'500, 37, 29}}));
    EXPECT_EQ(v3.rows[0].session, v3.rows[2].session);
    EXPECT_NE(v3.rows[0].session, v3.rows[1].session);
}

TEST(Readers, Mooncake) {
    const TempDir dir;
    const Rows rows =
        readRows(dir.write("m.jsonl", "{\"timestamp\": 3000, \"input_length\": 1100, "
                                      "\"output_length\": 6, \"hash_ids\": [0, 1, 46]}\n"
                                      "{\"timestamp\": 6000, \"input_length\": 600, "
                                      "\"output_length\": 4, \"hash_ids\": [0, 7]}\n"));
    EXPECT_EQ(rows.counters.format, TraceFormat::mooncake);
    EXPECT_EQ(brief(rows), (Brief{{0, 1100, 6}, {3000, 600, 4}}));
    EXPECT_EQ(rows.rows[0].blockHashes, (std::vector<std::uint64_t>{0, 1, 46}));
    EXPECT_EQ(rows.rows[0].blockTokens, 512U);
}

TEST(Readers, ServegenOffline) {
    const TempDir dir;
    const Rows rows = readRows(dir.write(
        "o.jsonl",
        "{\"request_id\": 0, \"type\": \"text\", \"input_length\": 271, \"hash_ids\": [0, 1], "
        "\"img_ids\": []}\n{\"request_id\": 1, \"type\": \"text\", \"input_length\": 54, "
        "\"output_length\": 2031, \"duration\": 11630}\n"));
    EXPECT_EQ(rows.counters.format, TraceFormat::servegenOffline);
    EXPECT_EQ(brief(rows), (Brief{{0, 271, -1}, {0, 54, 2031}}));
    EXPECT_EQ(rows.rows[0].blockTokens, 16U);
    EXPECT_EQ(rows.rows[0].job, rows.rows[1].job);
}

TEST(Readers, RagPulseAndQwenBailian) {
    const TempDir dir;
    const Rows rag = readRows(dir.write(
        "r.jsonl",
        "{\"timestamp\": \"27\", \"input_length\": 3861, \"output_length\": 127, \"hash_ids\": "
        "{\"sys_prompt\": [8325, 8326], \"passages_ids\": [6123, 7239], \"history\": [15215], "
        "\"web_search\": [], \"user_input\": [23648]}, \"session_id\": \"17-x\"}\n"
        "{\"timestamp\": \"29.5\", \"input_length\": 10, \"output_length\": 1, \"hash_ids\": "
        "{\"sys_prompt\": []}, \"session_id\": \"17-x\"}\n"));
    EXPECT_EQ(rag.error, "");
    EXPECT_EQ(rag.counters.format, TraceFormat::ragpulse);
    EXPECT_EQ(brief(rag), (Brief{{0, 3861, 127}, {2500, 10, 1}}));
    EXPECT_EQ(rag.rows[0].blockHashes,
              (std::vector<std::uint64_t>{8325, 8326, 6123, 7239, 15215, 23648}));
    EXPECT_EQ(rag.rows[0].session, rag.rows[1].session);

    const Rows qwen = readRows(dir.write(
        "q.jsonl",
        "{\"chat_id\": 159, \"parent_chat_id\": 55, \"timestamp\": 61.114, \"input_length\": "
        "521, \"output_length\": 132, \"type\": \"text\", \"turn\": 2, \"hash_ids\": [1089]}\n"
        "{\"chat_id\": 160, \"parent_chat_id\": -1, \"timestamp\": 62.5, \"input_length\": 400, "
        "\"output_length\": 80, \"type\": \"search\", \"turn\": 1}\n"));
    EXPECT_EQ(qwen.counters.format, TraceFormat::qwenBailian);
    EXPECT_EQ(brief(qwen), (Brief{{0, 521, 132}, {1386, 400, 80}}));
    EXPECT_EQ(qwen.rows[0].blockTokens, 16U);
    EXPECT_EQ(qwen.rows[1].kind, "search");
}

TEST(Readers, BlisTraceV2CountsThePrefixOnTop) {
    const TempDir dir;
    const Rows rows = readRows(dir.write(
        "t.csv",
        "request_id,client_id,tenant_id,slo_class,session_id,round_index,prefix_group,"
        "prefix_length,streaming,input_tokens,output_tokens,text_tokens,image_tokens,"
        "audio_tokens,video_tokens,reason_ratio,model,deadline_us,server_input_tokens,"
        "arrival_time_us,send_time_us,first_chunk_time_us,last_chunk_time_us,num_chunks,status,"
        "error_message,finish_reason\n"
        "0,c1,t1,batch,s1,0,sys,200,true,100,50,100,0,0,0,0,,5000000,0,1000000,0,0,0,0,ok,,\n"
        "1,c1,t2,,,0,,0,true,100,60,100,0,0,0,0,,0,107,1500000,0,0,0,0,ok,\"a, b\",stop\n"));
    EXPECT_EQ(rows.error, "");
    EXPECT_EQ(rows.counters.format, TraceFormat::blis);
    EXPECT_EQ(brief(rows), (Brief{{0, 300, 50}, {500, 107, 60}}));
    EXPECT_EQ(rows.rows[0].prefixTokens, 200U);
    EXPECT_EQ(rows.rows[0].deadlineNs, 4'000'000'000);
    EXPECT_EQ(rows.rows[1].deadlineNs, kNoTime);
    EXPECT_EQ(rows.rows[0].tier, "batch");
}

TEST(Readers, BlisPrioritiesHaveTheLowestFirstAndOursTheHighest) {
    const TempDir dir;
    const std::string header =
        "arrival_time_us,input_tokens,output_tokens,slo_class,vllm_priority\n";
    const Rows rows = readRows(dir.write("t.csv", header + "0,1,1,critical,0\n1,1,1,batch,5\n"));
    ASSERT_EQ(rows.error, "");
    EXPECT_TRUE(rows.rows[0].hasPriority);
    EXPECT_EQ(rows.rows[0].priority, 0);
    EXPECT_EQ(rows.rows[1].priority, -5);
    EXPECT_NE(
        readRows(dir.write("t.csv", header + "0,1,1,critical,-1\n")).error.find("vllm_priority"),
        std::string::npos);
}

TEST(Readers, QwenBailianChatsAreGatheredIntoConversations) {
    const TempDir dir;
    std::string text;
    const auto chat = [&](int id, int parent) {
        text += "{\"chat_id\":" + std::to_string(id) +
                ",\"parent_chat_id\":" + std::to_string(parent) +
                ",\"timestamp\":" + std::to_string(id) +
                ",\"input_length\":10,\"output_length\":1,\"turn\":1}\n";
    };
    chat(0, -1);
    chat(1, -1);
    chat(2, 0); // a second turn of 0
    chat(3, 2); // and a third
    chat(4, 1);
    chat(9, 7);  // goes on with one that the trace does not have
    chat(10, 7); // as does this
    chat(11, 10);
    const Rows rows = readRows(dir.write("q.jsonl", text));
    ASSERT_EQ(rows.error, "");
    std::vector<std::uint64_t> sessions;
    for (const TraceRow& r : rows.rows)
        sessions.push_back(r.session);
    EXPECT_EQ(sessions, (std::vector<std::uint64_t>{1, 2, 1, 1, 2, 8, 8, 8}));
}

TEST(Readers, AnotherFormatThanTheFilesOwnIsSaid) {
    const TempDir dir;
    const std::string path =
        dir.write("m.jsonl", "{\"timestamp\": 3000, \"input_length\": 5, \"output_length\": 6}\n");
    EXPECT_TRUE(readRows(path, TraceFormat::mooncake).counters.notes.empty());
    const Rows wrong = readRows(path, TraceFormat::qwenBailian);
    ASSERT_EQ(wrong.counters.notes.size(), 1U);
    EXPECT_NE(wrong.counters.notes.begin()->find("looks like mooncake"), std::string::npos);
}

TEST(Readers, AnyCsvAndJsonlByAColumnMap) {
    const TempDir dir;
    TraceSource source;
    source.columns.names = {
        {"time", "when"}, {"prompt_tokens", "in"}, {"output_tokens", "out"}, {"tenant", "who"}};
    source.columns.timeUnitSeconds = 0.001;
    source.format = TraceFormat::csv;
    source.path = dir.write("x.csv", "who,out,in,when\nann,5,50,1000\nbob,,60,1500\n");
    const Brief expected = {{0, 50, 5}, {500, 60, -1}};
    const Rows csv = readRows(source);
    EXPECT_EQ(csv.error, "");
    EXPECT_EQ(brief(csv), expected);
    EXPECT_EQ(csv.rows[1].tenant, "bob");
    source.format = TraceFormat::jsonl;
    source.path =
        dir.write("x.jsonl", "{\"who\":\"ann\",\"out\":5,\"in\":\"50\",\"when\":1000}\n"
                             "{\"who\":\"bob\",\"out\":null,\"in\":60,\"when\":\"1500\"}\n");
    const Rows jsonl = readRows(source);
    EXPECT_EQ(jsonl.error, "");
    EXPECT_EQ(brief(jsonl), expected);
    EXPECT_EQ(jsonl.rows[1].tenant, "bob");
}

TEST(Readers, SeveralRequestsALine) {
    const TempDir dir;
    const std::string a = "{\"timestamp\":0,\"input_length\":10,\"output_length\":1}";
    const std::string b = "{\"timestamp\":5,\"input_length\":20,\"output_length\":2}";
    const std::string c =
        "{\"timestamp\":9,\"input_length\":30,\"output_length\":3,\"note\":\"}{\\\"\"}";
    const Brief expected = {{0, 10, 1}, {5, 20, 2}, {9, 30, 3}};
    for (const std::string& text :
         {a + b + "\n" + c, a + " " + b + "\t" + c + "\n", "[" + a + "," + b + "]\n\n[" + c + "]\n",
          "[" + a + "][" + b + "," + c + "]", a + "," + b + "\r\n" + c}) {
        const Rows rows = readRows(dir.write("s.jsonl", text));
        EXPECT_EQ(rows.error, "") << text;
        EXPECT_EQ(brief(rows), expected) << text;
    }
}

TEST(Readers, InversionsAreRepairedAndCounted) {
    const TempDir dir;
    std::string text = "TIMESTAMP,ContextTokens,GeneratedTokens\n";
    for (const int t : {0, 10, 5, 20, 30, 28, 25, 40})
        text += std::to_string(t) + ",1,1\n";
    TraceSource source;
    source.path = dir.write("i.csv", text);
    const Rows rows = readRows(source);
    std::vector<std::int64_t> times;
    for (const TraceRow& r : rows.rows)
        times.push_back(r.timeNs / 1'000'000'000);
    EXPECT_EQ(times, (std::vector<std::int64_t>{0, 5, 10, 20, 25, 28, 30, 40}));
    EXPECT_EQ(rows.counters.inversions, 3U);
    EXPECT_EQ(rows.counters.largestInversionNs, 5'000'000'000);

    source.reorderRows = 1;
    EXPECT_EQ(readRows(source).counters.inversions, 2U); // reads as far as the row it cannot place
    EXPECT_NE(readRows(source).error.find("sort the file by time"), std::string::npos);
    source.reorderRows = 2;
    EXPECT_EQ(readRows(source).error, "");
}

TEST(Readers, FormatNamesGoBothWaysAndAreForgiving) {
    for (int i = 0; i < kTraceFormats; ++i) {
        const auto format = static_cast<TraceFormat>(i);
        TraceFormat found = format == TraceFormat::csv ? TraceFormat::azure : TraceFormat::csv;
        EXPECT_TRUE(parseTraceFormat(traceFormatName(format), found));
        EXPECT_EQ(found, format);
    }
    TraceFormat found = TraceFormat::csv;
    EXPECT_TRUE(parseTraceFormat("Qwen-Bailian", found));
    EXPECT_EQ(found, TraceFormat::qwenBailian);
    EXPECT_TRUE(parseTraceFormat("servegenWindows", found));
    EXPECT_EQ(found, TraceFormat::servegenWindows);
    EXPECT_TRUE(parseTraceFormat("automatic", found));
    EXPECT_FALSE(parseTraceFormat("parquet", found));
    EXPECT_FALSE(parseTraceFormat("", found));
}

} // namespace
} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
// Every format is recognised by its content and read into the same rows, with the oddities of its
// real files. Method: small files written here in each format, and the shared fixtures where
// present.
#include "sim/traffic/servegen.h"
#include "support.h"

#include <set>

namespace penstock::sim {
namespace {

using test::readRows;
using test::Rows;
using test::TempDir;

// Time in ms, prompt, output of each row; -1: unknown.
std::vector<std::array<std::int64_t, 3>> brief(const Rows& rows) {
    std::vector<std::array<std::int64_t, 3>> out;
    const auto known = [](std::uint32_t tokens) {
        return tokens == kUnknownTokens ? std::int64_t{-1} : std::int64_t{tokens};
    };
    for (const TraceRow& r : rows.rows) {
        out.push_back({r.timeNs / 1'000'000, known(r.promptTokens), known(r.outputTokens)});
    }
    return out;
}
using Brief = std::vector<std::array<std::int64_t, 3>>;

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

TEST(Servegen, PythonHistograms) {
    const auto bins = [](const char* text) {
        std::vector<std::pair<double, double>> out;
        const auto law = parsePythonHistogram(text);
        if (law) {
            for (const LengthBin& b : law->bins)
                out.emplace_back(b.lowTokens, b.weight);
        }
        return out;
    };
    using Bins = std::vector<std::pair<double, double>>;
    const Bins expected = {{100, 0.5}, {200, 0.25}};
    for (const char* text :
         {"{100: 0.5, 200: 0.25}", "{ 100 : 0.5 , 200 : 0.25 }", "{100: 0.5, 200: 0.25,}",
          "{100.0: 5e-1, 200.0: 2.5E-01}", "{'100': 0.5, \"200\": 0.25}",
          "{np.int64(100): np.float64(0.5), 200: np.float64(0.25)}", "{100:0.5,200:0.25,300:0}"}) {
        EXPECT_EQ(bins(text), expected) << text;
    }
    EXPECT_EQ(bins("{0: 1}"), (Bins{{1, 1}}));
    EXPECT_EQ(bins("{}"), Bins{});
    for (const char* text : {"", "[]", "{100}", "{100: }", "{100: 0.5", "{100: 0.5 200: 1}",
                             "{100: -1}", "{-5: 1}", "{a: 1}", "{100: nan}"}) {
        EXPECT_FALSE(parsePythonHistogram(text)) << text;
    }
}

TEST(Servegen, WindowsAreDrawnAtTheirRatesAndLengths) {
    const TempDir dir;
    dir.write(
        "chunk-7-dataset.json",
        "{\"0\": {\"input_tokens\": \"{100: 0.5, 300: 0.5}\", \"output_tokens\": \"{50: 1.0}\"},"
        " \"600\": {\"input_tokens\": \"{}\", \"output_tokens\": \"{}\"},"
        " \"1200\": {\"input_tokens\": \"{7: 1.0,}\", \"output_tokens\": \"{9: 1}\"}}");
    const std::string path =
        dir.write("chunk-7-trace.csv", "0,20.0,3.0,Gamma,0.1111,0.45\n600,0,0,,0,0\n"
                                       "1200,10.0,1.5,Weibull,0.7,0.08\n");
    const Rows rows = readRows(path);
    EXPECT_EQ(rows.error, "");
    EXPECT_EQ(rows.counters.format, TraceFormat::servegenWindows);
    double first = 0;
    double second = 0;
    double hundreds = 0;
    const std::int64_t origin = rows.counters.originNs;
    for (const TraceRow& r : rows.rows) {
        const double t = static_cast<double>(r.timeNs + origin) * 1e-9;
        EXPECT_TRUE(t < 600 || (t >= 1200 && t < 1800)) << t;
        ++(t < 600 ? first : second);
        hundreds += r.promptTokens == 100;
        EXPECT_EQ(r.outputTokens, t < 600 ? 50U : 9U);
        EXPECT_EQ(r.promptTokens == 7, t >= 1200);
    }
    EXPECT_NEAR(first, 12'000, 1200); // cv 3: the count's deviation is 330
    EXPECT_NEAR(second, 6'000, 500);
    EXPECT_NEAR(hundreds / first, 0.5, 0.02);
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

TEST(Fixtures, AreAllRecognised) {
    const std::vector<std::tuple<std::string, TraceFormat, std::size_t>> cases = {
        {"fixtures/azure_2024_code_1week.first5rows.csv", TraceFormat::azure, 5},
        {"fixtures/azure_2024_conv_1week.first5rows.csv", TraceFormat::azure, 5},
        {"fixtures/burstgpt_1.first3rows.csv", TraceFormat::burstgpt, 3},
        {"fixtures/burstgpt_3.first4rows.csv", TraceFormat::burstgpt, 4},
        {"fixtures/openai_batch_input_long.jsonl", TraceFormat::openaiBatch, 40},
        {"fixtures/openai_batch_input_short.jsonl", TraceFormat::openaiBatch, 10},
        {"servegen_offline_trace_a.head.jsonl.gz", TraceFormat::servegenOffline, 93},
        {"servegen_offline_trace_d.head.jsonl.gz", TraceFormat::servegenOffline, 165},
        {"servegen_offline_trace_e.head.jsonl.gz", TraceFormat::servegenOffline, 171},
        {"servegen_offline_trace_f.head.jsonl.gz", TraceFormat::servegenOffline, 153}};
    for (const auto& [name, format, count] : cases) {
        const std::string path = test::sharedTrace(name);
        if (!std::filesystem::exists(path)) GTEST_SKIP() << "shared data is not here: " << path;
        const Rows rows = readRows(path);
        EXPECT_EQ(rows.error, "");
        EXPECT_EQ(rows.counters.format, format) << name;
        EXPECT_EQ(rows.rows.size(), count) << name;
    }
}

} // namespace
} // namespace penstock::sim

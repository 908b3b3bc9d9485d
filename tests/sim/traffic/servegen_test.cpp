// SPDX-License-Identifier: Apache-2.0
// Requests drawn from ServeGen's windows have their rates and lengths, for one client and for a
// folder of them. Method: small pairs of files written here.
#include "sim/traffic/statistics/statistics.h"
#include "sim/traffic/trace/servegen.h"
#include "support.h"

namespace penstock::sim {
namespace {

using test::readRows;
using test::Rows;
using test::TempDir;

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

TEST(Servegen, AFolderIsAllItsClientsAtOnce) {
    const TempDir dir;
    const auto client = [&](const std::string& number, const std::string& rate, int tokens) {
        dir.write("chunk-" + number + "-trace.csv", "0," + rate + ",1,Exponential,0,0\n");
        dir.write("chunk-" + number + "-dataset.json",
                  "{\"0\": {\"input_tokens\": \"{" + std::to_string(tokens) +
                      ": 1}\", \"output_tokens\": \"{1: 1}\"}}");
    };
    client("2", "1.0", 20);
    client("10", "2.0", 100);
    dir.write("README.md", "not a client");
    const auto of = [](const Rows& rows, std::uint32_t tokens) {
        std::vector<std::int64_t> times;
        for (const TraceRow& r : rows.rows) {
            if (r.promptTokens == tokens) times.push_back(r.timeNs + rows.counters.originNs);
        }
        return times;
    };
    const Rows two = readRows(dir.file(""));
    ASSERT_EQ(two.error, "");
    EXPECT_EQ(two.counters.format, TraceFormat::servegenWindows);
    EXPECT_NEAR(static_cast<double>(of(two, 20).size()), 600, 100);
    EXPECT_NEAR(static_cast<double>(of(two, 100).size()), 1200, 140);
    for (std::size_t i = 1; i < two.rows.size(); ++i)
        EXPECT_LE(two.rows[i - 1].timeNs, two.rows[i].timeNs);
    // One client more leaves the others as they were.
    client("1", "0.5", 7);
    const Rows three = readRows(dir.file(""));
    EXPECT_EQ(of(three, 20), of(two, 20));
    EXPECT_EQ(of(three, 100), of(two, 100));

    TraceSource source;
    source.path = dir.file("");
    const auto statistics = readStatistics(source);
    ASSERT_TRUE(statistics) << statistics.error().text();
    EXPECT_EQ(statistics->sha256.size(), 64U);
    EXPECT_EQ(statistics->counters.rowsKept, three.rows.size());

    const TempDir empty;
    EXPECT_NE(readRows(empty.file("")).error.find("directory without chunk-N"), std::string::npos);
    std::filesystem::remove(dir.file("chunk-10-dataset.json"));
    EXPECT_NE(readRows(dir.file("")).error.find("chunk-10-dataset.json: no such file"),
              std::string::npos);
}

} // namespace
} // namespace penstock::sim

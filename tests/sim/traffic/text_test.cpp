// SPDX-License-Identifier: Apache-2.0
// Numbers, dates, lines and CSV records as real files write them, and as broken files do.
// Method: tables of texts with what they mean.
#include "sim/traffic/trace/csv.h"
#include "sim/traffic/trace/text_value.h"
#include "support.h"

#include <sys/stat.h>

namespace penstock::sim {
namespace {

using test::TempDir;

TEST(TextValue, Counts) {
    const std::vector<std::pair<std::string, std::optional<std::uint32_t>>> cases = {
        {"0", 0},     {" 42 ", 42},  {"4000000000", 4'000'000'000},
        {"12.0", 12}, {"1.2e1", 12}, {"4000000001", {}},
        {"-1", {}},   {"12.5", {}},  {"", {}},
        {"12x", {}},  {"nan", {}},   {"99999999999999999999", {}},
        {"inf", {}},  {"0x10", {}}};
    for (const auto& [text, value] : cases)
        EXPECT_EQ(parseCount(text, 4'000'000'000), value) << text;
}

TEST(TextValue, CountsUpToALimit) {
    EXPECT_EQ(parseCount("100", 100), 100U);
    for (const char* text : {"101", "101.0", "1.01e2"})
        EXPECT_FALSE(parseCount(text, 100)) << text;
}

TEST(TextValue, PiecesOfAFileAreShownHarmlessly) {
    EXPECT_EQ(quotedText("a \xc3\xa9"), "\"a \xc3\xa9\"");
    EXPECT_EQ(quotedText(std::string_view("\x1b[31m\0\t", 7)), "\"\\x1b[31m\\x00\\x09\"");
    EXPECT_EQ(quotedText("\xff\xc3(\xc2\x85"), "\"\\xff\\xc3(\\xc2\\x85\"");
    EXPECT_EQ(quotedText(std::string(80, 'x')), "\"" + std::string(60, 'x') + "\"...");
    EXPECT_EQ(quotedText(""), "\"\"");
}

TEST(TextValue, Dates) {
    const std::int64_t base = 1'700'158'623'000'000'000; // 2023-11-16 18:17:03 UTC
    const std::vector<std::pair<std::string, std::optional<std::int64_t>>> cases = {
        {"2023-11-16 18:17:03.9799600", base + 979'960'000},
        {"2023-11-16 18:17:03.979960", base + 979'960'000},
        {"2023-11-16 18:17:03", base},
        {"2023-11-16T18:17:03Z", base},
        {"2023-11-16 18:17:03.5+00:00", base + 500'000'000},
        {"2023-11-16 20:17:03+02:00", base},
        {"2023-11-16 13:47:03-0430", base},
        {"2023-11-16 20:17:03+02", base},
        {"2023-11-16 18:17:03.1234567891234", base + 123'456'789},
        {"1970-01-01 00:00:00", 0},
        {"2023-11-16", 1'700'092'800'000'000'000},
        {"2023-02-29 00:00:00", {}},
        {"2023-13-01 00:00:00", {}},
        {"2023-11-16 25:00:00", {}},
        {"2023-11-16 18:17", {}},
        {"2023-11-16 18:17:03.", {}},
        {"2023-11-16 18:17:03+", {}},
        {"2023-11-16 18:17:03 PST", {}},
        {"9999-01-01 00:00:00", {}},
        {"yesterday", {}},
        {"", {}}};
    for (const auto& [text, value] : cases)
        EXPECT_EQ(parseDateNs(text), value) << text;
}

TEST(TextValue, DecimalTimes) {
    const std::int64_t s = 1'000'000'000;
    EXPECT_EQ(parseDecimalNs("19440110.0", s), 19'440'110 * s);
    EXPECT_EQ(parseDecimalNs("1700158623.123456789", s), 1'700'158'623'123'456'789);
    EXPECT_EQ(parseDecimalNs("0.0000000016", s), 2);
    EXPECT_EQ(parseDecimalNs("-1.5", s), -1'500'000'000);
    EXPECT_EQ(parseDecimalNs("2.5", 1'000'000), 2'500'000);
    EXPECT_EQ(parseDecimalNs("7", 1), 7);
    EXPECT_EQ(parseDecimalNs("1.5e3", s), 1500 * s);
    for (const char* bad : {"", ".", "-", "1e400", "99999999999999999999", "1 2", "nan"}) {
        EXPECT_FALSE(parseDecimalNs(bad, s)) << bad;
    }
}

std::vector<std::string> lines(const std::string& path, std::uint32_t most = 1000,
                               std::string* error = nullptr) {
    auto reader = LineReader::open(path, most);
    std::vector<std::string> out;
    if (!reader) {
        if (error != nullptr) *error = reader.error().text();
        return out;
    }
    for (std::string_view line; reader->next(line);)
        out.emplace_back(line);
    if (error != nullptr && reader->failed()) *error = reader->error().text();
    return out;
}

TEST(LineReader, EndingsMarksAndArchives) {
    const TempDir dir;
    const std::vector<std::string> expected = {"a,b", "", "c"};
    for (const char* content : {"a,b\n\nc\n", "a,b\n\nc", "a,b\r\n\r\nc\r\n",
                                "\xef\xbb\xbf"
                                "a,b\n\nc"}) {
        EXPECT_EQ(lines(dir.write("plain.gz", content)), expected); // the name does not matter
        EXPECT_EQ(lines(dir.writeGz("packed.csv", content)), expected);
    }
    EXPECT_TRUE(lines(dir.write("empty", "")).empty());
}

TEST(LineReader, LongLinesGrowTheBufferOnlyToTheLimit) {
    const TempDir dir;
    const std::string line(900'000, 'x');
    EXPECT_EQ(lines(dir.write("long", "a\n" + line + "\nb"), 1'000'000).size(), 3U);
    std::string error;
    EXPECT_EQ(lines(dir.write("long", "a\n" + line + "\nb"), 800'000, &error).size(), 1U);
    EXPECT_NE(error.find("long:2: line"), std::string::npos) << error;
    EXPECT_NE(error.find("800000"), std::string::npos) << error;
}

TEST(LineReader, WhatIsNoTextSaysWhatItIs) {
    const TempDir dir;
    const std::vector<std::pair<std::string, std::string>> cases = {
        {std::string("\xff\xfe{\0\"\0", 6), "UTF-16"},
        {std::string("\xfe\xff\0{\0\"", 6), "UTF-16"},
        {std::string("t\0i\0m\0e\0", 8), "UTF-16"},
        {std::string("\x7f"
                     "ELF\0\0",
                     6),
         "binary"},
        {"PAR1....", "Parquet"},
        {"PK\x03\x04", "zip"},
        {"\x28\xb5\x2f\xfd", "zstd"},
        {"a,b\r1,2\r3,4\r", "carriage return"}};
    for (const auto& [content, word] : cases) {
        std::string error;
        EXPECT_TRUE(lines(dir.write("file", content), 1000, &error).empty());
        EXPECT_NE(error.find(word), std::string::npos) << error;
    }
}

TEST(LineReader, OnlyRegularFilesAreRead) {
    const TempDir dir;
    ASSERT_EQ(mkfifo(dir.file("pipe").c_str(), 0600), 0);
    for (const std::string& path : {dir.file("pipe"), std::string("/dev/null")}) {
        std::string error;
        lines(path, 1000, &error);
        EXPECT_NE(error.find("a pipe or a device"), std::string::npos) << error;
    }
}

TEST(LineReader, WhatCannotBeReadSaysWhy) {
    const TempDir dir;
    std::string error;
    lines(dir.file("absent"), 100, &error);
    EXPECT_NE(error.find("no such file"), std::string::npos);
    lines(dir.file(""), 100, &error);
    EXPECT_NE(error.find("directory"), std::string::npos);

    std::string text;
    for (int i = 0; i < 100'000; ++i)
        text += std::to_string(i * 7919) + "\n";
    const std::string packed = test::readFile(dir.writeGz("whole.gz", text));
    dir.write("cut.gz", packed.substr(0, packed.size() / 2));
    lines(dir.file("cut.gz"), 100, &error);
    EXPECT_NE(error.find("cut off"), std::string::npos) << error;
    std::string damaged = packed;
    for (std::size_t i = 1000; i < 1100; ++i)
        damaged[i] = static_cast<char>(~damaged[i]);
    dir.write("damaged.gz", damaged);
    lines(dir.file("damaged.gz"), 100, &error);
    EXPECT_NE(error.find("damaged"), std::string::npos) << error;
}

TEST(Csv, Records) {
    const TempDir dir;
    dir.write("a.csv", "h1,h2,h3\n"
                       "1,\"two, \"\"quoted\"\"\",3\n"
                       "\n"
                       ",,\n"
                       "1,\"over\ntwo lines\",\"\"\n"
                       " x , \"y\" ,z");
    auto lines = LineReader::open(dir.file("a.csv"), 1000);
    ASSERT_TRUE(lines);
    CsvReader csv(std::move(*lines));
    const std::vector<CsvField>* fields = nullptr;
    std::vector<std::vector<std::string>> all;
    std::vector<int> at;
    while (csv.next(fields)) {
        all.emplace_back();
        for (const CsvField& f : *fields)
            all.back().emplace_back(trimmed(f.text));
        at.push_back(csv.line());
    }
    EXPECT_FALSE(csv.failed());
    EXPECT_EQ(all, (std::vector<std::vector<std::string>>{{"h1", "h2", "h3"},
                                                          {"1", "two, \"quoted\"", "3"},
                                                          {"", "", ""},
                                                          {"1", "over\ntwo lines", ""},
                                                          {"x", "y", "z"}}));
    EXPECT_EQ(at, (std::vector<int>{1, 2, 4, 5, 7}));
}

TEST(Csv, AQuoteThatNeverClosesIsFoundEarly) {
    const TempDir dir;
    std::string text = "a,b\n1,\"open\n";
    for (int i = 0; i < 5000; ++i)
        text += "more\n";
    dir.write("a.csv", text);
    auto lines = LineReader::open(dir.file("a.csv"), 1000);
    CsvReader csv(std::move(*lines));
    const std::vector<CsvField>* fields = nullptr;
    while (csv.next(fields)) {}
    EXPECT_TRUE(csv.failed());
    EXPECT_EQ(csv.error().line, 2);
}

} // namespace
} // namespace penstock::sim

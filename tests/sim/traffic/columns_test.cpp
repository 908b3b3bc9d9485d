// SPDX-License-Identifier: Apache-2.0
// A column map that misses its file is an error, never a trace of another shape. Method: a table of
// maps over one file of each kind, with words that their errors must contain.
#include "sim/traffic/spec/spec.h"
#include "support.h"

namespace penstock::sim {
namespace {

using test::Brief;
using test::brief;
using test::readRows;
using test::TempDir;

using Names = std::map<std::string, std::string>;

TEST(Columns, WhatMissesTheFileIsAnError) {
    const TempDir dir;
    const std::string csv = dir.write("x.csv", "when,in,out,owner\n1,5,6,ann\n2,7,8,bob\n");
    const std::string jsonl =
        dir.write("x.jsonl", "{\"when\":1,\"in\":5,\"out\":6,\"owner\":\"ann\"}\n"
                             "{\"when\":2,\"in\":7,\"out\":8,\"owner\":\"bob\"}\n");
    struct Case {
        Names names;
        std::vector<std::string> words;
    };
    const std::vector<Case> cases = {
        {{{"prompt_tokens", "in"}}, {"no \"time\"", "--column time=NAME", "come at once"}},
        {{{"time", "wen"}, {"prompt_tokens", "in"}}, {"no \"wen\"", "did you mean \"when\"?"}},
        {{{"time", "when"}}, {"no \"prompt_tokens\"", "--column prompt_tokens=NAME"}},
        {{{"time", "when"}, {"prompt_tokens", "in"}, {"tenant", "who"}}, {"\"who\""}},
        {{{"time", "when"}, {"prompt", "in"}}, {"\"prompt\"", "prompt_tokens"}},
    };
    for (const Case& c : cases) {
        for (const auto& [path, format] :
             {std::pair(csv, TraceFormat::csv), std::pair(jsonl, TraceFormat::jsonl)}) {
            TraceSource source;
            source.path = path;
            source.format = format;
            source.columns.names = c.names;
            std::string error = readRows(source).error;
            // A CSV file has columns, and JSON has keys; the rest is one wording.
            if (const auto at = error.find("no column"); at != std::string::npos) {
                error.replace(at, 9, "no");
            }
            for (const std::string& word : c.words)
                EXPECT_NE(error.find(word), std::string::npos) << word << " in " << error;
        }
    }
}

TEST(Columns, ATraceWithoutTimesIsALumpForWhoSaysSo) {
    const TempDir dir;
    TraceSource source;
    source.columns.names = {{"time", ""}};
    source.format = TraceFormat::csv;
    source.path = dir.write("x.csv", "prompt_tokens\n5\n6\n");
    EXPECT_EQ(brief(readRows(source)), (Brief{{0, 5, -1}, {0, 6, -1}}));
    source.format = TraceFormat::jsonl;
    source.path = dir.write("x.jsonl", "{\"prompt_tokens\":5}\n{\"prompt_tokens\":6}\n");
    EXPECT_EQ(brief(readRows(source)), (Brief{{0, 5, -1}, {0, 6, -1}}));
}

TEST(Columns, AMapForAFormatWithColumnsOfItsOwnIsAnError) {
    const TempDir dir;
    TraceSource source;
    source.path = dir.write("a.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\n1,2,3\n");
    source.columns.timeUnitSeconds = 0.001;
    EXPECT_NE(readRows(source).error.find("read as azure"), std::string::npos);
    source.columns = {{{"time", "TIMESTAMP"}}, 0};
    EXPECT_NE(readRows(source).error.find("read as azure"), std::string::npos);
    // Called csv it may have one.
    source.format = TraceFormat::csv;
    source.columns.names["prompt_tokens"] = "ContextTokens";
    EXPECT_EQ(readRows(source).error, "");
}

TEST(Columns, OfOneNameAreAnErrorWhereItMatters) {
    const TempDir dir;
    const auto rows = readRows(
        dir.write("a.csv", "TIMESTAMP,ContextTokens,note,GeneratedTokens,contexttokens,note\n"
                           "1,2,x,3,4,y\n"));
    EXPECT_NE(
        rows.error.find("a.csv:1:46: two columns are called \"ContextTokens\", numbers 2 and 5"),
        std::string::npos)
        << rows.error;
    EXPECT_EQ(readRows(dir.write("a.csv", "TIMESTAMP,ContextTokens,note,GeneratedTokens,note\n"
                                          "1,2,x,3,y\n"))
                  .error,
              "");
}

TEST(Columns, AKeyThatOnlyLaterRequestsHaveIsFound) {
    const TempDir dir;
    std::string text;
    for (int i = 0; i < 3000; ++i)
        text += "{\"time\":1,\"prompt_tokens\":5}\n";
    TraceSource source;
    source.format = TraceFormat::jsonl;
    source.columns.names = {{"tenant", "who"}};
    source.path = dir.write("x.jsonl", text + "{\"time\":1,\"prompt_tokens\":5,\"who\":\"ann\"}\n");
    EXPECT_EQ(readRows(source).error, "");
    source.path = dir.write("x.jsonl", text + text);
    EXPECT_NE(readRows(source).error.find("none of 4096 requests"), std::string::npos);
}

TEST(Columns, AreCheckedWithTheSpec) {
    TraceSource source;
    source.path = "x";
    source.columns.names = {{"tennant", "who"}};
    const Status status = validate(source);
    ASSERT_FALSE(status.has_value());
    EXPECT_NE(status.error().message.find("did you mean \"tenant\"?"), std::string::npos);
}

} // namespace
} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
// Goal: no input, however broken or hostile, does more than give one clear error with its place.
// Method: a table of broken documents; files that are too large, written sparse; and documents
// mutated at random, which may be refused but must never crash, hang or grow.
#include "engine/config/documents/engine_tree.h"
#include "engine/config/text/json.h"
#include "engine/config/text/reader.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <filesystem>
#include <fstream>

namespace penstock {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;

struct Broken {
    std::string what;
    std::string name;
    std::string text;
    int line;
    std::string expected;
};

std::string aliasBomb() {
    std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 12; ++i) {
        const std::string before = "*a" + std::to_string(i - 1);
        text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
        for (int j = 1; j < 10; ++j)
            text += ", " + before;
        text += "]\n";
    }
    return text;
}

std::string repeated(std::string_view part, int times) {
    std::string out;
    for (int i = 0; i < times; ++i)
        out += part;
    return out;
}

TEST(BrokenInput, isRefusedWithItsPlace) {
    const std::vector<Broken> table{
        {"binary junk", "s.yaml", "a: 1\nb: \x7f\x45\x4c\x46"s + '\0', 2,
         "byte 0x7f does not belong"},
        {"NUL bytes", "s.yaml", "a: 1\n"s + std::string(3, '\0'), 2, "byte 0x00 does not belong"},
        {"UTF-16", "s.yaml", "\xff\xfe"s + "a", 1, "not UTF-8"},
        {"cut UTF-8", "s.yaml", "a: \xe2\x82", 1, "ends within a UTF-8 character"},
        {"overlong UTF-8", "s.yaml", "a: \xc0\xaf", 1, "not UTF-8"},
        {"truncated JSON", "t.json", "{\"queues\": [\n  {\"id\": \"a\"", 2, "this is not JSON"},
        {"JSON trailing comma", "t.json", "{\n\"a\": 1,\n}", 3, "this is not JSON"},
        {"JSON with a comment", "t.json", "{\n// no\n\"a\": 1}", 2, "this is not JSON"},
        {"JSON single quotes", "t.json", "{'a': 1}", 1, "this is not JSON"},
        {"two JSON values", "t.json", "{}\n{}", 2, "this is not JSON"},
        {"empty JSON", "t.json", "", 1, "this is not JSON"},
        {"JSON NaN", "t.json", "{\"a\": NaN}", 1, "this is not JSON"},
        {"JSON duplicate key", "t.json", "{\"a\": 1,\n \"a\": 2}", 2,
         "the key \"a\" is given twice (first at line 1)"},
        {"deep JSON", "t.json", repeated("[", 100000), 1, "nested deeper than 64 levels"},
        {"deep YAML flow", "s.yaml", repeated("[", 2000) + repeated("]", 2000), 1,
         "nested deeper than 64 levels"},
        {"deep YAML block", "s.yaml", repeated("- ", 5000) + "x", 1,
         "nested deeper than 64 levels"},
        {"YAML duplicate key", "s.yaml", "a: 1\nb: 2\na: 3\n", 3,
         "the key \"a\" is given twice (first at line 1)"},
        {"YAML tab indentation", "s.yaml", "a:\n\tb: 1\n", 2, "this is not YAML"},
        {"YAML unclosed quote", "s.yaml", "z: 'it''s'\né: \"x\nb: 1\n", 2, "never closed"},
        {"YAML unclosed single quote", "s.yaml", "a: 'it''s\nb: 1\n", 1, "never closed"},
        {"YAML unclosed list", "s.yaml", "a: [1, 2\nb: 1\n", 2, "this is not YAML"},
        {"YAML bad indentation", "s.yaml", "a:\n    b: 1\n  c: 2\n", 3, "this is not YAML"},
        {"unknown alias", "s.yaml", "a: *nothing\n", 1, "this is not YAML"},
        {"an alias of its own parent", "s.yaml", "a: &x\n  b: *x\n", 2,
         "this is not YAML|contains it"},
        {"alias bomb", "s.yaml", aliasBomb(), 6, "more than 1000000 values once aliases"},
        {"merge key", "s.yaml", "a: &a {x: 1}\nb:\n  <<: *a\n", 3, "merge keys (<<)"},
        {"tag", "s.yaml", "a: !secret x\n", 1, "the tag"},
        {"list as a key", "s.yaml", "? [a]\n: 1\n", 1, "a key must be a plain name"},
        {"two YAML documents", "s.yaml", "a: 1\n---\nb: 1\n", 3, "second document"},
        {"many keys", "s.yaml",
         [] {
             std::string text;
             for (int i = 0; i < 5000; ++i)
                 text += "k" + std::to_string(i) + ": 1\n";
             return text;
         }(),
         4097, "more than 4096 keys"},
        {"a long line", "s.yaml", "a: 1\nb: " + std::string(2 << 20, 'x'), 2,
         "longer than 1.0 MiB"},
    };
    for (const Broken& row : table) {
        const auto document = Document::parse(row.text, row.name);
        ASSERT_FALSE(document) << row.what;
        EXPECT_EQ(document.error().file, row.name) << row.what;
        EXPECT_EQ(document.error().line, row.line) << row.what << ": " << document.error().text();
        if (row.expected.find('|') == std::string::npos) {
            EXPECT_THAT(document.error().message, HasSubstr(row.expected)) << row.what;
        }
    }
}

class Files : public testing::Test {
  protected:
    void SetUp() override {
        folder_ = std::filesystem::temp_directory_path() /
                  ("penstock-broken-" + std::to_string(::getpid()));
        std::filesystem::create_directories(folder_);
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    std::string file(const std::string& name, const std::string& text) {
        std::ofstream(folder_ / name, std::ios::binary) << text;
        return (folder_ / name).string();
    }
    std::filesystem::path folder_;
};

TEST_F(Files, aLineOfAGigabyteIsNoticedAtItsBeginning) {
    const std::string path = file("big.yaml", "a: 1\nb: " + std::string(2 << 20, 'x'));
    std::filesystem::resize_file(path, std::uintmax_t{1} << 30); // sparse: the rest is a hole
    const auto document = Document::load(path);
    ASSERT_FALSE(document);
    EXPECT_EQ(document.error().line, 2);
    EXPECT_THAT(document.error().message, HasSubstr("this line is longer than 1.0 MiB"));
}

TEST_F(Files, whatCannotBeReadSaysWhy) {
    const auto missing = Document::load((folder_ / "none.yaml").string());
    ASSERT_FALSE(missing);
    EXPECT_THAT(missing.error().text(), HasSubstr("none.yaml: cannot be opened: No such file"));
    const auto directory = Document::load(folder_.string());
    ASSERT_FALSE(directory);
    EXPECT_THAT(directory.error().text(), HasSubstr("this is a folder"));
    std::string lines;
    for (int i = 0; i < 200; ++i)
        lines += "a: 1\n";
    const auto large =
        Document::load(file("large.yaml", lines), Syntax::detect, {.fileBytes = 500});
    ASSERT_FALSE(large);
    EXPECT_THAT(large.error().text(), HasSubstr("larger than 500 bytes"));
}

struct Value {
    std::string text; // of "v: TEXT"
    std::string expected;
};

TEST(BrokenValues, sayTheValueAndWhatWouldBeRight) {
    const std::vector<Value> numbers{
        {".nan", ".nan is not a finite number"},
        {"NaN", "is not a finite number"},
        {"-.inf", "is not a finite number"},
        {"Infinity", "is not a finite number"},
        {"1e999", "1e999 is not a number"},
        {"0,5", "decimals take a point"},
        {"0x10", "0x10 is not a number"},
        {"5s", "5s is not a number"},
        {"-1", "-1 is out of range; it must be a number from 0 to 100 (requests/s)"},
        {"101", "101 is out of range"},
        {"[1]", "a list of 1 is not a number"},
        {"{a: 1}", "a mapping is not a number"},
        {"yes", "yes is not a number"},
        {"\"5\"", "\"5\" is text; write the number without quotes"},
    };
    for (const Value& row : numbers) {
        const auto document = Document::parse("x: 1\nv: " + row.text + "\n", "s.yaml");
        ASSERT_TRUE(document) << row.text;
        Problems problems;
        Reader reader = Reader::root(*document, problems);
        reader.integer("x", {});
        const double value = reader.number("v", {.min = 0, .max = 100, .unit = "requests/s"}, 3.0);
        EXPECT_EQ(value, 3.0);
        ASSERT_EQ(problems.all().size(), 1u) << row.text;
        EXPECT_EQ(problems.all()[0].line, 2);
        EXPECT_EQ(problems.all()[0].column, 4);
        EXPECT_THAT(problems.all()[0].text(), HasSubstr(row.expected));
    }
    const std::vector<Value> integers{{"1.5", "1.5 is not whole"},
                                      {"1e30", "1e30 is out of range"},
                                      {"99999999999999999999", "is out of range"},
                                      {"two", "two is not a whole number"},
                                      {".inf", "is not a finite number"}};
    for (const Value& row : integers) {
        const auto document = Document::parse("v: " + row.text + "\n", "s.yaml");
        Problems problems;
        Reader reader = Reader::root(*document, problems);
        reader.integer<std::int32_t>("v", {0, 64});
        ASSERT_EQ(problems.all().size(), 1u) << row.text;
        EXPECT_THAT(problems.all()[0].text(), HasSubstr(row.expected));
    }
    const std::vector<Value> durations{{"5 s", "is not a duration"},
                                       {"-5s", "-5s is out of range"},
                                       {"1e300", "is not a duration"},
                                       {"1h1x", "is not a duration"},
                                       {".nan", "is not a duration"}};
    for (const Value& row : durations) {
        const auto document = Document::parse("v: " + row.text + "\n", "s.yaml");
        Problems problems;
        Reader reader = Reader::root(*document, problems);
        reader.duration("v");
        ASSERT_EQ(problems.all().size(), 1u) << row.text;
        EXPECT_THAT(problems.all()[0].text(), HasSubstr(row.expected));
    }
}

// yaml-cpp reads two of YAML's escapes as single bytes that are not UTF-8; what is read must be
// text that can be written again.
TEST(BrokenInput, everyEscapeOfAQuoteIsWholeText) {
    const auto document =
        Document::parse("\"\\_k\\N\": \"é\\_\\Nü\\L\\P\\xa0\\x85\\u0085\\U000000a0\"\n", "s.yaml");
    ASSERT_TRUE(document) << document.error().text();
    const Member& member = document->root().members.at(0);
    EXPECT_EQ(member.key, "\u00a0k\u0085");
    EXPECT_EQ(member.value.text, "é\u00a0\u0085ü\u2028\u2029\u00a0\u0085\u0085\u00a0");
    const auto again = Document::parse(jsonText(document->root()), "again", Syntax::json);
    ASSERT_TRUE(again);
    EXPECT_EQ(toJson(again->root()), toJson(document->root()));
}

// A document with something of everything, to be mutated.
constexpr std::string_view kSeeds[] = {
    R"({"url":"redis://r","poll_interval_ms":500,"queues":[{"queue_name":"a","igw_base_url":"http://i",
"gate_type":"composite","gate_params":{"gates":"[{\"gate_type\":\"redis-quota\"}]"},"labels":{"t":"x"}}]})",
    "engine: &e\n  transport:\n    queues: [{queue_name: a, gate_type: x, gate_params: {y: 1}}]\n"
    "  semantics: {preset: llm-d-async-0.9, lease: 45s}\nother: [*e, 'q''q', \"\\u00e9\", |\n  "
    "text\n]\n",
    "- id: p\n  workers: 5\n- {id: q, workers: 1e2, gate_type: constant}\n# comment\n",
};

RC_GTEST_PROP(BrokenInput, mutatedDocumentsNeverDoMoreThanFail, ()) {
    std::string text(
        *rc::gen::elementOf(std::vector<std::string_view>(std::begin(kSeeds), std::end(kSeeds))));
    const int changes = *rc::gen::inRange(1, 12);
    for (int i = 0; i < changes && !text.empty(); ++i) {
        const auto at = *rc::gen::inRange<std::size_t>(0, text.size());
        switch (*rc::gen::inRange(0, 4)) {
        case 0:
            text.erase(at, *rc::gen::inRange<std::size_t>(1, 6));
            break;
        case 1:
            text.insert(at, 1, *rc::gen::elementOf("{}[]:,-\"'|>&*!%#?\n \t\\0a."s));
            break;
        case 2:
            text[at] = *rc::gen::arbitrary<char>();
            break;
        default:
            text.insert(at, text.substr(at, *rc::gen::inRange<std::size_t>(0, 40)));
            break;
        }
    }
    for (const Syntax syntax : {Syntax::detect, Syntax::yaml, Syntax::json}) {
        const auto document = Document::parse(text, "fuzz", syntax);
        if (!document) {
            RC_ASSERT(!document.error().message.empty());
            continue;
        }
        std::vector<Document> parts{*document};
        if (const auto tree = engineTree(std::move(parts))) (void)readEngine(*tree);
        (void)engineTreeFromHelm(*document);
        // What was read can be written and read again as the same tree.
        const auto again = Document::parse(jsonText(document->root()), "again", Syntax::json);
        RC_ASSERT(again.has_value());
        RC_ASSERT(toJson(again->root()).dump() == toJson(document->root()).dump());
        const auto yaml = Document::parse(yamlText(document->root()), "again", Syntax::yaml);
        RC_ASSERT(yaml.has_value());
        RC_ASSERT(toJson(yaml->root()).dump() == toJson(document->root()).dump());
    }
}

} // namespace
} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
// `penstock import` as a person meets it: a column map, transforms, forms of output, and files that
// are left alone when it fails.
#include "tests/app/cli/program.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <unistd.h>

using namespace program;

namespace {

// A folder for one test, with a trace of the user's own in it.
class Import : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern =
            (std::filesystem::path(::testing::TempDir()) / "import-XXXXXX").string();
        folder_ = mkdtemp(pattern.data());
        write("own.csv", "ts,in,out\n1000,5,6\n2500,7,8\n4000,9,10\n");
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    std::string file(const std::string& name) const { return (folder_ / name).string(); }
    void write(const std::string& name, const std::string& content) const {
        std::ofstream(file(name), std::ios::binary) << content;
    }
    std::string read(const std::string& name) const {
        std::ifstream in(file(name), std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }

    std::string mapped() const {
        return "import csv " + file("own.csv") +
               " --column time=ts --column prompt_tokens=in --column output_tokens=out ";
    }

    std::filesystem::path folder_;
};

void expectRefusal(const Outcome& o, const std::vector<std::string>& words) {
    EXPECT_EQ(o.code, 2) << o.text;
    for (const std::string& word : words)
        EXPECT_NE(o.text.find(word), std::string::npos) << word << " in " << o.text;
}

TEST_F(Import, MapsColumnsAndUnits) {
    const Outcome o = penstock(mapped() + "--time-unit 1ms --json", false);
    const auto statistics = nlohmann::json::parse(o.text, nullptr, false);
    ASSERT_FALSE(statistics.is_discarded()) << o.text;
    EXPECT_EQ(statistics["rows_kept"], 3);
    EXPECT_EQ(statistics["span_s"], 3.0);
    EXPECT_EQ(statistics["prompt_tokens"]["max"], 9);
    expectRefusal(penstock("import csv " + file("own.csv") + " --column prompt_tokens=in"),
                  {"no column \"time\"", "--column time=NAME"});
    expectRefusal(penstock(mapped() + "--column tyme=ts"), {"--column", "did you mean \"time\"?"});
    expectRefusal(penstock(mapped() + "--column time=in"), {"mapped twice"});
    expectRefusal(penstock(mapped() + "--column time"), {"OURS=THEIRS"});
    expectRefusal(penstock(mapped() + "--time-unit soon"), {"--time-unit", "soon"});
    expectRefusal(penstock(mapped() + "--time-unit 0s"), {"above 0"});
}

TEST_F(Import, TransformsAsAScenarioDoes) {
    const Outcome o = penstock(mapped() + "--time-unit 1ms --transform '{slice: {from: 1s}}' "
                                          "--transform '{clamp: {max_prompt_tokens: 8}}' -o -",
                               false);
    EXPECT_EQ(o.text, "{\"time\":0.5,\"prompt_tokens\":7,\"output_tokens\":8}\n"
                      "{\"time\":2,\"prompt_tokens\":8,\"output_tokens\":10}\n");
    const std::string dither = mapped() + "--transform '{dither: {grid: 1h}}' -o - --seed ";
    EXPECT_EQ(penstock(dither + "1", false).text, penstock(dither + "1", false).text);
    EXPECT_NE(penstock(dither + "1", false).text, penstock(dither + "2", false).text);
    expectRefusal(penstock(mapped() + "--transform '{dithr: {}}'"), {"--transform", "dither"});
    expectRefusal(penstock(mapped() + "--transform '{dither: {gird: 3s}}'"), {"gird", "grid"});
    expectRefusal(penstock(mapped() + "--transform dither"), {"--transform", "mapping"});
    expectRefusal(penstock(mapped() + "--transform '{scale: {mode: thin, factor: 2}}'"),
                  {"transforms[0].factor", "superpose"});
    expectRefusal(penstock(mapped() + "--transform '{loop: {}}'"), {"for ever"});
}

TEST_F(Import, WritesTheFormThatIsMeant) {
    const auto to = [&](const std::string& more) { return penstock(mapped() + more).code; };
    EXPECT_EQ(to("-o " + file("a.csv")), 0);
    EXPECT_EQ(read("a.csv").substr(0, 19), "time,prompt_tokens,");
    EXPECT_EQ(to("-o " + file("a.jsonl")), 0);
    EXPECT_EQ(read("a.jsonl").front(), '{');
    EXPECT_EQ(to("-o " + file("a.jsonl.gz")), 0);
    EXPECT_EQ(read("a.jsonl.gz").substr(0, 2), "\x1f\x8b");
    EXPECT_EQ(to("--to jsonl -o " + file("b.csv")), 0);
    EXPECT_EQ(read("b.csv").front(), '{');
    EXPECT_EQ(to("--to blis -o " + file("t.csv")), 0);
    EXPECT_EQ(read("t.csv").substr(0, 21), "request_id,client_id,");
    EXPECT_EQ(read("t.yaml").substr(0, 16), "trace_version: 2");
    EXPECT_EQ(penstock("import auto " + file("t.csv")).code, 0);

    expectRefusal(penstock(mapped() + "-o " + file("a.blis")), {"a.blis", "--to blis"});
    expectRefusal(penstock(mapped() + "-o " + file("a")), {"--to csv"});
    expectRefusal(penstock(mapped() + "--to parquet -o " + file("a")), {"parquet"});
    expectRefusal(penstock(mapped() + "--to csv"), {"--output"});
    EXPECT_FALSE(std::filesystem::exists(file("a.blis")));
}

TEST_F(Import, LeavesWhatWasThereWhenItFails) {
    write("bad.csv", "time,prompt_tokens\n1,5\n2,x\n");
    write("out.csv", "precious");
    expectRefusal(penstock("import csv " + file("bad.csv") + " -o " + file("out.csv")),
                  {"bad.csv:3:3", "\"x\""});
    EXPECT_EQ(read("out.csv"), "precious");
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 3);
    if (std::filesystem::exists("/dev/full")) {
        expectRefusal(penstock(mapped() + "--to csv -o /dev/full"), {"/dev/full"});
        EXPECT_TRUE(std::filesystem::exists("/dev/full"));
    }
}

TEST_F(Import, SaysWhatItCannotReadInsteadOfWaiting) {
    expectRefusal(penstock("import azure /dev/null"), {"a pipe or a device"});
    expectRefusal(penstock("import azure " + folder_.string()), {"directory"});
    expectRefusal(penstock("import auto " + folder_.string()), {"no ServeGen folder"});
}

} // namespace

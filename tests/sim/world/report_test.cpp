// SPDX-License-Identifier: Apache-2.0
// Goal: a report says where its requests came from, what of a trace was left out and what was
// moved, and how much the prefix caches had. Method: a small trace written here, with all of it in
// it.
#include "engine/record/report/html_report.h"
#include "tests/sim/world/scenario_support.h"

#include <filesystem>
#include <fstream>

namespace penstock::sim {
namespace {

std::string traceFile() {
    const auto file = std::filesystem::path(::testing::TempDir()) / "ten.csv";
    std::ofstream out{file};
    out << "time,prompt_tokens,output_tokens\n0,100,10\n1,100,10\n3,100,10\n2,100,10\n4,9000,10\n"
           "5,100,10\n6,100,10\n7,9000,10\n8,100,10\n9,100,10\n";
    return file.string();
}

std::string traced(const std::string& more) {
    return "scenario: {name: traced, horizon: 1m}\n"
           "pool: {replicas: [{gpu: H100, model: Llama-3.1-8B, prefix_cache: true}]}\n"
           "sources:\n"
           "  - {name: replayed, to: router, arrivals: {process: trace, format: csv, file: " +
           traceFile() + more +
           "}}\n"
           "  - {name: chat, to: router, arrivals: {process: poisson, rate: 1},\n"
           "     prompt_tokens: 500, output_tokens: 10,\n"
           "     prefix: {groups: 1, tokens: 400, added: false}}\n"
           "engine: {transport: {queues: [{id: q, queue_name: q}]}}\n";
}

TEST(Report, saysWhereItsRequestsCameFrom) {
    auto world = test::makeText(traced(", transforms: [{filter: {max_prompt_tokens: 1000}}]"));
    ASSERT_NE(world, nullptr);
    const Report report = test::run(*world);
    const Json json = toJson(report)["sources"];
    const Json& trace = json["replayed"]["traffic"];
    EXPECT_EQ(trace["process"], "trace");
    EXPECT_EQ(trace["file"], traceFile());
    EXPECT_EQ(trace["sha256"].get<std::string>().size(), 64U);
    EXPECT_EQ(trace["format"], "csv");
    EXPECT_EQ(trace["transforms"].size(), 1U);
    EXPECT_EQ(trace["rows_read"], 10);
    EXPECT_EQ(trace["rows_kept"], 8);
    EXPECT_EQ(trace["dropped"].size(), 1U);
    EXPECT_EQ(trace["inversions_repaired"], 1);
    EXPECT_EQ(json["chat"]["traffic"]["process"], "poisson");
    EXPECT_FALSE(json["chat"]["traffic"].contains("sha256"));

    const std::string text = toText(report);
    EXPECT_NE(text.find("replayed: of its trace 2 of 10 rows dropped"), std::string::npos) << text;
    EXPECT_NE(text.find("1 rows put in order"), std::string::npos) << text;
    const std::string page = toHtml(report, world->recorder().charts(world->now()));
    EXPECT_NE(page.find(trace["sha256"].get<std::string>()), std::string::npos);
    EXPECT_NE(page.find("8 rows kept of 10 read"), std::string::npos);
}

TEST(Report, saysNothingOfATraceThatIsUsedAsItIs) {
    std::string text = traced("");
    auto world = test::makeText(text, {"sources[replayed].arrivals={process: poisson, rate: 1}"});
    ASSERT_NE(world, nullptr);
    const Report report = test::run(*world);
    EXPECT_EQ(toText(report).find("of its trace"), std::string::npos);
    EXPECT_EQ(toHtml(report, world->recorder().charts(world->now())).find("<h2>Traces"),
              std::string::npos);
}

// The shared 400 tokens are computed once; every later prompt finds its whole blocks of 16 of them.
TEST(Report, countsWhatPrefixCachesHad) {
    auto world = test::makeText(traced(""));
    ASSERT_NE(world, nullptr);
    const Report report = test::run(*world);
    const auto chats = toJson(report)["sources"]["chat"]["arrivals"].get<std::uint64_t>();
    const auto cached = toJson(report)["pool"]["cached_prompt_tokens"].get<std::uint64_t>();
    EXPECT_EQ(cached, 400 * (chats - 1));
    EXPECT_NE(toText(report).find("prefix caches had"), std::string::npos);
}

} // namespace
} // namespace penstock::sim

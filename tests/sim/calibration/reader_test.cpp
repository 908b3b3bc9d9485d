// SPDX-License-Identifier: Apache-2.0
// Goal: people bring their own measurements, and are told what is wrong with them. Method: small
// files of each kind are read into the experiments they describe; broken ones are refused with
// file, line, column, value and what would be right.
#include "tests/sim/calibration/support.h"

#include <fmt/format.h>

namespace penstock::sim {
namespace {

const char* const kServer = "{gpu: H100, model: Llama-3.1-8B}";

TEST(MeasuredFile, loadStagesUnderTheNamesThatPublishedFilesUse) {
    const auto file = test::write(
        "a.csv",
        "\xEF\xBB\xBFvariant,offered_rps,prompt_tokens_mean,output_tokens_mean,completed_rps,"
        "ttft_mean_ms,tpot_mean_ms,extra\r\n"
        "x,10,200.5,60,10,30,8,?\r\ny,10,1,1,1,1,1,?\r\nx,100,200,60,80,900,20,?");
    auto spec = test::specFor(file, "{gpu: H100, model: Llama-3.1-8B, max_num_seqs: 64, a0: 5ms}");
    spec.where = {{"variant", "x"}};
    spec.inFlightMax = 44;
    const auto m = test::read(spec);
    ASSERT_TRUE(m) << m.error().text();
    const MeasurementSet& set = m->sets.at(0);
    ASSERT_EQ(set.rows.size(), 2U);
    const auto& stage = std::get<LoadStage>(set.experiments[0].what);
    EXPECT_EQ(stage.perSecond, 10.0);
    EXPECT_EQ(stage.promptTokens, 200.5);
    EXPECT_EQ(stage.inFlightMax, 44);
    EXPECT_FALSE(set.rows[0].saturated);
    EXPECT_TRUE(set.rows[1].saturated);
    EXPECT_DOUBLE_EQ(set.rows[1].load, 100.0 / 80.0);
    EXPECT_EQ(set.rows[1].line, 4);
    EXPECT_DOUBLE_EQ(set.rows[0].measured[Quantity::e2e], 30.0 + 59 * 8); // made from the others
    EXPECT_EQ(m->deployments.size(), 1U);
    EXPECT_EQ(m->deployments[0].replica.config.maxNumSeqs, 64);
    EXPECT_EQ(m->deployments[0].replica.config.apiDelayNs, 5'000'000);
    EXPECT_TRUE(m->deployments[0].a0Given);
}

TEST(MeasuredFile, closedLoopsWithTheServerInTheirColumns) {
    const auto file = test::write("b.csv", "tp,model,isl,osl,concurrency,ttft_ms,tpot_ms\n"
                                           "2,Qwen3-32B,1024,128,8,100,18\n"
                                           "4,Qwen3-32B,1024,128,8,100,18\n"
                                           "2,Qwen3-32B,4096,1024,500,100,18\n");
    auto spec = test::specFor(file, "{gpu: H100}");
    spec.groupBy = {"tp"};
    const auto m = test::read(spec);
    ASSERT_TRUE(m) << m.error().text();
    ASSERT_EQ(m->deployments.size(), 2U);
    EXPECT_EQ(m->deployments[0].key, "H100 Qwen3-32B");
    EXPECT_EQ(m->deployments[1].key, "H100 Qwen3-32B"); // one a0, whatever the tp
    EXPECT_EQ(m->deployments[1].replica.tp, 4);
    const MeasurementSet& set = m->sets.at(0);
    EXPECT_EQ(set.rows[0].label, "tp 2, 1024/128 x8");
    EXPECT_EQ(set.rows[1].group, "calibration-b.csv, tp 4");
    EXPECT_FALSE(set.rows[0].saturated);
    EXPECT_TRUE(set.rows[2].saturated) << "500 users of 5,119 tokens do not fit the memory";
}

TEST(MeasuredFile, aLogOfRequestsInSlices) {
    std::string log;
    for (int i = 0; i < 100; ++i) {
        log += fmt::format("{{\"queued_ts\": {}, \"input_toks\": 10, \"output_toks\": 3, "
                           "\"first_token_ts\": {}, \"last_token_ts\": {}}}\n",
                           1000.0 + i, 1000.5 + i, 1002.5 + i);
    }
    const auto m = test::read(test::specFor(test::write("c.jsonl", log), kServer));
    ASSERT_TRUE(m) << m.error().text();
    const MeasurementSet& set = m->sets.at(0);
    ASSERT_EQ(set.rows.size(), 5U); // of twenty
    EXPECT_DOUBLE_EQ(set.rows[4].measured[Quantity::ttft], 500.0);
    EXPECT_DOUBLE_EQ(set.rows[4].measured[Quantity::tpot], 1000.0);
    EXPECT_DOUBLE_EQ(set.rows[4].measured[Quantity::e2e], 2500.0);
    const auto& requests = std::get<std::vector<LoggedRequest>>(set.experiments.at(0).what);
    EXPECT_EQ(requests[99].sentNs, 99'000'000'000);
    const auto predicted = predict(set, 0, m->deployments[0].replica.config);
    EXPECT_EQ(predicted.size(), 5U);
}

struct Broken {
    const char* name;
    const char* text;
    const char* replica;
    std::vector<const char*> says;
};

TEST(MeasuredFile, brokenOnesAreRefusedWithPlaceAndRemedy) {
    const Broken cases[] = {
        {"empty.csv", "", kServer, {"has no rows"}},
        {"header.csv", "offered_rps,isl,osl,tpot_ms\n", kServer, {"has no rows"}},
        {"kind.csv",
         "isl,osl,tpot_ms\n1,1,1\n",
         kServer,
         {":1:", "no experiment", "offered_rps", "concurrency", "found isl, osl, tpot_ms"}},
        {"noisl.csv",
         "concurrency,osl,tpot_ms\n1,1,1\n",
         kServer,
         {":1:", "no column prompt_tokens"}},
        {"text.csv",
         "concurrency,isl,osl,tpot_ms\n1,10,10,5\n2,10,10,fast\n",
         kServer,
         {":3:9:", "tpot_ms", "\"fast\" is not a number"}},
        {"negative.csv",
         "offered_rps,isl,osl,tpot_ms\n-3,10,10,5\n",
         kServer,
         {":2:1:", "\"-3\"", "from 0.001"}},
        {"zero.csv", "concurrency,isl,osl,tpot_ms\n1,10,10,0\n", kServer, {":2:9:", "\"0\""}},
        {"nan.csv", "concurrency,isl,osl,tpot_ms\n1,10,10,nan\n", kServer, {":2:9:", "\"nan\""}},
        {"hole.csv", "concurrency,isl,osl,tpot_ms\n1,,10,5\n", kServer, {":2:", "isl", "is empty"}},
        {"nothing.csv",
         "concurrency,isl,osl,tpot_ms\n1,10,10,\n",
         kServer,
         {":2:", "nothing is measured", "ttft_ms"}},
        {"ragged.csv",
         "concurrency,isl,osl,tpot_ms\n1,10,10\n",
         kServer,
         {":2:", "where the header has 4"}},
        {"tp.csv",
         "tp,concurrency,isl,osl,tpot_ms\ntwo,1,10,10,5\n",
         kServer,
         {":2:1:", "two is not a whole number"}},
        {"gpu.csv",
         "gpu,concurrency,isl,osl,tpot_ms\nH1,1,10,10,5\n",
         "{model: Qwen3-32B}",
         {":2:1:", "unknown GPU 'H1'"}},
        {"model.csv",
         "concurrency,isl,osl,tpot_ms\n1,10,10,5\n",
         "{gpu: H100}",
         {"model", "missing"}},
        {"key.csv",
         "concurrency,isl,osl,tpot_ms\n1,10,10,5\n",
         "{gpu: H100, model: Qwen3-32B, max_seqs: 4}",
         {"max_seqs", "max_num_seqs"}},
        {"log.jsonl",
         "{\"queued_ts\": 1, \"isl\": 5, \"osl\": 5}\n",
         kServer,
         {":1:", "first_token_ts"}},
        {"order.jsonl",
         "{\"queued_ts\": 9, \"isl\": 5, \"osl\": 5, \"first_token_ts\": 8, \"last_token_ts\": "
         "10}\n",
         kServer,
         {":1:", "first_token_ts", "from 9"}},
        {"json.jsonl", "[1, 2]\n", kServer, {":1:1:", "one JSON object a line"}},
        {"twice.csv",
         "concurrency,isl,ISL,osl,tpot_ms\n1,10,20,10,5\n",
         kServer,
         {":1:17:", "two columns are called \"ISL\""}},
        {"both.csv",
         "concurrency,offered_rps,isl,osl,tpot_ms\n1,2,10,10,5\n",
         kServer,
         {":1:", "both concurrency and offered_rps"}},
        {"half.csv",
         "concurrency,isl,osl,tpot_ms\n1.7,10,10,5\n",
         kServer,
         {":2:1:", "1.7 users", "whole number"}},
        {"huge.csv",
         "concurrency,isl,osl,tpot_ms\n1,9000000,10,5\n",
         kServer,
         {":2:3:", "9000000 tokens do not fit", "kv_blocks"}},
        {"servers.jsonl",
         "{\"queued_ts\": 1, \"isl\": 5, \"osl\": 5, \"ttft_ms\": 8, \"e2e_ms\": 10, \"tp\": 2}\n"
         "{\"queued_ts\": 2, \"isl\": 5, \"osl\": 5, \"ttft_ms\": 8, \"e2e_ms\": 10, \"tp\": 4}\n",
         kServer,
         {":2:", "another server"}},
    };
    for (const Broken& c : cases) {
        const auto m = test::read(test::specFor(test::write(c.name, c.text), c.replica));
        ASSERT_FALSE(m) << c.name;
        for (const char* part : c.says) {
            EXPECT_NE(m.error().text().find(part), std::string::npos)
                << c.name << ": \"" << m.error().text() << "\" lacks " << part;
        }
    }
    const auto absent = test::read(test::specFor("/nowhere/x.csv", kServer));
    ASSERT_FALSE(absent);
    EXPECT_NE(absent.error().text().find("/nowhere/x.csv"), std::string::npos);
}

// Any of the names that --help lists may be mapped, and the server's columns too.
TEST(MeasuredFile, columnsUnderOtherNames) {
    auto spec =
        test::specFor(test::write("mapped.csv", "gpus,crowd,in,out,ms\n4,3,100,10,7\n"), kServer);
    spec.columns = {{"tp", "gpus"},
                    {"concurrency", "crowd"},
                    {"isl", "in"},
                    {"output_toks", "out"},
                    {"tpot_ms", "ms"}};
    const auto m = test::read(spec);
    ASSERT_TRUE(m) << m.error().text();
    const auto& loop = std::get<ClosedLoop>(m->sets[0].experiments[0].what);
    EXPECT_EQ(loop.promptTokens, 100);
    EXPECT_EQ(loop.outputTokens, 10);
    EXPECT_EQ(m->deployments[0].replica.tp, 4);
    spec.columns["crowdd"] = "crowd";
    const auto unknown = test::read(spec);
    ASSERT_FALSE(unknown);
    EXPECT_NE(unknown.error().text().find("no column of ours is called \"crowdd\""),
              std::string::npos);
}

TEST(MeasuredFile, usersStartTogetherOrSpreadOverARequest) {
    auto spec = test::specFor(
        test::write("start.csv", "concurrency,isl,osl,ttft_ms,tpot_ms\n4,100,11,50,5\n"), kServer);
    EXPECT_DOUBLE_EQ(
        std::get<ClosedLoop>(test::read(spec)->sets[0].experiments[0].what).rampSeconds, 0.1);
    spec.startTogether = true;
    const auto m = test::read(spec);
    EXPECT_DOUBLE_EQ(std::get<ClosedLoop>(m->sets[0].experiments[0].what).rampSeconds, 0.0);
}

// One broken file must not hide what the others say.
TEST(MeasuredFile, aBrokenOneIsNamedBesideTheOthers) {
    const auto good =
        test::specFor(test::write("good.csv", "concurrency,isl,osl,tpot_ms\n1,10,10,5\n"), kServer);
    const auto bad =
        test::specFor(test::write("bad.csv", "concurrency,isl,osl,tpot_ms\n1,10,10,x\n"), kServer);
    EXPECT_FALSE(readMeasurements({bad, good}, test::hardware(), false));
    const auto m = readMeasurements({bad, good}, test::hardware(), true);
    ASSERT_TRUE(m);
    EXPECT_EQ(m->sets.size(), 1U);
    ASSERT_EQ(m->unreadable.size(), 1U);
    EXPECT_NE(m->unreadable[0].second.text().find("bad.csv:2:9"), std::string::npos);
}

TEST(Plan, theShippedOneIsSoundAndAbsentDataIsListed) {
    const auto plan = readPlan(test::kRoot + "/resources/measurements.yaml", "/nowhere");
    ASSERT_TRUE(plan) << plan.error().text();
    EXPECT_EQ(plan->measurements.size(), 6U);
    EXPECT_FALSE(plan->bounds.empty());
    const auto m = readMeasurements(plan->measurements, test::hardware(), true);
    ASSERT_TRUE(m) << m.error().text();
    EXPECT_TRUE(m->sets.empty());
    EXPECT_EQ(m->missing.size(), 6U);
    EXPECT_FALSE(readMeasurements(plan->measurements, test::hardware(), false));
}

TEST(Plan, theOneOfUnseenRowsIsSound) {
    const auto plan = readPlan(test::kRoot + "/resources/unseen.yaml", "/nowhere");
    ASSERT_TRUE(plan) << plan.error().text();
    const auto m = readMeasurements(plan->measurements, test::hardware(), true);
    ASSERT_TRUE(m) << m.error().text();
    EXPECT_EQ(m->missing.size(), plan->measurements.size());
    for (const MeasurementSpec& spec : plan->measurements)
        EXPECT_FALSE(spec.fit) << spec.name;
}

TEST(Plan, mistakesNameTheirPlace) {
    const std::pair<const char*, const char*> cases[] = {
        {"measurements: []\n", "measurements"},
        {"measurements: [{name: a, file: b.csv, wehre: {x: y}}]\n", "where"},
        {"measurements: [{name: a, file: b.csv}]\nbounds: {e_w: [0.5, 1.2]}\n", "1.2"},
        {"measurements: [{name: a, file: b.csv}]\nbounds: {e_w: [0.8, 0.5]}\n", "above the most"},
        {"measurements: [{name: a, file: b.csv, checks: [{quantity: speed, below: 1}]}]\n",
         "speed"},
    };
    for (const auto& [text, says] : cases) {
        const auto plan = readPlan(test::write("plan.yaml", text), "");
        ASSERT_FALSE(plan) << text;
        EXPECT_NE(plan.error().text().find(says), std::string::npos) << plan.error().text();
    }
}

} // namespace
} // namespace penstock::sim

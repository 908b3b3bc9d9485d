// SPDX-License-Identifier: Apache-2.0
// The program as a person or a CI job meets it: exit codes, what goes to which stream, files
// written, and a fingerprint that does not depend on whether the run was recorded.
#include "tests/app/cli/program.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <sys/wait.h>

using namespace program;

namespace {

const std::string kScenarios = std::string(PENSTOCK_SOURCE_DIR) + "/scenarios/";

std::string temporary(const std::string& name) {
    return (std::filesystem::path(::testing::TempDir()) / name).string();
}

TEST(Cli, exitCodesSayWhatHappened) {
    const std::string brief = "run " + kScenarios + "code-onoff.yaml --until 130s -q ";
    EXPECT_EQ(penstock(brief + "--assert 'sources.code.arrivals >= 0'").code, 1)
        << "the scenario's own expectations cannot be met in two minutes";
    EXPECT_EQ(penstock("run nowhere.yaml").code, 2);
    EXPECT_EQ(penstock(brief + "--set pool.replicas[0].gpu=H1000").code, 2);
    EXPECT_EQ(penstock(brief + "--assert 'no operator here'").code, 2);
    EXPECT_EQ(penstock(brief + "--until soon").code, 2);
    EXPECT_EQ(penstock(brief + "--semantics llm-d-async-0.8").code, 2);
    for (const char* wrong :
         {"--until 0s", "--until -5s", "--seed -1", "--seed 18446744073709551615", "--seed 1.5",
          "--seed seven", "--score --perfect-gate", "--assert 'score <= 1'",
          "--assert 'sources.code.arivals >= 0'", "--assert 'sources.code >= 0'",
          "--set 'expect[0].metric=sources.code.arivals'"}) {
        EXPECT_EQ(penstock("run " + kScenarios + "code-onoff.yaml -q " + wrong).code, 2) << wrong;
    }
    EXPECT_EQ(penstock("fly").code, 2);
    EXPECT_EQ(penstock("--help").code, 0);
    EXPECT_EQ(penstock("run --help").code, 0);
    EXPECT_EQ(penstock("gates").code, 0);
}

TEST(Cli, errorsNameTheCommandLine) {
    const Outcome o = penstock("run " + kScenarios +
                               "code-onoff.yaml --set 'engine.transport.queues[batch].gate_params."
                               "threshold=high'");
    EXPECT_EQ(o.code, 2);
    EXPECT_NE(o.text.find("--set"), std::string::npos) << o.text;
    EXPECT_NE(o.text.find("high"), std::string::npos) << o.text;
}

// A slip in an expectation costs no run: it is said at once, with what was probably meant.
TEST(Cli, expectationsAreReadBeforeTheRun) {
    const Outcome asserted =
        penstock("run " + kScenarios + "week-with-losses.yaml --assert 'losses.fault > 3'");
    EXPECT_NE(asserted.text.find("--assert"), std::string::npos) << asserted.text;
    EXPECT_NE(asserted.text.find("losses.faults"), std::string::npos) << asserted.text;
    const Outcome scored =
        penstock("run " + kScenarios + "code-onoff.yaml --until 130s --assert 'score <= 1'");
    EXPECT_NE(scored.text.find("--score"), std::string::npos) << scored.text;
    EXPECT_EQ(penstock("run " + kScenarios +
                       "code-onoff.yaml --until 130s --poisson --score --assert 'score <= 1' -q")
                  .code,
              0);
}

TEST(Cli, jsonOnStandardOutputIsAloneThere) {
    const Outcome o =
        penstock("run " + kScenarios + "floor-of-the-poll.yaml --until 130s --json -", false);
    const auto report = nlohmann::json::parse(o.text, nullptr, false);
    ASSERT_FALSE(report.is_discarded()) << o.text.substr(0, 200);
    EXPECT_EQ(report["schema"], "penstock.report/1");
    for (const char* key :
         {"scenario", "seed", "fingerprint", "engine_semantics", "virtual_seconds", "wall_seconds",
          "simulated_requests_per_second", "sources", "queues", "gates", "pool",
          "retry_amplification", "limiter", "advice", "expectations"}) {
        EXPECT_TRUE(report.contains(key)) << key;
    }
}

TEST(Cli, recordingChangesNothingAndCanBeCompared) {
    const std::string store = temporary("penstock-cli.db");
    std::filesystem::remove(store);
    const std::string brief = "run " + kScenarios + "reopen-stampede.yaml --until 130s -q ";
    const auto fingerprint = [](const std::string& file) {
        std::ifstream in{file};
        return nlohmann::json::parse(in)["fingerprint"].get<std::string>();
    };
    penstock(brief + "--json " + temporary("a.json"));
    penstock(brief + "--json " + temporary("b.json") + " --store " + store + " --html " +
             temporary("b.html"));
    EXPECT_EQ(fingerprint(temporary("a.json")), fingerprint(temporary("b.json")));
    EXPECT_GT(std::filesystem::file_size(temporary("b.html")), 20000U);
    const Outcome same = penstock("compare " + temporary("a.json") + " " + store);
    EXPECT_EQ(same.code, 0) << same.text;
    std::filesystem::remove(store);
}

// A recorded run is run again from its record; a move placed by hand in a log of moves makes
// another run of it, and a fingerprint that does not come out again is a failed expectation.
TEST(Cli, whatWasRecordedReplays) {
    const std::string store = temporary("penstock-replay.db");
    std::filesystem::remove(store);
    const Outcome run = penstock("run " + kScenarios +
                                 "code-onoff.yaml --until 130s --seed 9 -q "
                                 "--set engine.transport.batch_size=7 --store " +
                                 store);
    EXPECT_EQ(run.code, 1) << run.text; // its expectations need longer than two minutes
    const Outcome again =
        penstock("run --replay " + store + " -q --json " + temporary("again.json"));
    EXPECT_NE(again.text.find("as it was"), std::string::npos) << again.text;
    const Outcome byNumber = penstock("run --replay '" + store + "#1' -q");
    EXPECT_NE(byNumber.text.find("as it was"), std::string::npos) << byNumber.text;
    std::ifstream in{temporary("again.json")};
    EXPECT_EQ(nlohmann::json::parse(in)["seed"], 9);

    EXPECT_EQ(penstock("run --replay " + store + "#2 -q").code, 2);
    EXPECT_EQ(penstock("run --replay nowhere.db").code, 2);
    EXPECT_EQ(penstock("run --replay " + store + " --seed 3").code, 2);
    EXPECT_EQ(penstock("run").code, 2);
    std::filesystem::remove(store);

    std::ifstream file{kScenarios + "code-onoff.yaml"};
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    nlohmann::json log{{"schema", "penstock.moves/1"},
                       {"scenario", "code-onoff"},
                       {"origin", {{"seed", 42}, {"horizon_ns", 120'000'000'000}}},
                       {"start_ns", 1767571200000000000},
                       {"fingerprint", "0123456789abcdef"},
                       {"moves",
                        {{{"at_seconds", 30},
                          {"path", "engine.transport.queues[batch].paused"},
                          {"value", true}}}},
                       {"document", text}};
    std::ofstream(temporary("moves.json")) << log;
    const Outcome other = penstock("run --replay " + temporary("moves.json") + " -q");
    EXPECT_EQ(other.code, 1);
    EXPECT_NE(other.text.find("0123456789abcdef"), std::string::npos) << other.text;
    log["moves"][0]["path"] = "engine.no.such";
    std::ofstream(temporary("moves.json")) << log;
    const Outcome broken = penstock("run --replay " + temporary("moves.json") + " -q");
    EXPECT_EQ(broken.code, 3);
    EXPECT_NE(broken.text.find("engine.no.such"), std::string::npos) << broken.text;
}

TEST(Cli, theTableOfGatesIsTheCataloguesOwn) {
    std::ifstream in{std::string(PENSTOCK_SOURCE_DIR) + "/resources/gates.md"};
    const std::string kept{std::istreambuf_iterator<char>(in), {}};
    EXPECT_EQ(penstock("gates").text, kept) << "remake it: penstock gates > resources/gates.md";
}

TEST(Cli, checkFindsTheFloorOfThePoll) {
    const Outcome o = penstock("check " + kScenarios + "floor-of-the-poll.yaml");
    EXPECT_NE(o.text.find("quantised"), std::string::npos) << o.text;
    EXPECT_NE(o.text.find("from saturation 0.7 up"), std::string::npos) << o.text;
}

TEST(Cli, checkRemarksOnTheRouterToo) {
    const Outcome o =
        penstock("check " + kScenarios + "floor-of-the-poll.yaml --set pool.router.queue_ttl=5s");
    EXPECT_EQ(o.code, 0) << o.text;
    EXPECT_NE(o.text.find("no-effect: pool.router.queue_ttl"), std::string::npos) << o.text;
    EXPECT_NE(o.text.find("flow control is off"), std::string::npos) << o.text;
}

} // namespace

// SPDX-License-Identifier: Apache-2.0
// `penstock calibrate` and `penstock validate` as a person meets them: measurements in, a profile
// out that a scenario can name; exit codes; mistakes named with file, line, column, value and
// remedy.
#include "tests/app/cli/program.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/wait.h>

using namespace program;

namespace {

std::string file(const std::string& name, const std::string& text) {
    const auto path = (std::filesystem::path(::testing::TempDir()) / ("cli-" + name)).string();
    std::ofstream(path) << text;
    return path;
}

// Four points of a closed loop, about 15 % slower than the default constants.
std::string loop() {
    return file("loop.csv", "isl,osl,concurrency,ttft_ms,tpot_ms,e2e_ms\n"
                            "200,60,1,40,8.3,530\n200,60,8,50,9.2,593\n"
                            "200,60,32,60,12.2,780\n800,60,8,80,13.5,877\n");
}
const std::string kServer = " --replica gpu=H100 --replica model=Llama-3.1-8B ";

TEST(Calibrate, writesAProfileThatAScenarioNames) {
    const std::string profile =
        (std::filesystem::path(::testing::TempDir()) / "cli-profile.yaml").string();
    const Outcome o = penstock("calibrate " + loop() + kServer +
                               "--fit e_w,e_c,c0 --no-a0 --starts 1 --rows --profile " + profile);
    ASSERT_EQ(o.code, 0) << o.text;
    EXPECT_NE(o.text.find("| e_w |"), std::string::npos) << o.text;
    EXPECT_NE(o.text.find("200/60 x32"), std::string::npos) << o.text;
    const std::string scenario = file("scenario.yaml", R"(
scenario: {name: n, horizon: 10s}
pool: {replicas: [{gpu: H100, model: Llama-3.1-8B, profile: )" +
                                                           profile + R"(}]}
sources: [{name: s, to: router, arrivals: {process: poisson, rate: 1}}]
engine: {transport: {queues: [{id: q, queue_name: q}]}}
)");
    const Outcome run = penstock("run " + scenario + " -q");
    EXPECT_EQ(run.code, 0) << run.text;
}

TEST(Calibrate, jsonOnStandardOutputIsAloneThere) {
    const Outcome o = penstock("calibrate " + loop() + kServer +
                                   "--fit e_w --starts 1 --no-cross-validation --json -",
                               false);
    const auto json = nlohmann::json::parse(o.text, nullptr, false);
    ASSERT_FALSE(json.is_discarded()) << o.text.substr(0, 200);
    EXPECT_EQ(json["schema"], "penstock.calibration/1");
    EXPECT_EQ(json["parameters"][0]["name"], "e_w");
    EXPECT_LT(json["loss"].get<double>(), json["start_loss"].get<double>());
}

TEST(Calibrate, mistakesExitWithTwoAndSayWhatWouldBeRight) {
    struct Case {
        std::string arguments;
        const char* says;
    };
    const std::string bad = file("bad.csv", "isl,osl,concurrency,tpot_ms\n200,60,1,fast\n");
    const Case cases[] = {
        {"", "name a measured file"},
        {"nowhere.csv" + kServer, "nowhere.csv"},
        {bad + kServer, "bad.csv:2:10: tpot_ms: \"fast\" is not a number"},
        {loop() + " --replica gpu=H1000 --replica model=Llama-3.1-8B", "--replica gpu=H1000"},
        {loop() + " --replica gpu", "KEY=VALUE"},
        {loop() + kServer + "--fit e_z", "known: e_w"},
        {loop() + kServer + "--bound e_w=0.5:2", "is not a number from 0.5 to 0.95"},
        {loop() + kServer + "--where tp=2", "no column tp"},
        {loop() + kServer + "--start nowhere.yaml", "nowhere.yaml"},
        {loop() + kServer + "--client speed=1", "in_flight_max"},
        {"--plan nowhere.yaml", "nowhere.yaml"},
    };
    for (const Case& c : cases) {
        const Outcome o = penstock("calibrate " + c.arguments);
        EXPECT_EQ(o.code, 2) << c.arguments << "\n" << o.text;
        EXPECT_NE(o.text.find(c.says), std::string::npos) << c.arguments << "\n" << o.text;
    }
    EXPECT_EQ(penstock("calibrate --help").code, 0);
}

TEST(Validate, aPageATableAndAnExitCode) {
    const std::string page =
        (std::filesystem::path(::testing::TempDir()) / "cli-validation.html").string();
    const Outcome o =
        penstock("validate --data /nowhere --section physics --section measured --html " + page);
    EXPECT_EQ(o.code, 0) << o.text;
    EXPECT_NE(o.text.find("| skipped |"), std::string::npos) << o.text;
    EXPECT_NE(o.text.find("decode of one sequence"), std::string::npos) << o.text;
    EXPECT_GT(std::filesystem::file_size(page), 5000U);
    const std::string slow = file("slow.yaml", "profile: {name: slow, constants: {e_w: 0.4}}\n");
    EXPECT_EQ(penstock("validate --data /nowhere --section physics --profile " + slow).code, 1);
    EXPECT_EQ(penstock("validate --section nonsense").code, 2);
}

} // namespace

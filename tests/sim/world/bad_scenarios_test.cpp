// SPDX-License-Identifier: Apache-2.0
// A broken scenario is refused with its place, its value and what would be right. A table: one
// change to a good scenario, and the words that the error must contain.
#include "tests/sim/world/scenario_support.h"

#include <filesystem>
#include <fstream>

namespace penstock::sim {
namespace {

const std::string kGood = R"(scenario: {name: small, horizon: 1m}
pool:
  replicas:
    - {count: 1, gpu: H100, model: Llama-3.1-8B}
sources:
  - name: chat
    to: router
    arrivals: {process: poisson, rate: 2}
    prompt_tokens: 100
    output_tokens: 10
  - name: jobs
    to: queue:batch
    arrivals: {process: lump, count: 50}
    deadline: 30m
engine:
  transport:
    queues:
      - {id: batch, queue_name: batch, igw_base_url: "http://router", gate_type: constant}
)";

struct Broken {
    const char* name;
    const char* from;
    const char* to;
    std::vector<std::string> words;
};

const std::vector<Broken> kBroken{
    {"wrongType", "rate: 2", "rate: fast", {":8:", "fast", "rate", "number"}},
    {"unknownKey",
     "prompt_tokens: 100",
     "promt_tokens: 100",
     {":9:", "promt_tokens", "prompt_tokens"}},
    {"negativeRate", "rate: 2", "rate: -2", {":8:", "-2", "rate"}},
    {"nanRate", "rate: 2", "rate: .nan", {":8:", "rate"}},
    {"infiniteRate", "rate: 2", "rate: .inf", {":8:", "rate"}},
    {"unknownProcess", "process: poisson", "process: possion", {":8:", "possion", "poisson"}},
    {"unknownGpu", "gpu: H100", "gpu: H1000", {":4:", "H1000", "H100"}},
    {"unknownModel", "model: Llama-3.1-8B", "model: Lama", {":4:", "Lama", "Llama-3.1-8B"}},
    {"doesNotFit", "model: Llama-3.1-8B", "model: Llama-3.1-70B", {":4:", "Llama-3.1-70B", "fit"}},
    {"badDuration", "horizon: 1m", "horizon: 1 minute", {":1:", "1 minute"}},
    {"negativeDuration", "deadline: 30m", "deadline: -30m", {":14:", "-30m"}},
    {"noDeadline", "    deadline: 30m\n", "", {":11:", "deadline"}},
    {"unknownQueue", "to: queue:batch", "to: queue:bach", {"bach", "batch"}},
    {"badTarget", "to: router", "to: rooter", {":7:", "rooter", "router"}},
    {"unknownGate", "gate_type: constant", "gate_type: konstant", {":18:", "konstant", "constant"}},
    {"duplicateKey", "name: chat", "name: chat\n    name: chat", {":7:", "name"}},
    {"duplicateSource", "name: jobs", "name: chat", {":11:", "chat", "two"}},
    {"zeroReplicas", "count: 1", "count: 0", {":4:", "0", "count"}},
    {"notAMapping", "arrivals: {process: lump, count: 50}", "arrivals: lump", {":13:", "arrivals"}},
    {"syntax", "sources:", "sources: [", {"error"}},
    {"missingFile",
     "arrivals: {process: poisson, rate: 2}",
     "arrivals: {process: trace, file: nowhere.csv}",
     {"nowhere.csv"}},
    {"seatsWithoutTokens",
     "model: Llama-3.1-8B",
     "model: Llama-3.1-8B, max_num_seqs: 600, max_num_batched_tokens: 512",
     {":4:", "600", "512"}},
    {"twoCeilings",
     "sources:",
     "  router: {flow_control: true, ceilings: [{priority: 2, ceiling: 1}, {priority: 2, ceiling: "
     "3}]}\nsources:",
     {":5:", "two ceilings", "priority 2"}},
    {"twoObjectives",
     "sources:",
     "  router: {objectives: [{name: fast, priority: 2}, {name: fast, priority: 3}]}\nsources:",
     {":5:", "two objectives", "fast"}},
    {"noRetryPause",
     "{process: poisson, rate: 2}",
     "{process: closed_loop, users: 2, retry_pause: 0s}",
     {":8:", "retry_pause", "1ms"}},
};

Error errorOf(const std::string& text) {
    auto scenario = parseScenario(text, "small.yaml", test::options());
    if (!scenario) return scenario.error();
    auto world = World::make(std::move(*scenario));
    return world ? Error{"nothing is wrong"} : world.error();
}

TEST(BadScenarios, theGoodOneIsGood) { EXPECT_EQ(errorOf(kGood).message, "nothing is wrong"); }

TEST(BadScenarios, eachMistakeIsNamedWithItsPlace) {
    for (const Broken& broken : kBroken) {
        std::string text = kGood;
        const auto at = text.find(broken.from);
        ASSERT_NE(at, std::string::npos) << broken.name;
        text.replace(at, std::string(broken.from).size(), broken.to);
        const std::string said = errorOf(text).text();
        EXPECT_NE(said, "nothing is wrong") << broken.name;
        for (const std::string& word : broken.words) {
            if (word == "error") continue;
            EXPECT_NE(said.find(word), std::string::npos)
                << broken.name << ": \"" << word << "\" is not in: " << said;
        }
    }
}

TEST(BadScenarios, filesThatAreNoScenario) {
    const auto folder = std::filesystem::path(::testing::TempDir());
    const auto write = [&](const char* name, const std::string& content) {
        const auto path = folder / name;
        std::ofstream{path, std::ios::binary} << content;
        return path.string();
    };
    const auto refuse = [](const std::string& path) {
        auto scenario = readScenario(path, test::options());
        EXPECT_FALSE(scenario.has_value()) << path;
        return scenario ? std::string{} : scenario.error().text();
    };
    EXPECT_NE(refuse((folder / "absent.yaml").string()).find("absent.yaml"), std::string::npos);
    refuse(write("empty.yaml", ""));
    refuse(write("binary.yaml", std::string("\x00\x01\xff\xfe", 4)));
    refuse(folder.string());
    refuse(write("long.yaml", "scenario: {name: " + std::string(3 << 20, 'x') + "}"));
    const std::string trace = write("empty.csv", "TIMESTAMP,ContextTokens,GeneratedTokens\r\n");
    std::string text = kGood;
    text.replace(text.find("arrivals: {process: poisson, rate: 2}"), 37,
                 "arrivals: {process: trace, format: azure, file: " + trace + "}");
    EXPECT_NE(errorOf(text).text().find("empty.csv"), std::string::npos);
}

} // namespace
} // namespace penstock::sim

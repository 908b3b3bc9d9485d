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
    {"unknownColumn",
     "arrivals: {process: poisson, rate: 2}",
     "arrivals: {process: trace, file: nowhere.csv, columns: {tyme: when}}",
     {":8:", "tyme", "\"time\""}},
    {"noTimeUnit",
     "arrivals: {process: poisson, rate: 2}",
     "arrivals: {process: trace, file: nowhere.csv, time_unit: 0s}",
     {":8:", "time_unit"}},
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

TEST(BadScenarios, theGoodOneIsGood) {
    EXPECT_EQ(errorOf(kGood).message, "nothing is wrong");
}

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

// Values that are well-formed one by one and cannot be meant, or cannot be simulated: laid over the
// good scenario, each is refused with these words.
TEST(BadScenarios, whatCannotBeMeantIsRefused) {
    struct Refused {
        std::vector<std::string> overrides;
        std::vector<std::string> words;
    };
    const auto fault = [](const std::string& keys) {
        return std::vector<std::string>{"faults=[{" + keys + "}]"};
    };
    const std::string pool = "pool.replicas[0].";
    const std::string scaler = "pool.autoscaler=";
    const std::vector<Refused> cases{
        // what cannot be simulated
        {{pool + "prefix_cache=true", pool + "kv_blocks=1000000000000"},
         {"kv_blocks", "1000000000000", "16777216"}},
        {{pool + "prefix_cache=true", pool + "kv_blocks=100000000"},
         {"prefix_unit_blocks", "100000000", "raise prefix_unit_blocks to 6"}},
        {fault("kind: queue-down, every: 1ms, for: 1ms"), {}}, // a minute of them is few enough
        {{"scenario.horizon=24h", "faults=[{kind: queue-down, every: 1ms}]"},
         {"every", "86400000", "100000", "0.865s"}},
        {{"scenario.sample_every=1ns"}, {"sample_every", "60000000000", "1000000"}},
        {{pool + "count=100000"}, {"count", "100000", "10000"}},
        {{"pool.replicas=[{count: 6000, gpu: H100, model: Llama-3.1-8B}, {count: 6000, gpu: H100, "
          "model: Llama-3.1-8B}]"},
         {"12000", "10000"}},
        {{scaler + "{max: 100000}"}, {"max", "100000", "10000"}},
        {{"sources[jobs].arrivals.count=1000000000"}, {"1000000000", "10000000"}},
        // faults
        {fault("kind: replica-slow, at: 1s, factor: 2, replica: 7"), {"replica 7", "0 to 0"}},
        {fault("kind: metrics-nan, at: 1s, replica: 1"), {"replica 1", "0 to 0"}},
        {fault("kind: metrics-nan, at: 1s, target: ruter"),
         {"ruter", "router, model-servers, pool-decode-0"}},
        {fault("kind: metrics-nan, at: 1s, target: router, replica: 0"), {"target", "replica"}},
        {fault("kind: clock-skew, at: 1s, delay: 5s, target: router"), {"target", "clock-skew"}},
        {fault("kind: autoscaler-stuck, at: 1s"), {"autoscaler"}},
        {fault("kind: router-down, at: 2m"), {"2m", "1m", "horizon"}},
        {fault("kind: router-down"), {"at", "every"}},
        {fault("kind: router-down, at: 1s, every: 1s"), {"at", "every"}},
        {fault("kind: replica-slow, at: 1s"), {"factor", "missing"}},
        {fault("kind: router-errors, at: 1s"), {"status", "missing"}},
        {fault("kind: queue-slow, at: 1s"), {"delay", "missing"}},
        {fault("kind: router-latency, at: 1s, delay: -1s"), {"delay", "-1s"}},
        {fault("kind: router-down, at: 1s, delay: 1s"),
         {"\"delay\" means nothing to router-down", "it takes: for"}},
        {fault("kind: queue-restart-empty, at: 1s, for: 1m"), {"\"for\" means nothing"}},
        {fault("kind: replica-slo, at: 1s"), {"replica-slo", "replica-slow"}},
        // hardware
        {{pool + "tp=3"}, {"tp", "32 attention heads", "1, 2, 4, 8, 16, 32"}},
        {{pool + "step_time={base: 0.01}", pool + "kv_blocks=100"},
         {"step_time takes the place of gpu"}},
        {{pool + "profile=h1000"}, {"h1000", "come along: h100"}},
        // autoscaler
        {{scaler + "{metric: running}"}, {"target", "missing"}},
        {{scaler + "{metric: runing, target: 3}"}, {"runing", "running"}},
        {{scaler + "{metric: kv_used, target: 2}"}, {"target", "2"}},
        {{scaler + "{metric: running, target_saturation: 0.5}"}, {"write `target`"}},
        {{scaler + "{target: 0.6, target_saturation: 0.5}"}, {"target", "target_saturation"}},
        // what is asked of a run
        {{"expect=[{metric: sources.chat.arrivls, op: '>', value: 1}]"},
         {"expect", "sources.chat.arrivls", "sources.chat.arrivals"}},
        {{"expect=[{metric: sources.chat, op: '>', value: 1}]"}, {"not one value"}},
        {{"expect=[{metric: sources.chat.arrivals, op: '>', value: many}]"}, {"many"}},
        {{"sweep={\"pool.replicas[0].cout\": [1, 2]}"}, {"sweep", "cout", "count"}},
        {{"sweep={\"pool.replicas[0].count\": [many]}"}, {"sweep", "many", "count"}},
        {{"sweep={\"pool.replicas[1].count\": [1]}"}, {"sweep", "no element [1]"}},
        {{"sweep={\"pool.replicas[0].count\": 1}"}, {"sweep", "list"}},
    };
    for (const Refused& refused : cases) {
        const std::string& what = refused.overrides.back();
        auto scenario = parseScenario(kGood, "small.yaml", test::options(refused.overrides));
        auto world = scenario ? World::make(std::move(*scenario))
                              : Result<std::unique_ptr<World>>(fail(scenario.error()));
        EXPECT_EQ(world.has_value(), refused.words.empty()) << what;
        if (world) continue;
        for (const std::string& word : refused.words) {
            EXPECT_NE(world.error().text().find(word), std::string::npos)
                << what << ": \"" << word << "\" is not in: " << world.error().text();
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

// SPDX-License-Identifier: Apache-2.0
// Goal: a scenario chooses how a replica's step time comes about: by the law with constants of its
// own or of a profile, from measured operator times, or from coefficients. Method: small scenarios
// of each kind; the replica they make must have the step time that was asked for; wrong ones are
// refused with the place and the value.
#include "sim/scenario/profile.h"
#include "sim/scenario/replica_reader.h"
#include "tests/sim/world/scenario_support.h"

#include <filesystem>
#include <fstream>

namespace penstock::sim {
namespace {

std::string scenarioWith(const std::string& replica) {
    return "scenario: {name: n, horizon: 1m}\npool: {replicas: [" + replica + R"(]}
sources: [{name: s, to: router, arrivals: {process: poisson, rate: 1}}]
engine: {transport: {queues: [{id: q, queue_name: q}]}})";
}

Result<Scenario> read(const std::string& replica) {
    return parseScenario(scenarioWith(replica), "probe.yaml", test::options());
}

std::string folder(const std::string& name) {
    const auto path = std::filesystem::path(::testing::TempDir()) / name;
    std::filesystem::create_directories(path);
    return path.string();
}

void write(const std::string& path, const std::string& text) {
    std::ofstream(path) << text;
}

// Operators that take 1 us a token and layer, 3 us a sequence, and attention of 2 us a decode.
std::string operatorFolder() {
    const std::string at = folder("operators");
    write(at + "/dense.csv", "layer,tokens,time_us\nall,1,1\nall,1000,1000\n");
    write(at + "/per_sequence.csv", "layer,sequences,time_us\nhead,1,3\nhead,100,300\n");
    std::string attention = "prefill_chunk,kv_prefill,n_decode,kv_decode,time_us\n";
    for (const int chunk : {0, 16, 2048}) {
        for (const int before : {0, 16, 2048}) {
            for (const int decodes : {0, 1, 256}) {
                for (const int context : {0, 16, 16384}) {
                    attention += std::to_string(chunk) + "," + std::to_string(before) + "," +
                                 std::to_string(decodes) + "," + std::to_string(context) + "," +
                                 std::to_string(2 * decodes) + "\n";
                }
            }
        }
    }
    write(at + "/attention.csv", attention);
    return at;
}

TEST(BackEnds, aProfileGivesConstantsAndA0AndItsUserHasTheLastWord) {
    Profile profile;
    profile.name = "p";
    profile.constants.weightEfficiency = 0.5;
    profile.constants.stepSeconds = 3e-3;
    profile.a0 = std::chrono::milliseconds{7};
    const std::string file = folder("profiles") + "/p.yaml";
    write(file, toYaml(profile));
    const auto s = read("{gpu: H100, model: Llama-3.1-8B, profile: " + file + "}");
    ASSERT_TRUE(s) << s.error().text();
    const ReplicaConfig& c = s->replicas[0].config;
    const auto hardware = Hardware::load(test::options().resources).value();
    const auto costOf = [&](const StepConstants& k) {
        return deriveStepCost(hardware.gpus.find("H100").value(),
                              hardware.models.find("Llama-3.1-8B").value(), 1, k);
    };
    EXPECT_EQ(c.apiDelayNs, 7'000'000);
    EXPECT_DOUBLE_EQ(c.cost.weights, costOf(profile.constants).weights);
    const auto own = read("{gpu: H100, model: Llama-3.1-8B, profile: " + file +
                          ", a0: 1ms, constants: {e_w: 0.6}}");
    ASSERT_TRUE(own) << own.error().text();
    profile.constants.weightEfficiency = 0.6;
    EXPECT_DOUBLE_EQ(own->replicas[0].config.cost.weights, costOf(profile.constants).weights);
    EXPECT_DOUBLE_EQ(own->replicas[0].config.cost.fixed, costOf(profile.constants).fixed);
    EXPECT_EQ(own->replicas[0].config.apiDelayNs, 1'000'000);
}

TEST(BackEnds, theShippedProfileIsTheDefault) {
    const auto named = read("{gpu: H100, model: Qwen3-32B, tp: 2, profile: h100}");
    const auto none = read("{gpu: H100, model: Qwen3-32B, tp: 2}");
    ASSERT_TRUE(named && none) << named.error().text();
    const StepCost &a = named->replicas[0].config.cost, &b = none->replicas[0].config.cost;
    EXPECT_DOUBLE_EQ(a.weights, b.weights);
    EXPECT_DOUBLE_EQ(a.multiplyPerToken, b.multiplyPerToken);
    EXPECT_DOUBLE_EQ(a.fourOverlap, b.fourOverlap);
    EXPECT_DOUBLE_EQ(a.perAttention, b.perAttention);
    EXPECT_DOUBLE_EQ(a.perContextToken, b.perContextToken);
    EXPECT_DOUBLE_EQ(a.fixed, b.fixed);
    EXPECT_DOUBLE_EQ(a.perSequence, b.perSequence);
    EXPECT_DOUBLE_EQ(a.perToken, b.perToken);
    EXPECT_EQ(named->replicas[0].config.apiDelayNs, none->replicas[0].config.apiDelayNs);
}

TEST(BackEnds, aTableOfOperatorTimesDrivesAWholeRun) {
    const std::string replica = "{gpu: RTX-4090, model: Llama-3.1-8B, kv_blocks: 2588, "
                                "operator_table: {folder: " +
                                operatorFolder() + ", overhead: 1ms}}";
    const auto s = read(replica);
    ASSERT_TRUE(s) << s.error().text();
    const StepCost& cost = s->replicas[0].config.cost;
    ASSERT_EQ(cost.backEnd, StepBackEnd::table);
    BatchShape two;
    two.decodes = 2;
    two.context = 200;
    // 32 layers of 2 us dense and 4 us attention, 6 us of head, 1 ms.
    EXPECT_NEAR(stepNs(cost, two), 32 * (2e3 + 4e3) + 6e3 + 1e6, 1.0);
    auto world = World::make(*s);
    ASSERT_TRUE(world) << world.error().text();
    const Report report = test::run(**world);
    EXPECT_GT(report.sources.at(0).completed, 30U);
}

TEST(BackEnds, coefficientsAreTakenAsGiven) {
    const auto s =
        read("{kv_blocks: 5000, step_time: {base: 0.001, prefill_token: 0.00002, decode: "
             "0.0001}}");
    ASSERT_TRUE(s) << s.error().text();
    BatchShape b;
    b.decodes = 3;
    b.prefillTokens = 100;
    EXPECT_DOUBLE_EQ(stepNs(s->replicas[0].config.cost, b), 1e6 + 100 * 2e4 + 3 * 1e5);
}

TEST(BackEnds, wrongOnesAreRefusedWithPlaceAndValue) {
    const std::string at = folder("broken");
    write(at + "/bad.yaml", "profile: {name: p, constants: {e_w: 1.2}}\n");
    write(at + "/odd.yaml", "profile: {name: p, constant: {e_w: 0.8}}\n");
    const std::string h100 = "{gpu: H100, model: Llama-3.1-8B, ";
    const std::pair<std::string, std::vector<const char*>> cases[] = {
        {h100 + "profile: nowhere}", {"probe.yaml:2:", "profile", "nowhere"}},
        {h100 + "profile: " + at + "/bad.yaml}", {"bad.yaml:1:", "1.2", "0.95"}},
        {h100 + "profile: " + at + "/odd.yaml}", {"odd.yaml", "unknown key", "constants"}},
        {h100 + "operator_table: {folder: " + at + "}}", {"dense.csv", "cannot read"}},
        {h100 + "operator_table: {}}", {"operator_table.folder", "missing"}},
        {h100 + "profile: h100, operator_table: {folder: x}}", {"together"}},
        {"{kv_blocks: 10, step_time: {base: 0.01}, constants: {e_w: 0.5}}", {"together"}},
        {"{kv_blocks: 10, step_time: {base: 0.01}, profile: h100}", {"together"}},
    };
    for (const auto& [replica, says] : cases) {
        const auto s = read(replica);
        ASSERT_FALSE(s) << replica;
        for (const char* part : says) {
            EXPECT_NE(s.error().text().find(part), std::string::npos)
                << replica << "\n"
                << s.error().text() << "\nlacks " << part;
        }
    }
}

} // namespace
} // namespace penstock::sim

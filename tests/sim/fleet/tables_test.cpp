// SPDX-License-Identifier: Apache-2.0
// Goal: the shipped tables are right and a broken one is refused with its place and a remedy.
// Method: known figures; a table of broken documents; a measured table read back at its own points.
#include "sim/fleet/tables.h"
#include "tests/sim/fleet/resources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace penstock::sim::testing {
namespace {

using ::testing::HasSubstr;

std::string write(const std::string& name, const std::string& text) {
    const auto folder =
        std::filesystem::temp_directory_path() / ("penstock-tables-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    const std::string path = (folder / name).string();
    std::ofstream(path) << text;
    return path;
}

TEST(Tables, KnowTheGpusAndModelsTheyShip) {
    const auto gpus = readGpuTable(kResources + "gpus.yaml");
    ASSERT_TRUE(gpus) << gpus.error().text();
    EXPECT_EQ(gpus->find("h100")->bandwidth, 3.35e12);
    EXPECT_EQ(gpus->find("B200")->linkBandwidth, 900e9);
    const auto models = readModelTable(kResources + "models.yaml");
    ASSERT_TRUE(models) << models.error().text();
    EXPECT_EQ(models->find("meta-llama/Llama-3.1-8B-Instruct")->feedForward, 14336);
    EXPECT_EQ(models->find("Mixtral-8x7B")->experts, 8);
    for (const auto& row : gpus->rows())
        EXPECT_FALSE(row.source.empty()) << row.name;
    for (const auto& row : models->rows())
        EXPECT_FALSE(row.source.empty()) << row.name;
    const auto unknown = gpus->find("H1000");
    ASSERT_FALSE(unknown);
    EXPECT_THAT(unknown.error().message, HasSubstr("H100-SXM"));
}

TEST(Tables, RefuseWhatIsBrokenAndSayWhere) {
    const struct {
        const char* text;
        const char* complaint;
        int line;
    } cases[] = {
        {"gpus: 3\n", "list called 'gpus'", 0},
        {"gpus:\n  - flops: 1e12\n", "needs a name", 2},
        {"gpus:\n  - name: X\n    flops: fast\n", "not a number", 3},
        {"gpus:\n  - name: X\n    flops: .nan\n", "not a number", 3},
        {"gpus:\n  - name: X\n    flops: -1\n", "not a number", 3},
        {"gpus:\n  - name: X\n    flops: 1e12\n", "lacks 'memory_bytes_per_second'", 2},
        {"gpus:\n  - name: X\n    watts: 700\n", "unknown key 'watts'", 3},
        {"gpus: [\n", "", 2},
    };
    for (const auto& c : cases) {
        const auto table = readGpuTable(write("gpus.yaml", c.text));
        ASSERT_FALSE(table) << c.text;
        EXPECT_THAT(table.error().message, HasSubstr(c.complaint));
        EXPECT_THAT(table.error().file, HasSubstr("gpus.yaml"));
        EXPECT_EQ(table.error().line, c.line) << c.text;
    }
    EXPECT_THAT(readGpuTable("/nowhere.yaml").error().message, HasSubstr("cannot read"));
    const auto greedy = readModelTable(
        write("models.yaml",
              "models:\n  - {name: M, layers: 1, hidden: 1, heads: 1, kv_heads: 1, head_dim: "
              "1, feed_forward: 1, vocabulary: 1, experts: 2, experts_per_token: 3}\n"));
    ASSERT_FALSE(greedy);
    EXPECT_THAT(greedy.error().message, HasSubstr("only 2"));
}

TEST(OperatorTables, GiveBackWhatWasMeasuredAndRefuseHoles) {
    const std::string dense = "layer,tokens,time_us\nembedding,1,1\nembedding,8,2\nlayernorm,1,3\n"
                              "layernorm,8,4\nmlp,1,10\nmlp,8,17\n";
    const std::string sequences = "layer,sequences,time_us\nlm_head,1,100\nlm_head,8,170\n";
    std::string attention = "prefill_chunk,kv_prefill,n_decode,kv_decode,time_us\n";
    for (const int c : {0, 16, 32})
        for (const int k : {0, 16, 32})
            for (const int n : {0, 1, 8})
                for (const int d : {0, 16, 32}) {
                    if ((c == 0 && k > 0) || (n == 0) != (d == 0) || c + n == 0) continue;
                    attention += std::to_string(c) + "," + std::to_string(k) + "," +
                                 std::to_string(n) + "," + std::to_string(d) + "," +
                                 std::to_string(c + k + 2 * n + n * d / 16.0) + "\n";
                }
    const std::string path = write("attention.csv", attention);
    write("dense.csv", dense);
    write("per_sequence.csv", sequences);
    const std::string folder = std::filesystem::path(path).parent_path();
    const auto tables = readOperatorTables(folder, 2, 5000.0);
    ASSERT_TRUE(tables) << tables.error().text();
    const OperatorTable t = tables->view();
    // One decode at 16: dense 1 + 2 layers x (2 x 3 + 10), head 100, attention 2 x 3 us, and 5 us.
    EXPECT_NEAR(t.stepNs(0, 0, 0, 1, 16), 1e3 * (1 + 2 * 16 + 100 + 2 * 3 + 5), 1e-6);
    // Halfway between grid lines.
    EXPECT_NEAR(t.stepNs(0, 0, 0, 1, 24), 1e3 * (1 + 2 * 16 + 100 + 2 * 3.5 + 5), 1e-6);
    // A chunk of 16 after 32 with one decode: 17 tokens lie beyond the dense grid, two sequences.
    const double dense17 = (1 + 32) + (16.0 / 7.0) * ((2 + 2 * 25) - (1 + 32));
    EXPECT_NEAR(t.stepNs(16, 1, 32, 1, 16), 1e3 * (dense17 + 110 + 2 * (16 + 32 + 3) + 5), 1e-6);
    // The decode line is the step time of pure decode.
    for (const std::int64_t context : {8, 40, 100, 127, 128, 300}) {
        double alpha, beta;
        std::int64_t most;
        t.decodeLine(4, context, alpha, beta, most);
        EXPECT_GE(most, context);
        EXPECT_NEAR(alpha + beta * static_cast<double>(context), t.stepNs(0, 0, 0, 4, context),
                    1e-6);
    }

    write("attention.csv", attention.substr(0, attention.find("\n32,32") + 1));
    EXPECT_THAT(readOperatorTables(folder, 2, 0.0).error().message, HasSubstr("no time for"));
    write("attention.csv", attention);
    write("dense.csv", dense + "mlp,9,1\n");
    EXPECT_THAT(readOperatorTables(folder, 2, 0.0).error().message, HasSubstr("1 of 3 layers"));
    write("dense.csv", dense + "mlp,9,x\n");
    EXPECT_EQ(readOperatorTables(folder, 2, 0.0).error().line, 8);
    write("dense.csv", "tokens,time\n");
    EXPECT_THAT(readOperatorTables(folder, 2, 0.0).error().message, HasSubstr("expected the col"));
}

} // namespace
} // namespace penstock::sim::testing

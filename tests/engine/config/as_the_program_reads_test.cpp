// SPDX-License-Identifier: Apache-2.0
// Goal: under its semantics a document or flag of llm-d-async is taken where the program takes it
// and refused where it does, and the numbers are those with which it runs. Method:
// as_the_program_reads.jsonl has documents and flags with what the program did with each (the
// release 0.9.0 and a main of August 2026, the preset 0.9): start or not, with how many workers,
// how many messages the first poll takes, and how far apart the polls are.
#include "engine/config/documents/build.h"
#include "engine/config/documents/engine_tree.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>

namespace penstock {
namespace {

const std::string kHere = std::string(PENSTOCK_SOURCE_DIR) + "/tests/engine/config/";

std::string filled(std::string text) {
    const auto put = [&text](const std::string& what, const std::string& with) {
        for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos;)
            text.replace(at, what.size(), with);
    };
    put("${REDIS}", "redis://redis:6379");
    put("${REDIS_ADDR}", "redis:6379");
    put("${ROUTER}", "http://router:8000");
    return text;
}

std::string inFile(const std::string& name, const std::string& text) {
    const auto path = std::filesystem::path(PENSTOCK_BINARY_DIR) / ("read-" + name + ".json");
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
}

Result<EngineDocument> asRead(const nlohmann::json& row, const std::string& version) {
    const std::string kind = row["kind"];
    const std::string document = filled(row.value("document", ""));
    const bool own = kind == "transport" || kind == "gate_params";
    EngineFiles files;
    files.transportFile = inFile(
        "transport",
        own ? document
            : filled(row.value(
                  "transport",
                  std::string(R"({"url":"${REDIS}",)"
                              R"("queues":[{"queue_name":"q","igw_base_url":"${ROUTER}"}]})"))));
    if (kind == "pools") files.poolFile = inFile("pools", document);
    if (kind == "merge") files.mergeFile = inFile("merge", document);
    if (kind == "transforms") files.transformFile = inFile("transforms", document);
    files.flags = {{"semantics", "llm-d-async-" + version},
                   {"transport", row.value("type", "redis-sortedset")}};
    const std::string prometheus = row.value("prometheus", "http://prometheus:9090");
    if (!prometheus.empty()) files.flags.emplace_back("prometheus-url", prometheus);
    for (const auto& flag : row.value("flags", nlohmann::json::array()))
        files.flags.emplace_back(flag[0], flag[1]);
    const auto tree = engineTree(files);
    if (!tree) return fail(tree.error());
    EngineOptions options;
    if (const auto env = row.find("env"); env != row.end()) {
        options.redisUrl = filled(env->value("REDIS_URL", ""));
        options.igwBaseUrl = filled(env->value("IGW_BASE_URL", ""));
    }
    auto engine = readEngine(*tree, options);
    if (!engine) return engine;
    if (auto gates = checkGates(*engine, nullptr, true); !gates) return fail(gates.error());
    return engine;
}

void expectAlike(const nlohmann::json& row, const std::string& version) {
    const std::string what = row["id"].get<std::string>() + " under " + version + ": the program " +
                             (row["starts"].get<bool>() ? "starts" : "refuses") + " (" +
                             row["why"].get<std::string>() + ")\n" + row.dump();
    const auto engine = asRead(row, version);
    ASSERT_EQ(engine.has_value(), row["starts"].get<bool>())
        << what << (engine ? "" : "\n" + engine.error().text());
    if (!engine) return;
    const auto workers = row.value("workers", nlohmann::json());
    if (workers.is_number()) {
        // Below 0 there is none, as with 0.
        EXPECT_EQ(engine->pools.front().workers, std::max(0, workers.get<int>())) << what;
    }
    if (workers.is_object()) {
        for (const auto& [pool, count] : workers.items()) {
            ASSERT_NE(engine->findPool(pool), nullptr) << what;
            EXPECT_EQ(engine->findPool(pool)->workers, count.get<int>()) << what;
        }
    }
    if (row.contains("takes")) {
        EXPECT_EQ(engine->batchSize(), row["takes"].get<int>()) << what;
    }
    if (row.contains("poll_ms")) {
        const double ms = toSeconds(engine->pollInterval()) * 1e3;
        EXPECT_NEAR(ms, row["poll_ms"].get<double>(), 0.1 * ms) << what;
    }
}

TEST(AsTheProgramReads, takesAndRefusesWhatItDoes) {
    std::ifstream in(kHere + "as_the_program_reads.jsonl");
    int rows = 0;
    for (std::string line; std::getline(in, line);) {
        const auto row = nlohmann::json::parse(line);
        for (const auto& version : row["versions"]) {
            expectAlike(row, version);
            ++rows;
        }
    }
    EXPECT_GT(rows, 800);
    RecordProperty("rows", rows);
}

} // namespace
} // namespace penstock

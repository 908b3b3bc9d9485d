// SPDX-License-Identifier: Apache-2.0
// Goal: under its semantics a document of llm-d-async is taken where the program takes it and
// refused where it does. Method: as_the_program_reads.jsonl has documents with what the program (a
// main of August 2026) did with each: start, or not. Where we differ is listed by name in the file
// beside it, so that a difference is seen when it comes and struck out when it goes.
#include "engine/config/documents/build.h"
#include "engine/config/documents/engine_tree.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <set>

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

bool taken(const nlohmann::json& row) {
    const std::string kind = row["kind"];
    const std::string document = filled(row["document"]);
    const bool own = kind == "transport" || kind == "gate_params";
    EngineFiles files;
    files.transportType = row.value("type", "redis-sortedset");
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
    files.flags = {{"semantics", "llm-d-async-0.9"}};
    const std::string prometheus = row.value("prometheus", "http://prometheus:9090");
    if (!prometheus.empty()) files.flags.emplace_back("prometheus-url", prometheus);
    const auto tree = engineTree(files);
    if (!tree) return false;
    EngineOptions options;
    if (const auto env = row.find("env"); env != row.end()) {
        options.redisUrl = filled(env->value("REDIS_URL", ""));
        options.igwBaseUrl = filled(env->value("IGW_BASE_URL", ""));
    }
    const auto engine = readEngine(*tree, options);
    return engine && checkGates(*engine, nullptr, true);
}

TEST(AsTheProgramReads, takesAndRefusesWhatItDoes) {
    std::set<std::string> known, differing;
    std::ifstream list(kHere + "as_the_program_reads.known");
    for (std::string id; list >> id;)
        known.insert(id);
    std::ifstream in(kHere + "as_the_program_reads.jsonl");
    int rows = 0;
    for (std::string line; std::getline(in, line); ++rows) {
        const auto row = nlohmann::json::parse(line);
        const std::string id = row["id"];
        if (taken(row) == row["starts"].get<bool>()) continue;
        differing.insert(id);
        EXPECT_TRUE(known.contains(id))
            << id << ": the program " << (row["starts"] ? "starts" : "refuses") << " ("
            << row["why"].get<std::string>() << "), we do not: " << row["document"];
    }
    EXPECT_GT(rows, 300);
    for (const std::string& id : known)
        EXPECT_TRUE(differing.contains(id)) << id << " agrees now: strike it out";
    RecordProperty("rows", rows);
    RecordProperty("differing", static_cast<int>(differing.size()));
    std::printf("%d documents, %zu read otherwise than the program\n", rows, differing.size());
}

} // namespace
} // namespace penstock

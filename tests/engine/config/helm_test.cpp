// SPDX-License-Identifier: Apache-2.0
// Goal: values of the chart mean here what they mean there. Method: helm_renderings.jsonl has
// values and what Helm made of them with the chart of August 2026, the arguments of the program;
// those arguments, read as flags and documents, must give the engine that the values give. Rows
// without arguments are of the shape of the chart's own test and guide values: each is taken, with
// the findings that it names and no others.
#include "engine/config/advice/advice.h"
#include "engine/config/documents/build.h"
#include "engine/config/documents/engine_tree.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <fstream>
#include <set>
#include <string>

namespace penstock {
namespace {

constexpr std::string_view kSemantics = "llm-d-async-0.9";

Result<EngineDocument> ofValues(const std::vector<std::string>& layers,
                                std::vector<std::string> overrides = {}) {
    std::vector<Document> documents;
    for (const std::string& text : layers) {
        auto document = Document::parse(text, "values.yaml", Syntax::yaml);
        if (!document) return fail(document.error());
        documents.push_back(std::move(*document));
    }
    overrides.push_back("semantics=" + std::string(kSemantics));
    auto engine = readDeployment(std::move(documents), overrides);
    if (!engine) return engine;
    if (auto gates = checkGates(*engine); !gates) return fail(gates.error());
    return engine;
}

Result<EngineDocument> ofArguments(const nlohmann::json& row) {
    EngineFiles files;
    files.transportText = row["transport"];
    files.flags = {{"semantics", std::string(kSemantics)}, {"transport", row["type"]}};
    for (const auto& flag : row["flags"])
        files.flags.emplace_back(flag[0], flag[1]);
    if (row.contains("pools")) {
        files.poolFile = (std::filesystem::path(PENSTOCK_BINARY_DIR) / "helm-pools.json").string();
        std::ofstream(files.poolFile) << row["pools"].get<std::string>();
    }
    const auto tree = engineTree(files);
    if (!tree) return fail(tree.error());
    EngineOptions options;
    options.redisUrl = row.value("redis_url", "");
    auto engine = readEngine(*tree, options);
    if (!engine) return engine;
    if (auto gates = checkGates(*engine); !gates) return fail(gates.error());
    return engine;
}

void expectSame(const EngineDocument& a, const EngineDocument& b, const std::string& what) {
    EXPECT_EQ(a.transport.kind, b.transport.kind) << what;
    EXPECT_EQ(a.batchSize(), b.batchSize()) << what;
    EXPECT_EQ(a.pollInterval(), b.pollInterval()) << what;
    EXPECT_EQ(a.transport.resultQueue, b.transport.resultQueue) << what;
    EXPECT_EQ(a.drainTimeout, b.drainTimeout) << what;
    EXPECT_EQ(a.prometheusCacheTtl, b.prometheusCacheTtl) << what;
    EXPECT_EQ(a.healthPort, b.healthPort) << what;
    EXPECT_EQ(a.metricsPort, b.metricsPort) << what;
    ASSERT_EQ(a.pools.size(), b.pools.size()) << what;
    for (std::size_t i = 0; i < a.pools.size(); ++i) {
        EXPECT_EQ(a.pools[i].id, b.pools[i].id) << what;
        EXPECT_EQ(a.pools[i].workers, b.pools[i].workers) << what;
    }
    ASSERT_EQ(a.transport.queues.size(), b.transport.queues.size()) << what;
    for (std::size_t i = 0; i < a.transport.queues.size(); ++i) {
        const QueueDocument& x = a.transport.queues[i];
        const QueueDocument& y = b.transport.queues[i];
        EXPECT_EQ(x.name, y.name) << what;
        EXPECT_EQ(x.baseUrl, y.baseUrl) << what;
        ASSERT_EQ(x.gate.has_value(), y.gate.has_value()) << what;
        if (x.gate) {
            EXPECT_EQ(x.gate->params, y.gate->params) << what;
        }
    }
}

template <class F>
void eachRow(F&& f) {
    std::ifstream in(std::string(PENSTOCK_SOURCE_DIR) +
                     "/tests/engine/config/helm_renderings.jsonl");
    int rows = 0;
    for (std::string line; std::getline(in, line); ++rows)
        f(nlohmann::json::parse(line));
    EXPECT_GT(rows, 80);
}

TEST(HelmValues, meanWhatTheRenderedArgumentsMean) {
    eachRow([](const nlohmann::json& row) {
        if (row.contains("finds")) return;
        const std::string what = row.dump();
        const auto values = ofValues({row["values"].get<std::string>()});
        if (!row["renders"].get<bool>()) {
            EXPECT_FALSE(values) << what;
            return;
        }
        const auto arguments = ofArguments(row);
        ASSERT_EQ(values.has_value(), arguments.has_value())
            << what << "\n"
            << (values ? "" : values.error().text()) << "\n"
            << (arguments ? "" : arguments.error().text());
        if (values) expectSame(*values, *arguments, what);
    });
}

TEST(HelmValues, ofTheChartsOwnShapesAreTakenWithTheirFindings) {
    eachRow([](const nlohmann::json& row) {
        if (!row.contains("finds")) return;
        const auto engine = ofValues({row["values"].get<std::string>()});
        ASSERT_TRUE(engine) << row["name"] << engine.error().text();
        const auto findings = advise(*engine);
        std::set<std::string> codes;
        for (const Finding& f : findings)
            codes.insert(f.code + " " + std::string(name(f.severity)));
        EXPECT_EQ(codes, row["finds"].get<std::set<std::string>>()) << row["name"] << "\n"
                                                                    << formatFindings(findings);
    });
}

constexpr const char* kValues = "ap:\n"
                                "  transport: redis-sortedset\n"
                                "  concurrency: 5\n"
                                "  transportConfig:\n"
                                "    url: redis://r\n"
                                "    batch_size: 20\n"
                                "    queues: [{queue_name: a, igw_base_url: \"http://i\"},\n"
                                "             {queue_name: b, igw_base_url: \"http://i\"}]\n";

TEST(HelmValues, areLayeredAndSetAsHelmDoes) {
    const auto layered =
        ofValues({kValues, "ap: {concurrency: null, transportConfig: {queues: [{queue_name: c, "
                           "igw_base_url: \"http://j\"}]}}\n"});
    ASSERT_TRUE(layered) << layered.error().text();
    EXPECT_EQ(layered->pools[0].workers, 64);        // a null takes the value away
    EXPECT_EQ(layered->batchSize(), 20);             // mappings merge
    ASSERT_EQ(layered->transport.queues.size(), 1u); // lists are replaced
    EXPECT_EQ(layered->transport.queues[0].name, "c");

    const auto workers = [](const char* set) {
        const auto engine = ofValues({kValues}, {set});
        return engine ? engine->pools[0].workers : -1;
    };
    EXPECT_EQ(workers("ap.concurrency=9"), 9);
    EXPECT_EQ(workers("ap.concurrency=010"), 8);      // text, which the flag reads in base 8
    EXPECT_EQ(workers("ap.concurrency=1_000"), 1000); // text too
    EXPECT_EQ(workers("ap.concurrency=0"), 64);
    EXPECT_EQ(workers("ap.concurrency=yes"), -1);
    EXPECT_EQ(workers("ap.concurrency=1e3"), -1);
}

// By --set a whole number stays one, in a file it gets an exponent.
TEST(HelmValues, growAnExponentInAFileAlone) {
    const std::string file = std::string(kValues) + "  health: {port: 1000000}\n";
    const auto engine = ofValues({file});
    ASSERT_FALSE(engine);
    EXPECT_NE(engine.error().text().find("1e+06"), std::string::npos) << engine.error().text();
    EXPECT_GT(engine.error().line, 0);
}

} // namespace
} // namespace penstock

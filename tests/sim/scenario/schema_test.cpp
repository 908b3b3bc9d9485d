// SPDX-License-Identifier: Apache-2.0
// resources/scenario.schema.json and the reader speak of the same keys: every key that the reader
// asks for anywhere in a scenario is named in the schema at that place, and every key of the
// shipped scenarios too. The reader's own error text lists what it knows, so that is what is
// compared.
#include "sim/traffic/spec/trace_spec.h"
#include "tests/sim/world/scenario_support.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>

namespace penstock::sim {
namespace {

using nlohmann::json;

// The names in "Known here: a, b, c" of the error about an unknown key.
std::set<std::string> knownKeys(const std::string& scenario) {
    const auto read = parseScenario(scenario, "probe.yaml", test::options());
    EXPECT_FALSE(read.has_value());
    const std::string text = read ? "" : read.error().text();
    const auto at = text.find("Known here: ");
    EXPECT_NE(at, std::string::npos) << text;
    std::set<std::string> keys;
    std::stringstream list{text.substr(at + 12, text.find('\n', at) - at - 12)};
    std::string key;
    while (std::getline(list, key, ',')) {
        keys.insert(key.substr(key.find_first_not_of(' ')));
    }
    return keys;
}

std::set<std::string> schemaKeys(const json& part) {
    std::set<std::string> keys;
    for (const auto& [key, value] : part.at("properties").items())
        keys.insert(key);
    return keys;
}

json schema() {
    std::ifstream in{std::string(PENSTOCK_SOURCE_DIR) + "/resources/scenario.schema.json"};
    return json::parse(in);
}

const char* const kRest = R"(
sources: [{name: s, to: router, arrivals: {process: poisson, rate: 1}}]
engine: {transport: {queues: [{id: q, queue_name: q}]}})";

// What a kind of fault needs and takes is in one table; the schema says the same.
TEST(Schema, knowsWhatEachKindOfFaultTakes) {
    const json fault = schema()["properties"]["faults"]["items"];
    ASSERT_EQ(fault["allOf"].size(), faultKinds().size());
    ASSERT_EQ(fault["properties"]["kind"]["enum"].size(), faultKinds().size());
    for (const json& rule : fault["allOf"]) {
        const std::string kind = rule["if"]["properties"]["kind"]["const"];
        const auto info = std::find_if(faultKinds().begin(), faultKinds().end(),
                                       [&](const FaultKindInfo& k) { return k.name == kind; });
        ASSERT_NE(info, faultKinds().end()) << kind;
        std::set<std::string> takes{"kind", "at", "every"};
        std::set<std::string> needs;
        for (const FaultKeyInfo& key : faultKeys()) {
            if ((info->needs | info->takes) & key.key) takes.emplace(key.name);
            if (info->needs & key.key) needs.emplace(key.name);
        }
        EXPECT_EQ(rule["then"]["propertyNames"]["enum"].get<std::set<std::string>>(), takes)
            << kind;
        EXPECT_EQ(rule["then"].value("required", std::set<std::string>{}), needs) << kind;
    }
}

// A key without a word about it is a riddle in an editor.
TEST(Schema, saysWhatEachKeyIs) {
    const json s = schema();
    std::vector<std::string> silent;
    const std::function<void(const json&, const std::string&)> look = [&](const json& part,
                                                                          const std::string& path) {
        if (part.is_structured()) {
            for (const auto& [key, value] : part.items())
                look(value, path + "/" + key);
        }
        if (part.is_object() && part.contains("description") && part["description"] == "") {
            silent.push_back(path);
        }
    };
    look(s, "");
    EXPECT_EQ(silent, std::vector<std::string>{});
}

TEST(Schema, namesTheKeysThatTheReaderKnows) {
    const json s = schema();
    const std::string pool = "pool: {replicas: [{gpu: H100, model: Llama-3.1-8B}]}";
    const json& p = s["properties"];
    EXPECT_EQ(knownKeys("scenario: {name: n}\n" + pool + kRest + "\nzzz: 1"), schemaKeys(s));
    EXPECT_EQ(knownKeys("scenario: {name: n, zzz: 1}\n" + pool + kRest), schemaKeys(p["scenario"]));
    EXPECT_EQ(knownKeys("scenario: {name: n}\npool: {zzz: 1, replicas: [{gpu: H100, model: "
                        "Llama-3.1-8B}]}" +
                        std::string(kRest)),
              schemaKeys(p["pool"]));
    const auto replica = [&](const std::string& keys) {
        return knownKeys(
            "scenario: {name: n}\npool: {replicas: [{gpu: H100, model: Llama-3.1-8B, " + keys +
            "}]}" + kRest);
    };
    const json& group = p["pool"]["properties"]["replicas"]["items"];
    EXPECT_EQ(replica("zzz: 1"), schemaKeys(group));
    EXPECT_EQ(replica("constants: {zzz: 1}"), schemaKeys(group["properties"]["constants"]));
    EXPECT_EQ(replica("step_time: {base: 0.01, zzz: 1}"),
              schemaKeys(group["properties"]["step_time"]));
    EXPECT_EQ(replica("operator_table: {folder: x, zzz: 1}"),
              schemaKeys(group["properties"]["operator_table"]));
    EXPECT_EQ(knownKeys("scenario: {name: n}\npool: {router: {zzz: 1}, replicas: [{gpu: H100, "
                        "model: Llama-3.1-8B}]}" +
                        std::string(kRest)),
              schemaKeys(p["pool"]["properties"]["router"]));
    EXPECT_EQ(knownKeys("scenario: {name: n}\npool: {autoscaler: {zzz: 1}, replicas: [{gpu: H100, "
                        "model: Llama-3.1-8B}]}" +
                        std::string(kRest)),
              schemaKeys(p["pool"]["properties"]["autoscaler"]));
    EXPECT_EQ(knownKeys("scenario: {name: n}\n" + pool + kRest + "\nmetrics: {zzz: 1}"),
              schemaKeys(p["metrics"]));
    EXPECT_EQ(knownKeys("scenario: {name: n}\n" + pool + kRest +
                        "\nfaults: [{kind: router-down, at: 1s, zzz: 1}]"),
              schemaKeys(p["faults"]["items"]));
}

TEST(Schema, namesTheFormatsAndColumnsOfTraces) {
    const json s = schema();
    json formats;
    for (int i = 0; i < kTraceFormats; ++i) {
        formats.push_back(traceFormatName(static_cast<TraceFormat>(i)));
    }
    // The error about an unknown column lists those there are.
    const std::string known = unknownColumn("zzz");
    std::set<std::string> columns;
    std::stringstream list{known.substr(known.find("known: ") + 7)};
    for (std::string key; std::getline(list, key, ',');) {
        columns.insert(key.substr(key.find_first_not_of(' ')));
    }
    for (const json& trace :
         {s["properties"]["sources"]["items"]["properties"]["arrivals"], s["$defs"]["trace"]}) {
        EXPECT_EQ(trace["properties"]["format"]["enum"], formats);
        EXPECT_EQ(schemaKeys(trace["properties"]["columns"]), columns);
    }
}

} // namespace
} // namespace penstock::sim

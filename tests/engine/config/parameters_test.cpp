// SPDX-License-Identifier: Apache-2.0
// Goal: every knob has one path, one range and one way to be turned, and what was turned finds its
// way back into the documents. Method: a policy with nested gates, its registry, and the documents
// and Helm values written from it, read again.
#include "engine/config/documents/build.h"
#include "engine/config/documents/export.h"
#include "engine/config/text/json.h"
#include "engine/config/text/override.h"

#include <gmock/gmock.h>

namespace penstock {
namespace {

using testing::HasSubstr;

constexpr std::string_view kEngine = R"(
engine:
  transport:
    url: "redis://r"
    queues:
      - queue_name: batch
        igw_base_url: "http://i"
        future_key: kept
        gate_type: composite
        gate_params:
          gates:
            - {gate_type: prometheus-saturation, gate_params: {pool: p, threshold: "0.8"}}
            - {gate_type: local-max-concurrency, gate_params: {limit: 40}}
      - {id: b2, queue_name: bulk, igw_base_url: "http://i"}
  pools:
    - id: default
      workers: 8
      gate_type: tier-priority-admission
      gate_params:
        saturation_gate: prometheus-budget
        saturation_gate_params: '{"pool": "p"}'
  prometheus_url: "http://p"
  semantics: llm-d-async-0.9
)";

struct Policy {
    Document document;
    EngineDocument engine;
    std::unique_ptr<SilentWorld> world; // outlives the gates
    DispatcherSettings settings;
};

std::unique_ptr<Policy> policy(std::string_view text = kEngine) {
    auto document = Document::parse(text, "s.yaml");
    EXPECT_TRUE(document) << document.error().text();
    EXPECT_TRUE(completeEngine(*document, "engine"));
    auto made = std::make_unique<Policy>(
        Policy{std::move(*document), {}, std::make_unique<SilentWorld>(), {}});
    Problems problems;
    Reader root = Reader::root(made->document, problems);
    root.object("engine", [&](Reader& r) { made->engine = readEngine(r); });
    EXPECT_TRUE(problems.empty()) << problems.error().text();
    auto settings = buildSettings(made->engine, *made->world);
    EXPECT_TRUE(settings) << settings.error().text();
    made->settings = std::move(*settings);
    return made;
}

TEST(Parameters, haveThePathOfTheDocumentsAndAreSorted) {
    const auto p = policy();
    const ParameterRegistry registry(p->settings);
    std::vector<std::string> paths;
    for (const ParameterEntry& entry : registry.entries())
        paths.push_back(entry.path);
    EXPECT_TRUE(std::is_sorted(paths.begin(), paths.end()));
    EXPECT_THAT(
        paths,
        testing::IsSupersetOf(std::vector<std::string>{
            "engine.transport.poll_interval_ms", "engine.transport.batch_size",
            "engine.request_timeout", "engine.backoff.max_seconds", "engine.pools[default].workers",
            "engine.pools[default].gate_params.saturation_gate_params.baseline",
            "engine.transport.queues[batch].gate_params.gates[0].gate_params.threshold",
            "engine.transport.queues[batch].gate_params.gates[1].gate_params.limit"}));
    for (const ParameterEntry& entry : registry.entries()) {
        EXPECT_FALSE(entry.help.empty()) << entry.path;
        EXPECT_LE(entry.min, entry.max) << entry.path;
        const std::size_t index = *registry.find(entry.path);
        EXPECT_GE(registry.get(index), entry.min) << entry.path;
        EXPECT_LE(registry.get(index), entry.max) << entry.path;
    }
    EXPECT_THAT(parameterTable(registry), HasSubstr("engine.transport.batch_size"));
}

TEST(Parameters, areFoundByNumberTooAndSuggestedWhenMistyped) {
    const auto p = policy();
    const ParameterRegistry registry(p->settings);
    EXPECT_EQ(
        registry.find("engine.transport.queues[0].gate_params.gates[1].gate_params.limit").value(),
        registry.find("engine.transport.queues[batch].gate_params.gates[1].gate_params.limit")
            .value());
    EXPECT_TRUE(registry.find("engine.pools[0].workers"));
    const auto missing = registry.find("engine.pools[default].worker");
    ASSERT_FALSE(missing);
    EXPECT_THAT(missing.error().text(),
                HasSubstr("did you mean \"engine.pools[default].workers\"?"));
}

struct Turn {
    std::string_view path;
    std::string_view value;
    double expected;
    std::string_view error = {};
};

TEST(Parameters, areTurnedWithinTheirRangeOnly) {
    const std::string gate = "engine.transport.queues[batch].gate_params.gates[0].gate_params.";
    const std::vector<Turn> table{
        {"engine.transport.poll_interval_ms", "250", 250},
        {"engine.transport.poll_interval_ms", "2s", 2000},
        {"engine.request_timeout", "90", 90},
        {"engine.request_timeout", "1m30s", 90},
        {"engine.pools[default].workers", "16", 16},
        {"engine.pools[default].workers", "0", 0,
         "workers: 0 is out of range; it must be a whole number from 1 to 100000 (workers)"},
        {"engine.pools[default].workers", "2.5", 0, "2.5 is not whole"},
        {"engine.pools[default].workers", "nan", 0, "is not a finite number"},
        {"engine.pools[default].workers", "many", 0, "\"many\" is not a whole number"},
        {"engine.pools[default].gate_params.saturation_gate_params.baseline", "1", 0,
         "it must be a number from 0 to less than 1"},
        {"engine.request_timeout", "-5s", 0, "-5s is out of range; it must be a duration from 1ms"},
    };
    for (const Turn& turn : table) {
        const auto p = policy();
        ParameterRegistry registry(p->settings);
        const Status done = registry.set(turn.path, turn.value);
        ASSERT_EQ(done.has_value(), turn.error.empty()) << turn.path << '=' << turn.value;
        const std::size_t index = *registry.find(turn.path);
        if (turn.error.empty()) {
            EXPECT_EQ(registry.get(index), turn.expected) << turn.path;
        } else {
            EXPECT_THAT(done.error().text(), HasSubstr(turn.error));
            EXPECT_EQ(registry.get(index), registry.initial(index));
        }
    }
}

TEST(Parameters, turningActsOnTheSettingsAndTheGates) {
    const auto p = policy();
    ParameterRegistry registry(p->settings);
    ASSERT_TRUE(registry.set("engine.transport.batch_size", "7"));
    EXPECT_EQ(p->settings.batchSize, 7);
    const std::string_view limit =
        "engine.transport.queues[batch].gate_params.gates[1].gate_params.limit";
    ASSERT_TRUE(registry.set(limit, "3"));
    EXPECT_EQ(p->settings.queues[0].gate->inner()[1]->room({}, 64, 0).requests, 3);
}

TEST(Export, aTurnedPolicyGoesBackIntoItsDocuments) {
    const auto p = policy();
    ParameterRegistry registry(p->settings);
    ASSERT_TRUE(registry.set(
        "engine.transport.queues[batch].gate_params.gates[0].gate_params.threshold", "0.65"));
    ASSERT_TRUE(registry.set("engine.transport.poll_interval_ms", "200"));
    ASSERT_TRUE(registry.set("engine.pools[default].workers", "24"));
    ASSERT_TRUE(
        registry.set("engine.pools[default].gate_params.saturation_gate_params.baseline", "0.1"));
    ASSERT_TRUE(writeBack(p->document, registry));
    const Node& tree = *p->document.root().find("engine");
    Problems problems;
    Reader reader(p->document, tree, "engine", problems);
    const EngineDocument engine = readEngine(reader);
    ASSERT_TRUE(problems.empty()) << problems.error().text();

    const Exported documents = exportDocuments(engine, tree);
    ASSERT_EQ(documents.files.size(), 2u);
    const std::string& transport = documents.files[0].text;
    EXPECT_THAT(transport,
                HasSubstr("\"threshold\": \"0.65\"")); // a string it was, a string it stays
    EXPECT_THAT(transport, HasSubstr("\"future_key\": \"kept\""));
    EXPECT_THAT(transport, HasSubstr("\"poll_interval_ms\": 200"));
    EXPECT_THAT(transport, HasSubstr("\"batch_size\": 10")); // from the semantics, made explicit
    EXPECT_THAT(documents.files[1].text, HasSubstr("\"workers\": 24"));
    EXPECT_THAT(documents.files[1].text, HasSubstr("\"baseline\": 0.1"));
    EXPECT_THAT(documents.flags, testing::Contains("--transport=redis-sortedset"));

    std::vector<Document> parts;
    for (const ExportedFile& file : documents.files) {
        parts.push_back(*Document::parse(file.text, file.name));
    }
    auto again = engineTree(std::move(parts));
    ASSERT_TRUE(again) << again.error().text();
    EXPECT_EQ(jsonText(*again->root().find("pools")), jsonText(*tree.find("pools")));
}

TEST(Export, helmValuesKeepTheRestAndSayTheSamePolicy) {
    const auto p = policy();
    const Node& tree = *p->document.root().find("engine");
    const Document base =
        *Document::parse("ap:\n"
                         "  image: {tag: \"1.0\"}\n"
                         "  redis: {enabled: true, gateType: old, gateParams: {a: b}}\n"
                         "other: on\n",
                         "values.yaml");
    const Exported exported = exportHelm(p->engine, tree, &base.root());
    auto values = Document::parse(exported.files.at(0).text, "values.yaml");
    ASSERT_TRUE(values) << values.error().text() << exported.files[0].text;
    EXPECT_EQ(values->root().find("ap")->find("image")->find("tag")->text, "1.0");
    EXPECT_TRUE(values->root().find("ap")->find("image")->find("tag")->quoted);
    EXPECT_EQ(values->root().find("other")->text, "on");
    const Node& ap = *values->root().find("ap");
    EXPECT_EQ(ap.find("transport")->text, "redis-sortedset");
    EXPECT_NE(ap.find("transportConfig")->find("queues"), nullptr);
    EXPECT_EQ(ap.find("redis"), nullptr); // what counts for nothing beside ap.transport is gone
    auto helm = engineTreeFromHelm(std::move(*values));
    ASSERT_TRUE(helm) << helm.error().text();
    ASSERT_TRUE(applyOverride(helm->tree, "semantics=llm-d-async-0.9"));
    const auto engine = readEngine(helm->tree, helm->options);
    ASSERT_TRUE(engine) << engine.error().text();
    EXPECT_EQ(engine->transport.queues.size(), 2u);
    EXPECT_EQ(engine->transport.pollInterval, std::chrono::seconds{1});
    EXPECT_EQ(engine->transport.queues[0].gate->params, p->engine.transport.queues[0].gate->params);
    EXPECT_EQ(engine->pools[0].workers, 8);
}

TEST(Export, notesWhatLlmDAsyncDoesNotKnow) {
    const auto p = policy("engine:\n"
                          "  transport:\n"
                          "    url: \"redis://r\"\n"
                          "    queues:\n"
                          "      - queue_name: q\n"
                          "        igw_base_url: \"http://i\"\n"
                          "        gate_type: prometheus-saturation\n"
                          "        gate_params: {pool: p, cache_ttl: 2s}\n");
    const Exported exported = exportDocuments(p->engine, *p->document.root().find("engine"));
    EXPECT_THAT(exported.notes,
                testing::Contains(HasSubstr("gate_params.cache_ttl: llm-d-async ignores it")));
}

TEST(Helm, saysWhatTheChartWouldRefuse) {
    const std::vector<std::pair<std::string_view, std::string_view>> table{
        {"a: 1", "there is no `ap` mapping"},
        {"ap: {redis: {enabled: false}}", "neither ap.redis.enabled nor"},
        {"ap: {redis: {enabled: true}, igwBaseURL: \"http://i\"}", "neither ap.redis.url nor"},
        {"ap: {redis: {enabled: true, url: \"redis://r\"}}", "ap.igwBaseURL is missing"},
        {"ap: {messageQueueImpl: redis-sortedset, redis: {enabled: true, url: \"redis://r\", "
         "gateType: x, queuesConfig: [{queue_name: a}]}}",
         "are both set"},
    };
    for (const auto& [text, expected] : table) {
        const auto helm = engineTreeFromHelm(*Document::parse(text, "values.yaml"));
        ASSERT_FALSE(helm) << text;
        EXPECT_THAT(helm.error().text(), HasSubstr(expected));
        EXPECT_GT(helm.error().line, 0);
    }
    const auto helm =
        engineTreeFromHelm(*Document::parse("ap: {igwBaseUrl: x, igwBaseURL: \"http://i\", "
                                            "redis: {enabled: true, secretName: s}}",
                                            "values.yaml"));
    ASSERT_TRUE(helm) << helm.error().text();
    ASSERT_EQ(helm->findings.size(), 1u);
    EXPECT_EQ(helm->findings[0].code, "ignored-key");
    EXPECT_THAT(helm->findings[0].remedy, HasSubstr("Write \"igwBaseURL\""));
    EXPECT_TRUE(readEngine(helm->tree, helm->options));
}

} // namespace
} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
// Goal: llm-d-async's documents mean here what they mean there: its defaults, its checks, its
// string forms. Method: documents in its own shape, whole and broken, and what is read from them.
#include "engine/config/documents/build.h"
#include "engine/config/documents/engine_tree.h"
#include "engine/config/text/override.h"

#include <gmock/gmock.h>

namespace penstock {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

Document parse(std::string_view text, std::string name) {
    auto document = Document::parse(text, std::move(name));
    EXPECT_TRUE(document) << document.error().text();
    return document ? std::move(*document) : Document::mapping("none");
}

constexpr std::string_view kTransport = R"({
  "url": "redis://r:6379", "poll_interval_ms": 500, "batch_size": 20,
  "queues": [
    {"queue_name": "batch", "igw_base_url": "http://igw", "worker_pool_id": "p",
     "gate_type": "prometheus-saturation",
     "gate_params": {"pool": "pool-1", "threshold": "0.7"}, "labels": {"tier": "batch"}},
    {"id": "b", "queue_name": "bulk", "igw_base_url": "https://igw", "worker_pool_id": "p",
     "result_queue_name": "done", "request_path_url": "/v1/chat/completions"}
  ]})";
constexpr std::string_view kPools = R"([
  {"id": "p", "workers": 8, "gate_type": "wait-on-refuse", "gate_params": {"gate":
   "{\"gate_type\":\"composite\",\"gate_params\":{\"gates\":[{\"gate_type\":\"local-max-concurrency\",\"gate_params\":{\"limit\":\"5\"}}]}}"}}
])";

Result<EngineDocument> read(std::string_view transport, std::string_view pools = kPools,
                            std::string_view semantics = "penstock") {
    std::vector<Document> parts;
    parts.push_back(parse(transport, "t.json"));
    if (!pools.empty()) parts.push_back(parse(pools, "p.json"));
    auto tree = engineTree(std::move(parts));
    if (!tree) return fail(tree.error());
    EXPECT_TRUE(applyOverride(*tree, std::string("semantics=").append(semantics), "--semantics"));
    EXPECT_TRUE(applyOverride(*tree, "prometheus_url=http://prometheus:9090"));
    return readEngine(*tree);
}

TEST(Documents, areReadWithTheirDefaults) {
    const auto engine = read(kTransport);
    ASSERT_TRUE(engine) << engine.error().text();
    const TransportDocument& t = engine->transport;
    EXPECT_EQ(t.pollInterval, 500ms);
    EXPECT_EQ(t.batchSize, 20);
    EXPECT_EQ(t.retryQueue, "retry-sortedset");
    EXPECT_EQ(t.resultQueue, "result-list");
    ASSERT_EQ(t.queues.size(), 2u);
    EXPECT_EQ(t.queues[0].id, "batch");
    EXPECT_EQ(t.queues[0].requestPath, "/v1/completions");
    EXPECT_EQ(t.queues[0].gate->type, "prometheus-saturation");
    EXPECT_EQ(t.queues[0].gate->places.at("threshold").line, 6);
    EXPECT_EQ(*findLabel(t.queues[0].labels, "tier"), "batch");
    EXPECT_EQ(t.queues[1].id, "b");
    EXPECT_EQ(t.queues[1].resultQueue, "done");
    ASSERT_EQ(engine->pools.size(), 1u);
    EXPECT_EQ(engine->pools[0].workers, 8);
    EXPECT_EQ(engine->mergePolicy.settings.fairnessHeader, "x-llm-d-inference-fairness-id");
    EXPECT_EQ(engine->requestTimeout, 5min);
    EXPECT_TRUE(engine->findings.empty());
    EXPECT_TRUE(checkGates(*engine));
}

TEST(Documents, withoutPoolsThereIsTheDefaultPoolOf64Workers) {
    const auto engine =
        read(R"({"url":"redis://r","queues":[{"queue_name":"q","igw_base_url":"http://i"}]})", "");
    ASSERT_TRUE(engine) << engine.error().text();
    EXPECT_EQ(engine->pools.at(0).id, "default");
    EXPECT_EQ(engine->pools.at(0).workers, 64);
    EXPECT_EQ(engine->pollInterval(), 50ms);
    EXPECT_EQ(engine->batchSize(), 64);
}

TEST(Documents, aPresetBringsItsPollAndBatchWhenTheDocumentHasNone) {
    const auto engine =
        read(R"({"url":"redis://r","queues":[{"queue_name":"q","igw_base_url":"http://i"}]})", "",
             "llm-d-async-0.9");
    ASSERT_TRUE(engine) << engine.error().text();
    EXPECT_EQ(engine->pollInterval(), 1s);
    EXPECT_EQ(engine->batchSize(), 10);
}

struct BrokenDocument {
    std::string_view transport;
    std::string_view pools;
    std::string_view expected;
};

TEST(Documents, saysWhatIsWrongWhereAndWhatWouldBeRight) {
    const std::vector<BrokenDocument> table{
        {R"({"url":"redis://r","queues":[{"queue_name":"a","igw_base_url":"http://i"},
{"queue_name":"a","igw_base_url":"http://i","id":"z"}]})",
         "",
         "t.json:2:1: transport.queues[z]: the queue_name \"a\" is taken by the queue at line 1"},
        {R"({"url":"redis://r","queues":[{"queue_name":"a","id":"x","igw_base_url":"http://i"},
{"queue_name":"b","igw_base_url":"http://i","id":"x"}]})",
         "", "t.json:2:1: transport.queues[x]: the id \"x\" is taken"},
        {R"({"url":"redis://r","queues":[{"queue_name":"a","igw_base_url":"http://i","worker_pool_id":"q"}]})",
         kPools, "worker_pool_id: there is no pool \"q\"; did you mean \"p\"? Pools: p"},
        {R"({"url":"redis://r","queues":[{"queue_name":"a"}]})", "",
         "t.json:1:30: transport.queues[0].igw_base_url: missing"},
        {R"({"queues":[{"queue_name":"a","igw_base_url":"http://i"}]})", "",
         "transport.url: missing; it must be the address of Redis"},
        {R"({"url":"redis://r","queues":[]})", "", "there is no queue"},
        {R"({"url":"redis://r"})", "", "none of llm-d-async's documents"},
        {R"({"url":"redis://r","queues":[{"queue_name":"a","igw_base_url":"igw"}]})", "",
         "\"igw\" is not an address; it must begin with http://, https://"},
        {R"({"url":"redis://r","queue":[],"queues":[{"queue_name":"a","igw_base_url":"http://i"}]})",
         "", "t.json:1:20: transport: unknown key \"queue\"; did you mean \"queues\"?"},
        {R"({"url":"redis://r","poll_interval_ms":"500","queues":[{"queue_name":"a","igw_base_url":"http://i"}]})",
         "", "\"500\" is text; write the number without quotes"},
        {R"({"url":"redis://r","batch_size":-1,"queues":[{"queue_name":"a","igw_base_url":"http://i"}]})",
         "",
         "batch_size: -1 is out of range; it must be a whole number from 0 to 1000000 (messages)"},
        {R"({"url":"redis://r","queues":[{"queue_name":"a","igw_base_url":"http://i","labels":{"tier":1}}]})",
         "", "labels.tier: 1 is not text; write \"1\""},
        {R"({"url":"redis://r","queues":[{"queue_name":"a","igw_base_url":"http://i","worker_pool_id":"p"}]})",
         R"([{"id":"p","workers":0}])", "p.json:1:22: pools[0].workers: 0 is out of range"},
        {R"({"url":"redis://r","queues":[{"queue_name":"a","igw_base_url":"http://i","worker_pool_id":"p"}]})",
         R"([{"id":"p","workers":1},{"id":"p","workers":1}])",
         "\"p\" is taken by the pool at line 1"},
        {R"({"url":"redis://r","queues":[{"queue_name":"a","igw_base_url":"http://i","inference_objective":"a\nb"}]})",
         "", "not a legal HTTP header value"},
        {R"({"url":"redis://r","queues":[{"queue_name":"a","igw_base_url":"http://i","gate_params":{"x":1}}]})",
         "", "given without a gate_type"},
    };
    for (const BrokenDocument& row : table) {
        const auto engine = read(row.transport, row.pools);
        ASSERT_FALSE(engine) << row.transport;
        EXPECT_THAT(engine.error().text(), HasSubstr(row.expected)) << row.transport;
    }
}

TEST(Documents, gateErrorsNameTheLineOfTheParameterOrTheOptionThatSetIt) {
    const std::string transport = R"({"url":"redis://r","queues":[
 {"queue_name":"q","igw_base_url":"http://i","gate_type":"composite","gate_params":{"gates":[
   {"gate_type":"prometheus-saturation","gate_params":{"pool":"p",
      "threshold": 7}}]}}]})";
    auto engine = read(transport, "");
    ASSERT_TRUE(engine) << engine.error().text();
    const Status bad = checkGates(*engine);
    ASSERT_FALSE(bad);
    EXPECT_EQ(bad.error().line, 4) << bad.error().text();
    EXPECT_EQ(bad.error().file, "t.json");

    std::vector<Document> parts;
    parts.push_back(parse(transport, "t.json"));
    auto tree = engineTree(std::move(parts));
    ASSERT_TRUE(tree);
    ASSERT_TRUE(
        applyOverride(*tree, "transport.queues[q].gate_params.gates[0].gate_params.threshold=9"));
    auto set = readEngine(*tree);
    ASSERT_TRUE(set) << set.error().text();
    set->prometheusUrl = "http://p";
    const Status still = checkGates(*set);
    ASSERT_FALSE(still);
    EXPECT_THAT(still.error().text(), testing::StartsWith("--set transport.queues[q].gate_params"));
}

TEST(Documents, unknownKeysAndGatesAreWarningsUnderAPreset) {
    constexpr std::string_view kText =
        R"({"url":"redis://r","futur":1,"queues":[{"queue_name":"a","igw_base_url":"http://i","gate_type":"magic"}]})";
    const auto strict = read(kText, "");
    ASSERT_FALSE(strict);
    const auto lenient = read(kText, "", "llm-d-async-0.9");
    ASSERT_TRUE(lenient) << lenient.error().text();
    ASSERT_EQ(lenient->findings.size(), 1u);
    EXPECT_EQ(lenient->findings[0].code, "ignored-key");
    EXPECT_EQ(lenient->findings[0].severity, Severity::error);
    EXPECT_THAT(lenient->findings[0].computed, HasSubstr("does not know the key \"futur\""));
    std::vector<Error> warnings;
    EXPECT_TRUE(checkGates(*lenient, &warnings));
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_THAT(warnings[0].text(), HasSubstr("magic"));
}

TEST(Documents, addressesComeFromTheEnvironmentOrAreNotNeeded) {
    const Document tree = parse("transport: {queues: [{queue_name: a}]}", "s.yaml");
    EXPECT_FALSE(readEngine(tree));
    const auto filled = readEngine(tree, {.redisUrl = "redis://e", .igwBaseUrl = "http://e"});
    ASSERT_TRUE(filled) << filled.error().text();
    EXPECT_EQ(filled->transport.url, "redis://e");
    EXPECT_EQ(filled->transport.queues[0].baseUrl, "http://e");
    EXPECT_TRUE(readEngine(tree, {.needAddresses = false}));
}

TEST(Documents, mergePolicyAndTransforms) {
    const Document tree = parse(R"(
transport: {url: "redis://r", queues: [{queue_name: a, igw_base_url: "http://i"}]}
merge_policy:
  type: tier-priority
  parameters: {fairness_header: "", tier_label: class, aging_seconds: 30,
               lane_objectives: {reserved-interactive: premium, overflow-batch: best-effort}}
transforms:
  requestTransforms: [{name: w, type: gcs_uri_multipart, parameters: {providers: [whisper]}}]
)",
                                "e.yaml");
    const auto engine = readEngine(tree);
    ASSERT_TRUE(engine) << engine.error().text();
    const MergeSettings& merge = engine->mergePolicy.settings;
    EXPECT_EQ(merge.kind, MergeSettings::Kind::tierPriority);
    EXPECT_EQ(merge.fairnessHeader, "");
    EXPECT_EQ(merge.priorityHeader, "x-gateway-priority");
    EXPECT_EQ(merge.tierLabel, "class");
    EXPECT_EQ(merge.aging, 30s);
    ASSERT_EQ(merge.laneObjectives.size(), 6u);
    EXPECT_EQ(merge.laneObjectives[0], "premium");
    EXPECT_EQ(merge.laneObjectives[5], "best-effort");
    ASSERT_EQ(engine->transforms.size(), 1u);
    EXPECT_THAT(engine->transforms[0].providers, testing::ElementsAre("whisper"));
}

TEST(Documents, semanticsMayDifferFromAPresetByName) {
    const Document tree =
        parse("semantics: {preset: llm-d-async-0.9, retry_transport_errors: true, lease: 45s}\n"
              "transport: {queues: [{queue_name: a}]}\n",
              "e.yaml");
    const auto engine = readEngine(tree, {.needAddresses = false});
    ASSERT_TRUE(engine) << engine.error().text();
    EXPECT_TRUE(engine->semantics.retryTransportErrors);
    EXPECT_EQ(engine->semantics.lease, 45s);
    EXPECT_EQ(engine->semantics.budgetMeans, Semantics::BudgetMeans::ratePerPoll);
}

TEST(Documents, flagsAreNamedInErrorsAsTheyWereGiven) {
    const auto tree = engineTree(EngineFiles{
        .transportType = "redis-sortedset",
        .transportText =
            R"({"url":"redis://r","queues":[{"queue_name":"a","igw_base_url":"http://i"}]})",
        .flags = {{"request-timeout", "soon"}, {"concurrency", "8"}}});
    ASSERT_TRUE(tree) << tree.error().text();
    const auto engine = readEngine(*tree);
    ASSERT_FALSE(engine);
    EXPECT_THAT(engine.error().text(),
                testing::StartsWith("--request-timeout=soon: request_timeout: soon is not"));
}

TEST(Documents, googlePubSubAndRedisPubSubHaveTheirOwnKeys) {
    const Document cloud = parse(R"({"transport_type":"gcp-pubsub","transport":{"project_id":"p",
 "result_topic_id":"r","topics":[{"subscriber_id":"s","igw_base_url":"http://i"}]}})",
                                 "g.json");
    const auto g = readEngine(cloud);
    ASSERT_TRUE(g) << g.error().text();
    EXPECT_EQ(g->transport.queues[0].id, "s");
    const Document plain = parse(R"({"transport_type":"redis-pubsub","transport":{"url":"redis://r",
 "queues":[{"queue_name":"q","igw_base_url":"http://i","gate_type":"constant"}]}})",
                                 "p.json");
    const auto p = readEngine(plain);
    ASSERT_FALSE(p);
    EXPECT_THAT(p.error().text(), HasSubstr("redis-pubsub has no queue gates"));
}

} // namespace
} // namespace penstock

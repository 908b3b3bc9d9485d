// SPDX-License-Identifier: Apache-2.0
// Goal: where llm-d-async is silent, `check` is not: what it ignores or takes otherwise than it
// looks is found, with what happens instead and what to write. Method: one small document for each
// finding, and the number or word that its sentence must hold.
#include "engine/config/advice/advice.h"
#include "engine/config/documents/engine_tree.h"
#include "tests/engine/config/trap_codes.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace penstock {
namespace {

constexpr std::string_view kPlain =
    R"({"url":"redis://r","queues":[{"queue_name":"q","igw_base_url":"http://i"}]})";

std::string queueWith(std::string_view more) {
    return std::string(R"({"url":"redis://r","queues":[{"queue_name":"q",)"
                       R"("igw_base_url":"http://i",)") +
           std::string(more) + "}]}";
}

std::string gateWith(std::string_view type, std::string_view params) {
    return queueWith(R"("gate_type":")" + std::string(type) + R"(","gate_params":)" +
                     std::string(params));
}

std::string chartWith(std::string_view more) {
    return "ap:\n  transport: redis-sortedset\n  transportConfig:\n    url: redis://r\n"
           "    queues: [{queue_name: q, igw_base_url: \"http://i\"}]\n" +
           std::string(more);
}

struct Row {
    std::string code, text, says;
    Severity severity = Severity::error;
    std::string semantics = "llm-d-async-0.9";
    std::string beside = {};
    std::vector<std::pair<std::string, std::string>> flags = {};
};

const std::vector<Row>& rows() {
    constexpr auto kWarning = Severity::warning;
    const std::string plain(kPlain);
    static const std::vector<Row> kRows{
        {"unknown-gate", gateWith("prometheus-saturaton", "{}"), "\"prometheus-saturation\""},
        {"unknown-gate", gateWith("constnat", "{}"), "always open"},
        {"ignored-key", gateWith("prometheus-saturation", R"({"pool":"p","treshold":0.5})"),
         "threshold 0.8, its default"},
        {"ignored-key", gateWith("prometheus-saturation", R"({"pool":"p","Threshold":0.5})"),
         "Write \"threshold\""},
        {"ignored-key", queueWith(R"("gate_typ":"redis")"), "Write \"gate_type\""},
        {"ignored-key",
         R"({"url":"redis://r","batchsize":3,"queues":[{"queue_name":"q",)"
         R"("igw_base_url":"http://i"}]})",
         "Write \"batch_size\""},
        {"ignored-key", plain, "Write \"gate_params\"", Severity::error, "llm-d-async-0.10",
         R"([{"id":"default","workers":4,"gate_type":"constant","gate_parms":{}}])"},
        {"ignored-key", queueWith(R"("result_ttl_seconds":60)"), "Deploy 0.9.1"},
        {"ignored-key",
         R"({"url":"redis://r","claim_lease_ttl_seconds":60,"queues":[)"
         R"({"queue_name":"q","igw_base_url":"http://i"}]})",
         "Deploy 0.9.1"},
        {"ignored-key", chartWith("  colour: red\n"), "renders nothing"},
        {"ignored-key", chartWith("  gateWaitTimeout: 1m\n"), "Deploy 0.10"},
        {"repeated-key",
         R"({"url":"redis://a","url":"redis://r","queues":[)"
         R"({"queue_name":"q","igw_base_url":"http://i"}]})",
         "the last counts", kWarning},
        {"text-ignored", plain, "only the first value", kWarning, "llm-d-async-0.9",
         R"({"type":"random-robin"} and more)"},
        {"repaired-text", queueWith(R"("inference_objective":"\ud800")"), "U+FFFD", kWarning},
        {"gate-left-open", queueWith(R"("gate_params":{"limit":3})"), "open"},
        {"gate-ignored",
         gateWith("redis", R"({"address":"r:1"})"),
         "no queue gates",
         Severity::error,
         "llm-d-async-0.9",
         "",
         {{"transport", "redis-pubsub"}}},
        {"answered-twice",
         R"({"url":"redis://r","queues":[{"queue_name":"c","igw_base_url":)"
         R"("http://i"},{"queue_name":"c","igw_base_url":"http://i"}]})",
         "by both",
         Severity::error,
         "llm-d-async-0.9",
         "",
         {{"transport", "redis-pubsub"}}},
        {"not-a-number", gateWith("prometheus-saturation", R"({"pool":"p","threshold":"nan"})"),
         "never opens"},
        {"not-a-number", gateWith("prometheus-saturation", R"({"pool":"p","threshold":"+Inf"})"),
         "never closes"},
        {"never-yields", gateWith("prometheus-query", R"({"query":"sum(("})"),
         "fallback 0 for ever"},
        {"out-of-range", gateWith("prometheus-saturation", R"({"pool":"p","threshold":-1})"),
         "threshold is -1", kWarning},
        {"unknown-choice", gateWith("redis-quota", R"({"address":"r:1","limit":2,"mode":"rate"})"),
         "limits nothing"},
        {"unknown-lane", plain, "Name one of the six", Severity::error, "llm-d-async-0.10",
         R"({"type":"tier-priority","parameters":{"lane_objectives":{"fast":"x"}}})"},
        {"unusable-header", queueWith(R"("inference_objective":"a\r\nb")"), "control character"},
        {"unusable-address",
         R"({"url":"redis://r","queues":[{"queue_name":"q",)"
         R"("igw_base_url":"gateway:80"}]})",
         "INFERENCE_ERROR"},
        {"unusable-address",
         R"({"url":"redis://r","queues":[{"queue_name":"q",)"
         R"("igw_base_url":"http://gateway:99999"}]})",
         "1 to 65535"},
        {"unusable-address",
         R"({"url":"redis://r","queues":[{"queue_name":"q",)"
         R"("igw_base_url":"http://{{ .Values.host }}"}]})",
         "nobody has filled in"},
        {"unusable-address",
         R"({"url":"redis://r:99999","queues":[{"queue_name":"q",)"
         R"("igw_base_url":"http://i"}]})",
         "never reaches its Redis"},
        {"address-from-environment",
         R"({"queues":[{"queue_name":"q","igw_base_url":)"
         R"("http://i"}]})",
         "REDIS_URL", Severity::note},
        {"takes-nothing",
         R"({"url":"redis://r","batch_size":9223372036854775807,"queues":[)"
         R"({"queue_name":"q","igw_base_url":"http://i"}]})",
         "wraps"},
        {"not-supported", queueWith(R"("result_ttl_seconds":60)"), "does nothing here", kWarning,
         "llm-d-async-0.10"},
        {"not-supported",
         R"({"url":"redis://r","mode":"cluster","addrs":["a:1"],"queues":[)"
         R"({"queue_name":"q","igw_base_url":"http://i"}]})",
         "does nothing here", kWarning, "llm-d-async-0.11"},
        {"no-workers",
         plain,
         "answers nothing",
         Severity::error,
         "llm-d-async-0.9",
         "",
         {{"concurrency", "0"}}},
        {"not-supported",
         plain,
         "starts 200000 workers; penstock runs with 100000",
         kWarning,
         "llm-d-async-0.9",
         "",
         {{"concurrency", "200000"}}},
        {"not-supported", chartWith("  concurrency: 200000\n"), "starts 200000 workers", kWarning},
        {"no-metrics",
         plain,
         "without metrics",
         kWarning,
         "llm-d-async-0.9",
         "",
         {{"metrics-port", "70000"}}},
        {"timeout-at-once",
         plain,
         "before it is sent",
         Severity::error,
         "llm-d-async-0.9",
         "",
         {{"request-timeout", "0"}}},
        {"zero-is-absent", chartWith("  concurrency: 0\n"), "runs with 64", kWarning},
        {"zero-is-absent", chartWith("  prometheusCacheTTL: 0\n"), "runs with 5s", kWarning},
        {"zero-is-absent", chartWith("  drainTimeout: 0\n"), "runs with 2m", kWarning},
        {"value-overridden", chartWith("  redis: {enabled: true, batchSize: 3}\n"),
         "ap.redis.batchSize counts for nothing", kWarning},
        {"number-with-exponent",
         "ap:\n  igwBaseURL: http://i\n  messageQueueImpl: redis-sortedset\n"
         "  redis: {enabled: true, url: \"redis://r\", gateType: redis-quota, gateParams: "
         "{address: \"r:1\", limit: 1, window: 1m, prefix: 1000000}}\n",
         "\"1e+06\""},
    };
    return kRows;
}

Result<EngineDocument> read(const Row& row) {
    const auto parsed = [](const std::string& text, const char* name) {
        return Document::parse(text, name, Syntax::detect, {}, 1, Irregular::kept);
    };
    if (row.flags.empty()) {
        std::vector<Document> documents;
        auto first = parsed(row.text, "first");
        if (!first) return fail(first.error());
        documents.push_back(std::move(*first));
        if (!row.beside.empty()) {
            auto second = parsed(row.beside, "second");
            if (!second) return fail(second.error());
            documents.push_back(std::move(*second));
        }
        return readDeployment(std::move(documents), {"semantics=" + row.semantics});
    }
    EngineFiles files;
    files.transportText = row.text;
    files.flags = row.flags;
    files.flags.emplace_back("semantics", row.semantics);
    const auto tree = engineTree(files);
    if (!tree) return fail(tree.error());
    return readEngine(*tree);
}

TEST(Findings, tellWhatLlmDAsyncIsSilentAbout) {
    for (const Row& row : rows()) {
        const auto engine = read(row);
        ASSERT_TRUE(engine) << row.code << " " << row.text << "\n" << engine.error().text();
        const auto findings = advise(*engine);
        bool told = false;
        for (const Finding& f : findings) {
            const bool same = f.code == row.code && f.severity == row.severity;
            told = told ||
                   (same && (f.computed + " | " + f.remedy).find(row.says) != std::string::npos);
        }
        EXPECT_TRUE(told) << row.code << ": " << row.says << "\n"
                          << row.text << "\n"
                          << formatFindings(findings);
    }
}

// Under our own semantics none of this is taken: a document is mended before it runs.
TEST(Findings, areErrorsUnderOurOwnSemantics) {
    for (const Row& row : rows()) {
        for (const std::string_view code : {"unknown-lane", "gate-left-open", "unusable-header",
                                            "unusable-address", "repeated-key", "takes-nothing"}) {
            if (row.code != code) continue;
            Row strict = row;
            strict.semantics = "penstock";
            EXPECT_FALSE(read(strict)) << row.code << " " << row.text;
        }
    }
}

TEST(Findings, everyCodeIsDescribedAndEveryDescriptionIsOfACode) {
    std::set<std::string, std::less<>> found = trapCodes();
    for (const Row& row : rows())
        found.insert(row.code);
    std::set<std::string, std::less<>> described;
    for (const FindingKind& kind : findingKinds())
        described.insert(std::string(kind.code));
    EXPECT_EQ(found, described);
}

} // namespace
} // namespace penstock

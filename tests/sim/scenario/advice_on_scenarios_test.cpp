// SPDX-License-Identifier: Apache-2.0
// Advice on everything that is shipped: each scenario's deliberate findings, and not one more. A
// finding that is not in this table is a false alarm, or a scenario that became wrong.
#include "sim/scenario/pool_facts.h"
#include "sim/scenario/scenario_advice.h"
#include "tests/sim/world/scenario_support.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

namespace penstock::sim {
namespace {

using Codes = std::set<std::string>;

const std::map<std::string, Codes> kDeliberate{
    // 25 s of dead time against bursts of 23 s, and the fallback that opens: both its lesson.
    {"code-onoff", {"needs-flow-control", "dead-time", "fails-open"}},
    {"batching-pays", {}},
    {"bench-5000", {}},
    {"burst-idle-three-windows", {"fails-open"}},
    {"conversation-slack", {"fails-open"}},
    {"deadline-cliff", {"fails-open"}},
    {"prometheus-outage", {"fails-open"}},
    {"router-429-and-503", {}},
    {"tenants-and-tiers", {}},
    {"week-with-losses", {"fails-open"}},
    {"azure-code", {"needs-flow-control", "fails-open"}},
    {"floor-of-the-poll", {"needs-flow-control", "quantised", "fails-open"}},
    {"gate-that-cannot-close", {"never-closes", "fails-closed"}},
    {"reopen-stampede", {"needs-flow-control", "fails-open"}},
    {"gates/tide", {}},
    {"gates/metrics-away", {}},
    {"gates/mixed-sizes", {}},
    {"gates/full-kv", {}},
    {"gates/sheddable", {}},
    {"gates/never-sheds", {}},
    {"gates/deadline-in-sight", {"needs-flow-control"}},
    {"gates/deadline-past-hope", {"needs-flow-control", "deadline-unreachable"}},
};

TEST(AdviceOnScenarios, findsWhatIsMeantAndNothingElse) {
    for (const std::string& name : test::allShipped()) {
        const auto expected = kDeliberate.find(name);
        ASSERT_NE(expected, kDeliberate.end())
            << name << " is new: say here what `penstock check` is meant to find in it";
        const auto scenario =
            readScenario(test::shipped(name), test::options(test::standIns(name)));
        ASSERT_TRUE(scenario.has_value()) << scenario.error().text();
        const auto findings = adviseScenario(*scenario);
        Codes codes;
        for (const Finding& finding : findings)
            codes.insert(finding.code);
        EXPECT_EQ(codes, expected->second) << name << "\n" << formatFindings(findings);
    }
}

// Values that have no effect as things are, or not the one that is meant: laid over a scenario that
// has nothing to say, each brings its finding, with the place where it was written.
TEST(AdviceOnScenarios, findsWhatHasNoEffect) {
    const std::string replica = "pool.replicas[0].";
    struct Case {
        std::vector<std::string> overrides;
        std::string code, place, says;
    };
    for (const Case& c : std::vector<Case>{
             {{replica + "static_size=4"}, "no-effect", "static_size", "static batches"},
             {{replica + "static_max_wait=4s"}, "no-effect", "static_max_wait", "static batches"},
             {{replica + "prefix_unit_blocks=4"}, "no-effect", "prefix_unit_blocks", "no prefix"},
             {{replica + "mode=static-batch", replica + "static_size=4"}, "", "", ""},
             {{replica + "prefix_cache=true", replica + "prefix_unit_blocks=4"}, "", "", ""},
             {{"metrics.scrape_duration=11s"},
              "scrapes-time-out",
              "scrape_duration",
              "model servers"},
             {{"metrics.router_scrape=1s", "metrics.scrape_duration=2s"},
              "scrapes-time-out",
              "scrape_duration",
              "of the router"},
             {{"metrics.perfect=true", "metrics.scrape_duration=11s"}, "", "", ""},
             {{replica + "gpu=H200", replica + "profile=h100"},
              "profile-of-another-gpu",
              "profile",
              "fitted on H100-SXM"},
             {{replica + "gpu=H100-SXM", replica + "profile=h100"}, "", "", ""},
         }) {
        const auto scenario =
            readScenario(test::shipped("router-429-and-503"), test::options(c.overrides));
        ASSERT_TRUE(scenario.has_value()) << scenario.error().text();
        const auto findings = adviseScenario(*scenario);
        const std::string& what = c.overrides.back();
        ASSERT_EQ(findings.size(), c.code.empty() ? 0U : 1U) << what << formatFindings(findings);
        if (findings.empty()) continue;
        EXPECT_EQ(findings.front().code, c.code) << what;
        EXPECT_NE(findings.front().path.find(c.place), std::string::npos) << findings.front().path;
        EXPECT_NE(findings.front().place.file.find(c.place), std::string::npos);
        EXPECT_NE(findings.front().computed.find(c.says), std::string::npos)
            << findings.front().computed;
    }
}

// A trace whose times are rounded to 3 s: five requests at each instant, which nobody sent so.
TEST(AdviceOnScenarios, findsATimeGrid) {
    const auto file = std::filesystem::path(::testing::TempDir()) / "grid.jsonl";
    std::ofstream out{file};
    for (int i = 0; i < 500; ++i) {
        out << "{\"time\": " << 3 * (i / 5) << ", \"prompt_tokens\": 10, \"output_tokens\": 5}\n";
    }
    out.close();
    const auto codes = [&](const std::string& more) {
        const std::string arrivals =
            "sources[0].arrivals={process: trace, format: jsonl, file: " + file.string() + more +
            "}";
        const auto scenario =
            readScenario(test::shipped("router-429-and-503"), test::options({arrivals}));
        EXPECT_TRUE(scenario.has_value()) << scenario.error().text();
        Codes found;
        for (const Finding& finding : adviseWithTraces(*scenario)) {
            found.insert(finding.code);
            EXPECT_NE(finding.computed.find("grid of 3 s"), std::string::npos) << finding.computed;
            EXPECT_NE(finding.computed.find("grid.jsonl"), std::string::npos) << finding.computed;
        }
        return found;
    };
    EXPECT_EQ(codes(""), Codes{"trace-on-a-grid"});
    EXPECT_EQ(codes(", transforms: [{dither: {}}]"), Codes{});
}

// Settings that cannot have an effect, or contradict each other, each named with its place.
TEST(AdviceOnScenarios, remarksOnContradictionsInTheRouter) {
    struct Case {
        const char* router;
        std::vector<std::string> found; // code and path below pool.router
    };
    for (const Case& c : {
             Case{"{}", {}},
             Case{"{queue_ttl: 30s}", {"no-effect queue_ttl"}},
             Case{"{order: edf, fairness: round-robin}", {"no-effect fairness", "no-effect order"}},
             Case{"{ceilings: [{priority: 0, ceiling: 0.8}]}", {"no-effect ceilings"}},
             Case{"{flow_control: true, queue_ttl: 30s, order: edf, ceiling: 0.9}", {}},
             Case{"{concurrency_mode: tokens}", {"no-effect concurrency_mode"}},
             Case{"{detector: concurrency, concurrency_mode: hybrid, max_tokens: 5000}", {}},
             Case{"{detector: concurrency, max_tokens: 5000}", {"no-effect max_tokens"}},
             Case{"{detector: concurrency, stale_after: 1s}", {"no-effect stale_after"}},
             Case{"{metrics_refresh: 250ms}", {"stale-between-refreshes metrics_refresh"}},
             Case{"{metrics_refresh: 250ms, stale_after: 250ms}", {}},
             Case{"{metrics_refresh: 1s, detector: concurrency}", {}},
             Case{"{prefix_weight: 0, prefix_index: precise}", {"no-effect prefix_index"}},
         }) {
        const auto scenario =
            parseScenario("scenario: {name: n}\n"
                          "pool:\n"
                          "  replicas: [{gpu: H100, model: Llama-3.1-8B}]\n"
                          "  router: " +
                              std::string(c.router) +
                              "\nsources: [{name: s, to: router, arrivals: {process: poisson, "
                              "rate: 1}}]\n"
                              "engine: {transport: {queues: [{id: q, queue_name: q}]}}\n",
                          "router.yaml", test::options());
        ASSERT_TRUE(scenario.has_value()) << scenario.error().text();
        std::vector<std::string> found;
        for (const Finding& finding : adviseScenario(*scenario)) {
            const std::string prefix = "pool.router.";
            if (finding.path.rfind(prefix, 0) != 0) continue;
            found.push_back(finding.code + " " + finding.path.substr(prefix.size()));
            EXPECT_EQ(finding.place.line, 4) << finding.path;
            EXPECT_EQ(finding.place.file, "router.yaml");
        }
        EXPECT_EQ(found, c.found) << c.router;
    }
}

// A pool that serves one request at a time serves it in the time that the facts say is the least.
TEST(AdviceOnScenarios, theLeastServiceTimeIsThatOfALoneRequest) {
    const std::string text = "scenario: {name: n, horizon: 30m, warmup: 0s}\n"
                             "pool: {replicas: [{gpu: H100, model: Llama-3.1-8B}]}\n"
                             "sources:\n"
                             "  - {name: s, to: 'queue:q', deadline: 1h, prompt_tokens: 400,\n"
                             "     output_tokens: 200, arrivals: {process: constant, rate: 0.1}}\n"
                             "engine: {transport: {queues: [{id: q, queue_name: q}]}}\n";
    const auto scenario = parseScenario(text, "lone.yaml", test::options());
    ASSERT_TRUE(scenario.has_value()) << scenario.error().text();
    const PoolFacts facts = poolFacts(*scenario);
    ASSERT_NE(facts.queue("q"), nullptr);
    ASSERT_TRUE(facts.queue("q")->leastServiceTime.has_value());
    const double least = toSeconds(*facts.queue("q")->leastServiceTime);
    auto world = test::makeText(text);
    ASSERT_NE(world, nullptr);
    const Report report = test::run(*world);
    const QueueReport& q = report.queues.front();
    ASSERT_GT(q.succeeded, 100);
    const double served = (q.e2eMs.mean - q.waitMs.mean) / 1000.0;
    EXPECT_GE(served, 0.995 * least);
    EXPECT_LE(served, 1.05 * least);
}

// A poll of nine tenths of an answer takes every place for two polls; one of three tenths, for
// four.
TEST(AdviceOnScenarios, findsALimitThatThePollHalves) {
    const auto read = [](double pollMs, const std::string& semantics) {
        return parseScenario(
            "scenario: {name: n}\n"
            "pool: {replicas: [{gpu: H100, model: Llama-3.1-8B}]}\n"
            "sources: [{name: s, to: 'queue:q', deadline: 1h, prompt_tokens: 100,\n"
            "           output_tokens: 180, arrivals: {process: poisson, rate: 1}}]\n"
            "engine:\n"
            "  semantics: " +
                semantics +
                "\n  transport: {poll_interval_ms: " + std::to_string(std::lround(pollMs)) +
                ", queues: [{id: q, queue_name: q,\n"
                "    gate_type: local-max-concurrency, gate_params: {limit: 4}}]}\n",
            "limit.yaml", test::options());
    };
    const auto found = [&](double pollMs, const std::string& semantics) {
        const auto scenario = read(pollMs, semantics);
        EXPECT_TRUE(scenario.has_value()) << scenario.error().text();
        std::string said;
        for (const Finding& finding : adviseScenario(*scenario)) {
            if (finding.code == "limit-meets-poll") said += finding.computed;
        }
        return said;
    };
    const auto plain = read(1000, "llm-d-async-0.9");
    ASSERT_TRUE(plain.has_value()) << plain.error().text();
    const double answerMs = 1000.0 * toSeconds(*poolFacts(*plain).queue("q")->leastServiceTime);
    EXPECT_NE(found(0.9 * answerMs, "llm-d-async-0.9").find("Answers take at least "),
              std::string::npos);
    EXPECT_EQ(found(0.3 * answerMs, "llm-d-async-0.9"), "");
    EXPECT_EQ(found(0.9 * answerMs, "penstock"), "");
}

} // namespace
} // namespace penstock::sim

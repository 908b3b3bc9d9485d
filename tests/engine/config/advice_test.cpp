// SPDX-License-Identifier: Apache-2.0
// Goal: each trap that a policy can hold is found before anything runs, with the number that makes
// it one, and a sound policy is left in peace. Method: one sound policy with every fact known, and
// one small change to it for each trap.
#include "engine/config/advice/advice.h"
#include "engine/config/advice/advice_gates.h"
#include "engine/config/documents/engine_tree.h"
#include "engine/config/text/override.h"
#include "tests/engine/config/trap_codes.h"

#include <gmock/gmock.h>

namespace penstock {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::string_view kSound = R"(
engine:
  semantics: llm-d-async-0.9
  prometheus_url: "http://p"
  transport:
    url: "redis://r"
    batch_size: 64
    poll_interval_ms: 1000
    queues:
      - queue_name: batch
        igw_base_url: "http://i"
        labels: {tier: batch}
        gate_type: prometheus-saturation
        gate_params: {pool: p, threshold: 0.8, fallback: 1}
  pools: [{id: default, workers: 64}]
)";

PoolFacts allKnown() {
    PoolFacts facts;
    facts.readyPods = 4;
    facts.maxNumSeqs = 128;
    facts.peakRunningPerPod = 128;
    facts.interactiveInFlight = 1000;
    facts.leastSaturation = 0.05;
    facts.peakSaturation = 1.7;
    facts.serviceTime = 2s;
    facts.routerScrape = 10s;
    facts.modelServerScrape = 15s;
    facts.exporterRefresh = 5s;
    facts.burst = 60s;
    facts.metrics = {"inference_extension_flow_control_pool_saturation",
                     "llm_d_epp_flow_control_pool_saturation", "vllm:num_requests_running",
                     "inference_pool_ready_pods"};
    facts.queues = {{.id = "batch", .requestsPerSecond = 20, .backlog = 3000, .window = 30min}};
    return facts;
}

struct Case {
    std::vector<std::string> changes;
    PoolFacts facts = allKnown();
};

std::vector<Finding> adviceFor(const Case& c) {
    Document document = *Document::parse(kSound, "s.yaml");
    for (const std::string& change : c.changes) {
        const Status done = applyOverride(document, "engine." + change);
        EXPECT_TRUE(done) << done.error().text();
    }
    Problems problems;
    Reader root = Reader::root(document, problems);
    EngineDocument engine;
    root.object("engine", [&](Reader& r) { engine = readEngine(r); });
    EXPECT_TRUE(problems.empty()) << problems.error().text();
    return advise(engine, c.facts);
}

constexpr std::string_view kGate = "transport.queues[batch].gate_";

std::vector<std::string> gate(std::string type, std::string params) {
    return {std::string(kGate) + "type=" + type, std::string(kGate) + "params=" + params};
}

TEST(Advice, isSilentOnASoundPolicy) {
    EXPECT_THAT(adviceFor({}), IsEmpty()) << formatFindings(adviceFor({}));
    for (const std::vector<std::string>& sound :
         {gate("prometheus-budget", "{pool: p, max_concurrency: 100, fallback: 0}"),
          gate("local-max-concurrency", "{limit: 40}"), gate("constant", "{}"),
          std::vector<std::string>{"semantics=penstock"},
          std::vector<std::string>{"semantics=llm-d-async-0.10", "request_timeout=5m"}}) {
        EXPECT_THAT(adviceFor({sound}), IsEmpty()) << sound[0] << "\n"
                                                   << formatFindings(adviceFor({sound}));
    }
}

TEST(Advice, isSilentWhereFactsAreMissing) {
    EXPECT_THAT(adviceFor({{}, {}}), IsEmpty()) << formatFindings(adviceFor({{}, {}}));
    EXPECT_THAT(
        adviceFor({gate("prometheus-budget", "{pool: p, max_concurrency: 5000, fallback: 0}"), {}}),
        IsEmpty());
}

struct Trap {
    std::string what;
    Case trap;
    std::string code;
    Severity severity;
    std::vector<std::string> numbers; // in `computed` or in `remedy`
};

PoolFacts with(const std::function<void(PoolFacts&)>& change) {
    PoolFacts facts = allKnown();
    change(facts);
    return facts;
}

PoolFacts withSeries() {
    return with([](PoolFacts& f) {
        f.series = {{"inference_extension_flow_control_pool_saturation",
                     true,
                     {{"inference_pool", {"p"}}},
                     {{"job", {"router"}}}}};
    });
}

std::vector<Trap> traps() {
    const std::string batch10 = "transport.batch_size=10";
    return {
        {"max_concurrency above what a pod runs",
         {gate("prometheus-budget", "{pool: p, max_concurrency: 256, fallback: 0}")},
         "never-closes",
         Severity::error,
         // 256 x (1 - 0.05 - 1/64) = 239.2; 0.8 x 128 / 0.934 = 109
         {"closes at 239.2 running requests per pod", "max_concurrency 256 x 0.9344",
          "reaches 128 at most", "max_num_seqs", "Set max_concurrency to 109"}},
        {"a queue in the pods longer than what they run",
         {gate("prometheus-budget", "{pool: p, max_concurrency: 256, fallback: 0}"),
          with([](PoolFacts& f) {
              f.metrics = {"inference_pool_per_pod_queue_size"};
              f.interactiveInFlight.reset();
          })},
         "never-closes",
         Severity::warning,
         {"reads waiting requests and closes at 239.2 per pod", "more than the 128"}},
        {"a queue in the pods that never grows so long",
         {gate("prometheus-budget", "{pool: p, max_concurrency: 150, fallback: 0}"),
          with([](PoolFacts& f) { f.metrics = {"inference_pool_per_pod_queue_size"}; })},
         "never-closes",
         Severity::error,
         // 150 x 0.9344 = 140.2; (64 + 1000) / 4 - 128 = 138
         {"closes at 140.2 waiting requests per pod", "reaches 138 at most"}},
        {"nobody knows what the gate reads",
         {gate("prometheus-budget", "{pool: p, max_concurrency: 256, fallback: 0}"),
          with([](PoolFacts& f) { f.metrics.reset(); })},
         "never-closes",
         Severity::warning,
         {"closes at 239.2 running requests"}},
        {"traffic that never fills the pods",
         {gate("prometheus-budget", "{pool: p, max_concurrency: 100, fallback: 0}"),
          with([](PoolFacts& f) { f.interactiveInFlight = 100; })},
         "never-closes",
         Severity::error,
         {"reaches 41 at most: 64 workers and 100 interactive requests on 4 pods"}},
        {"a threshold above the measured peak",
         {{}, with([](PoolFacts& f) { f.peakSaturation = 0.6; })},
         "never-closes",
         Severity::error,
         {"closes at saturation 0.7844", "reaches 0.6 at most"}},
        {"a limit above the workers",
         {gate("local-max-concurrency", "{limit: 100}")},
         "never-closes",
         Severity::warning,
         {"limit 100 is not below the 64 workers"}},
        {"a threshold that rounds to nothing",
         {{batch10, "transport.queues[batch].gate_params.threshold=0.09"}},
         "never-opens",
         Severity::error,
         {"the budget 0.09, and floor(batch_size 10 x budget) is 0", "batch_size above 11.11",
          "the threshold above 0.1"}},
        {"a detector that never rests",
         {{}, with([](PoolFacts& f) { f.leastSaturation = 0.9; })},
         "never-opens",
         Severity::error,
         {"opens below saturation 0.7844; the detector never falls under 0.9"}},
        {"a batch of ten under a saturation gate",
         {{batch10}},
         "quantised",
         Severity::warning,
         {"shut from saturation 0.7 up, not 0.8", "8 a poll: at most 8 a second"}},
        {"a batch of ten under a budget gate",
         {{batch10, gate("prometheus-budget", "{pool: p, fallback: 0}")[0],
           gate("prometheus-budget", "{pool: p, fallback: 0}")[1]}},
         "quantised",
         Severity::warning,
         {"shut from 85 a pod up, not 95", "9 a poll"}},
        {"a pool of four workers",
         {{"semantics=penstock", "pools[default].workers=4"}},
         "quantised",
         Severity::warning,
         {"shut from saturation 0.55 up, not 0.8", "floor(workers 4 x budget) is 0"}},
        {"one worker",
         {{"semantics=penstock", "pools[default].workers=1"}},
         "never-opens",
         Severity::error,
         {"budget 0.8, and floor(workers 1 x budget) is 0"}},
        {"many workers behind a slow poll",
         {{batch10, "pools[default].workers=256"}},
         "workers-above-ceiling",
         Severity::note,
         {"at most 8 a second", "keeps 16 workers busy at 2 s", "there are 256"}},
        {"a poll slower than the cache",
         {{"transport.poll_interval_ms=8000", "transport.batch_size=512"}},
         "poll-slower-than-cache",
         Severity::warning,
         {"polled every 8 s, and a reading lives 5 s", "Poll every 5 s"}},
        {"bursts shorter than the metric path",
         {{}, with([](PoolFacts& f) { f.burst = 20s; })},
         "dead-time",
         Severity::warning,
         {"up to 21 s", "the whole of a burst of 20 s"}},
        {"bursts hardly longer than the metric path",
         {gate("prometheus-query",
               "{query: 'sum(vllm:num_requests_running{a=\"b\"})', fallback: 0}"),
          with([](PoolFacts& f) { f.burst = 30s; })},
         "dead-time",
         Severity::warning,
         {"up to 21 s", "70 % of a burst of 30 s"}},
        {"a saturation gate that says nothing of its fallback",
         {gate("prometheus-saturation", "{pool: p}")},
         "fails-open",
         Severity::note,
         {"counts as 0 (the default)", "opens with budget 1 "}},
        {"a saturation gate whose fallback is as high as its threshold",
         {gate("prometheus-saturation", "{pool: p, threshold: 0.8, fallback: 0.8}")},
         "fails-open",
         Severity::note,
         {"counts as 0.8:", "opens with budget 0.2 "}},
        {"a budget gate that says nothing of its fallback",
         {gate("prometheus-budget", "{pool: p}")},
         "fails-closed",
         Severity::note,
         {"counts as 0 (the default)"}},
        {"a query that stays open",
         {gate("prometheus-query", "{query: 'vllm:num_requests_running{}', fallback: \"1\"}")},
         "fails-open",
         Severity::note,
         {"budget counts as 1"}},
        {"two queues on one budget",
         {{"transport.queues=[{queue_name: a, igw_base_url: \"http://i\", gate_type: "
           "prometheus-saturation, gate_params: {pool: p, fallback: 1}}, {queue_name: b, "
           "igw_base_url: \"http://i\", gate_type: prometheus-saturation, gate_params: {pool: p, "
           "fallback: 1}}]"}},
         "budget-counted-twice",
         Severity::warning,
         // floor(64 x 0.8) twice
         {"queues a, b", "102 a poll (102 a second), 2 times", "Divide batch_size by 2"}},
        {"a series that was renamed",
         {{}, with([](PoolFacts& f) { f.metrics = {"llm_d_epp_flow_control_pool_saturation"}; })},
         "metric-not-exported",
         Severity::error,
         {"Nothing exports inference_extension_flow_control_pool_saturation", "always closed",
          "This router calls it llm_d_epp_flow_control_pool_saturation"}},
        {"a series that only this router exports",
         {{}, with([](PoolFacts& f) { f.routerFlowControl = false; })},
         "needs-flow-control",
         Severity::warning,
         {"flow control off", "inference_extension_flow_control_pool_saturation"}},
        {"another pool's name",
         {{}, with([](PoolFacts& f) {
              f.series = {{.metric = "inference_extension_flow_control_pool_saturation",
                           .own = {{"inference_pool", {"other"}}},
                           .ofTarget = {}}};
          })},
         "matches-nothing",
         Severity::error,
         {"inference_pool \"p\"", "there it is other", "Write \"other\""}},
        {"no source of a budget at all",
         {gate("prometheus-budget", "{pool: p, fallback: 0.5}"),
          with([](PoolFacts& f) { f.metrics = {"inference_pool_ready_pods"}; })},
         "metric-not-exported",
         Severity::error,
         {"inference_extension_flow_control_queue_size, inference_pool_per_pod_queue_size, "
          "vllm:num_requests_running",
          "fallback 0.5", "always open"}},
        {"priorities without a label",
         {{"merge_policy={type: tier-priority}", "transport.queues[batch].labels={other: x}"}},
         "tier-label-missing",
         Severity::warning,
         {"the label \"tier\", which batch does not set"}},
        {"a tier that does not exist",
         {{"merge_policy={type: tier-priority}",
           "transport.queues[batch].labels={tier: realtime}"}},
         "tier-label-missing",
         Severity::warning,
         {"\"realtime\" is none of"}},
        {"a job larger than its window",
         {{batch10}, with([](PoolFacts& f) {
              f.queues = {{.id = "batch", .backlog = 30000, .window = 30min}};
          })},
         "deadline-unreachable",
         Severity::error,
         {"30000 requests at 8 a second", "take 3750 s; their deadline is after 1800 s",
          "room for 16.67 a second"}},
        {"more arrives than can leave",
         {{"semantics=penstock"}, with([](PoolFacts& f) { f.queues[0].requestsPerSecond = 40; })},
         "deadline-unreachable",
         Severity::error,
         {"40 requests a second arrive and at most 32 can leave (64 workers at 2 s a request)"}},
        {"a timeout beyond the lease",
         {{"semantics=llm-d-async-0.10", "request_timeout=10m"}},
         "timeout-beyond-lease",
         Severity::warning,
         {"600 s, 2 times the lease of 300 s", "request_timeout to 300 s"}},
        {"a timeout far beyond our own lease",
         {{"request_timeout=20m", "semantics=penstock"}},
         "timeout-beyond-lease",
         Severity::warning,
         {"1200 s, 40 times the lease of 30 s"}},
        {"waiting that switches a limit off",
         {gate("wait-on-refuse", "{gate: {gate_type: local-max-concurrency, "
                                 "gate_params: {limit: 4}}}")},
         "limit-switched-off",
         Severity::error,
         {"lets through what a gate tells to wait", "before the pool"}},
        {"a gate that waits inside the poll",
         {gate("local-max-concurrency", "{limit: 4, gating_mode: blocking}")},
         "poll-stands",
         Severity::warning,
         {"limit of 4", "waits inside the poll of queue batch"}},
        {"a limit that the phase of the poll halves",
         {gate("local-max-concurrency", "{limit: 4}"),
          with([](PoolFacts& f) { f.serviceTime = 1s; })},
         "limit-meets-poll",
         Severity::warning,
         {"limit 4 gives about 2 requests a second, not 4"}},
        {"a quota of a pool whose Redis fails",
         {{"pools[default].gate_type=redis-quota",
           "pools[default].gate_params={address: r, limit: 4}"}},
         "store-error-final",
         Severity::warning,
         {"GATE_ERROR", "before the queue"}},
        {"a gate that this version does not know",
         {gate("redis-leased-rate", "{address: r, control_key: k}")},
         "unknown-gate",
         Severity::error,
         {"llm-d-async-0.9 does not know", "always open", "from 0.10 on"}},
        {"a parameter that this version does not know",
         {gate("endpoint-scrape", "{url: \"http://a/m\", metric: m, absent_value: 1}")},
         "ignored-key",
         Severity::error,
         {"does not know the parameter \"absent_value\"", "from 0.11 on"}},
        {"a bare name that nothing exports",
         {gate("prometheus-query", "{query: \"1 - vllm:gpu_cache_usage_perc\"}"),
          with([](PoolFacts& f) { f.metrics->push_back("vllm:kv_cache_usage_perc"); })},
         "metric-not-exported",
         Severity::error,
         {"Nothing exports vllm:gpu_cache_usage_perc",
          "It is called vllm:kv_cache_usage_perc there"}},
        {"a side of an `or` that nothing exports",
         {gate("prometheus-query", "{query: \"no_such_metric or vector(0.5)\"}")},
         "metric-not-exported",
         Severity::warning,
         {"Nothing exports no_such_metric", "always reads what stands after its `or`"}},
        {"a query that does not parse",
         {gate("prometheus-query", "{query: \"1 - (\"}")},
         "never-yields",
         Severity::error,
         {"Prometheus cannot read the query"}},
        {"another pool's name",
         {gate("prometheus-saturation", "{pool: q, fallback: 1}"), withSeries()},
         "matches-nothing",
         Severity::error,
         {"inference_pool \"q\": there it is p", "always closed", "Write \"p\""}},
        {"a namespace that the series do not have",
         {gate("prometheus-saturation", "{pool: p, namespace: n, fallback: 1}"), withSeries()},
         "matches-nothing",
         Severity::error,
         {"namespace \"n\": here it has no such label"}},
        {"a job that is not scraped",
         {gate("prometheus-query",
               "{query: \"inference_extension_flow_control_pool_saturation{job='x'}\"}"),
          withSeries()},
         "matches-nothing",
         Severity::error,
         {"job \"x\": there it is router"}},
        {"the budget's names on a later router",
         {gate("prometheus-budget", "{pool: p, fallback: 0}"), with([](PoolFacts& f) {
              f.metrics = {"llm_d_epp_flow_control_queue_size", "llm_d_epp_ready_endpoints",
                           "llm_d_epp_per_endpoint_queue_size"};
          })},
         "metric-not-exported",
         Severity::error,
         {"always closed", "llm_d_epp_flow_control_queue_size"}},
    };
}

// A gate that can never open and reads what is not there is told both.
TEST(Advice, oneFindingHidesNoOther) {
    Case c{gate("prometheus-saturation", "{pool: p, threshold: 0, fallback: 1}"),
           with([](PoolFacts& f) { f.metrics = {"up"}; })};
    std::set<std::string> codes;
    for (const Finding& finding : adviceFor(c))
        codes.insert(finding.code);
    EXPECT_TRUE(codes.contains("never-opens"));
    EXPECT_TRUE(codes.contains("metric-not-exported"));
}

TEST(Advice, findsEachTrapWithItsNumber) {
    for (const Trap& trap : traps()) {
        const std::vector<Finding> findings = adviceFor(trap.trap);
        const Finding* found = nullptr;
        for (const Finding& finding : findings) {
            if (finding.code == trap.code) found = &finding;
        }
        ASSERT_NE(found, nullptr) << trap.what << "\n" << formatFindings(findings);
        EXPECT_EQ(found->severity, trap.severity) << trap.what;
        EXPECT_FALSE(found->path.empty()) << trap.what;
        EXPECT_FALSE(found->place.file.empty()) << trap.what;
        for (const std::string& number : trap.numbers) {
            EXPECT_THAT(found->computed + " | " + found->remedy, HasSubstr(number)) << trap.what;
        }
    }
}

TEST(Advice, readsGatesInsideGatesAndNamesTheirPlace) {
    Case c;
    c.changes = gate("composite", "{gates: [{gate_type: constant}, {gate_type: wait-on-refuse, "
                                  "gate_params: {gate: {gate_type: local-max-concurrency, "
                                  "gate_params: {limit: 64}}}}]}");
    const auto findings = adviceFor(c);
    // Waiting switches the limit off; that it is too large is another matter.
    ASSERT_THAT(findings, SizeIs(2)) << formatFindings(findings);
    EXPECT_EQ(findings[0].code, "limit-switched-off");
    EXPECT_EQ(findings[1].code, "never-closes");
    EXPECT_EQ(findings[0].path,
              "engine.transport.queues[batch].gate_params.gates[1].gate_params.gate."
              "gate_params.limit");
    EXPECT_THAT(findings[0].place.file,
                HasSubstr("--set engine.transport.queues[batch].gate_params="));
}

TEST(Advice, comesAsTextAndAsJson) {
    Case c;
    c.changes = {"transport.batch_size=10"};
    const auto findings = adviceFor(c);
    const std::string text = formatFindings(findings, 60);
    EXPECT_THAT(text, HasSubstr("warning quantised: engine.transport.queues[batch].gate_params."
                                "threshold (s.yaml:14:43)\n"));
    for (std::size_t at = 0; at < text.size();) {
        const std::size_t end = text.find('\n', at);
        if (text.substr(at, 4) == "    ") {
            EXPECT_LE(end - at, 60u);
        }
        at = end + 1;
    }
    const auto json = findingsJson(findings);
    ASSERT_EQ(json.size(), findings.size());
    EXPECT_EQ(json[0]["severity"], "error"); // the worst comes first
    EXPECT_EQ(json[1]["code"], "quantised");
    EXPECT_EQ(json[1]["line"], 14);
}

TEST(Advice, namesTheSeriesOfAQuery) {
    using detail::sidesOf;
    using testing::ElementsAre;
    EXPECT_THAT(sidesOf("1 - sum by(pool) (a:b{x=\"c{\"}) / on() (rate(d_total[5m]) * 1e3)"),
                ElementsAre(ElementsAre("a:b", "d_total")));
    EXPECT_THAT(sidesOf("clamp(1, 0, 1)"), ElementsAre(IsEmpty()));
    EXPECT_THAT(sidesOf("a - b or (c or vector(0)) or sum(d or e)"),
                ElementsAre(ElementsAre("a", "b"), ElementsAre("c"), IsEmpty(), IsEmpty()));
    EXPECT_THAT(sidesOf("\"a{\""), ElementsAre(IsEmpty()));
    EXPECT_THAT(sidesOf("1 - avg(vllm:gpu_cache_usage_perc)"),
                ElementsAre(ElementsAre("vllm:gpu_cache_usage_perc")));
    EXPECT_THAT(sidesOf("a{"),
                ElementsAre(IsEmpty())); // it does not parse, which is a finding of its own
    EXPECT_THAT(sidesOf("'\\"), ElementsAre(IsEmpty()));
}

} // namespace

std::set<std::string, std::less<>> trapCodes() {
    std::set<std::string, std::less<>> codes;
    for (const Trap& trap : traps())
        codes.insert(trap.code);
    return codes;
}

} // namespace penstock

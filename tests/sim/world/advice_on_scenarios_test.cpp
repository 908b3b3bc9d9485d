// SPDX-License-Identifier: Apache-2.0
// Advice on everything that is shipped: each scenario's deliberate findings, and not one more. A
// finding that is not in this table is a false alarm, or a scenario that became wrong.
#include "sim/world/pool_facts.h"
#include "tests/sim/world/scenario_support.h"

#include <algorithm>
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
        const auto findings = adviseOn(*scenario);
        Codes codes;
        for (const Finding& finding : findings)
            codes.insert(finding.code);
        EXPECT_EQ(codes, expected->second) << name << "\n" << formatFindings(findings);
    }
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
        for (const Finding& finding : adviseOn(*scenario)) {
            const std::string prefix = "pool.router.";
            if (finding.path.rfind(prefix, 0) != 0) continue;
            found.push_back(finding.code + " " + finding.path.substr(prefix.size()));
            EXPECT_EQ(finding.place.line, 4) << finding.path;
            EXPECT_EQ(finding.place.file, "router.yaml");
        }
        EXPECT_EQ(found, c.found) << c.router;
    }
}

} // namespace
} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
// Goal: what gates can read of a pool in trouble: gauges that freeze when the last endpoint goes, a
// saturation series that a router without flow control does not have, NaN and series that vanish,
// and what a gate makes of each. Method: small scenarios, the metrics asked directly at chosen
// moments.
#include "tests/sim/world/scenario_support.h"

#include <algorithm>

namespace penstock::sim {
namespace {

using namespace std::chrono_literals;

std::string exporting(const std::string& router, const std::string& faults,
                      const std::string& gate = "prometheus-saturation",
                      const std::string& params = "{pool: pool}") {
    return "scenario: {name: gauges, horizon: 20m}\n"
           "pool:\n"
           "  replicas: [{count: 2, gpu: H100, model: Llama-3.1-8B, start_up: 30s}]\n"
           "  router: " +
           router +
           "\n"
           "sources:\n"
           "  - {name: batch, to: 'queue:q', deadline: 1h, arrivals: {process: poisson, rate: 4},\n"
           "     prompt_tokens: 200, output_tokens: 100}\n"
           "engine:\n"
           "  transport:\n"
           "    queues: [{id: q, queue_name: q, gate_type: " +
           gate + ", gate_params: " + params +
           "}]\n"
           "faults: [" +
           faults + "]\n";
}

const std::vector<std::string> kBothNames{"pool.router.metric_names=both"};

std::optional<double> ask(World& world, const std::string& query) {
    auto prepared = world.metrics().prepare(query);
    EXPECT_TRUE(prepared.has_value()) << query;
    auto result = world.metrics().query(*prepared, world.now());
    if (!result || (*result)->samples.empty()) return std::nullopt;
    return (*result)->samples.front().value;
}

// The router refreshes its pool gauges pod by pod: with no pod left there is nothing to refresh,
// and ready_pods goes on saying 2 over an empty pool, for whoever divides by it.
TEST(Gauges, readyPodsFreezeWhenThePoolEmpties) {
    auto world =
        test::makeText(exporting("{}", "{kind: replica-killed, replica: 0, at: 5m, for: 5m},"
                                       "{kind: replica-killed, replica: 1, at: 5m, for: 5m}"),
                       kBothNames);
    ASSERT_NE(world, nullptr);
    world->runUntil(world->start() + 4min);
    EXPECT_EQ(ask(*world, "inference_pool_ready_pods{name=\"pool\"}"), 2.0);
    EXPECT_EQ(ask(*world, "sum(vllm:num_requests_running)").has_value(), true);
    world->runUntil(world->start() + 9min);
    EXPECT_EQ(world->router().readyEndpoints(), 0);
    EXPECT_EQ(ask(*world, "inference_pool_ready_pods{name=\"pool\"}"), 2.0) << "frozen";
    EXPECT_EQ(ask(*world, "inference_extension_flow_control_pool_saturation"), 1.0)
        << "the saturation of an empty pool is 1";
    EXPECT_EQ(ask(*world, "sum(vllm:num_requests_running)"), std::nullopt) << "nobody to scrape";
    EXPECT_EQ(ask(*world, "sum(up{job=\"model-server\"})"), 0.0);
    world->runUntil(world->start() + 13min);
    EXPECT_EQ(world->router().readyEndpoints(), 2);
    EXPECT_EQ(ask(*world, "sum(up{job=\"model-server\"})"), 2.0);
    test::run(*world);
}

TEST(Gauges, oneLostEndpointIsOneReadyPodFewer) {
    auto world = test::makeText(
        exporting("{}", "{kind: replica-killed, replica: 1, at: 5m, for: 5m}"), kBothNames);
    ASSERT_NE(world, nullptr);
    world->runUntil(world->start() + 7min);
    EXPECT_EQ(ask(*world, "inference_pool_ready_pods"), 1.0);
    EXPECT_EQ(ask(*world, "count(inference_pool_per_pod_queue_size)"), 1.0);
}

// llm-d-router sets the gauge in the dispatch cycle of flow control. The simulated one exports it
// without, unless told to be exact; then a gate on it runs on its fallback, which opens it.
TEST(Gauges, theSaturationSeriesBelongsToFlowControl) {
    struct Case {
        const char* router;
        bool there;
    };
    for (const Case& c :
         {Case{"{}", true}, Case{"{flow_control: true}", true},
          Case{"{saturation_gauge: with-flow-control}", false},
          Case{"{saturation_gauge: with-flow-control, flow_control: true}", true}}) {
        auto world = test::makeText(exporting(c.router, ""), kBothNames);
        ASSERT_NE(world, nullptr) << c.router;
        world->runUntil(world->start() + 2min);
        for (const char* name : {"inference_extension_flow_control_pool_saturation",
                                 "llm_d_epp_flow_control_pool_saturation"}) {
            EXPECT_EQ(ask(*world, name).has_value(), c.there) << c.router << " " << name;
        }
        const Report report = test::run(*world);
        EXPECT_EQ(report.gates.front().stats.sourceAvailableShare > 0.9, c.there) << c.router;
        if (!c.there) {
            EXPECT_EQ(report.gates.front().stats.verdict, GateVerdict::pinnedOpen);
        }
        const bool exact = std::string(c.router).find("with-flow") != std::string::npos;
        const bool error =
            std::any_of(report.advice.begin(), report.advice.end(),
                        [](const auto& a) { return a.code == "metric-not-exported"; });
        const bool hint = std::any_of(report.advice.begin(), report.advice.end(),
                                      [](const auto& a) { return a.code == "needs-flow-control"; });
        EXPECT_EQ(error, !c.there) << c.router;
        EXPECT_EQ(hint, c.there && !exact && std::string(c.router) == "{}") << c.router;
    }
}

// The router of the day of the processor that is played, unless the scenario says otherwise.
TEST(Gauges, theNamesAreThoseOfTheVersionPlayed) {
    struct Case {
        const char* semantics;
        const char* router;
        bool older, newer;
    };
    for (const Case& c :
         {Case{"llm-d-async-0.9.0", "{}", true, false},
          Case{"llm-d-async-0.9.1", "{}", true, false}, Case{"llm-d-async-0.10", "{}", true, true},
          Case{"llm-d-async-0.11", "{}", false, true}, Case{"penstock", "{}", false, true},
          Case{"penstock", "{metric_names: llm-d-epp}", false, true},
          Case{"penstock", "{metric_names: both}", true, true},
          Case{"penstock", "{metric_names: inference-extension}", true, false},
          Case{"llm-d-async-0.9", "{metric_names: llm-d-epp}", false, true}}) {
        auto world = test::makeText(exporting(c.router, ""),
                                    {std::string("engine.semantics=") + c.semantics});
        ASSERT_NE(world, nullptr);
        world->runUntil(world->start() + 1min);
        const auto there = [&](const char* name) { return ask(*world, name).has_value(); };
        for (const char* name :
             {"inference_extension_flow_control_pool_saturation", "inference_pool_ready_pods",
              "count(inference_pool_per_pod_queue_size)"}) {
            EXPECT_EQ(there(name), c.older) << c.semantics << c.router << name;
        }
        for (const char* name :
             {"llm_d_epp_flow_control_pool_saturation", "llm_d_epp_ready_endpoints",
              "count(llm_d_epp_per_endpoint_queue_size)"}) {
            EXPECT_EQ(there(name), c.newer) << c.semantics << c.router << name;
        }
    }
}

// NaN and vanished series are no reading: the gate falls back, says so, and comes back afterwards.
TEST(Gauges, aGateWithoutAReadingFallsBack) {
    struct Case {
        const char* fault;
        const char* fallback;
        ReasonCode code;
    };
    for (const Case& c : {
             Case{"metrics-nan", "0", ReasonCode::openByFallback},
             Case{"metrics-nan", "1", ReasonCode::closedByFallback},
             Case{"series-missing", "0", ReasonCode::openByFallback},
             Case{"series-missing", "1", ReasonCode::closedByFallback},
             Case{"scrape-failure", "1", ReasonCode::closedByFallback},
             Case{"prometheus-down", "1", ReasonCode::closedByFallback},
         }) {
        auto world = test::makeText(exporting(
            "{}", std::string("{kind: ") + c.fault + ", at: 5m, for: 5m}", "prometheus-saturation",
            std::string("{pool: pool, fallback: ") + c.fallback + "}"));
        ASSERT_NE(world, nullptr) << c.fault;
        const auto reason = [&] { return world->dispatcher().queueView(0).reason; };
        world->runUntil(world->start() + 4min);
        EXPECT_TRUE(reason().available) << c.fault;
        world->runUntil(world->start() + 9min);
        EXPECT_FALSE(reason().available) << c.fault;
        EXPECT_EQ(reason().code, c.code) << c.fault << " fallback " << c.fallback;
        world->runUntil(world->start() + 12min);
        EXPECT_TRUE(reason().available) << c.fault << ": it comes back";
        test::run(*world);
    }
}

// A frozen exporter is the worst of them: there is a reading, it is fresh by its timestamp, and it
// is wrong. No gate can tell, and so none is told: the age is that of the scrape and the cache.
TEST(Gauges, aFrozenExporterLooksAlive) {
    auto world = test::makeText(exporting("{}", "{kind: metrics-frozen, at: 5m, for: 10m}"));
    ASSERT_NE(world, nullptr);
    world->runUntil(world->start() + 12min);
    const Reason reason = world->dispatcher().queueView(0).reason;
    EXPECT_TRUE(reason.available);
    EXPECT_GT(reason.age, 0s);
    EXPECT_LT(reason.age, 1min);
    const Report report = test::run(*world);
    EXPECT_LT(report.gates.front().stats.ageMax, 60.0);
    EXPECT_GT(report.gates.front().stats.sourceAvailableShare, 0.95);
}

} // namespace
} // namespace penstock::sim

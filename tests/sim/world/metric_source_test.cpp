// SPDX-License-Identifier: Apache-2.0
// A user's own query: one that cannot be evaluated is refused before the run, with its place; one
// that gives a scalar never gives a gate anything, which is an error here and, as llm-d-async takes
// such a document, a warning and a gate on its fallback under its presets.
#include "tests/sim/world/scenario_support.h"

#include <gmock/gmock.h>

namespace penstock::sim {
namespace {

using testing::HasSubstr;

std::vector<std::string> gateOn(const std::string& query, const std::string& semantics) {
    return {"scenario.horizon=2m", "scenario.warmup=0s", "engine.semantics=" + semantics,
            "engine.transport.queues[batch].gate_type=prometheus-query",
            "engine.transport.queues[batch].gate_params={query: '" + query + "', fallback: 0.5}"};
}

Result<std::unique_ptr<World>> made(const std::string& query, const std::string& semantics) {
    auto scenario =
        readScenario(test::shipped("code-onoff"), test::options(gateOn(query, semantics)));
    if (!scenario) return fail(scenario.error());
    return World::make(std::move(*scenario));
}

double availableShare(World& world) {
    return test::run(world).gates.front().stats.sourceAvailableShare;
}

TEST(UserQuery, thatCannotBeEvaluatedIsRefusedBeforeTheRun) {
    for (const std::string query : {"sum(rate(", "histogram_quantile(0.9, x)", "x[5m]"}) {
        const auto world = made(query, "penstock");
        ASSERT_FALSE(world.has_value()) << query;
        EXPECT_THAT(world.error().text(), HasSubstr("gate prometheus-query: query: PromQL"));
        EXPECT_THAT(world.error().text(), HasSubstr("gate_params"));
    }
}

// What Prometheus cannot read either is a gate on its fallback there, and so it is here; what only
// we cannot compute is refused.
TEST(UserQuery, thatPrometheusCannotReadRunsOnItsFallbackUnderAPreset) {
    const auto unread = made("sum(rate(", "llm-d-async-0.9");
    ASSERT_TRUE(unread.has_value()) << unread.error().text();
    EXPECT_LT(availableShare(**unread), 0.01); // until it was first asked, nothing is wrong with it
    const auto ours = made("histogram_quantile(0.9, x)", "llm-d-async-0.9");
    ASSERT_FALSE(ours.has_value());
    EXPECT_THAT(ours.error().text(), HasSubstr("PromQL"));
}

TEST(UserQuery, thatGivesAScalarIsRefusedHere) {
    const auto world = made("scalar(vector(0.7))", "penstock");
    ASSERT_FALSE(world.has_value());
    EXPECT_THAT(world.error().text(), HasSubstr("gives a scalar"));
    EXPECT_THAT(world.error().text(), HasSubstr("vector(scalar(vector(0.7)))"));
}

TEST(UserQuery, thatGivesAScalarRunsOnTheFallbackThere) {
    auto world = made("0.7", "llm-d-async-0.9");
    ASSERT_TRUE(world.has_value()) << world.error().text();
    ASSERT_FALSE((*world)->warnings().empty());
    EXPECT_THAT((*world)->warnings().front(), HasSubstr("gives a scalar"));
    // Nothing is known to be missing until the first look.
    EXPECT_LT(availableShare(**world), 0.01);
}

TEST(UserQuery, thatGivesAVectorIsRead) {
    for (const std::string semantics : {"penstock", "llm-d-async-0.9"}) {
        auto world = made("vector(0.7)", semantics);
        ASSERT_TRUE(world.has_value()) << world.error().text();
        EXPECT_TRUE((*world)->warnings().empty());
        EXPECT_EQ(availableShare(**world), 1.0);
    }
}

} // namespace
} // namespace penstock::sim

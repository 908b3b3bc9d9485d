// SPDX-License-Identifier: Apache-2.0
// A query that failed is cached for the TTL like a value there, and asked again after a second
// here.
#include "tests/engine/gates/support.h"

namespace penstock::test {
namespace {

constexpr const char* kParams = R"({"query":"q","fallback":0.125})";

TEST(Caching, errorsAreCachedOrRetried) {
    for (const bool cached : {false, true}) {
        Bench bench;
        if (cached) bench.semantics = Semantics::llmDAsync09();
        auto gate = bench.make("prometheus-query", kParams);
        bench.metrics.fail("q");
        EXPECT_DOUBLE_EQ(gate->budget(bench.now()).share, 0.125);
        bench.metrics.say("q", 0.5);
        const Duration until = cached ? 5s : 1s;
        EXPECT_EQ(gate->recheckAt(), kStart + until);
        bench.pass(until - 1ms);
        EXPECT_DOUBLE_EQ(gate->budget(bench.now()).share, 0.125);
        EXPECT_EQ(gate->budget(bench.now()).reason.code, ReasonCode::openByFallback);
        bench.pass(1ms);
        EXPECT_DOUBLE_EQ(gate->budget(bench.now()).share, 0.5);
    }
}

} // namespace
} // namespace penstock::test

// SPDX-License-Identifier: Apache-2.0
// A concurrency quota's counter lives for a while beyond the last acquire or release, so that the
// counts of a process that died run out by themselves.
#include "engine/gates/llm_d_async/redis_quota.h"
#include "tests/engine/gates/support.h"

namespace penstock::test {
namespace {

Labels user(const std::string& name) {
    return {{"userid", name}};
}

// The counter lives for the window after the last acquire or release, so that it cannot expire
// under requests in flight, and a crashed engine's share comes back.
TEST(Quota, theCountersLifetimeIsRefreshedByEveryAcquireAndRelease) {
    struct Case {
        const char* window;
        Duration ttl;
    };
    for (const Case& c : {Case{"60s", 60s}, Case{"1m30s", 90s}, Case{"1500ms", 1s},
                          Case{"500ms", 5min}, Case{"0", 5min}}) {
        Bench bench;
        auto gate = bench.make("redis-quota",
                               std::string(R"({"address":"r","mode":"concurrency","limit":9,)") +
                                   R"("window":")" + c.window + "\"}");
        const std::string key = "quota:userid:ann";
        Message a{1, user("ann")};
        Message b{2, user("ann")};
        Reservations ra, rb;
        gate->apply(bench.now(), a.request, ra);
        EXPECT_EQ(bench.store.expiry(key), bench.now() + c.ttl);
        bench.pass(c.ttl / 2);
        gate->apply(bench.now(), b.request, rb);
        EXPECT_EQ(bench.store.expiry(key), bench.now() + c.ttl);
        bench.pass(c.ttl / 2);
        rb.releaseAll();
        EXPECT_EQ(bench.store.expiry(key), bench.now() + c.ttl);
        EXPECT_EQ(bench.store.count(key), 1);
        bench.pass(c.ttl); // nothing for a whole TTL: an orphan
        EXPECT_EQ(bench.store.count(key), 0);
        ra.releaseAll(); // never below zero
        EXPECT_EQ(bench.store.count(key), 0);
    }
}

} // namespace
} // namespace penstock::test

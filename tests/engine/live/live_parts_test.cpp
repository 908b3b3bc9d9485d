// SPDX-License-Identifier: Apache-2.0
// Goal: the small parts of the live floor are right by themselves: addresses, headers, answers of
// Prometheus, and the loop's time. Method: tables, and a loop that runs for some milliseconds.
#include "engine/live/http/router_client.h"
#include "engine/live/loop/live_loop.h"
#include "engine/live/prometheus/prometheus_source.h"
#include "engine/live/redis/endpoint.h"

#include <gmock/gmock.h>

#include <cmath>
#include <thread>

namespace penstock {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(RedisEndpoint, readsUrlsAndNeverRepeatsAPassword) {
    const auto all = RedisEndpoint::parse("rediss://al%40ice:s%3Acret@redis.example:6380/3");
    ASSERT_TRUE(all.has_value());
    EXPECT_EQ(all->host, "redis.example");
    EXPECT_EQ(all->port, 6380);
    EXPECT_EQ(all->user, "al@ice");
    EXPECT_EQ(all->password, "s:cret");
    EXPECT_EQ(all->database, 3);
    EXPECT_TRUE(all->tls);
    EXPECT_EQ(all->text(), "rediss://redis.example:6380/3");
    EXPECT_EQ(RedisEndpoint::parse("redis://[::1]:7000")->host, "::1");
    EXPECT_EQ(RedisEndpoint::parse("redis://")->host, "localhost");
    EXPECT_EQ(RedisEndpoint::parse("redis://:pw@h")->password, "pw");
    for (const std::string bad :
         {"", "redis", "http://h", "redis://h:0", "redis://h:99999", "redis://h:x", "redis://h/one",
          "redis://h?x=1", "redis://[::1", "redis://a b", "redis://u:secret%zz@h"}) {
        const auto parsed = RedisEndpoint::parse(bad);
        ASSERT_FALSE(parsed.has_value()) << bad;
        EXPECT_THAT(parsed.error().message, testing::Not(HasSubstr("secret"))) << bad;
    }
}

TEST(RouterClient, readsRetryAfterInBothForms) {
    const Time now = fromUnixSeconds(1'700'000'000.0);
    EXPECT_EQ(retryAfterOf("", now), Duration{-1});
    EXPECT_EQ(retryAfterOf("7", now), 7s);
    EXPECT_EQ(retryAfterOf("0.5", now), 500ms);
    EXPECT_EQ(retryAfterOf("Tue, 14 Nov 2023 22:13:30 GMT", now), 10s);
    EXPECT_EQ(retryAfterOf("Tue, 14 Nov 2023 22:13:10 GMT", now), 0s); // past
    EXPECT_EQ(retryAfterOf("soon", now), Duration{-1});
    EXPECT_EQ(retryAfterOf("-3", now), Duration{-1});
    EXPECT_EQ(droppedReasonOf("evicted"), DroppedReason::evicted);
    EXPECT_EQ(droppedReasonOf("something new"), DroppedReason::other);
}

TEST(PrometheusSource, readsTheFirstSampleOfAVector) {
    const Time now = fromUnixSeconds(1'700'000'000.0);
    const auto answer = [&](const std::string& result, const std::string& type = "vector") {
        return readingOf(R"({"status":"success","data":{"resultType":")" + type + R"(","result":)" +
                             result + "}}",
                         now);
    };
    const Reading one =
        answer(R"([{"metric":{},"value":[1700000000.1,"0.25"]},{"metric":{},"value":[1,"9"]}])");
    EXPECT_EQ(one.state, Reading::State::value);
    EXPECT_EQ(one.value, 0.25);
    EXPECT_EQ(answer("[]").state, Reading::State::noSample);
    EXPECT_TRUE(std::isnan(answer(R"([{"value":[1,"NaN"]}])").value));
    EXPECT_EQ(answer(R"([{"value":[1,"+Inf"]}])").value, INFINITY);
    for (const Reading& bad : {answer(R"([1,"0.5"])", "scalar"), answer(R"([{"value":[1,"x"]}])"),
                               readingOf("not JSON", now), readingOf(R"({"status":"error"})", now),
                               readingOf("", now)}) {
        EXPECT_EQ(bad.state, Reading::State::error);
    }
}

TEST(LiveLoop, firesInOrderAndNeverEarly) {
    LiveLoop loop;
    struct Once final : Timer {
        LiveLoop* loop;
        std::vector<Time>* fired;
        void fire() override { fired->push_back(loop->now()); }
    };
    std::vector<Time> fired;
    const Time start = loop.now();
    std::vector<std::unique_ptr<Once>> timers;
    for (const auto after : {30ms, 5ms, 5ms, 60ms}) {
        timers.push_back(std::make_unique<Once>());
        timers.back()->loop = &loop;
        timers.back()->fired = &fired;
        loop.arm(*timers.back(), start + after);
    }
    std::thread other([&loop] {
        std::this_thread::sleep_for(100ms);
        loop.post([&loop] { loop.stop(); });
    });
    loop.run();
    other.join();
    ASSERT_EQ(fired.size(), 4U);
    EXPECT_TRUE(std::is_sorted(fired.begin(), fired.end()));
    EXPECT_GE(fired[0], start + 5ms);
    EXPECT_GE(fired[3], start + 60ms);
}

} // namespace
} // namespace penstock

// SPDX-License-Identifier: Apache-2.0
// Goal: a leased rate lets through what was leased and nothing without a lease, and a counted
// reading admits its free places once. Method: a lease in the in-memory store with one field
// changed at a time, and gates that are offered a request at every tick.
#include "tests/engine/gates/support.h"

namespace penstock::test {
namespace {

HashFields lease(std::string rps) {
    return {{"api_version", "llm-d.ai/v1alpha1"},
            {"pool_id", "p"},
            {"max_admission_rps", std::move(rps)},
            {"valid_until_unix_ms", "1800000600000"}, // ten minutes after kStart
            {"decision_id", "d1"}};
}

constexpr const char* kLease = R"({"address":"r","control_key":"k","pool_id":"p"})";

// Requests that pass while one is offered every `every` for `time`.
int passed(Bench& bench, Gate& gate, Duration time, Duration every) {
    int count = 0;
    for (Time end = bench.now() + time; bench.now() < end; bench.pass(every)) {
        Message message(1);
        Reservations none;
        count += gate.apply(bench.now(), message.request, none).action == Action::proceed ? 1 : 0;
    }
    return count;
}

TEST(LeasedRate, letsThroughWhatIsLeased) {
    Bench bench;
    bench.store.setHash("k", lease("2.5"));
    auto gate = bench.make("redis-leased-rate", kLease);
    // A bucket of 2.5 at the start, then 2.5 a second.
    EXPECT_NEAR(passed(bench, *gate, 100s, 10ms), 252, 1);
    // The bucket is shared by all who go by the same lease.
    auto other = bench.make("redis-leased-rate", kLease);
    const int first = passed(bench, *gate, 1ms, 1ms);
    EXPECT_LE(first + passed(bench, *other, 1ms, 1ms), 1);
}

TEST(LeasedRate, burstSecondsIsTheDepthOfTheBucket) {
    Bench bench;
    bench.store.setHash("k", lease("10"));
    auto gate = bench.make("redis-leased-rate",
                           R"({"address":"r","control_key":"k","pool_id":"p","burst_seconds":3})");
    EXPECT_EQ(passed(bench, *gate, 1us, 20ns), 30);
}

TEST(LeasedRate, failsClosedOnAnythingThatIsNoLease) {
    const auto without = [](const char* field) {
        HashFields fields = lease("100");
        fields.erase(field);
        return fields;
    };
    const auto with = [](const char* field, const char* value) {
        HashFields fields = lease("100");
        fields[field] = value;
        return fields;
    };
    for (const HashFields& fields :
         {HashFields{}, without("api_version"), without("pool_id"), without("max_admission_rps"),
          without("valid_until_unix_ms"), without("decision_id"), with("api_version", "v1"),
          with("pool_id", "other"), with("max_admission_rps", "nan"),
          with("max_admission_rps", "inf"), with("max_admission_rps", "-1"),
          with("max_admission_rps", "10x"), with("max_admission_rps", "0"),
          with("valid_until_unix_ms", "1800000000000"), with("valid_until_unix_ms", "soon")}) {
        Bench bench;
        bench.store.setHash("k", fields);
        auto gate = bench.make("redis-leased-rate", kLease);
        EXPECT_EQ(passed(bench, *gate, 5s, 100ms), 0);
        EXPECT_EQ(gate->budget(bench.now() - 1ms).share, 0.0);
        // It sees a lease that comes.
        bench.store.setHash("k", lease("100"));
        EXPECT_GT(passed(bench, *gate, 5s, 10ms), 300);
        // And one that ends, and a store that fails.
        bench.store.setFailing(true);
        bench.pass(2s);
        EXPECT_EQ(passed(bench, *gate, 5s, 100ms), 0);
    }
}

TEST(LeasedRate, waitsForALateAnswerAndTakesItOnce) {
    Bench bench;
    bench.store.setHash("k", lease("1"));
    bench.store.setLatency(5ms);
    auto gate = bench.make("redis-leased-rate", kLease);
    CountingListener listener;
    gate->listen(&listener);
    Message message(1);
    Reservations none;
    EXPECT_EQ(gate->apply(bench.now(), message.request, none).action, Action::wait);
    bench.pass(5ms);
    EXPECT_EQ(listener.changes, 1);
    EXPECT_EQ(gate->apply(bench.now(), message.request, none).action, Action::proceed);
    EXPECT_EQ(gate->apply(bench.now(), message.request, none).action, Action::wait);
    bench.pass(5ms);
    EXPECT_EQ(gate->apply(bench.now(), message.request, none).action, Action::refuse);
}

constexpr const char* kCounted =
    R"({"url":"http://a/m","metric":"m","max_count_per_pod":10,"admission":"counted"})";

TEST(CountedScrape, admitsTheFreePlacesOfAReadingOnce) {
    Bench bench;
    bench.metrics.say("a/m m", 6.5);
    auto gate = bench.make("endpoint-scrape", kCounted);
    EXPECT_EQ(gate->room(bench.now(), 64, 0).requests, 3);
    EXPECT_EQ(passed(bench, *gate, 4s, 100ms), 3);
    EXPECT_EQ(gate->budget(bench.now()).share, 0.0);
    bench.pass(1s);
    EXPECT_EQ(passed(bench, *gate, 4s, 100ms), 3); // the next reading
}

TEST(CountedScrape, admitsNothingWithoutANumber) {
    for (const Reading& reading : {valueReading(kNaN), valueReading(kInfinity),
                                   valueReading(-kInfinity), valueReading(-1.0), Reading{}}) {
        Bench bench;
        bench.metrics.say("a/m m", reading);
        auto gate = bench.make("endpoint-scrape", kCounted);
        EXPECT_EQ(passed(bench, *gate, 20s, 100ms), 0);
    }
    Bench absent; // no sample
    EXPECT_EQ(passed(absent, *absent.make("endpoint-scrape", kCounted), 4s, 100ms), 0);
    auto told = absent.make("endpoint-scrape",
                            R"({"url":"http://a/m","metric":"m","max_count_per_pod":10,
                                "admission":"counted","absent_value":8})");
    EXPECT_EQ(passed(absent, *told, 4s, 100ms), 2);
}

TEST(CountedScrape, refusesWhatWouldStandInForACount) {
    for (const char* more :
         {R"("baseline":0.1,"max_count_per_pod":4)", R"("fallback":0.1,"max_count_per_pod":4)",
          R"("value_type":"budget","max_count_per_pod":4)", R"("max_count_per_pod":0)"}) {
        Bench bench;
        EXPECT_FALSE(
            bench.tryMake("endpoint-scrape", std::string(R"({"url":"http://a/m","metric":"m",)") +
                                                 R"("admission":"counted",)" + more + "}"))
            << more;
    }
}

TEST(EndpointScrape, absentValueCountsWhereTheSeriesIsAway) {
    Bench bench;
    const std::string where = R"({"url":"http://a/m","metric":"m")";
    EXPECT_EQ(bench.make("endpoint-scrape", where + "}")->budget(bench.now()).share, 0.0);
    EXPECT_EQ(bench.make("endpoint-scrape", where + R"(,"absent_value":0.25})")
                  ->budget(bench.now())
                  .share,
              0.75);
    bench.metrics.fail("a/m m"); // no answer is no absence
    EXPECT_EQ(bench.make("endpoint-scrape", where + R"(,"absent_value":0.25})")
                  ->budget(bench.now())
                  .share,
              0.0);
}

} // namespace
} // namespace penstock::test

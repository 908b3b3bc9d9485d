// SPDX-License-Identifier: Apache-2.0
// Goal: a gate sees the truth exactly as late, as stale or as wrong as the path makes it. Method:
// one target with a known phase whose gauge is the world's clock, so that every reading tells when
// it was true; each fault switched on and off at a known instant.
#include "sim/kernel/event_loop.h"
#include "sim/metrics/metric_path.h"
#include "tests/sim/metrics/allocation_counter.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>

namespace penstock::sim {
namespace {

using namespace std::chrono_literals;

const Time kStart = fromUnixSeconds(1'700'000'010); // a multiple of 10 s and of 15 s

double sinceStart(Time t) {
    return toSeconds(t - kStart);
}

// Sets every gauge it was told of to the seconds since kStart, unless it is silent.
class Clock final : public GaugeSource {
  public:
    void collect(Time now, GaugeSink& sink) override {
        ++calls;
        for (const GaugeHandle handle : handles) {
            if (!silent) sink.set(handle, sinceStart(now));
        }
    }
    std::vector<GaugeHandle> handles;
    bool silent = false;
    int calls = 0;
};

class Path : public testing::Test {
  protected:
    Path() { configure({}); }

    void configure(MetricPath::Options options) {
        path = std::make_unique<MetricPath>(loop, options);
    }

    // Scraped at 3 s, 13 s, 23 s …; exported gauges refreshed at 1 s, 6 s, 11 s ….
    TargetId addClock(const char* name = "epp", Labels labels = {}) {
        TargetSpec spec;
        spec.name = name;
        spec.interval = 10s;
        spec.phase = 3s;
        spec.labels = std::move(labels);
        spec.scrapeDuration = 20ms;
        spec.exporterPhase = 1s;
        target = path->addTarget(std::move(spec), clock).value();
        clock.handles.push_back(path->declareGauge(target, "live", {}, GaugeKind::live).value());
        clock.handles.push_back(
            path->declareGauge(target, "exported", {}, GaugeKind::exported).value());
        return target;
    }

    void runTo(double seconds) { loop.runUntil(kStart + fromSeconds(seconds)); }

    // "value@age of the sample", or what is wrong. The value says itself when it was true.
    std::string read(const char* query) {
        PromEvaluator evaluator = path->prepare(query).value();
        const auto result = path->query(evaluator, loop.now());
        if (!result) return "error";
        if ((*result)->samples.empty()) return "nothing";
        return fmt::format("{:g}@{:g}", (*result)->samples[0].value,
                           toSeconds(loop.now() - (*result)->oldestSelected));
    }

    EventLoop loop{kStart, 1};
    Clock clock;
    std::unique_ptr<MetricPath> path;
    TargetId target = 0;
};

TEST_F(Path, AReadingIsAsOldAsItsScrapeAndAnExportedOneOlder) {
    addClock();
    runTo(3.019);
    EXPECT_EQ(read("live"), "nothing"); // the scrape has begun but is not done
    runTo(3.020);
    EXPECT_EQ(read("live"), "3@0.02"); // and is stamped with its start
    EXPECT_EQ(read("exported"), "1@0.02");
    runTo(13.0199);
    EXPECT_EQ(read("live"), "3@10.0199");
    runTo(20);
    EXPECT_EQ(read("live"), "13@7");
    EXPECT_EQ(read("exported"), "11@7");
    EXPECT_EQ(read("up"), "1@7");
    EXPECT_EQ(read("live + exported"), "24@7");
    EXPECT_EQ(path->stats().scrapes, 2u);
    EXPECT_EQ(path->stats().samples, 6u);
}

TEST_F(Path, TargetLabelsAreAddedAndClashesRenamed) {
    TargetSpec spec;
    spec.name = "pod-0";
    spec.interval = 10s;
    spec.phase = 0s;
    spec.labels = {{"inference_pool", "p"}, {"job", "vllm"}};
    target = path->addTarget(spec, clock).value();
    clock.handles = {
        path->declareGauge(target, "m", {{"job", "own"}, {"x", "1"}}, GaugeKind::live).value()};
    runTo(1);
    PromEvaluator query = path->prepare("m").value();
    EXPECT_EQ((*path->query(query, loop.now()))->samples.at(0).labels->text(),
              R"(m{exported_job="own", inference_pool="p", instance="pod-0", job="vllm", x="1"})");
    EXPECT_EQ(path->exposition(target).value(), "# TYPE m gauge\nm{job=\"own\",x=\"1\"} 1\n");
    EXPECT_FALSE(path->declareGauge(target, "m", {{"x", "1"}, {"job", "own"}}, GaugeKind::live));
}

TEST_F(Path, PhasesAreDrawnFromTheSeedAndSpreadOverTheInterval) {
    const auto firstScrapes = [&](std::uint64_t seed) {
        EventLoop own(kStart, seed);
        MetricPath paths(own);
        std::vector<Clock> clocks(200);
        std::vector<double> times;
        for (Clock& c : clocks) {
            TargetSpec spec;
            spec.name = std::to_string(&c - clocks.data());
            spec.interval = 15s;
            paths.addTarget(spec, c).value();
        }
        while (own.nextDue() < kStart + 15s) {
            own.step();
            times.push_back(sinceStart(own.now()));
        }
        return times;
    };
    const std::vector<double> times = firstScrapes(1);
    double sum = 0;
    for (const double t : times)
        sum += t;
    EXPECT_NEAR(sum / static_cast<double>(times.size()), 7.5, 1.0);
    EXPECT_EQ(times, firstScrapes(1));
    EXPECT_NE(times, firstScrapes(2));
}

TEST_F(Path, AGaugeThatIsNotSetVanishesIfLiveAndStaysIfExported) {
    addClock();
    runTo(10);
    clock.silent = true;
    runTo(20);
    EXPECT_EQ(read("live"), "nothing"); // at once, not after five minutes
    EXPECT_EQ(read("exported"), "6@7");
    clock.silent = false;
    runTo(24);
    EXPECT_EQ(read("live"), "23@1");
    EXPECT_EQ(read("exported"), "21@1");
}

TEST_F(Path, AnEndpointThatIsDownLosesItsSeriesAndDirectReads) {
    addClock();
    runTo(10);
    path->setEndpointDown(target, true);
    EXPECT_FALSE(path->exposition(target));
    EXPECT_EQ(read("live"), "3@7"); // Prometheus does not know yet
    runTo(14);
    EXPECT_EQ(read("live"), "nothing");
    EXPECT_EQ(read("up"), "0@1");
    path->setEndpointDown(target, false);
    runTo(24);
    EXPECT_EQ(read("live"), "23@1");
    EXPECT_EQ(path->stats().failedScrapes, 1u);
}

TEST_F(Path, AScrapeOutageLeavesDirectReadsAlone) {
    addClock();
    path->setScrapeOutage(target, true);
    runTo(14);
    EXPECT_EQ(read("live"), "nothing");
    const auto samples = metrics::parseExposition(path->exposition(target).value()).value();
    EXPECT_EQ(metrics::findExposed(samples, "live", {}).at(0)->value, 14);
    EXPECT_EQ(metrics::findExposed(samples, "exported", {}).at(0)->value, 11);
}

TEST_F(Path, PrometheusDownFailsQueriesAndKeepsWhatItHad) {
    addClock();
    runTo(10);
    path->setPrometheusDown(true);
    EXPECT_EQ(read("live"), "error");
    runTo(100);
    EXPECT_EQ(path->stats().scrapes, 1u);
    EXPECT_EQ(path->stats().failedQueries, 1u);
    path->setPrometheusDown(false);
    EXPECT_EQ(read("live"), "3@97"); // within lookback
    runTo(104);
    EXPECT_EQ(read("live"), "103@1");
}

TEST_F(Path, ASeriesThatEndsWhilePrometheusIsDownLingersForFiveMinutes) {
    addClock();
    runTo(10);
    path->setPrometheusDown(true);
    clock.silent = true;
    runTo(20);
    path->setPrometheusDown(false);
    runTo(303);
    EXPECT_EQ(read("live"), "3@300");
    runTo(303.002);
    EXPECT_EQ(read("live"), "nothing");
}

TEST_F(Path, FrozenServesTheTruthOfTheMomentItFroze) {
    addClock();
    runTo(17);
    path->setFrozen(target, true);
    runTo(40);
    EXPECT_EQ(read("live"), "17@7"); // true at 17 s, and fresh to all who ask: scraped at 33 s
    EXPECT_EQ(read("exported"), "16@7");
    EXPECT_EQ(read("up"), "1@7");
    path->setFrozen(target, false);
    runTo(44);
    EXPECT_EQ(read("live"), "43@1");
}

TEST_F(Path, GaugesMayBeNaNOrMissingOneOrAll) {
    addClock();
    path->setGaugeFault(target, "live", GaugeFault::nan);
    runTo(4);
    EXPECT_EQ(read("live"), "nan@1");
    EXPECT_EQ(read("exported"), "1@1");
    path->setGaugeFault(target, "", GaugeFault::missing);
    path->setGaugeFault(target, "exported", GaugeFault::none);
    runTo(14);
    EXPECT_EQ(read("live"), "nothing");
    EXPECT_EQ(read("exported"), "11@1");
    path->setGaugeFault(target, "", GaugeFault::none);
    runTo(24);
    EXPECT_EQ(read("live"), "23@1");
}

TEST_F(Path, AClockThatIsAheadHidesTheNewestAndOneThatGoesBackRejects) {
    addClock();
    runTo(14);
    path->setClockSkew(8s); // Prometheus stamps 23 s as 31 s
    runTo(30);
    EXPECT_EQ(read("live"), "13@17");
    runTo(31);
    EXPECT_EQ(read("live"), "23@0");
    path->setClockSkew(-60s);
    runTo(60);
    EXPECT_EQ(read("live"), "23@29"); // 33, 43, 53 s are stamped in the past of 31 s
    EXPECT_GT(path->stats().outOfOrder, 0u);
    runTo(104);
    EXPECT_EQ(read("live"), "103@61"); // stamped 43 s
    path->setClockSkew(-400s);
    runTo(500);
    EXPECT_EQ(read("live"), "nothing"); // every stamp is older than the lookback
}

TEST_F(Path, ASlowScrapeIsVisibleLateAndOneBeyondTheTimeoutFails) {
    addClock();
    path->setScrapeDuration(target, 9s);
    runTo(11.9);
    EXPECT_EQ(read("live"), "nothing");
    runTo(12);
    EXPECT_EQ(read("live"), "3@9");
    path->setScrapeDuration(target, 10s);
    runTo(23);
    EXPECT_EQ(read("live"), "13@10"); // just in time
    path->setScrapeDuration(target, 11s);
    runTo(42.9);
    EXPECT_EQ(read("live"), "23@19.9");
    runTo(43);
    EXPECT_EQ(read("live"), "nothing");
    EXPECT_EQ(path->stats().failedScrapes, 1u);
}

TEST_F(Path, DrawnFailuresHitTheirShareOfScrapes) {
    addClock();
    path->setScrapeFailure(target, 0.3);
    runTo(20'000);
    EXPECT_NEAR(static_cast<double>(path->stats().failedScrapes), 600, 60);
}

TEST_F(Path, ARemovedTargetTurnsStaleTwoIntervalsAndATenthLater) {
    addClock();
    runTo(15);
    path->removeTarget(target);
    EXPECT_TRUE(path->targets().empty());
    const int calls = clock.calls;
    runTo(33.9); // ticks at 23 and 33 s, then 1 s
    EXPECT_EQ(read("live"), "13@20.9");
    runTo(34.1);
    EXPECT_EQ(read("live"), "nothing");
    EXPECT_EQ(read("live offset 12s"), "13@21.1"); // stale since the tick at 23 s, not before
    EXPECT_EQ(read("up"), "nothing");
    EXPECT_EQ(clock.calls, calls);
}

TEST_F(Path, ATargetThatReturnsUnderItsNameGoesOn) {
    addClock();
    runTo(15);
    path->removeTarget(target);
    clock.handles.clear();
    addClock();
    runTo(40);
    EXPECT_EQ(read("live"), "33@7");
    EXPECT_EQ(path->targets().size(), 1u);
    // The old target's marker came too late and was refused.
    EXPECT_GT(path->stats().outOfOrder, 0u);
}

TEST_F(Path, ChurnOfTargetsIsBounded) {
    MetricPath::Options options;
    options.store.retention = 6min;
    options.store.maxSeries = 200;
    configure(options);
    double now = 0;
    for (int i = 0; i < 2000; ++i) {
        clock.handles.clear();
        const TargetId id = addClock(fmt::format("pod-{}", i).c_str());
        runTo(now += 20);
        path->removeTarget(id);
    }
    EXPECT_LE(path->store().seriesCount(), 200u);
}

TEST_F(Path, PerfectModeAnswersWithTheTruthOfTheInstant) {
    configure({.mode = MetricPath::Mode::perfect});
    addClock();
    for (const double at : {0.0, 0.001, 0.0012, 0.5, 1.25, 400.0, 400.0}) {
        runTo(at);
        EXPECT_EQ(read("live"), fmt::format("{:g}@{:g}", at, at == 0.0012 ? 0.0002 : 0.0));
        EXPECT_EQ(read("live - exported"), fmt::format("0@{:g}", at == 0.0012 ? 0.0002 : 0.0));
    }
    path->setPrometheusDown(true); // faults do not reach it
    runTo(401);
    EXPECT_EQ(read("live"), "401@0");
    clock.silent = true;
    runTo(402);
    EXPECT_EQ(read("live"), "nothing");
    clock.silent = false;
    for (int i = 0; i < 2000; ++i) {
        runTo(403 + 0.05 * i);
        read("live");
    }
    EXPECT_LE(path->store().sampleCount(0), 24u); // one every 5 s
}

TEST_F(Path, RefusesQueriesThatReachBeyondTheRetention) {
    EXPECT_TRUE(path->prepare("rate(x[55m] offset 5m)"));
    const auto refused = path->prepare("rate(x[2h])");
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message.find("reaches 7200 s back"), std::string::npos);
}

// 64 model servers and a router as in a large scenario, a gate with the cascade of
// prometheus-budget.
TEST_F(Path, AllocatesNothingInTheSteadyState) {
    std::vector<std::unique_ptr<Clock>> servers;
    for (int i = 0; i < 64; ++i) {
        servers.push_back(std::make_unique<Clock>());
        TargetSpec spec;
        spec.name = fmt::format("pod-{}", i);
        spec.interval = 15s;
        spec.labels = {{"job", "vllm"}, {"inference_pool", "p"}};
        const TargetId id = path->addTarget(spec, *servers.back()).value();
        for (const char* metric : {"vllm:num_requests_running", "vllm:num_requests_waiting",
                                   "vllm:kv_cache_usage_perc", "vllm:num_preemptions_total"}) {
            servers.back()->handles.push_back(
                path->declareGauge(id, metric, {}, GaugeKind::live).value());
        }
    }
    Clock router;
    TargetSpec spec;
    spec.name = "epp";
    spec.interval = 10s;
    const TargetId epp = path->addTarget(spec, router).value();
    router.handles.push_back(
        path->declareGauge(epp, "inference_pool_ready_pods", {{"name", "p"}}, GaugeKind::exported)
            .value());
    for (int i = 0; i < 64; ++i) {
        router.handles.push_back(
            path->declareGauge(epp, "inference_pool_per_pod_queue_size",
                               {{"name", "p"}, {"model_server_pod", std::to_string(i)}},
                               GaugeKind::exported)
                .value());
    }
    std::vector<PromEvaluator> queries;
    for (
        const char* text :
        {R"(1 - (avg by(name)(inference_pool_per_pod_queue_size{name="p"}) / 100))",
         R"(1 - (sum(vllm:num_requests_running{inference_pool="p"}) / on() (inference_pool_ready_pods{name="p"} * 100)))",
         "max_over_time(inference_pool_ready_pods[5m])"}) {
        queries.push_back(path->prepare(text).value());
    }
    int asked = 0;
    const auto run = [&](int from, int to) {
        for (int second = from; second < to; second += 5) {
            runTo(second);
            for (PromEvaluator& query : queries) {
                ASSERT_TRUE(path->query(query, loop.now()));
                ++asked;
            }
        }
    };
    run(0, 300);
    const std::uint64_t before = test::allocations();
    const auto begin = std::chrono::steady_clock::now();
    asked = 0;
    run(300, 2 * 3600);
    const auto wall = std::chrono::steady_clock::now() - begin;
    EXPECT_EQ(test::allocations(), before);
    std::printf("%d queries over 64 servers and the scrapes of 1.9 hours in %.1f ms\n", asked,
                std::chrono::duration<double, std::milli>(wall).count());
}

} // namespace
} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
// Goal: the store keeps what Prometheus would keep, in bounded memory, and finds it again. Method:
// single cases at the edges, and a random sequence of appends compared with a plain vector.
#include "sim/metrics/series_store.h"
#include "tests/sim/metrics/allocation_counter.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>

namespace penstock::sim {
namespace {

Time ms(std::int64_t n) {
    return Time{std::chrono::milliseconds(n)};
}

TEST(SeriesStore, EqualLabelsAreOneSeries) {
    SeriesStore store;
    const SeriesId a = store.intern({{"__name__", "x"}, {"b", "1"}, {"a", "2"}}).value();
    EXPECT_EQ(store.intern({{"a", "2"}, {"__name__", "x"}, {"b", "1"}, {"c", ""}}).value(), a);
    EXPECT_NE(store.intern({{"__name__", "x"}, {"b", "1"}}).value(), a);
    EXPECT_EQ(store.labels(a).text(), R"(x{a="2", b="1"})");
    EXPECT_EQ(store.byMetricName("x").size(), 2u);
    EXPECT_TRUE(store.byMetricName("y").empty());
}

TEST(SeriesStore, RejectsWhatIsNotLaterThanTheNewest) {
    SeriesStore store;
    const SeriesId id = store.intern({{"__name__", "x"}}).value();
    EXPECT_TRUE(store.append(id, ms(1000), 1));
    EXPECT_FALSE(store.append(id, ms(1000), 2));
    EXPECT_FALSE(store.append(id, ms(999), 2));
    EXPECT_FALSE(store.appendStale(id, ms(500)));
    // Two instants within one millisecond are one timestamp.
    EXPECT_FALSE(store.append(id, ms(1000) + std::chrono::microseconds(999), 2));
    EXPECT_TRUE(store.append(id, ms(1001), 3));
    EXPECT_EQ(store.outOfOrder(), 4u);
    EXPECT_EQ(store.sampleCount(id), 2u);
}

TEST(SeriesStore, TimesAreFlooredToTheMillisecondBeforeTheEpochToo) {
    EXPECT_EQ(toMilliseconds(Time{Duration{1'999'999}}), 1);
    EXPECT_EQ(toMilliseconds(Time{Duration{-1}}), -1);
    EXPECT_EQ(toMilliseconds(Time{Duration{-1'000'000}}), -1);
    EXPECT_EQ(toMilliseconds(Time{Duration{-1'000'001}}), -2);
}

TEST(SeriesStore, MemoryIsBoundedByRetentionAndByCount) {
    SeriesStore store({.retention = std::chrono::minutes(10), .maxSamplesPerSeries = 100});
    const SeriesId slow = store.intern({{"__name__", "slow"}}).value();
    const SeriesId fast = store.intern({{"__name__", "fast"}}).value();
    for (int i = 0; i < 100'000; ++i) {
        store.append(slow, ms(i * 15'000), i);
        store.append(fast, ms(i), i);
    }
    EXPECT_EQ(store.sampleCount(slow), 41u); // 10 minutes of 15 s, both ends
    EXPECT_EQ(store.sample(slow, 0).value, 99'959);
    EXPECT_EQ(store.sampleCount(fast), 64u); // the largest ring within 100
    EXPECT_EQ(store.sample(fast, 63).value, 99'999);
    EXPECT_EQ(store.ringBytes(), 128 * sizeof(Sample));
}

TEST(SeriesStore, AppendingAfterReserveAllocatesNothing) {
    SeriesStore store({.retention = std::chrono::minutes(10)});
    const SeriesId id = store.intern({{"__name__", "x"}}).value();
    store.reserve(id, 42);
    const std::uint64_t before = test::allocations();
    for (int i = 0; i < 10'000; ++i)
        store.append(id, ms(i * 15'000), i);
    EXPECT_EQ(test::allocations(), before);
}

TEST(SeriesStore, ReleasedSeriesAreForgottenAfterTheRetentionAndTheirIdsReused) {
    SeriesStore store({.retention = std::chrono::minutes(10), .maxSeries = 3});
    const SeriesId clock = store.intern({{"__name__", "clock"}}).value();
    for (int pod = 0; pod < 100; ++pod) {
        const Labels labels = {{"__name__", "pod"}, {"pod", std::to_string(pod)}};
        const Result<SeriesId> id = store.intern(labels);
        ASSERT_TRUE(id) << id.error().message;
        store.append(*id, ms(pod * 700'000 + 1), 1);
        store.release(*id);
        store.append(clock, ms(pod * 700'000 + 690'000), 1);
        EXPECT_LE(store.seriesCount(), 3u);
    }
    // One more user of the same series keeps it.
    const SeriesId kept = store.intern({{"__name__", "kept"}}).value();
    EXPECT_EQ(store.intern({{"__name__", "kept"}}).value(), kept);
    store.release(kept);
    store.append(clock, ms(200'000'000), 1);
    store.intern({{"__name__", "other"}}).value();
    EXPECT_EQ(store.labels(kept).text(), "kept");
    const Result<SeriesId> full = store.intern({{"__name__", "one too many"}});
    ASSERT_FALSE(full);
    EXPECT_NE(full.error().message.find("limit of 3 series"), std::string::npos);
}

RC_GTEST_PROP(SeriesStore, KeepsAndFindsWhatAPlainListKeeps, ()) {
    const std::int64_t retention = *rc::gen::inRange<std::int64_t>(1, 5000);
    SeriesStore store({.retention = std::chrono::milliseconds(retention)});
    const SeriesId id = store.intern({{"__name__", "x"}}).value();
    std::deque<std::pair<std::int64_t, double>> list;
    std::int64_t now = 0;
    const int count = *rc::gen::inRange(0, 200);
    for (int i = 0; i < count; ++i) {
        now += *rc::gen::inRange<std::int64_t>(-50, 200);
        const bool taken = store.append(id, ms(now), i);
        RC_ASSERT(taken == (list.empty() || now > list.back().first));
        if (!taken) continue;
        list.emplace_back(now, i);
        while (list.front().first < now - retention)
            list.pop_front();
    }
    RC_ASSERT(store.sampleCount(id) == list.size());
    for (std::size_t i = 0; i < list.size(); ++i) {
        RC_ASSERT(store.sample(id, i).atMs == list[i].first);
        RC_ASSERT(store.sample(id, i).value == list[i].second);
    }
    const std::int64_t asked = *rc::gen::inRange<std::int64_t>(-100, 20'000);
    const auto upTo = std::count_if(list.begin(), list.end(),
                                    [asked](const auto& s) { return s.first <= asked; });
    RC_ASSERT(store.countUpTo(id, asked) == static_cast<std::size_t>(upTo));
}

} // namespace
} // namespace penstock::sim

// SPDX-License-Identifier: Apache-2.0
// Goal: quantiles are within 0.5 % of those of the sorted values, and count, mean, min and max are
// exact, whatever was recorded. Method: random values over many magnitudes beside a sorted vector;
// merging and bytes are compared with recording everything in one.
#include "engine/record/measures/histogram.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace penstock {
namespace {

std::int64_t nearestRank(const std::vector<std::int64_t>& sorted, double q) {
    const auto rank = std::max(1.0, std::ceil(q * static_cast<double>(sorted.size())));
    return sorted[static_cast<std::size_t>(rank) - 1];
}

// Values between 0 and 2^62, every magnitude as likely as another.
rc::Gen<std::vector<std::int64_t>> values() {
    return rc::gen::container<std::vector<std::int64_t>>(
        rc::gen::map(rc::gen::pair(rc::gen::inRange(1, 63), rc::gen::arbitrary<std::uint64_t>()),
                     [](auto p) { return static_cast<std::int64_t>(p.second >> (64 - p.first)); }));
}

RC_GTEST_PROP(Histogram, quantilesAreThoseOfTheSortedValues, ()) {
    auto all = *values();
    RC_PRE(!all.empty());
    Histogram h;
    for (auto v : all)
        h.record(v);
    std::sort(all.begin(), all.end());
    for (double q : {0.0, 0.01, 0.5, 0.9, 0.95, 0.99, 1.0}) {
        const auto exact = static_cast<double>(nearestRank(all, q));
        RC_ASSERT(std::abs(static_cast<double>(h.quantile(q)) - exact) <= 0.005 * exact);
    }
    RC_ASSERT(h.min() == all.front());
    RC_ASSERT(h.max() == all.back());
    RC_ASSERT(h.count() == all.size());
    long double sum = 0;
    for (auto v : all)
        sum += static_cast<long double>(v);
    const double mean = static_cast<double>(sum / static_cast<long double>(all.size()));
    RC_ASSERT(std::abs(h.mean() - mean) <= 1e-12 * mean);
}

RC_GTEST_PROP(Histogram, mergingIsRecordingEverythingInOne, ()) {
    const auto a = *values();
    const auto b = *values();
    Histogram left, right, both;
    for (auto v : a)
        left.record(v), both.record(v);
    for (auto v : b)
        right.record(v), both.record(v);
    left.merge(right);
    RC_ASSERT(left.encode() == both.encode());
}

RC_GTEST_PROP(Histogram, bytesGiveItBack, ()) {
    Histogram h;
    for (auto v : *values())
        h.record(v);
    const auto back = Histogram::decode(h.encode());
    RC_ASSERT(back.has_value());
    RC_ASSERT(back->encode() == h.encode());
    RC_ASSERT(back->quantile(0.5) == h.quantile(0.5));
}

RC_GTEST_PROP(Histogram, brokenBytesAreRefusedNotBelieved, (std::string bytes)) {
    const auto back = Histogram::decode(bytes);
    if (back) RC_ASSERT(back->encode().size() <= bytes.size() + 32);
}

TEST(Histogram, smallValuesAreExact) {
    Histogram h;
    for (int v = 0; v < 128; ++v)
        h.record(v);
    for (int v = 1; v <= 128; ++v)
        EXPECT_EQ(h.quantile(v / 128.0), v - 1);
}

TEST(Histogram, negativeValuesCountAsZeroAndTheLargestFits) {
    Histogram h;
    h.record(-5);
    h.record(INT64_MAX);
    EXPECT_EQ(h.min(), 0);
    EXPECT_EQ(h.max(), INT64_MAX);
    EXPECT_EQ(h.quantile(0.5), 0);
}

TEST(Histogram, clearForgetsEverything) {
    Histogram h;
    for (int i = 0; i < 1000; ++i)
        h.record(i * 1000);
    h.clear();
    EXPECT_EQ(h.encode(), Histogram{}.encode());
    EXPECT_EQ(h.quantile(0.99), 0);
    h.record(7);
    EXPECT_EQ(h.quantile(1.0), 7);
}

TEST(Histogram, countUpToCountsWholeBuckets) {
    Histogram h;
    for (int i = 1; i <= 100; ++i)
        h.record(i);
    EXPECT_EQ(h.countUpTo(50), 50u);
    EXPECT_EQ(h.countUpTo(-1), 0u);
    EXPECT_EQ(h.countUpTo(INT64_MAX), 100u);
}

} // namespace
} // namespace penstock

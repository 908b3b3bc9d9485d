// SPDX-License-Identifier: Apache-2.0
#pragma once

// How often which value occurred, in fixed memory: 128 linear buckets for each power of two, as in
// HDR histograms, so that any quantile of any int64 is known within 0.4 % of itself however many
// values were recorded. Count, mean, min and max are exact. Recording is a few instructions and
// never allocates. Values are in whatever unit the owner chose, here mostly nanoseconds.
#include "engine/types/error.h"
#include "engine/types/time.h"

#include <array>
#include <bit>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

namespace penstock {

// Of what was not measured there is no number: it compares with nothing, JSON has null for it, and
// people see a dash. A 0 in its place would meet every limit.
inline constexpr double kUnmeasured = std::numeric_limits<double>::quiet_NaN();

// What reports say of a distribution, in the unit of the histogram times the scale asked for.
struct Distribution {
    std::uint64_t count = 0; // where it is 0, all others are kUnmeasured
    double mean = kUnmeasured, min = kUnmeasured, p50 = kUnmeasured, p90 = kUnmeasured,
           p95 = kUnmeasured, p99 = kUnmeasured, max = kUnmeasured;
};

class Histogram {
  public:
    static constexpr int kSubBits = 7;
    static constexpr int kSub = 1 << kSubBits;
    static constexpr int kBuckets = (63 - kSubBits) * kSub + kSub;

    // A negative value counts as 0. One bucket holds at most 2^32 - 1 records.
    void record(std::int64_t value) { record(value, 1); }
    void record(Duration value) { record(value.count(), 1); }
    void record(std::int64_t value, std::uint32_t times) {
        const std::uint64_t v = value < 0 ? 0 : static_cast<std::uint64_t>(value);
        counts_[index(v)] += times;
        count_ += times;
        sum_ += static_cast<Wide>(v) * times;
        if (v < min_) min_ = v;
        if (v > max_) max_ = v;
    }

    std::uint64_t count() const { return count_; }
    double mean() const;
    std::int64_t min() const { return count_ == 0 ? 0 : static_cast<std::int64_t>(min_); }
    std::int64_t max() const { return static_cast<std::int64_t>(max_); }

    // The nearest-rank quantile, q in [0, 1]: the least value with at least ceil(q count) records
    // not above it. 0 when empty.
    std::int64_t quantile(double q) const;

    // `scale` turns the histogram's unit into the reader's: 1e-6 for nanoseconds to milliseconds.
    Distribution distribution(double scale) const;

    // Records not above `value`, to within the bucket that holds it.
    std::uint64_t countUpTo(std::int64_t value) const;

    void merge(const Histogram& other);
    void clear();

    // A compact byte string of the buckets in use; the reverse refuses what it cannot read.
    std::string encode() const;
    static Result<Histogram> decode(std::string_view bytes);

  private:
    __extension__ typedef unsigned __int128 Wide;

    static int index(std::uint64_t v) {
        if (v < kSub) return static_cast<int>(v);
        const int exponent = 63 - std::countl_zero(v);
        return (exponent - kSubBits) * kSub + static_cast<int>(v >> (exponent - kSubBits));
    }
    static std::uint64_t middle(int index);

    std::array<std::uint32_t, kBuckets> counts_{};
    std::uint64_t count_ = 0;
    Wide sum_ = 0;
    std::uint64_t min_ = UINT64_MAX;
    std::uint64_t max_ = 0;
};

} // namespace penstock
